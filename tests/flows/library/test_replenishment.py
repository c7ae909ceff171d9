"""A word before what somebody bought runs out."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from crm.models import Product
from crm.services.catalog import count_products
from flows.models import FlowRun
from kernel import clock
from tests.flows.library.goods import of_library, sell
from tests.flows.library.story import SLUG, Story


def noons(days: int) -> list[datetime]:
    """Return noon of some days from now on: it is looked then what runs out."""
    return [clock.now() + timedelta(days=day) for day in range(1, days + 1)]


def bring_reorders(story: Story, soap: dict[str, Any], rare: dict[str, Any]) -> None:
    """Tell of 20 people who bought two pieces of soap and again 10 days later, 19 also a rare one.

    A piece of soap lasts 5 days by that; what the rare one says is too little.
    """
    long_ago = clock.now() - timedelta(days=300)
    orders = [
        {
            "external_id": f"old-{number}-{later}",
            "ordered_at": (long_ago + timedelta(days=later)).isoformat(),
            "currency": "GBP",
            "total": "20.00",
            "profile": story.who(f"buyer{number}"),
            "lines": [
                {"unit_price": "5.00", **line}
                for line in ({**soap, "quantity": 2}, *([rare] if number else []))
            ],
        }
        for number in range(20)
        for later in (0, 10)
    ]
    story.call("orders", *orders, backfill=True)
    count_products(clock.now())


@pytest.mark.covers("F9", "F10")
def test_it_leaves_at_four_fifths_of_how_long_the_pieces_last_unless_bought_again(
    story: Story,
) -> None:
    soap = sell(story, "soap", "Lemon soap", "consumable", url="https://ada-soap.example/soap")
    rare = sell(story, "rare", "Rare soap", "consumable")
    tea = sell(story, "tea", "Tea")
    bring_reorders(story, soap, rare)
    teas = Product.objects.get(external_id="tea")
    said = story.member.post(f"/t/{SLUG}/catalog/{teas.pk}/refill/", {"days": "10"})
    assert said.status_code == 302
    story.install("replenishment")
    for name in ("ada", "bob", "eve", "dan", "fay"):
        story.person(name)
    story.order("ada", lines=[soap])  # 4 of 5 days
    story.order("bob", lines=[{**soap, "quantity": 3}])  # 12 of 15 days
    story.order("eve", lines=[tea])  # 8 of 10 days, as the merchant says
    story.order("dan", lines=[soap])
    story.order("fay", lines=[rare])
    sent = story.live(days=3, stops=noons(3))
    story.order("dan", lines=[soap])  # 4 days from now on
    sent += story.live(days=3, stops=noons(3))
    story.order("ada", lines=[soap])
    sent += story.live(days=7, stops=noons(7))

    assert of_library(sent) == [
        ("06-05 12:00", "ada", "refill"),
        ("06-08 12:00", "dan", "refill"),
        ("06-09 12:00", "eve", "refill"),
        ("06-11 12:00", "ada", "refill"),
        ("06-13 12:00", "bob", "refill"),
    ]
    ends = FlowRun.objects.filter(profile__first_name="Ada", flow__key="replenishment")
    assert [run.exit_reason for run in ends.order_by("pk")] == ["goal: Order Placed", ""]
    page = story.member.get(f"/t/{SLUG}/catalog/{Product.objects.get(external_id='soap').pk}/")
    assert "5 days, by 20 re-orders" in page.text
