"""Backtests of flows that no stored event starts, and of the limits that hold between messages."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine

from crm.models import Product, Variant
from crm.services.events import append_events
from crm.types import NewEvent
from flows.domain.expecting import Brought, Expected, expect_revenue
from flows.domain.parsing import parse_graph
from flows.models import Flow
from flows.services.audiences import start_for_goods
from flows.services.dates import scan_due
from flows.services.dry.backtests import replay
from flows.services.dry.limits import ask_limits, read_rules
from flows.services.dry.loading import find_approximations
from flows.services.dry.starts import Replay
from kernel import clock
from kernel.batches import Deadline
from kernel.formats import find_zone
from messaging.domain.limits import Limits, OnHit, SmartSending
from messaging.models import FrequencyRule, Message, Template
from messaging.services.limits import save_limits
from tenants.models import Tenant
from tests.factories.crm import make_store
from tests.factories.flows import definition, make_flow, message_node
from tests.factories.loyalty import make_profile
from tests.flows.conftest import NOON
from tests.flows.support import advance, happen, make_event

pytestmark = [pytest.mark.usefixtures("noon"), pytest.mark.covers("X1")]
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
Sent = list[tuple[int, str, Any]]


def really() -> Sent:
    rows = Message.objects.values_list("profile_id", "node_id", "due_at")
    return sorted(rows)


def dry(flow: Flow, raw: dict[str, Any]) -> Sent:
    """Replay a flow page by page, and return what it would have sent."""
    found: Sent = []
    replayed = Replay(flow.pk, parse_graph(raw), NOON, clock.now(), 2)
    after: int | None = 0
    while after is not None:
        page = replayed.list_starters(after)
        passages = replay(
            flow.pk,
            replayed.graph,
            page.profile_ids,
            since=NOON,
            until=clock.now(),
            made=page.made,
        )
        found += [(m.profile_id, m.node_id, m.due_at) for each in passages for m in each.messages]
        after = page.after
    return sorted(found)


def test_dates_come_round_as_they_really_did(tenant: Tenant, noon: time_machine.Traveller) -> None:
    raw = definition(
        {"note": message_node()},
        trigger={"date": {"property": "birthday", "repeats": "yearly", "at": "15:00"}},
    )
    flow = make_flow(raw)
    for birthday, zone in (
        ("1990-06-01", "Europe/London"),
        ("1985-06-02", "America/New_York"),
        ("1985-06-02", "Asia/Tokyo"),
        ("1985-09-02", "Asia/Tokyo"),
    ):
        make_profile(properties={"birthday": birthday}, timezone=zone)
    for _ in range(60):
        noon.shift(HOUR)
        scan_due(Deadline(None))
        advance()
    assert len(really()) == 3
    assert dry(flow, raw) == really()
    assert Replay(flow.pk, parse_graph(raw), NOON, clock.now()).count_starters() == 4


def test_prices_that_fell_reach_those_who_had_looked_by_then(
    tenant: Tenant, noon: time_machine.Traveller
) -> None:
    store = make_store()
    product = Product.objects.create(store=store, external_id="p1", title="Soap")
    variant = Variant.objects.create(product=product, store=store, external_id="v1", sku="SOAP")
    trigger = {"price_drop": {"by": 10, "unit": "percent", "audience": "viewed", "within_days": 30}}
    raw = definition({"note": message_node()}, trigger=trigger)
    flow = make_flow(raw)
    ada, bob, _ = make_profile(), make_profile(), make_profile()

    def view(person: Any) -> None:
        make_event("Product Viewed", person, store_id=store.pk, product_id="p1")

    def fall(after: str) -> None:
        refs = append_events(
            [
                NewEvent(
                    name="Price Dropped",
                    occurred_at=clock.now(),
                    source="api",
                    object_id=variant.pk,
                    store_id=store.pk,
                    properties={"before": "10.00", "after": after},
                )
            ]
        )
        start_for_goods(refs)
        advance()

    view(ada)
    noon.shift(DAY)
    fall("9.50")
    fall("8.00")
    noon.shift(HOUR)
    view(bob)
    noon.shift(DAY)
    fall("7.00")
    noon.shift(DAY)
    assert [person for person, _, _ in really()] == [ada.pk, ada.pk, bob.pk]
    assert dry(flow, raw) == really()


def limited(flow: Flow, raw: dict[str, Any], people: list[int]) -> tuple[Any, ...]:
    """Return why messages of a replay would not have left and when others would have, by hour."""
    graph = parse_graph(raw)
    passages = replay(flow.pk, graph, people, since=NOON, until=clock.now())
    rules = read_rules(find_zone("UTC"))
    found = ask_limits(flow.pk, passages, {}, rules, since=NOON, until=clock.now())
    due = {m.key: (m.due_at - NOON) // HOUR for each in passages for m in each.messages}
    later = {due[key]: (at - NOON) // HOUR for key, at in found.later.items()}
    return {due[key]: reason for key, reason in found.stopped.items()}, later


def test_smart_sending_and_frequency_rules_are_asked_in_the_order_of_time(
    tenant: Tenant, noon: time_machine.Traveller
) -> None:
    raw = definition({"note": message_node()})
    flow = make_flow(raw)
    person = make_profile()
    for hour in (0, 10, 20, 70, 100):
        noon.move_to(NOON + hour * HOUR)
        happen("Order Placed", person)
    Message.objects.create(
        key=str(uuid4()),
        profile=person,
        channel="email",
        message_class="promotional",
        template_id=Template.objects.get(key="note").pk,
        status="sent",
        sent_at=NOON + 60 * HOUR,
    )
    noon.move_to(NOON + 10 * DAY)
    assert limited(flow, raw, [person.pk]) == (
        {10: "smart_sending", 70: "smart_sending"},
        {},
    )
    smart = {**Limits().smart, "email": SmartSending(16, OnHit.WAIT, 24)}
    save_limits(Limits(smart=smart), actor="ada@example.com")
    assert limited(flow, raw, [person.pk]) == ({}, {10: 16, 20: 32, 70: 76})
    FrequencyRule.objects.create(message_class="promotional", channel="", max_n=2, window_hours=48)
    assert limited(flow, raw, [person.pk]) == (
        {20: "frequency_cap"},
        {10: 16, 70: 76, 100: 108},
    )


def test_of_two_messages_of_one_instant_one_leaves(
    tenant: Tenant, noon: time_machine.Traveller
) -> None:
    raw = definition({"note": message_node()})
    flow, person = make_flow(raw), make_profile()
    for _ in range(2):
        happen("Order Placed", person)
    noon.move_to(NOON + DAY)
    assert limited(flow, raw, [person.pk]) == ({0: "smart_sending"}, {})


@pytest.mark.parametrize("trigger", [{"refill": {"percent": 80}}, {"new_product": {}}])
def test_what_a_replay_leaves_out_is_said(tenant: Tenant, trigger: dict[str, Any]) -> None:
    exits = [{"event": "Order Placed"}]
    raw = definition({"note": message_node()}, trigger=trigger, exit_on=exits)
    assert find_approximations(parse_graph(raw)) == [
        "Smart sending and frequency rules are those of today; quiet hours are not asked.",
        "Refills and new products are not worked out anew: only who really entered enters.",
        "Nobody is held out, so where the flow or the account holds people out, fewer get it.",
        "Who had met an exit already when they entered is let in.",
        "Nobody is in the flow when the time begins.",
    ]
    receipt = {"note": message_node("order_note", message_class="transactional")}
    assert len(find_approximations(parse_graph(definition(receipt)))) == 2


def test_what_messages_may_bring_is_told_by_what_they_brought() -> None:
    own, everything = Brought(100, 16, 160_000), Brought(1_000, 100, 500_000)
    assert expect_revenue(50, own, everything) == Expected(40_800, 119_200, is_own=True)
    few = Brought(29, 16, 160_000)
    assert expect_revenue(50, few, everything) == Expected(20_100, 29_900, is_own=False)
    assert expect_revenue(50, Brought(0, 0, 0), Brought(500, 0, 0)) is None
