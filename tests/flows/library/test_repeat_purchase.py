"""The way to the second order, and company for those who come back."""

import pytest

from tests.flows.library.goods import of_library
from tests.flows.library.story import Story


@pytest.mark.covers("F31")
def test_the_incentive_stops_at_the_second_order_and_repeat_buyers_are_kept_company(
    story: Story,
) -> None:
    story.install("second_purchase")
    story.install("repeat_nurture")
    for name in ("ada", "bob", "eve"):
        story.person(name)
    story.person("dan", email_consent="unsubscribed")
    for name in ("ada", "bob", "eve", "dan"):
        story.order(name)
    first = of_library(story.live(days=9))
    story.order("eve")  # before anything was sent
    first += of_library(story.live(days=13))
    story.order("bob")  # after the code, before its reminder
    later = of_library(story.live(days=31))

    assert first == [
        ("06-12 09:00", "ada", "second_hello"),
        ("06-12 09:00", "bob", "second_hello"),
        ("06-16 09:00", "eve", "repeat_thanks"),
        ("06-23 09:00", "ada", "second_offer"),
        ("06-23 09:00", "bob", "second_offer"),
    ]
    assert later == [
        ("06-29 09:00", "bob", "repeat_thanks"),
        ("06-30 09:00", "ada", "second_reminder"),
        ("07-02 09:00", "eve", "repeat_discover"),
        ("07-15 09:00", "bob", "repeat_discover"),
        ("07-23 09:00", "eve", "repeat_answers"),
    ]
