"""What becomes of a run that cannot pass a node: tried again, skipped, sent away or parked."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine

from flows.domain.parsing import check_graph
from flows.domain.values import ErrorPolicy
from flows.errors import GraphError
from flows.models import FlowRun, FlowVersion
from flows.services import engine
from flows.services.checks import find_differences
from flows.services.effects import carry_out
from kernel import clock
from messaging.models import Template
from tenants.models import Tenant
from tests.factories.flows import definition, make_flow, message_node
from tests.factories.loyalty import make_profile
from tests.flows.nodes import act, wait
from tests.flows.support import advance, happen, queued, steps

pytestmark = [pytest.mark.usefixtures("noon"), pytest.mark.covers("F1")]

MINUTE = 60
LOST = "template 'note' does not exist"


def run() -> FlowRun:
    return FlowRun.objects.get()


def enter_and_lose_the_template(policy: dict[str, Any] | None) -> None:
    """Let somebody come to a message whose template is gone by then."""
    nodes = {
        "first": message_node("order_note", then="note"),
        "note": message_node(then="last", on_error=policy),
        "last": message_node("order_note"),
    }
    make_flow(definition(nodes))
    Template.objects.filter(key="note").update(key="gone")
    happen("Order Placed", make_profile())
    advance()


def test_policies_are_read_and_faults_name_their_place() -> None:
    told = {"retry": 3, "wait": {"n": 1, "unit": "hours"}, "then": "skip"}
    graph = check_graph(definition({"note": message_node(on_error=told)}))
    assert graph.policies == {"note": ErrorPolicy(3, timedelta(hours=1), "skip")}
    bad = {"retry": 11, "wait": {"n": 1, "unit": "moons"}, "then": "cry"}
    with pytest.raises(GraphError) as caught:
        check_graph(definition({"note": message_node(on_error=bad)}))
    assert {problem.path for problem in caught.value.problems} == {
        "nodes.note.on_error.retry",
        "nodes.note.on_error.wait.unit",
        "nodes.note.on_error.then",
    }


@pytest.mark.parametrize(
    ("failures", "minutes"), [(1, 5), (2, 10), (3, 20), (4, None)], ids=["1", "2", "3", "over"]
)
def test_each_try_waits_twice_as_long(failures: int, minutes: int | None) -> None:
    expected = None if minutes is None else timedelta(minutes=minutes)
    assert ErrorPolicy(retry=3).wait_before(failures) == expected
    assert ErrorPolicy(retry=10, wait=timedelta(hours=20)).wait_before(9) == timedelta(days=1)


def test_without_a_policy_a_run_is_parked_where_it_broke(tenant: Tenant) -> None:
    enter_and_lose_the_template(None)
    assert (run().status, run().current_node, run().exit_reason) == ("failed", "note", LOST)
    assert len(queued()) == 1


def test_a_run_is_tried_again_so_often_and_then_skips(
    tenant: Tenant, noon: time_machine.Traveller
) -> None:
    enter_and_lose_the_template({"retry": 2, "then": "skip"})
    assert (run().status, run().current_node) == ("active", "note")
    assert run().wake_at == clock.now() + timedelta(minutes=5)
    assert run().context["failed"]["reason"] == LOST
    noon.shift(5 * MINUTE)
    advance()
    assert run().wake_at == clock.now() + timedelta(minutes=10)
    noon.shift(10 * MINUTE)
    advance()
    assert (run().status, run().context) == ("completed", {})
    assert [(node, result) for node, _, result in steps()] == [
        ("first", "queued"),
        ("note", f"skipped: {LOST}"),
        ("last", "queued"),
        ("end", "exit"),
    ]
    assert find_differences() == []


def test_what_works_again_is_forgotten(tenant: Tenant, noon: time_machine.Traveller) -> None:
    enter_and_lose_the_template({"retry": 1})
    Template.objects.filter(key="gone").update(key="note")
    noon.shift(5 * MINUTE)
    advance()
    assert (run().status, run().context) == ("completed", {})
    assert [key for key, _ in queued()] == ["order_note", "note", "order_note"]


def test_a_run_may_leave_instead(tenant: Tenant) -> None:
    enter_and_lose_the_template({"then": "exit"})
    assert (run().status, run().exit_reason) == ("exited", LOST)
    assert steps()[-1] == ("note", 1, f"exited: {LOST}")


def test_an_act_that_breaks_the_batch_is_skipped_and_what_came_before_is_not_lost(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch, noon: time_machine.Traveller
) -> None:
    nodes = {
        "note": message_node(then="pay"),
        "pay": act("points", "day", points=5, on_error={"then": "skip"}),
        "day": wait(1, "days", "last"),
        "last": message_node("order_note"),
    }
    make_flow(definition(nodes))
    people = [make_profile(), make_profile()]
    for person in people:
        happen("Order Placed", person)
    writing = carry_out

    def break_for_one(dues: Any, now: Any) -> None:
        if any(due.walker.profile_id == people[0].pk for due in dues):
            raise ValueError("the ledger is closed")
        writing(dues, now)

    monkeypatch.setattr(engine, "carry_out", break_for_one)
    advance()
    assert sorted(queued()) == [("note", person.pk) for person in people]
    runs = FlowRun.objects.order_by("profile_id")
    assert [each.current_node for each in runs] == ["day", "day"]
    skipped = "skipped: ValueError: the ledger is closed"
    assert ("pay", 1, skipped) in steps()
    assert ("pay", 1, "awarded") in steps()
    noon.shift(24 * 60 * MINUTE)
    advance()
    assert len(queued()) == 4
    assert find_differences() == []


def test_a_condition_that_cannot_be_asked_takes_the_last_way(tenant: Tenant) -> None:
    split = {
        "type": "split",
        "condition": {"op": "and", "children": [{"field": "order_count", "is": ">", "value": 1}]},
        "yes": "note",
        "no": "end",
        "on_error": {"then": "skip"},
    }
    flow = make_flow(definition({"ask": split, "note": message_node()}))
    happen("Order Placed", make_profile())
    graph = FlowVersion.objects.get().graph
    graph["nodes"]["ask"]["condition"] = {"field": "shoe_size", "is": ">", "value": 1}
    later = FlowVersion.objects.create(flow=flow, number=2, graph=graph, checksum="asks")
    FlowRun.objects.update(version=later)
    advance()
    assert (run().status, queued()) == ("completed", [])
    assert steps()[0][2].startswith("skipped: DefinitionError")
