"""Good customers: thanked by a person for a large order, and asked to bring a friend."""

from datetime import timedelta

import pytest

from crm.models import ProfileFacts
from flows.models import Task
from kernel import clock
from tests.flows.library.goods import of_library, review
from tests.flows.library.story import Story


def bring_history(story: Story) -> None:
    """Tell of people who bought before: one often and lately, one once for much."""
    for number in range(12):
        name = f"buyer{number}"
        story.person(name)
        total = "20.00" if number else "900.00"
        story.order(name, total, at=clock.now() - timedelta(days=200 + number), backfill=True)
    story.person("vip")
    for days in (5, 15, 25, 35, 45, 55, 65, 75):
        story.order("vip", "400.00", at=clock.now() - timedelta(days=days), backfill=True)
    story.live(days=1, hours=12)


@pytest.mark.covers("F22")
def test_a_large_order_or_any_of_the_best_is_thanked_for_by_a_person(story: Story) -> None:
    bring_history(story)
    for flow in ("thank_large_order", "thank_best_customer"):
        story.install(flow)
    for name in ("ada", "bob", "eve"):
        story.person(name, email_consent="unsubscribed")
    story.order("ada", "250.00")
    story.order("bob", "199.99")
    story.order("vip", "5.00")
    eve = story.order("eve", "300.00")
    at = clock.now() + timedelta(seconds=1)
    story.order(
        "eve", "300.00", external_id=eve, cancelled_at=at.isoformat(), updated_at=at.isoformat()
    )
    sent = of_library(story.live(hours=2))

    assert sent == [
        ("06-03 01:00", "ada", "personal_thanks"),
        ("06-03 01:00", "vip", "personal_thanks_2"),
    ]
    assert list(Task.objects.order_by("pk").values_list("title", "profile__first_name")) == [
        ("Write a card by hand and put it into the parcel", "Ada"),
        ("Write a card by hand and put it into the parcel", "Vip"),
    ]
    note = story.outbox.sent[-1]
    assert note.from_name in note.content.text
    assert "this comes straight to me" in note.content.text


@pytest.mark.covers("F28")
def test_champions_are_asked_for_a_friend_after_they_said_something_good(story: Story) -> None:
    bring_history(story)
    story.install("referral_ask")
    story.person("ada")
    story.order("ada")
    assert ProfileFacts.objects.get(profile__first_name="Vip").rfm_group == "champions"
    review(story, "ada", 5)  # no champion
    review(story, "vip", 3)  # nothing to build on
    quiet = of_library(story.live(days=4))
    story.call(
        "tickets",
        {
            "external_id": "t-1",
            "profile": story.who("vip"),
            "status": "resolved",
            "satisfaction": "good",
            "opened_at": clock.now().isoformat(),
            "resolved_at": clock.now().isoformat(),
            "updated_at": clock.now().isoformat(),
        },
    )
    asked = of_library(story.live(days=4))
    review(story, "vip", 5, external_id="again")
    again = of_library(story.live(days=40))

    assert (quiet, asked, again) == (
        [],
        [("06-09 09:00", "vip", "referral_ask")],
        [],
    )
