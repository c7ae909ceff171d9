"""What is new goes to those who care for its category."""

from datetime import timedelta

import pytest

from kernel import clock
from tests.flows.library.goods import of_library, sell
from tests.flows.library.story import Story


@pytest.mark.covers("F33")
def test_a_product_that_is_published_goes_to_those_who_care_for_its_category(story: Story) -> None:
    soap = sell(story, "soap", "Lemon soap", category="Soap")
    tea = sell(story, "tea", "Tea", category="Tea")
    story.install("new_arrivals")
    for name in ("ada", "bob", "eve", "old"):
        story.person(name)
    story.order("ada", lines=[soap], at=clock.now() - timedelta(days=90), backfill=True)
    story.order("bob", lines=[tea])
    story.event("Product Viewed", "eve", product_id="soap", category="Soap")
    story.order("old", lines=[soap], at=clock.now() - timedelta(days=200), backfill=True)
    sell(story, "rose", "Rose soap", category="Soap", status="draft")
    hidden = of_library(story.live(days=1))
    sell(story, "rose", "Rose soap", category="Soap", url="https://ada-soap.example/rose")
    sell(story, "mint", "Mint soap", category="Soap")
    told = of_library(story.live(days=2))
    sell(story, "rose", "Rose soap", category="Soap")
    sell(story, "fig", "Fig soap", category="Soap")
    soon = of_library(story.live(days=2))
    story.live(days=4)
    sell(story, "oat", "Oat soap", category="Soap")
    later = of_library(story.live(days=1))

    assert (hidden, told, soon) == (
        [],
        [("06-02 12:00", "ada", "new_arrival"), ("06-02 12:00", "eve", "new_arrival")],
        [],
    )
    assert later == [("06-10 12:00", "ada", "new_arrival"), ("06-10 12:00", "eve", "new_arrival")]
    first = story.outbox.sent[-4].content
    assert (first.subject, "You like Soap" in first.text) == ("New: Rose soap", True)
