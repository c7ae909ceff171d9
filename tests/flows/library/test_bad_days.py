"""Days on which the provider is down: what is late by its rule is not sent, the rest is once."""

from typing import Any

import pytest

from flows.models import FlowRun
from messaging.channels.base import ChannelUnavailable, Handed
from tests.flows.library.story import Outbox, Story

CART, ORDER = "cart_new", "post_purchase"


@pytest.mark.covers("F3", "M1")
def test_a_provider_that_is_down_for_a_day_costs_what_is_late_by_its_rule(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ada", "bob", "cy"):
        story.person(name)
    story.install("cart_recovery")
    hand = Outbox.send

    def refuse(outbox: Outbox, message: Any) -> Handed:
        raise ChannelUnavailable("the server does not answer")

    monkeypatch.setattr(Outbox, "send", refuse)
    story.add_to_cart("ada")
    story.order("bob")
    for _ in range(24):
        story.skip(hours=1)
    assert story.sent() == []
    story.add_to_cart("cy")  # is written to an hour from now
    monkeypatch.setattr(Outbox, "send", hand)
    for _ in range(4):
        story.skip(minutes=30)
    sent = sorted(each[1:] for each in story.sent())
    # A cart that was left a day ago is no news any more; an order is confirmed however late.
    assert sent == [("bob", ORDER), ("cy", CART)]
    assert story.skipped() == [("ada", CART, "too_late")]
    assert [each.to_address for each in story.outbox.sent].count("bob@example.com") == 1
    # The run itself goes on: who did not open what was not sent is texted, as they would have been.
    story.live(days=2)
    run = FlowRun.objects.get(profile__first_name="Ada", flow__key="cart_recovery")
    assert (run.status, run.exit_reason) == ("completed", "not reached by text")
