"""Exits that look closer at their event, and memberships that come and go."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine

from crm.models import Profile
from flows.models import FlowEntry, FlowRun
from flows.services.gating import ask_exit_condition
from kernel import clock
from messaging.types import Verdict
from tenants.models import Tenant
from tests.factories.flows import definition, make_flow, message_node
from tests.factories.loyalty import make_profile
from tests.flows.nodes import wait
from tests.flows.support import advance, happen, make_event, make_segment, pending

pytestmark = [pytest.mark.usefixtures("noon"), pytest.mark.covers("F3")]

SAME_CART = {"event": "Order Placed", "same": ["cart_id"]}
LARGE = {"event": "Order Placed", "filter": [{"property": "total", "is": ">", "value": 100}]}


@pytest.fixture
def ada(tenant: Tenant) -> Profile:
    return make_profile()


def cart_flow(*exits: dict[str, Any], **other: Any) -> None:
    nodes = {"day": wait(1, "days", "note"), "note": message_node()}
    make_flow(definition(nodes, trigger={"event": "Cart Abandoned"}, exit_on=list(exits), **other))


def statuses() -> list[tuple[str, str]]:
    return list(FlowRun.objects.order_by("id").values_list("status", "exit_reason"))


def test_an_exit_may_ask_for_the_same_cart(ada: Profile, noon: time_machine.Traveller) -> None:
    cart_flow(SAME_CART)
    for cart in ("c1", "c2"):
        happen("Cart Abandoned", ada, cart_id=cart)
    happen("Cart Abandoned", ada)
    advance()
    noon.shift(timedelta(hours=1))
    happen("Order Placed", ada, cart_id="c2")
    assert statuses() == [("active", ""), ("exited", "Order Placed"), ("active", "")]


def test_an_exit_may_look_at_properties(ada: Profile, noon: time_machine.Traveller) -> None:
    cart_flow(goal=LARGE)
    happen("Cart Abandoned", ada)
    advance()
    noon.shift(timedelta(hours=1))
    happen("Order Placed", ada, total="100.00")
    assert statuses() == [("active", "")]
    happen("Order Placed", ada, total="100.01")
    assert statuses() == [("exited", "goal: Order Placed")]


def test_a_closer_exit_that_is_met_already_lets_nobody_in(
    ada: Profile, noon: time_machine.Traveller
) -> None:
    cart_flow(SAME_CART)
    then = clock.now() - timedelta(hours=1)
    make_event("Order Placed", ada, cart_id="c1")
    happen("Cart Abandoned", ada, at=then, cart_id="c1")
    happen("Cart Abandoned", ada, at=then, cart_id="c2")
    reasons = FlowEntry.objects.order_by("id").values_list("reason", flat=True)
    assert list(reasons) == ["exit_condition", ""]


@pytest.mark.parametrize(("cart", "passes"), [("c1", False), ("c2", True)])
def test_a_closer_exit_stops_a_message_that_waits(
    ada: Profile,
    noon: time_machine.Traveller,
    cart: str,
    *,
    passes: bool,
) -> None:
    cart_flow(SAME_CART)
    happen("Cart Abandoned", ada, cart_id="c1")
    advance()
    noon.shift(timedelta(days=1))
    advance()
    noon.shift(timedelta(minutes=1))
    make_event("Order Placed", ada, cart_id=cart)
    message = pending()
    said = ask_exit_condition([message], clock.now())[message.id]
    assert said == Verdict(passed=passes, detail="" if passes else "Order Placed")


def test_a_membership_that_flaps_loses_no_run(ada: Profile, noon: time_machine.Traveller) -> None:
    segment = make_segment("gold", (ada,))
    nodes = {"day": wait(1, "days", "note"), "note": message_node()}
    make_flow(definition(nodes, trigger={"segment": str(segment.pk)}, reentry={"policy": "once"}))
    happen("Segment Entered", ada, object_id=segment.pk)
    advance()
    for name in ("Segment Exited", "Segment Entered", "Segment Exited"):
        noon.shift(timedelta(hours=1))
        happen(name, ada, object_id=segment.pk)
        advance()
    assert statuses() == [("active", "")]
    noon.shift(timedelta(hours=21))
    advance()
    assert statuses() == [("completed", "")]
