"""Backtests of flows that low stock starts, a tier that changes, or a segment that is left."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine

from crm.models import Product, Variant
from crm.services.events import append_events
from crm.types import NewEvent
from flows.services.audiences import start_for_goods
from kernel import clock
from tenants.models import Tenant
from tests.factories.crm import make_store
from tests.factories.flows import definition, make_flow, message_node
from tests.factories.loyalty import make_profile
from tests.flows.nodes import wait
from tests.flows.support import advance, happen, make_event, make_segment
from tests.flows.test_backtest_starts import DAY, HOUR, dry, really

pytestmark = [pytest.mark.usefixtures("noon"), pytest.mark.covers("X1")]


def let_pass(noon: time_machine.Traveller, length: timedelta) -> None:
    """Let the engine do what is due, and what is due later."""
    advance()
    noon.shift(length)
    advance()


def told_after(trigger: dict[str, Any], **other: Any) -> dict[str, Any]:
    """Return a definition that writes an hour after its trigger."""
    nodes = {"hour": wait(1, "hours", "note"), "note": message_node()}
    return definition(nodes, trigger=trigger, **other)


def test_stock_that_runs_low_reaches_who_had_it_in_the_cart_by_then(
    tenant: Tenant, noon: time_machine.Traveller
) -> None:
    store = make_store()
    product = Product.objects.create(store=store, external_id="p1", title="Soap")
    variant = Variant.objects.create(product=product, store=store, external_id="v1", sku="SOAP")
    raw = told_after({"low_stock": {"pieces": 5, "audience": "cart", "within_days": 30}})
    flow = make_flow(raw)
    ada, bob, cyd = make_profile(), make_profile(), make_profile()

    def sink(before: int, pieces: int) -> None:
        event = NewEvent(
            name="Stock Low",
            occurred_at=clock.now(),
            source="sync",
            object_id=variant.pk,
            store_id=store.pk,
            properties={"before": before, "pieces": pieces},
        )
        start_for_goods(append_events([event]))
        let_pass(noon, HOUR)

    make_event("Product Added", ada, store_id=store.pk, product_id="p1")
    make_event("Product Viewed", cyd, store_id=store.pk, product_id="p1")
    noon.shift(DAY)
    sink(12, 9)
    sink(9, 4)
    sink(4, 3)
    make_event("Product Added", bob, sku="SOAP")
    noon.shift(DAY)
    sink(7, 5)
    noon.shift(DAY)
    assert [person for person, _, _ in really()] == [ada.pk, ada.pk, bob.pk]
    assert dry(flow, raw) == really()


def test_a_tier_that_changes_starts_by_its_filter(
    tenant: Tenant, noon: time_machine.Traveller
) -> None:
    where = [{"property": "to", "is": "=", "value": "Gold"}]
    raw = told_after(
        {"event": "Loyalty Tier Changed", "filter": where},
        exit_on=[{"event": "Loyalty Tier Changed"}],
    )
    flow = make_flow(raw)
    ada, bob = make_profile(), make_profile()
    for person, before, after, wait_for in (
        (ada, "Silver", "Gold", 2 * HOUR),
        (ada, "Gold", "Silver", DAY),
        (bob, "Silver", "Gold", HOUR / 2),
        (bob, "Gold", "Silver", DAY),
        (bob, "Silver", "Gold", DAY),
    ):
        happen("Loyalty Tier Changed", person, **{"from": before, "to": after})
        let_pass(noon, wait_for)
    assert [person for person, _, _ in really()] == [ada.pk, bob.pk]
    assert dry(flow, raw) == really()


def test_a_segment_that_is_left_starts_until_it_is_entered_again(
    tenant: Tenant, noon: time_machine.Traveller
) -> None:
    segment, other = make_segment("vip"), make_segment("at_risk")
    raw = told_after(
        {"segment": str(segment.pk), "on": "exit"}, exit_on=[{"segment": str(segment.pk)}]
    )
    flow = make_flow(raw)
    ada, bob, cyd = make_profile(), make_profile(), make_profile()
    for name, person, about in (
        ("Segment Exited", ada, segment),
        ("Segment Entered", bob, segment),
        ("Segment Exited", bob, segment),
        ("Segment Entered", bob, segment),
        ("Segment Exited", cyd, other),
        ("Segment Exited", cyd, segment),
        ("Segment Entered", cyd, other),
    ):
        happen(name, person, object_id=about.pk)
        let_pass(noon, HOUR / 2)
    let_pass(noon, DAY)
    assert [person for person, _, _ in really()] == [ada.pk, cyd.pk]
    assert dry(flow, raw) == really()
