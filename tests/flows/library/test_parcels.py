"""Shipping update, delivery confirmation and the apology for a late parcel."""

from datetime import timedelta
from typing import Any

import pytest

from crm.models import Profile
from kernel import clock
from tenants.models import Tenant
from tests.flows.library.story import SLUG, Story
from tests.flows.library.wares import body_of, of_library


def parcel(story: Story, order: str, **said: Any) -> None:
    """Tell of the parcel of an order."""
    story.call(
        "shipments",
        {
            "external_id": f"parcel-{order}",
            "order_external_id": order,
            "carrier": "Royal Mail",
            "updated_at": clock.now().isoformat(),
            **said,
        },
    )


@pytest.mark.covers("F14", "F15")
def test_everybody_hears_of_their_parcel_and_of_a_delay_once(story: Story) -> None:
    for key in ("shipping_update", "delivery_confirmation", "delay_alert"):
        story.install(key)
    # None of them said yes to marketing, and Ada said no.
    story.person("ada", email_consent="unsubscribed")
    orders = {name: story.order(name) for name in ("ada", "bob", "cy")}
    promised = clock.now() + timedelta(days=2)
    link = {"tracking_url": "https://carrier.example/1", "promised_at": promised.isoformat()}
    parcel(story, orders["ada"], status="shipped", **link)
    parcel(story, orders["bob"], status="shipped")
    parcel(story, story.order("till", channel="pos"), status="delivered")  # it never left
    sent = story.live(days=1)
    # The carrier tells of Bob's delay, twice; Cy's order is called off before it is late.
    parcel(story, orders["bob"], is_delayed=True)
    parcel(story, orders["bob"], status="shipped", is_delayed=True)
    story.order("cy", external_id=orders["cy"], cancelled_at=clock.now().isoformat())
    parcel(story, orders["cy"], status="pending", promised_at=promised.isoformat())
    late = promised + timedelta(minutes=1)
    sent += story.live(days=3, stops=[late])
    for name in ("ada", "bob"):
        parcel(story, orders[name], status="delivered")
        parcel(story, orders[name], status="delivered", is_delayed=True)
    sent += story.live(days=1)

    assert of_library(sent) == [
        ("06-01 12:00", "ada", "shipped"),
        ("06-01 12:00", "bob", "shipped"),
        ("06-02 12:00", "bob", "late"),
        ("06-03 12:01", "ada", "late"),
        ("06-05 12:00", "ada", "delivered"),
        ("06-05 12:00", "bob", "delivered"),
    ]
    assert story.skipped() == []
    # What the customer reads, and what the agent sees of it on the profile.
    assert "Expected by 3 June" in body_of(story, "ada", 1)
    apology = body_of(story, "ada", 2)
    assert "we promised you a parcel by 3 June, and it has not arrived" in apology
    assert "https://carrier.example/1" in apology
    ada = Profile.objects.get(email="ada@example.com")
    page = story.member.get(f"/t/{SLUG}/profiles/{ada.pk}/messages/").content.decode()
    assert "Delay, apology" in page or "is late, and we are sorry" in page


@pytest.mark.covers("F15")
def test_the_agent_sees_a_late_parcel_until_it_arrives(story: Story) -> None:
    story.install("delay_alert")
    order = story.order("ada")
    parcel(story, order, status="shipped", is_delayed=True)
    ada = Profile.objects.get(email="ada@example.com")
    panel = f"/t/{SLUG}/profiles/{ada.pk}/service/"
    assert "late" in story.member.get(panel).content.decode().lower()
    parcel(story, order, status="delivered")
    story.live(hours=1)
    assert of_library(story.sent()) == [("06-01 12:00", "ada", "late")]


@pytest.mark.covers("F14")
def test_the_promised_day_is_that_of_the_shop(story: Story) -> None:
    Tenant.objects.update(timezone="Europe/Berlin")
    story.install("shipping_update")
    order = story.order("ada")
    parcel(story, order, status="shipped", promised_at="2026-06-03T22:30:00Z")
    story.live(hours=1)
    assert "Expected by 4 June" in body_of(story, "ada")
