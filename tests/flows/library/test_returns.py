"""A return from the request to the money, one question, and something else."""

from typing import Any

import pytest

from kernel import clock
from tests.flows.library.story import Story
from tests.flows.library.wares import LARGE, SMALL, body_of, line, of_library, stock

LABEL = "https://returns.example/label/1"


def give_back(story: Story, order: str, status: str, **said: Any) -> None:
    """Tell of the return of an order, as a provider of returns or an agent's tool does."""
    story.call(
        "returns",
        {
            "external_id": f"r-{order}",
            "order_external_id": order,
            "status": status,
            "updated_at": clock.now().isoformat(),
            **said,
        },
    )


def brew(story: Story, price: str) -> None:
    """Tell what the tea costs, which nobody sent back."""
    said = {"external_id": "tea", "sku": "TEA", "price": price, "currency": "GBP"}
    story.call("products", {"external_id": "tea", "status": "active", "variants": [said]})


@pytest.mark.covers("F26", "F14")
def test_a_return_is_told_step_by_step_and_nothing_is_sold_meanwhile(story: Story) -> None:
    for key in ("return_started", "return_news", "return_finished", "return_afterwards"):
        story.install(key)
    story.install("price_drop")
    stock(story, 0, 5)
    story.person("ada", email_consent="subscribed")
    story.person("bob", email_consent="unsubscribed")
    orders = {
        name: story.order(name, lines=[line(what)])
        for name, what in (("ada", SMALL), ("bob", LARGE))
    }
    brew(story, "8.00")
    story.event("Product Viewed", "ada", product_id="tea", sku="TEA")
    what = {"items": [{"sku": "SOAP-S", "title": "Lemon soap", "quantity": 1}], "reason": "Too big"}
    give_back(story, orders["ada"], "requested", label_url=LABEL, **what)
    give_back(story, orders["bob"], "requested", items=[{"line_key": "soap-l", "quantity": 1}])
    sent = story.live(hours=1)
    assert "1 × item of your order" in body_of(story, "bob")
    brew(story, "5.00")  # a promotion that waits for the return to be over
    give_back(story, orders["ada"], "approved")
    give_back(story, orders["bob"], "declined")
    sent += story.live(hours=1)
    give_back(story, orders["ada"], "received")
    sent += story.live(hours=1)
    give_back(story, orders["ada"], "completed")
    give_back(story, orders["ada"], "completed")  # told twice
    sent += story.live(days=12)
    assert of_library(sent) == [
        ("06-01 12:00", "ada", "return_received"),
        ("06-01 12:00", "bob", "return_received"),
        ("06-01 13:00", "ada", "return_status"),
        ("06-01 13:00", "bob", "return_status"),
        ("06-01 14:00", "ada", "return_status"),
        ("06-01 15:00", "ada", "return_done"),
        ("06-01 15:30", "ada", "price_drop"),
        ("06-05 09:00", "ada", "return_survey"),
        ("06-12 09:00", "ada", "return_instead"),
    ]
    first = body_of(story, "ada", 1)
    assert LABEL in first
    # What they can have instead is in stock: the large one, and never the small one.
    assert "Lemon soap, Large" in first
    assert "Lemon soap, Small" not in first


@pytest.mark.covers("F26")
def test_an_order_or_another_return_ends_what_comes_after_one(story: Story) -> None:
    for key in ("return_started", "return_afterwards"):
        story.install(key)
    for name in ("ada", "bob"):
        story.person(name)
    orders = {name: story.order(name) for name in ("ada", "bob")}
    for order in orders.values():
        give_back(story, order, "completed")
    sent = story.live(days=4)
    story.order("ada")
    again = story.order("bob", at=clock.now().replace(month=5), backfill=True)
    give_back(story, again, "requested")
    sent += story.live(days=10)
    # What was over when it was first told of was never asked for.
    assert of_library(sent) == [
        ("06-05 09:00", "ada", "return_survey"),
        ("06-05 09:00", "bob", "return_survey"),
        ("06-05 12:00", "bob", "return_received"),
    ]
