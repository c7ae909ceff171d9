"""A threshold is crossed: the welcome comes once for ever."""

from datetime import timedelta

import pytest

from kernel import clock
from loyalty.models import Program
from loyalty.services.ladder import LadderData, TierData, save_ladder
from tests.flows.library.story import Story
from tests.flows.library.wares import of_library


@pytest.mark.covers("F12")
def test_regulars_and_vips_are_welcomed_once(story: Story) -> None:
    for key in ("regular_welcome", "vip_welcome"):
        story.install(key)
    long_ago = clock.now() - timedelta(days=30)
    story.order("cy", total="400.00", at=long_ago, backfill=True)  # the VIP so far
    story.person("ada")
    story.person("dan", email_consent="unsubscribed")
    story.order("ada")
    for name in ("ada", "dan", "dan", "ada"):  # the second one makes a regular, the third nothing
        story.order(name)
    sent = story.live(days=1)
    # Ada buys for most, then Cy does, then Ada again: that is no news any more.
    for name, total in (("ada", "500.00"), ("cy", "900.00"), ("ada", "900.00")):
        story.order(name, total=total)
        sent += story.live(days=1)
    assert of_library(sent) == [
        ("06-01 13:00", "ada", "regular"),
        ("06-02 13:00", "ada", "vip"),
    ]
    assert ("dan", "library_regular", "no_consent") in story.skipped()


@pytest.mark.covers("F12")
def test_each_tier_is_welcomed_once_with_what_it_brings(story: Story) -> None:
    Program.objects.update(is_active=True)
    steps = (
        TierData(None, "Regular", min_orders=2, benefits="Free samples"),
        TierData(None, "Gold", min_spend_minor=30_000, benefits="Free delivery"),
    )
    save_ladder(LadderData(steps, "rolling", 0), actor="ada@example.com")
    story.settle()
    story.install("tier_upgrade")
    story.person("ada")
    story.order("ada")
    sent = story.live(days=1)
    story.order("ada")
    sent += story.live(days=1)
    order = story.order("ada", total="300.00")
    sent += story.live(days=1)
    story.order("ada", total="300.00", external_id=order, cancelled_at="2026-06-04T12:00:00Z")
    sent += story.live(days=1)  # down again
    story.order("ada", total="300.00")
    sent += story.live(days=2)  # and up
    assert of_library(sent) == [
        ("06-02 12:00", "ada", "tier"),
        ("06-03 12:00", "ada", "tier"),
    ]
    welcomes = [
        str(mail.content.text) for mail in story.outbox.sent if "Welcome to" in mail.content.subject
    ]
    assert ["Regular" in welcomes[0], "Free samples" in welcomes[0]] == [True, True]
    assert ["Gold" in welcomes[1], "Free delivery" in welcomes[1]] == [True, True]
