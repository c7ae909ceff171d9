"""What flows compare, in the events that the crm itself writes."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine

from crm.models import Cart, Event, Order, Store
from crm.services.carts import abandon_due
from crm.services.delays import find_late
from crm.services.reactions import drain_reactions
from crm.types import EventRecord, Record, ShipmentRecord
from flows.domain.lint import OTHER_CART, lint
from flows.domain.parsing import parse_graph
from flows.models import FlowRun, RunStep
from flows.services.gating import ask_exit_condition
from kernel import clock
from kernel.batches import Deadline
from messaging.types import Verdict
from tenants.models import Tenant
from tests.factories.crm import apply, customer, make_store, order, refund
from tests.factories.flows import definition, make_flow, message_node
from tests.flows.nodes import wait, wait_event
from tests.flows.support import advance, pending

pytestmark = [pytest.mark.usefixtures("noon"), pytest.mark.covers("F3")]


@pytest.fixture
def shop(tenant: Tenant) -> Store:
    return make_store()


def tell(shop: Store, *records: Record) -> None:
    """Let a shop tell of something, and everybody react to it."""
    apply(shop, *records, now=clock.now())
    drain_reactions(Deadline(seconds=None))


def bought(number: str, **fields: Any) -> Record:
    return order(number, version_at=clock.now(), ordered_at=clock.now(), **fields)


def parcel(number: str, **fields: Any) -> ShipmentRecord:
    said = {"status": "success", "version_at": clock.now(), "order_external_id": number}
    return ShipmentRecord(**{"external_id": f"s{number}", **said, **fields})


def of_order(number: str) -> int:
    return Order.objects.values_list("pk", flat=True).get(external_id=number)


def orders_told(name: str) -> list[tuple[str, object]]:
    events = Event.objects.filter(name=name).order_by("pk")
    return [
        (said["number"], said["order_id"]) for said in events.values_list("properties", flat=True)
    ]


@pytest.mark.parametrize("comes_first", ["order", "parcel"])
def test_a_parcel_names_its_order(
    shop: Store, noon: time_machine.Traveller, comes_first: str
) -> None:
    told = parcel("1001", promised_at=clock.now() + timedelta(hours=1))
    tell(shop, *([told, bought("1001")] if comes_first == "parcel" else [bought("1001"), told]))
    noon.shift(timedelta(hours=2))
    assert find_late(Deadline(None)) == 1
    tell(shop, parcel("1001", status="delivered"))
    expected = [("#1001", of_order("1001"))]
    assert orders_told("Order Fulfilled") == expected
    assert orders_told("Shipment Delayed") == expected
    assert orders_told("Order Delivered") == expected


@pytest.mark.parametrize("comes_first", ["order", "refund"])
def test_a_refund_names_its_order(shop: Store, comes_first: str) -> None:
    records = [bought("1001"), refund(version_at=clock.now(), refunded_at=clock.now())]
    for record in records if comes_first == "order" else reversed(records):
        tell(shop, record)
    assert orders_told("Order Refunded") == [("#1001", of_order("1001"))]


def test_a_parcel_ends_the_wait_of_its_own_order(shop: Store, noon: time_machine.Traveller) -> None:
    same = {"event": "Order Fulfilled", "same": ["order_id"]}
    make_flow(definition({"sent": wait_event(same), "note": message_node()}))
    tell(shop, bought("1001"), bought("1002"))
    advance()
    noon.shift(timedelta(hours=1))
    tell(shop, parcel("1002"))
    advance()
    found = RunStep.objects.filter(node_id="sent")
    assert list(found.values_list("run__trigger__object_id", "result")) == [
        (of_order("1002"), "happened")
    ]


def test_a_refund_ends_the_run_of_its_own_order(shop: Store, noon: time_machine.Traveller) -> None:
    nodes = {"day": wait(1, "days", "note"), "note": message_node()}
    make_flow(definition(nodes, exit_on=[{"event": "Order Refunded", "same": ["order_id"]}]))
    tell(shop, bought("1001"), bought("1002"))
    noon.shift(timedelta(hours=1))
    at = clock.now()
    tell(shop, refund(order_external_id="1002", version_at=at, refunded_at=at))
    runs = FlowRun.objects.order_by("trigger_event_id")
    assert list(runs.values_list("trigger__object_id", "status")) == [
        (of_order("1001"), "active"),
        (of_order("1002"), "exited"),
    ]


SAME_CART = {"event": "Order Placed", "same": ["cart_id"]}
NOTE = {"day": wait(1, "days", "note"), "note": message_node()}


def leave_cart(shop: Store, noon: time_machine.Traveller) -> str:
    """Let Ada put something into a cart and leave it for an hour; return what it is called."""
    tell(
        shop,
        customer(email="ada@example.com"),
        EventRecord(
            "Product Added",
            clock.now(),
            customer(),
            {"sku": "SOAP", "name": "Soap", "price": 6.5, "currency": "GBP"},
            f"added {clock.now()}",
        ),
    )
    noon.shift(timedelta(hours=1))
    assert abandon_due(Deadline(None)) == 1
    drain_reactions(Deadline(None))
    advance()
    return str(Cart.objects.order_by("-pk")[0].pk)


def buy(shop: Store, noon: time_machine.Traveller, number: str) -> None:
    noon.shift(timedelta(minutes=10))
    tell(shop, bought(number))


def test_an_order_ends_the_run_of_the_cart_that_it_was_made_of(
    shop: Store, noon: time_machine.Traveller
) -> None:
    make_flow(definition(NOTE, trigger={"event": "Cart Abandoned"}, exit_on=[SAME_CART]))
    first = leave_cart(shop, noon)
    buy(shop, noon, "1001")
    second = leave_cart(shop, noon)
    assert first != second
    runs = FlowRun.objects.order_by("pk").values_list("trigger__object_id", "status", "exit_reason")
    assert list(runs) == [(int(first), "exited", "Order Placed"), (int(second), "active", "")]
    noon.shift(timedelta(minutes=10))
    tell(shop, bought("1002", email="bob@example.com"))
    assert list(runs.values_list("status", flat=True)) == ["exited", "active"]


def test_an_order_ends_the_wait_for_its_cart(shop: Store, noon: time_machine.Traveller) -> None:
    nodes = {"paid": wait_event(SAME_CART), "note": message_node()}
    make_flow(definition(nodes, trigger={"event": "Cart Abandoned"}))
    leave_cart(shop, noon)
    buy(shop, noon, "1001")
    advance()
    assert list(RunStep.objects.order_by("pk").values_list("node_id", "result")) == [
        ("paid", "happened"),
        ("end", "exit"),
    ]


def test_an_order_of_the_cart_stops_a_message_that_waits(
    shop: Store, noon: time_machine.Traveller
) -> None:
    nodes = {"note": message_node()}
    make_flow(definition(nodes, trigger={"event": "Cart Abandoned"}, exit_on=[SAME_CART]))
    leave_cart(shop, noon)
    message = pending()
    assert ask_exit_condition([message], clock.now())[message.id] == Verdict(passed=True)
    buy(shop, noon, "1001")
    said = ask_exit_condition([message], clock.now())[message.id]
    assert said == Verdict(passed=False, detail="Order Placed")


@pytest.mark.parametrize(
    ("trigger", "paths"),
    [
        ("Checkout Started", ["exit_on.0.same", "nodes.paid.any_of.0.same"]),
        ("Cart Updated", ["exit_on.0.same", "nodes.paid.any_of.0.same"]),
        ("Cart Abandoned", []),
    ],
)
def test_orders_are_not_compared_with_carts_of_the_shop(trigger: str, paths: list[str]) -> None:
    nodes = {"paid": wait_event(SAME_CART), "note": message_node()}
    graph = definition(nodes, trigger={"event": trigger}, exit_on=[SAME_CART])
    assert [(problem.path, problem.text) for problem in lint(parse_graph(graph))] == [
        (path, OTHER_CART) for path in paths
    ]
