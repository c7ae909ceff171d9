"""Who enters a flow, and why not."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection, transaction
from django.db.models import Count
from django.test.utils import CaptureQueriesContext

from crm.models import Profile
from crm.types import EventRef
from flows.models import Flow, FlowEntry, FlowRun
from flows.services.enrolment import enrol_for_events
from kernel import clock
from kernel.tenancy import tenant_scope
from tenants.models import Tenant
from tests.factories.flows import definition, make_flow
from tests.factories.loyalty import make_profile
from tests.flows.support import happen, make_event, make_segment, make_template

pytestmark = pytest.mark.usefixtures("noon")


@pytest.fixture
def ada(tenant: Tenant) -> Profile:
    return make_profile()


def outcomes() -> list[tuple[str, str]]:
    return list(FlowEntry.objects.order_by("id").values_list("outcome", "reason"))


ENROLLED = ("enrolled", "")


def refused(reason: str) -> tuple[str, str]:
    return ("refused", reason)


def test_a_run_starts_once_for_an_event_that_is_handled_twice(ada: Profile) -> None:
    flow = make_flow(definition())
    ref = happen("Order Placed", ada, object_id=17)
    enrol_for_events([ref, ref])

    run = FlowRun.objects.get()
    assert (run.flow_id, run.profile_id, run.run_key) == (flow.pk, ada.pk, f"event:{ref.event_id}")
    assert (run.status, run.current_node, run.wake_at) == ("active", "note", clock.now())
    assert run.trigger == {
        "event": "Order Placed",
        "object_id": 17,
        "occurred_at": ref.occurred_at.isoformat(),
    }
    assert outcomes() == [ENROLLED]


def test_history_and_other_events_do_not_knock(ada: Profile) -> None:
    make_flow(definition())
    happen("Order Placed", ada, is_backfill=True)
    happen("Order Fulfilled", ada)
    assert not FlowRun.objects.exists()
    assert outcomes() == []


def test_only_live_flows_take_people_in(ada: Profile) -> None:
    flow = make_flow(definition())
    Flow.objects.filter(pk=flow.pk).update(status="disabled")
    happen("Order Placed", ada)
    assert not FlowRun.objects.exists()
    assert outcomes() == []


def test_an_old_event_is_refused(ada: Profile) -> None:
    make_flow(definition())
    happen("Order Placed", ada, at=clock.now() - timedelta(days=7))
    happen("Order Placed", ada, at=clock.now() - timedelta(days=7, seconds=1))
    assert outcomes() == [ENROLLED, refused("event_too_old")]


def test_the_trigger_filter_looks_at_the_event(ada: Profile) -> None:
    where = [{"property": "total", "is": ">=", "value": "50"}]
    make_flow(definition(trigger={"event": "Order Placed", "filter": where}))
    happen("Order Placed", ada, total="49.99")
    happen("Order Placed", ada, total="50.00")
    assert outcomes() == [refused("trigger_filter"), ENROLLED]


def test_the_entry_filter_looks_at_the_profile(ada: Profile) -> None:
    bob = make_profile(first_name="Bob")
    make_flow(definition(entry_filter={"field": "first_name", "is": "=", "value": "Bob"}))
    happen("Order Placed", ada)
    happen("Order Placed", bob)
    assert outcomes() == [refused("entry_filter"), ENROLLED]
    assert FlowRun.objects.get().profile_id == bob.pk


def test_an_erased_profile_is_refused(ada: Profile) -> None:
    make_flow(definition())
    Profile.objects.update(erased_at=clock.now())
    happen("Order Placed", ada)
    assert outcomes() == [refused("profile_erased")]


def test_a_merged_profile_enters_as_its_winner(ada: Profile) -> None:
    make_flow(definition())
    ref = make_event("Order Placed", ada)
    winner = make_profile()
    Profile.objects.filter(pk=ada.pk).update(merged_into=winner)
    enrol_for_events([ref])
    assert FlowRun.objects.get().profile_id == winner.pk


@pytest.mark.parametrize(
    ("reentry", "expected"),
    [
        ({"policy": "once"}, [ENROLLED, refused("frequency"), refused("frequency")]),
        ({"policy": "every_time"}, [ENROLLED, ENROLLED, ENROLLED]),
        (
            {"policy": "after", "n": 60, "unit": "days"},
            [ENROLLED, refused("frequency"), ENROLLED],
        ),
        ({"policy": "keyed", "property": "cart"}, [ENROLLED, refused("frequency"), ENROLLED]),
    ],
)
def test_how_often_somebody_enters(
    ada: Profile,
    noon: time_machine.Traveller,
    reentry: dict[str, Any],
    expected: list[tuple[str, str]],
) -> None:
    make_flow(definition(reentry=reentry))
    happen("Order Placed", ada, cart="c1")
    noon.shift(timedelta(days=59))
    happen("Order Placed", ada, cart="c1")
    noon.shift(timedelta(days=1))
    happen("Order Placed", ada, cart="c2")
    assert outcomes() == expected


def test_two_events_of_one_batch_start_one_run_where_one_is_allowed(ada: Profile) -> None:
    make_flow(definition(reentry={"policy": "after", "n": 1, "unit": "days"}))
    enrol_for_events([make_event("Order Placed", ada), make_event("Order Placed", ada)])
    assert outcomes() == [ENROLLED, refused("frequency")]


def test_an_event_without_the_key_is_refused(ada: Profile) -> None:
    make_flow(definition(reentry={"policy": "keyed", "property": "cart"}))
    happen("Order Placed", ada)
    assert outcomes() == [refused("key_missing")]


def test_an_exit_that_is_met_already_is_refused(ada: Profile, noon: time_machine.Traveller) -> None:
    segment = make_segment("lapsed")
    make_flow(definition(trigger={"segment": str(segment.pk)}, exit_on=[{"event": "Order Placed"}]))
    make_event("Order Placed", ada)
    noon.shift(timedelta(seconds=1))
    entered = make_event("Segment Entered", ada, object_id=segment.pk)
    other = make_event("Segment Entered", ada, object_id=segment.pk + 1)
    noon.shift(timedelta(seconds=1))
    again = make_event("Segment Entered", ada, object_id=segment.pk)
    enrol_for_events([entered, other])
    assert outcomes() == [ENROLLED]

    make_event("Order Placed", ada, at=clock.now() + timedelta(seconds=1))
    enrol_for_events([again])
    assert outcomes() == [ENROLLED, refused("exit_condition")]


def test_being_in_an_exit_segment_is_refused(ada: Profile) -> None:
    segment = make_segment("vip", members=(ada,))
    make_flow(definition(exit_on=[{"segment": str(segment.pk)}]))
    happen("Order Placed", ada)
    assert outcomes() == [refused("exit_condition")]


def crowd(count: int) -> list[EventRef]:
    """Let people place four orders each within one second; returns all orders."""
    people = Profile.objects.bulk_create([Profile() for _ in range(count // 4)])
    now = clock.now()
    return [
        EventRef(
            -4 * person.pk - nth,
            "Order Placed",
            now - timedelta(milliseconds=nth),
            person.pk,
            None,
            is_backfill=False,
        )
        for nth in range(4)
        for person in people
    ]


def test_ten_thousand_entries_in_a_second_are_each_decided_once(tenant: Tenant) -> None:
    """In sets: statements do not grow with the crowd. A repeat, as after a crash, adds nothing."""
    make_flow(definition(reentry={"policy": "every_time", "max_at_once": 3}))
    enrol_for_events(crowd(4))
    few_orders, orders = crowd(4), crowd(9_992)
    with CaptureQueriesContext(connection) as few:
        enrol_for_events(few_orders)
    with CaptureQueriesContext(connection) as many:
        enrol_for_events(orders)
    assert len(many) == len(few)
    enrol_for_events(orders)

    decided = FlowEntry.objects.values_list("outcome", "reason").annotate(Count("pk"))
    assert sorted(decided) == [("enrolled", "", 7_500), ("refused", "too_many", 2_500)]
    by_person = FlowRun.objects.values_list("profile").annotate(runs=Count("pk"))
    assert Counter(dict(by_person).values()) == {3: 2_500}


def test_another_tenants_flows_take_nobody_in(ada: Profile, other_tenant: Tenant) -> None:
    with tenant_scope(other_tenant.pk):
        make_template("note")
        make_flow(definition())
    happen("Order Placed", ada)
    assert outcomes() == []


@pytest.mark.django_db(transaction=True)
def test_ten_workers_start_one_run_after_a_gap(tenant: Tenant) -> None:
    with transaction.atomic():
        ada = make_profile()
        make_flow(definition(reentry={"policy": "after", "n": 60, "unit": "days"}))
        refs = [make_event("Order Placed", ada) for _ in range(10)]

    def enrol(at: int) -> None:
        try:
            with tenant_scope(tenant.pk):
                enrol_for_events([refs[at]])
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(enrol, range(10)))
    with transaction.atomic():
        assert FlowRun.objects.count() == 1
        assert sorted(outcomes()) == [ENROLLED, *[refused("frequency")] * 9]
