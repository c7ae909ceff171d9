"""People who enter by a date, a price, a stock, a segment they leave, or by hand."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine

from crm.models import Event, Product, Profile, Variant
from crm.services.events import append_events
from crm.services.merging import merge_profiles
from crm.types import EventRef, NewEvent
from flows.choices import FlowStatus
from flows.domain.lots import is_held_out
from flows.models import DateScan, Flow, FlowEntry, FlowRun, HeldOut
from flows.services.audiences import start_for_goods
from flows.services.checks import find_differences
from flows.services.dates import scan_due
from flows.services.enrolment import enrol_for_events
from flows.services.entry_stages import holdout_salt
from flows.services.flows import create_flow, publish, set_holdout, set_status
from flows.services.manual import (
    enrol_people,
    enrol_segment,
    preview_people,
    preview_segment,
)
from kernel import clock
from kernel.batches import Deadline
from kernel.errors import Conflict, Invalid, NotFound
from tenants.models import AuditEntry, Tenant
from tenants.services.job_turns import run_jobs
from tests.factories.crm import make_store
from tests.factories.flows import definition, make_flow, message_node
from tests.factories.loyalty import make_profile
from tests.factories.tenants import call_with, make_key
from tests.flows.nodes import act, wait
from tests.flows.support import advance, happen, make_event, make_segment, queued

pytestmark = [pytest.mark.usefixtures("noon"), pytest.mark.covers("F1")]

HOUR = 3600
DAY = 24 * HOUR
ADA = "ada@example.com"


def scan() -> int:
    return scan_due(Deadline(seconds=None))


def entered() -> list[int]:
    return list(FlowRun.objects.order_by("pk").values_list("profile_id", flat=True))


def entries() -> list[tuple[int, str, str]]:
    rows = FlowEntry.objects.order_by("pk")
    return list(rows.values_list("profile_id", "outcome", "reason"))


def born(day: str, **other: Any) -> Profile:
    person = make_profile()
    Profile.objects.filter(pk=person.pk).update(properties={"birthday": day}, **other)
    return person


def date_flow(**date: Any) -> Flow:
    trigger = {"date": {"property": "birthday", "at": "14:00", **date}}
    return make_flow(definition(trigger=trigger))


def test_people_enter_when_their_date_comes_round_and_once(
    tenant: Tenant, noon: time_machine.Traveller
) -> None:
    flow = date_flow()
    ada, ben = born("1990-06-01"), born("1990-06-02")
    born("1990-06-01T08:00:00Z", is_anonymous=True)
    born("the first of June")
    assert scan() == 1
    assert entered() == []
    assert scan() == 0
    noon.shift(3 * HOUR)
    scan()
    scan()
    assert entered() == [ada.pk]
    event = Event.objects.get(name="Date Reached")
    assert (event.object_id, event.properties["years"]) == (flow.pk, 36)
    noon.shift(DAY)
    scan()
    assert entered() == [ada.pk, ben.pk]
    noon.shift(364 * DAY)
    scan()
    assert entered() == [ada.pk, ben.pk, ada.pk]
    assert find_differences() == []


def test_everybody_enters_by_their_own_clock(tenant: Tenant, noon: time_machine.Traveller) -> None:
    date_flow()
    tokyo = born("1990-06-02", timezone="Asia/Tokyo")
    london = born("1990-06-01", timezone="Europe/London")
    york = born("1990-06-01", timezone="America/New_York")
    seen = []
    for _ in range(18):
        noon.shift(HOUR)
        scan()
        seen.append(list(entered()))
    assert seen[0] == [london.pk]
    assert seen[6] == [london.pk, york.pk]
    assert seen[17] == [london.pk, york.pk, tokyo.pk]


def test_who_moves_to_another_zone_on_the_day_enters_once_all_the_same(
    tenant: Tenant, noon: time_machine.Traveller
) -> None:
    date_flow(at="13:30")
    east = born("1990-06-01", timezone="Europe/London")
    west = born("1990-06-01", timezone="America/New_York")
    noon.shift(HOUR)
    scan()
    assert entered() == [east.pk]
    Profile.objects.filter(pk=east.pk).update(timezone="America/New_York")
    Profile.objects.filter(pk=west.pk).update(timezone="Asia/Tokyo")
    noon.shift(6 * HOUR)
    scan()
    assert entered() == [east.pk]
    Profile.objects.filter(pk=west.pk).update(timezone="Europe/London")
    noon.shift(HOUR)
    scan()
    assert entered() == [east.pk, west.pk]


def test_dates_before_the_flow_was_on_or_while_it_was_off_start_nothing(
    tenant: Tenant, noon: time_machine.Traveller
) -> None:
    born("1990-06-01")
    flow = date_flow(at="11:00")
    noon.shift(HOUR)
    scan()
    set_status(flow.pk, FlowStatus.DISABLED)
    assert not DateScan.objects.exists()
    born("1990-06-02")
    noon.shift(DAY)
    set_status(flow.pk, FlowStatus.LIVE)
    scan()
    assert entered() == []


def test_a_date_that_is_told_late_on_the_day_still_counts_and_later_not(
    tenant: Tenant, noon: time_machine.Traveller
) -> None:
    date_flow(at="13:30")
    noon.shift(HOUR)
    scan()
    late = born("1990-06-01")
    noon.shift(20 * HOUR)
    scan()
    noon.shift(6 * HOUR)
    scan()
    born("1990-06-01")
    noon.shift(3 * HOUR)
    scan()
    assert entered() == [late.pk]


def test_a_date_passes_the_pipeline_like_every_event(
    tenant: Tenant, noon: time_machine.Traveller
) -> None:
    trigger = {"date": {"property": "birthday", "at": "13:30"}}
    make_flow(
        definition(trigger=trigger, entry_filter={"field": "order_count", "is": ">", "value": 0})
    )
    ada = born("1990-06-01")
    noon.shift(2 * HOUR)
    scan()
    assert entries() == [(ada.pk, "refused", "entry_filter")]


def test_leaving_a_segment_starts_a_run_and_entering_it_none(tenant: Tenant) -> None:
    segment = make_segment()
    make_flow(definition(trigger={"segment": str(segment.pk), "on": "exit"}))
    person = make_profile()
    happen("Segment Entered", person, object_id=segment.pk)
    assert entered() == []
    happen("Segment Exited", person, object_id=segment.pk)
    happen("Segment Exited", person, object_id=segment.pk + 1)
    assert entered() == [person.pk]


def test_a_change_of_the_tier_starts_a_run_by_its_filter(tenant: Tenant) -> None:
    where = [{"property": "to", "is": "=", "value": "Gold"}]
    make_flow(definition(trigger={"event": "Loyalty Tier Changed", "filter": where}))
    gold, silver = make_profile(), make_profile()
    happen("Loyalty Tier Changed", gold, to="Gold", **{"from": "Silver"})
    happen("Loyalty Tier Changed", silver, to="Silver", **{"from": ""})
    assert entries() == [(gold.pk, "enrolled", ""), (silver.pk, "refused", "trigger_filter")]


@pytest.fixture
def soap(tenant: Tenant) -> Variant:
    store = make_store()
    product = Product.objects.create(store=store, external_id="p1", title="Soap")
    return Variant.objects.create(product=product, store=store, external_id="v1", sku="SOAP-1")


def change(name: str, variant: Variant, **said: Any) -> EventRef:
    event = NewEvent(
        name=name,
        occurred_at=clock.now(),
        source="sync",
        store_id=variant.store_id,
        object_id=variant.pk,
        properties={"product_id": str(variant.product_id), "sku": variant.sku, **said},
    )
    [ref] = append_events([event])
    start_for_goods([ref])
    return ref


def test_a_price_that_falls_far_enough_reaches_those_who_looked(soap: Variant) -> None:
    flow = make_flow(definition(trigger={"price_drop": {"by": 10, "within_days": 7}}))
    ada, ben, cleo = make_profile(), make_profile(), make_profile()
    make_event("Product Viewed", ada, store_id=soap.store_id, product_id="p1")
    make_event("Product Viewed", ben, store_id=soap.store_id, product_id="p2")
    long_ago = clock.now() - timedelta(days=8)
    make_event("Product Viewed", cleo, at=long_ago, store_id=soap.store_id, product_id="p1")
    change("Price Dropped", soap, before="10.00", after="9.01", currency="GBP")
    assert entered() == []
    ref = change("Price Dropped", soap, before="10.00", after="9.00", currency="GBP")
    start_for_goods([ref])
    assert entered() == [ada.pk]
    event = Event.objects.get(name="Wanted Price Dropped")
    assert event.object_id == flow.pk
    assert event.properties["name"] == "Soap"
    assert (event.properties["variant_id"], event.properties["after"]) == ("v1", "9.00")


def test_an_amount_and_a_cart_may_be_asked_for(soap: Variant) -> None:
    trigger = {"price_drop": {"by": "2.50", "unit": "amount", "audience": "checkout"}}
    make_flow(definition(trigger=trigger))
    ada, ben = make_profile(), make_profile()
    make_event("Checkout Started", ada, products=[{"sku": "SOAP-1"}, {"sku": "TEA"}])
    make_event("Product Viewed", ben, sku="SOAP-1")
    change("Price Dropped", soap, before="10.00", after="7.51")
    assert entered() == []
    change("Price Dropped", soap, before="10.00", after="7.50")
    assert entered() == [ada.pk]


def test_low_stock_is_told_when_the_mark_of_the_flow_is_passed(soap: Variant) -> None:
    make_flow(definition(trigger={"low_stock": {"pieces": 5, "audience": "cart"}}))
    ada = make_profile()
    make_event("Product Added", ada, sku="SOAP-1")
    change("Stock Low", soap, before=12, pieces=9)
    assert entered() == []
    change("Stock Low", soap, before=9, pieces=4)
    assert entered() == [ada.pk]


def test_who_asked_hears_that_it_is_back_once_a_day(
    soap: Variant, noon: time_machine.Traveller
) -> None:
    make_flow(definition(trigger={"back_in_stock": {"pieces": 2}}))
    ada = make_profile()
    make_event("Back In Stock Requested", ada, sku="SOAP-1")
    change("Back In Stock", soap, pieces=1)
    assert entered() == []
    change("Back In Stock", soap, pieces=2)
    change("Back In Stock", soap, pieces=3)
    assert entered() == [ada.pk]
    noon.shift(DAY)
    change("Back In Stock", soap, pieces=3)
    assert entered() == [ada.pk, ada.pk]


def test_chosen_people_enter_by_the_whole_pipeline(tenant: Tenant) -> None:
    where = [{"property": "total", "is": ">", "value": 100}]
    trigger = {"event": "Order Placed", "filter": where}
    graph = definition(trigger=trigger, reentry={"policy": "once"})
    flow = make_flow(graph)
    ada, ben = make_profile(), make_profile()
    Profile.objects.filter(pk=ben.pk).update(erased_at=clock.now())
    wanted = [ada.pk, ben.pk, 404_404]
    seen = preview_people(flow.pk, wanted)
    assert not FlowEntry.objects.exists()
    counts = enrol_people(flow.pk, wanted, actor=ADA, key="form1", properties={"why": "asked"})
    expected = {
        "asked": 3,
        "enrolled": 1,
        "held_out": 0,
        "unknown": 1,
        "refused": {"profile_erased": 1},
    }
    assert seen.to_json() == counts.to_json() == expected
    assert AuditEntry.objects.get(action="flow.enrolled").after == expected
    again = enrol_people(flow.pk, [ada.pk], actor=ADA, key="form2")
    assert again.refused == preview_people(flow.pk, [ada.pk]).refused == {"frequency": 1}
    advance()
    assert queued() == [("note", ada.pk)]
    event = Event.objects.filter(name="Added To Flow").order_by("pk")[0]
    assert event.properties == {"why": "asked", "added_by": ADA}


def test_a_form_that_is_sent_twice_puts_nobody_in_twice(tenant: Tenant) -> None:
    flow = make_flow(definition())
    ada = make_profile()
    enrol_people(flow.pk, [ada.pk], actor=ADA, key="form1")
    enrol_people(flow.pk, [ada.pk], actor=ADA, key="form1")
    assert entered() == [ada.pk]


def test_nobody_enters_a_flow_that_is_off_or_not_there(tenant: Tenant) -> None:
    flow = create_flow(name="Off")
    publish(flow.pk, definition(trigger={"manual": True}))
    with pytest.raises(Conflict):
        enrol_people(flow.pk, [make_profile().pk], actor=ADA, key="1")
    with pytest.raises(NotFound):
        preview_people(404, [])
    assert not Event.objects.filter(name="Added To Flow").exists()


def test_a_flow_by_hand_is_started_by_nothing_else(tenant: Tenant) -> None:
    make_flow(definition(trigger={"manual": True}))
    happen("Order Placed", make_profile())
    assert entries() == []


def test_the_members_of_a_segment_enter_in_batches(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.services.manual.BATCH", 2)
    people = [make_profile() for _ in range(3)]
    segment = make_segment(members=tuple(people))
    flow = make_flow(definition(trigger={"manual": True}))
    counts, members = preview_segment(flow.pk, segment.pk)
    assert (counts.enrolled, members) == (3, 3)
    assert entered() == []
    enrol_segment(flow.pk, segment.pk, actor=ADA, key="1")
    enrol_segment(flow.pk, segment.pk, actor=ADA, key="1")
    run_jobs(Deadline(seconds=None))
    assert sorted(entered()) == [person.pk for person in people]


def test_programs_put_people_in_and_may_ask_before(tenant: Tenant, broker: object) -> None:
    flow = make_flow(definition(trigger={"manual": True}))
    ada = make_profile()
    api = call_with(make_key(tenant))
    address = f"/api/v1/flows/{flow.pk}/enrol/"
    body = {"profile_ids": [str(ada.pk)], "properties": {"source": "till"}, "dry_run": True}
    said = api.post(address, body, content_type="application/json").json()
    assert (said["enrolled"], entered()) == (1, [])
    key = {"Idempotency-Key": "k1"}
    body["dry_run"] = False
    first = api.post(address, body, content_type="application/json", headers=key)
    again = api.post(address, body, content_type="application/json", headers=key)
    assert first.json() == again.json()
    assert entered() == [ada.pk]
    bad = api.post(address, {"profile_ids": ["x"]}, content_type="application/json")
    assert bad.status_code == 400


def test_nobody_is_in_a_flow_more_often_at_once_than_it_allows(
    tenant: Tenant, noon: time_machine.Traveller
) -> None:
    reentry = {"policy": "every_time", "max_at_once": 2}
    make_flow(definition({"week": wait(7, "days", "end")}, reentry=reentry))
    ada, ben = make_profile(), make_profile()
    refs = [make_event("Order Placed", person) for person in (ada, ada, ada, ben)]
    enrol_for_events(refs)
    assert [(pk, reason) for pk, _, reason in entries()] == [
        (ada.pk, ""),
        (ada.pk, ""),
        (ada.pk, "too_many"),
        (ben.pk, ""),
    ]
    advance()
    noon.shift(7 * DAY)
    advance()
    happen("Order Placed", ada)
    assert entries()[-1] == (ada.pk, "enrolled", "")


def held_and_let_in(flow: Flow) -> tuple[Profile, Profile]:
    """Make somebody who is held out of a flow by half, and somebody who is not."""
    found: dict[bool, Profile] = {}
    while len(found) < 2:
        person = make_profile()
        found[is_held_out(5_000, holdout_salt(flow.pk), person.pk)] = person
    return found[True], found[False]


@pytest.mark.covers("X4")
def test_a_share_is_held_out_and_what_they_would_have_been_sent_is_kept(tenant: Tenant) -> None:
    flow = make_flow(definition(reentry={"policy": "once"}))
    set_holdout(flow.pk, 5_000)
    held, other = held_and_let_in(flow)
    for person in (held, other, held):
        happen("Order Placed", person)
    advance()
    assert queued() == [("note", other.pk)]
    assert entries() == [
        (held.pk, "held_out", "held_out"),
        (other.pk, "enrolled", ""),
        (held.pk, "refused", "frequency"),
    ]
    row = HeldOut.objects.get()
    assert (row.profile_id, row.run_key, row.version.number) == (held.pk, "once", 1)
    assert row.decision["share"] == 5_000
    assert row.decision["would_have_sent"] == [
        {"node": "note", "template": "note", "channel": "email", "message_class": "promotional"}
    ]
    set_holdout(flow.pk, 0)
    happen("Order Placed", held)
    assert entries()[-1] == (held.pk, "refused", "frequency")
    assert find_differences() == []


@pytest.mark.covers("X4")
def test_who_is_held_out_has_had_their_turn_for_the_time_between_two_entries(
    tenant: Tenant, noon: time_machine.Traveller
) -> None:
    flow = make_flow(definition(reentry={"policy": "after", "n": 7, "unit": "days"}))
    set_holdout(flow.pk, 5_000)
    held, _ = held_and_let_in(flow)
    happen("Order Placed", held)
    noon.shift(DAY)
    happen("Order Placed", held)
    noon.shift(7 * DAY)
    happen("Order Placed", held)
    assert [outcome for _, outcome, _ in entries()] == ["held_out", "refused", "held_out"]
    assert HeldOut.objects.count() == 2


@pytest.mark.covers("X4")
def test_new_flows_hold_out_five_percent_and_transactional_ones_nobody(tenant: Tenant) -> None:
    assert create_flow(name="New").holdout == 500
    flow = make_flow(
        definition({"n": message_node("order_note", message_class="transactional")}),
    )
    set_holdout(flow.pk, 5_000)
    held, _ = held_and_let_in(flow)
    happen("Order Placed", held)
    assert entries() == [(held.pk, "enrolled", "")]


@pytest.mark.covers("X4")
def test_nobody_is_held_out_of_a_flow_that_sends_nothing(tenant: Tenant) -> None:
    flow = make_flow(definition({"tag": act("tag", add=["seen"])}))
    set_holdout(flow.pk, 5_000)
    held, other = held_and_let_in(flow)
    for person in (held, other):
        happen("Order Placed", person)
    assert entries() == [(held.pk, "enrolled", ""), (other.pk, "enrolled", "")]
    assert not HeldOut.objects.exists()


def test_more_than_half_is_never_held_out(tenant: Tenant) -> None:
    flow = make_flow(definition())
    for share in (-1, 5_001):
        with pytest.raises(Invalid):
            set_holdout(flow.pk, share)
    assert Flow.objects.get().holdout == 0


def test_a_merge_keeps_who_was_held_out_once(tenant: Tenant) -> None:
    flow = make_flow(definition(reentry={"policy": "once"}))
    set_holdout(flow.pk, 5_000)
    first, _ = held_and_let_in(flow)
    second, _ = held_and_let_in(flow)
    for person in (first, second):
        happen("Order Placed", person)
    merge_profiles([(first.pk, second.pk)], rule="email")
    keys = HeldOut.objects.order_by("pk").values_list("profile_id", "run_key")
    assert list(keys) == [(first.pk, "once"), (first.pk, f"once:merged:{second.pk}")]
