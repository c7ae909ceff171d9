"""A word before what somebody bought runs out."""

from datetime import datetime, timedelta

import pytest

from crm.models import CatalogCount, Product
from crm.services.catalog import count_products
from flows.models import FlowRun
from kernel import clock
from tests.flows.library.goods import of_library, sell
from tests.flows.library.story import SLUG, Story, look_at_dates


def quarters(days: int) -> list[datetime]:
    """Return the hours of some days from now on, at which it is looked what runs out."""
    return look_at_dates(clock.now(), days)


@pytest.mark.covers("F9", "F10")
def test_it_leaves_at_four_fifths_of_how_long_the_pieces_last_unless_bought_again(
    story: Story,
) -> None:
    soap = sell(story, "soap", "Lemon soap", "consumable", url="https://ada-soap.example/soap")
    rare = sell(story, "rare", "Rare soap", "consumable")
    tea = sell(story, "tea", "Tea")
    # Twenty people bought two pieces of soap and again 40 days later: a piece lasts 20 days.
    # Nineteen did so with the rare one, which says too little.
    long_ago = clock.now() - timedelta(days=300)
    for number in range(20):
        buyer = f"buyer{number}"
        lines = [{**soap, "quantity": 2}, *([rare] if number else [])]
        for later in (0, 40):
            at = long_ago + timedelta(days=later)
            story.order(buyer, lines=lines, at=at, backfill=True)
    count_products(clock.now())
    teas = Product.objects.get(external_id="tea")
    said = story.member.post(f"/t/{SLUG}/catalog/{teas.pk}/refill/", {"days": "10"})
    assert said.status_code == 302
    story.install("replenishment")
    for name in ("ada", "bob", "eve", "dan", "fay"):
        story.person(name)
    story.order("ada", lines=[soap])  # 16 of 20 days
    story.order("bob", lines=[{**soap, "quantity": 3}])  # 48 of 60 days
    story.order("eve", lines=[tea])  # 8 of 10 days, as the merchant says
    story.order("dan", lines=[soap])
    story.order("fay", lines=[rare])
    sent = story.live(days=10, stops=quarters(10))
    story.order("dan", lines=[soap])  # on the 11th: 16 days from then on
    sent += story.live(days=8, stops=quarters(8))
    story.order("ada", lines=[soap])
    sent += story.live(days=35, stops=quarters(35))

    assert of_library(sent) == [
        ("06-09 12:00", "eve", "refill"),
        ("06-17 12:00", "ada", "refill"),
        ("06-27 12:00", "dan", "refill"),
        ("07-05 12:00", "ada", "refill"),
        ("07-19 12:00", "bob", "refill"),
    ]
    ends = FlowRun.objects.filter(profile__first_name="Ada").order_by("pk")
    assert [run.exit_reason for run in ends] == ["goal: Order Placed", ""]
    page = story.member.get(f"/t/{SLUG}/catalog/{Product.objects.get(external_id='soap').pk}/")
    assert "20 days, by 20 re-orders" in page.text
    assert CatalogCount.objects.get().refills_at is not None
