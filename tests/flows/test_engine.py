"""Runs on their way: waiting, splitting, sending, failing, and one worker at a time."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection, transaction

from crm.models import Profile
from crm.services.merging import merge_profiles
from flows.choices import FlowStatus
from flows.models import Flow, FlowRun, FlowVersion, RunStep
from flows.services.engine import resume_failed
from flows.services.exits import exit_for_events
from flows.services.flows import publish, resume_failed_of, set_status
from kernel import clock
from kernel.tenancy import tenant_scope
from messaging.models import Message, Template
from tenants.models import Tenant
from tests.factories.flows import definition, make_flow, message_node
from tests.factories.loyalty import make_profile
from tests.flows.support import advance, happen, make_event, queued

pytestmark = pytest.mark.usefixtures("noon")

BOUGHT_TWICE = {"field": "order_count", "is": ">=", "value": 2}


@pytest.fixture
def ada(tenant: Tenant) -> Profile:
    return make_profile()


def steps() -> list[tuple[str, int, str]]:
    return list(RunStep.objects.order_by("id").values_list("node_id", "visit", "result"))


def standing() -> tuple[str, str, datetime | None]:
    run = FlowRun.objects.get()
    return run.status, run.current_node, run.wake_at


def wait(n: int, unit: str, then: str, **other: Any) -> dict[str, Any]:
    return {"type": "delay", "n": n, "unit": unit, "next": then, **other}


def test_a_message_is_queued_with_what_it_needs(ada: Profile) -> None:
    flow = make_flow(
        definition({"note": message_node("order_note", message_class="transactional")})
    )
    ref = happen("Order Placed", ada, object_id=17, number="#1001")
    assert advance() == 1

    run = FlowRun.objects.get()
    message = Message.objects.get()
    assert message.key == f"flow:{run.pk}:note:1"
    assert (message.profile_id, message.flow_id, message.flow_run_id) == (ada.pk, flow.pk, run.pk)
    assert (message.message_class, message.node_id) == ("transactional", "note")
    assert message.due_at == clock.now()
    assert message.context == {
        "order_id": 17,
        "event": {
            "name": "Order Placed",
            "id": ref.event_id,
            "occurred_at": ref.occurred_at.isoformat(),
            "number": "#1001",
        },
    }
    assert steps() == [("note", 1, "queued"), ("end", 1, "exit")]
    assert (run.status, run.wake_at, run.finished_at) == ("completed", None, clock.now())
    assert advance() == 0


def test_a_promotional_message_knows_how_late_it_may_be(ada: Profile) -> None:
    make_flow(definition())
    happen("Order Placed", ada)
    advance()
    assert Message.objects.get().context["max_lateness_minutes"] == 24 * 60


def test_a_run_waits_until_its_time_and_no_longer(
    ada: Profile, noon: time_machine.Traveller
) -> None:
    make_flow(definition({"wait": wait(7, "days", "note"), "note": message_node()}))
    happen("Order Placed", ada)
    assert advance() == 1
    due = clock.now() + timedelta(days=7)
    assert standing() == ("active", "wait", due)
    assert FlowRun.objects.get().is_waiting is True

    noon.shift(timedelta(days=7, seconds=-1))
    assert advance() == 0
    noon.shift(timedelta(seconds=1))
    assert advance() == 1
    assert steps() == [("wait", 1, "waited"), ("note", 1, "queued"), ("end", 1, "exit")]
    assert Message.objects.get().due_at == due


@pytest.mark.parametrize(
    ("zone", "start", "ends"),
    [
        ("Europe/London", "2026-03-26T02:00:00", "2026-03-29T08:00:00"),
        ("America/New_York", "2026-03-05T13:00:00", "2026-03-08T13:00:00"),
        ("Mars/Olympus", "2026-03-26T02:00:00", "2026-03-29T08:00:00"),
    ],
)
def test_nine_in_the_morning_is_the_profiles_own(
    ada: Profile, noon: time_machine.Traveller, zone: str, start: str, ends: str
) -> None:
    noon.move_to(datetime.fromisoformat(start).replace(tzinfo=UTC))
    Profile.objects.update(timezone=zone)
    make_flow(
        definition({"wait": wait(3, "days", "note", until_time="09:00"), "note": message_node()})
    )
    happen("Order Placed", ada)
    advance()
    assert FlowRun.objects.get().wake_at == datetime.fromisoformat(ends).replace(tzinfo=UTC)


def test_a_split_goes_by_the_condition_of_each_profile(ada: Profile) -> None:
    bob = make_profile(first_name="Bob")
    make_flow(
        definition(
            {
                "ask": {
                    "type": "split",
                    "condition": {"field": "first_name", "is": "=", "value": "Bob"},
                    "yes": "note",
                    "no": "end",
                },
                "note": message_node(),
            }
        )
    )
    happen("Order Placed", ada)
    happen("Order Placed", bob)
    assert advance() == 2
    assert queued() == [("note", bob.pk)]
    assert sorted(steps()) == [
        ("ask", 1, "no"),
        ("ask", 1, "yes"),
        ("end", 1, "exit"),
        ("end", 1, "exit"),
        ("note", 1, "queued"),
    ]


@pytest.mark.parametrize(
    ("operator", "opened", "yes"),
    [("and", True, False), ("or", True, True), ("not", True, False), ("not", False, True)],
)
def test_a_split_may_ask_what_became_of_a_message(
    ada: Profile, noon: time_machine.Traveller, operator: str, *, opened: bool, yes: bool
) -> None:
    children: list[dict[str, Any]] = [{"message": "first", "is": "opened"}]
    if operator != "not":
        children.append(BOUGHT_TWICE)
    make_flow(
        definition(
            {
                "first": message_node(then="wait"),
                "wait": wait(1, "hours", "ask"),
                "ask": {
                    "type": "split",
                    "condition": {"op": operator, "children": children},
                    "yes": "second",
                    "no": "end",
                },
                "second": message_node(),
            }
        )
    )
    happen("Order Placed", ada)
    advance()
    if opened:
        Message.objects.update(clicked_at=clock.now())
    noon.shift(timedelta(hours=1))
    advance()
    assert len(queued()) == (2 if yes else 1)


def test_somebody_who_no_longer_matches_leaves_before_the_message(
    ada: Profile, noon: time_machine.Traveller
) -> None:
    make_flow(
        definition(
            {"wait": wait(1, "hours", "note"), "note": message_node()},
            entry_filter={"field": "first_name", "is": "=", "value": "Ada"},
        )
    )
    Profile.objects.update(first_name="Ada")
    happen("Order Placed", ada)
    advance()
    Profile.objects.update(first_name="Eve")
    noon.shift(timedelta(hours=1))
    advance()
    run = FlowRun.objects.get()
    assert (run.status, run.exit_reason) == ("exited", "no longer matches the entry filter")
    assert queued() == []


def test_an_erased_profile_leaves(ada: Profile) -> None:
    make_flow(definition())
    happen("Order Placed", ada)
    Profile.objects.update(erased_at=clock.now())
    advance()
    run = FlowRun.objects.get()
    assert (run.status, run.exit_reason) == ("exited", "the profile was erased")
    assert queued() == []


def test_a_loop_ends_after_ten_visits_and_says_so(
    ada: Profile, noon: time_machine.Traveller
) -> None:
    make_flow(
        definition(
            {
                "wait": wait(1, "hours", "ask"),
                "ask": {"type": "split", "condition": BOUGHT_TWICE, "yes": "end", "no": "wait"},
            }
        )
    )
    happen("Order Placed", ada)
    for _ in range(12):
        advance()
        noon.shift(timedelta(hours=1))
    run = FlowRun.objects.get()
    assert (run.status, run.exit_reason) == ("failed", "node wait was visited 10 times")
    assert steps()[-1] == ("ask", 10, "no")


def test_a_run_that_fails_says_why_and_can_be_resumed(ada: Profile) -> None:
    make_flow(definition({"a": message_node("order_note", then="b"), "b": message_node()}))
    Template.objects.filter(key="note").update(key="gone")
    happen("Order Placed", ada)
    assert advance() == 1
    run = FlowRun.objects.get()
    assert (run.status, run.exit_reason) == ("failed", "template 'note' does not exist")
    assert (run.current_node, run.wake_at) == ("b", None)
    assert advance() == 0

    Template.objects.filter(key="gone").update(key="note")
    assert resume_failed([run.pk]) == 1
    assert resume_failed([run.pk]) == 0
    advance()
    assert queued() == [("order_note", ada.pk), ("note", ada.pk)]
    assert standing() == ("completed", "end", None)


def test_a_run_that_breaks_the_batch_does_not_stop_its_neighbours(
    ada: Profile, noon: time_machine.Traveller
) -> None:
    split = {
        "type": "split",
        "condition": {"op": "and", "children": [BOUGHT_TWICE]},
        "yes": "end",
        "no": "end",
    }
    broken = make_flow(definition({"ask": split}), name="Broken")
    for at in range(4):
        make_flow(definition(), name=f"Sound {at}")
    happen("Order Placed", ada)
    unknown = {"field": "shoe_size", "is": ">", "value": 1}
    version = FlowVersion.objects.get(flow=broken)
    version.graph["nodes"]["ask"]["condition"] = unknown
    # A field that a later release does not offer any more.
    FlowRun.objects.filter(flow=broken).update(
        version=FlowVersion.objects.create(
            flow=broken, number=2, graph=version.graph, checksum="later"
        )
    )
    assert advance() == 5
    failed = FlowRun.objects.get(status="failed")
    assert failed.flow_id == broken.pk
    assert failed.exit_reason.startswith("DefinitionError: ")
    assert FlowRun.objects.filter(status="completed").count() == 4
    assert len(queued()) == 4


def test_runs_on_their_way_keep_their_version(ada: Profile, noon: time_machine.Traveller) -> None:
    flow = make_flow(definition({"wait": wait(1, "hours", "note"), "note": message_node()}))
    happen("Order Placed", ada)
    advance()
    second = publish(flow.pk, definition({"note": message_node("order_note")}))
    assert second.number == 2
    noon.shift(timedelta(hours=1))
    advance()
    happen("Order Placed", ada)
    advance()
    assert queued() == [("note", ada.pk), ("order_note", ada.pk)]


def test_switching_a_flow_off_ends_its_runs(ada: Profile, noon: time_machine.Traveller) -> None:
    flow = make_flow(definition({"wait": wait(1, "hours", "note"), "note": message_node()}))
    happen("Order Placed", ada)
    advance()
    set_status(flow.pk, FlowStatus.DISABLED)
    noon.shift(timedelta(hours=1))
    assert advance() == 0
    run = FlowRun.objects.get()
    assert (run.status, run.exit_reason) == ("exited", "the flow is not live")
    assert queued() == []


def test_an_order_ends_the_run_and_not_the_one_it_started(
    ada: Profile, noon: time_machine.Traveller
) -> None:
    make_flow(
        definition(
            {"wait": wait(1, "days", "note"), "note": message_node()},
            exit_on=[{"event": "Order Placed"}],
        )
    )
    first = happen("Order Placed", ada, at=clock.now() - timedelta(minutes=1))
    advance()
    exit_for_events([first])
    assert FlowRun.objects.get().status == "active"
    earlier = make_event("Order Placed", ada, at=clock.now() - timedelta(hours=1))
    exit_for_events([earlier])
    assert FlowRun.objects.get().status == "active"

    second = happen("Order Placed", ada)
    exit_for_events([second])
    statuses = FlowRun.objects.order_by("id").values_list("status", "exit_reason")
    assert list(statuses) == [("exited", "Order Placed"), ("active", "")]
    assert steps() == [("wait", 1, "exited: Order Placed")]


def test_a_goal_is_an_exit_that_counts(ada: Profile) -> None:
    make_flow(
        definition({"wait": wait(1, "days", "end")}, goal={"event": "Order Placed"}, exit_on=[])
    )
    happen("Order Placed", ada, at=clock.now() - timedelta(minutes=1))
    advance()
    happen("Order Placed", ada)
    runs = FlowRun.objects.order_by("id").values_list("status", "exit_reason")
    assert list(runs) == [("exited", "goal: Order Placed"), ("active", "")]


@pytest.mark.parametrize(
    ("policy", "ends"), [("once", ["active", "exited"]), ("every_time", ["active", "active"])]
)
def test_a_merge_leaves_one_run_where_one_is_allowed(
    ada: Profile, policy: str, ends: list[str]
) -> None:
    make_flow(definition({"wait": wait(1, "days", "end")}, reentry={"policy": policy}))
    guest = make_profile()
    happen("Order Placed", ada)
    happen("Order Placed", guest)
    advance()
    merge_profiles([(ada.pk, guest.pk)], rule="manual")
    runs = FlowRun.objects.order_by("id")
    assert list(runs.values_list("profile_id", flat=True)) == [ada.pk, ada.pk]
    assert list(runs.values_list("status", flat=True)) == ends


def test_of_two_runs_a_merge_keeps_the_one_that_got_further(
    ada: Profile, noon: time_machine.Traveller
) -> None:
    nodes = {"first": wait(1, "hours", "second"), "second": wait(1, "days", "end")}
    make_flow(definition(nodes, reentry={"policy": "once"}))
    guest = make_profile()
    happen("Order Placed", guest)
    advance()
    noon.shift(timedelta(hours=2))
    advance()
    happen("Order Placed", ada)
    advance()
    merge_profiles([(ada.pk, guest.pk)], rule="manual")
    runs = FlowRun.objects.order_by("id").values_list("profile_id", "status", "current_node")
    assert list(runs) == [(ada.pk, "active", "second"), (ada.pk, "exited", "first")]


def test_a_run_that_failed_is_not_tried_again_where_a_merge_kept_another(ada: Profile) -> None:
    nodes = {"first": message_node(then="second"), "second": message_node("order_note")}
    flow = make_flow(definition(nodes, reentry={"policy": "once"}))
    guest = make_profile()
    Template.objects.filter(key="order_note").update(key="gone")
    happen("Order Placed", guest)
    advance()
    failed = FlowRun.objects.get()
    assert (failed.status, failed.current_node) == ("failed", "second")
    Template.objects.filter(key="gone").update(key="order_note")
    happen("Order Placed", ada)
    advance()
    sent = queued()
    assert [key for key, _ in sent] == ["note", "note", "order_note"]
    merge_profiles([(ada.pk, guest.pk)], rule="manual")
    failed.refresh_from_db()
    assert (failed.status, failed.exit_reason) == (
        "exited",
        "merged profile is in this flow already",
    )
    assert failed.finished_at == clock.now()
    assert (resume_failed([failed.pk]), resume_failed_of(flow.pk), advance()) == (0, 0, 0)
    assert len(queued()) == len(sent)


@pytest.mark.django_db(transaction=True)
def test_ten_workers_advance_each_run_once(tenant: Tenant) -> None:
    with transaction.atomic():
        make_flow(definition())
        for _ in range(30):
            happen("Order Placed", make_profile())

    def work(_: int) -> int:
        try:
            with tenant_scope(tenant.pk):
                return advance()
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as pool:
        assert sum(pool.map(work, range(10))) == 30
    with transaction.atomic():
        assert len(queued()) == 30
        assert FlowRun.objects.filter(status="completed").count() == 30
        assert Flow.objects.count() == 1
