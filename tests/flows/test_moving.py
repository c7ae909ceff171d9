"""Taking those who are on their way along to a new version of a flow."""

from typing import Any

import pytest
import time_machine
from django.test import Client

from crm.models import Profile
from flows.domain.moving import find_place
from flows.domain.parsing import parse_graph
from flows.models import Flow, FlowRun, FlowVersion, RunStep
from flows.services import moving
from flows.services.checks import find_differences
from flows.services.flows import publish
from flows.services.moving import preview_move, publish_and_move
from kernel.batches import Deadline
from kernel.errors import Invalid, NotFound
from tenants.models import Job, Tenant
from tenants.services.job_turns import run_jobs
from tests.factories.flows import definition, make_flow, message_node
from tests.factories.loyalty import make_profile
from tests.factories.tenants import call_with, make_key
from tests.flows.nodes import wait, wait_event
from tests.flows.support import advance, happen, queued

pytestmark = [pytest.mark.usefixtures("noon"), pytest.mark.covers("F1")]

OLD = definition(
    {
        "week": wait(7, "days", "note"),
        "note": message_node(then="paid"),
        "paid": wait_event({"event": "Order Fulfilled"}, on_timeout="late"),
        "late": message_node(),
    }
)
ACTOR = "ada@example.com"


def change(**nodes: dict[str, Any] | None) -> dict[str, Any]:
    """Return the old definition with some nodes put in, or taken out (None)."""
    kept = {**OLD["nodes"], **nodes}
    return {**OLD, "nodes": {key: node for key, node in kept.items() if node is not None}}


def let_in(*people: Profile) -> None:
    for person in people:
        happen("Order Placed", person)
    advance()


def move(flow: Flow, graph: dict[str, Any]) -> FlowVersion:
    version, _ = publish_and_move(flow.pk, graph, actor=ACTOR)
    run_jobs(Deadline(seconds=None))
    return version


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ("moved", "week", True)),
        ({"week": wait_event({"event": "Order Placed"})}, ("moved", "week", False)),
        ({"week": None}, ("falls", "note", False)),
        ({"week": None, "note": None}, ("falls", "paid", False)),
        ({"week": None, "note": None, "paid": None}, ("falls", "end", False)),
        (
            {"week": None, "note": None, "paid": None, "late": None, "end": None},
            ("exits", "", False),
        ),
    ],
    ids=["same", "other kind", "next", "after next", "first way", "nothing left"],
)
def test_who_stands_somewhere_stands_at_the_nearest_node_that_is_left(
    changes: dict[str, Any], expected: tuple[str, str, bool]
) -> None:
    kept, ways = change(**changes)["nodes"], ("next", "on_event", "on_timeout")
    nodes = {
        key: node | {way: "stop" for way in ways if way in node and node[way] not in kept}
        for key, node in kept.items()
    }
    stop = {"stop": {"type": "exit"}}
    entry = "week" if "week" in nodes else next(iter({**nodes, **stop}))
    new = parse_graph({**OLD, "entry_node": entry, "nodes": {**nodes, **stop}})
    place = find_place(parse_graph(OLD), "week", new)
    assert (place.outcome, place.node, place.keeps_wait) == expected


def test_nobody_is_moved_unless_it_is_asked_for(tenant: Tenant) -> None:
    flow = make_flow(OLD)
    let_in(make_profile())
    publish(flow.pk, change(late=message_node("order_note")))
    assert FlowRun.objects.get().version.number == 1
    assert not Job.objects.exists()


def test_who_waits_goes_on_waiting_as_long_in_the_new_version(
    tenant: Tenant, noon: time_machine.Traveller
) -> None:
    flow = make_flow(OLD)
    let_in(make_profile())
    before = FlowRun.objects.get()
    move(flow, change(week=wait(1, "days", "note"), note=message_node("order_note", then="paid")))
    run = FlowRun.objects.get()
    assert run.version.number == 2
    assert (run.current_node, run.is_waiting, run.wake_at) == ("week", True, before.wake_at)
    assert run.context == before.context
    noon.shift(7 * 24 * 3600)
    advance()
    assert [key for key, _ in queued()] == ["order_note"]
    assert find_differences() == []


def test_who_stands_at_a_removed_step_falls_to_the_next_when_its_time_comes(
    tenant: Tenant, noon: time_machine.Traveller
) -> None:
    flow = make_flow(OLD)
    let_in(make_profile())
    due = FlowRun.objects.get().wake_at
    move(flow, {**change(week=None), "entry_node": "note"})
    run = FlowRun.objects.get()
    assert (run.current_node, run.visit, run.is_waiting, run.wake_at) == ("note", 1, False, due)
    assert run.context == {}
    assert RunStep.objects.get().result == "moved: version 2"
    advance()
    assert queued() == []
    noon.shift(7 * 24 * 3600)
    advance()
    assert [key for key, _ in queued()] == ["note"]
    assert find_differences() == []


def test_who_has_nowhere_to_go_leaves_and_it_says_why(tenant: Tenant) -> None:
    flow = make_flow(OLD)
    let_in(make_profile())
    move(flow, {**definition({"hello": message_node(then="bye")}), **_ending("hello", "bye")})
    run = FlowRun.objects.get()
    assert (run.status, run.exit_reason) == ("exited", moving.GONE)
    assert run.version.number == 1
    assert find_differences() == []


def _ending(first: str, last: str) -> dict[str, Any]:
    nodes = {first: message_node(then=last), last: {"type": "exit"}}
    return {"entry_node": first, "nodes": nodes}


def test_the_preview_counts_by_node_and_changes_nothing(
    tenant: Tenant, noon: time_machine.Traveller
) -> None:
    flow = make_flow(OLD)
    let_in(make_profile(), make_profile())
    noon.shift(7 * 24 * 3600)
    advance()
    let_in(make_profile())
    graph = {**change(week=None), "entry_node": "note"}
    found = preview_move(flow.pk, graph)
    assert [
        (each.node, each.title, each.people, each.outcome, each.target, each.target_title)
        for each in found.nodes
    ] == [
        ("paid", "Wait for Order Fulfilled", 2, "moved", "paid", "Wait for Order Fulfilled"),
        ("week", "Wait 7 days", 1, "falls", "note", "note"),
    ]
    assert (found.count("moved"), found.count("falls"), found.count("exits")) == (2, 1, 0)
    assert set(FlowRun.objects.values_list("version__number", flat=True)) == {1}
    assert FlowVersion.objects.count() == 1


def test_who_is_over_stays_as_they_were_and_a_repeat_moves_nobody(
    tenant: Tenant, noon: time_machine.Traveller
) -> None:
    flow = make_flow(OLD)
    let_in(make_profile())
    FlowRun.objects.update(status="completed", wake_at=None, finished_at="2026-06-01T12:00Z")
    let_in(make_profile())
    graph = change(week=wait(1, "days", "note"))
    version = move(flow, graph)
    assert Job.objects.get().done == 1
    assert list(FlowRun.objects.order_by("pk").values_list("version__number", flat=True)) == [1, 2]
    assert publish_and_move(flow.pk, graph, actor=ACTOR) == (version, None)


def test_moving_goes_on_where_a_batch_ended(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moving, "BATCH", 2)
    flow = make_flow(OLD)
    let_in(*[make_profile() for _ in range(5)])
    move(flow, change(week=wait(1, "days", "note")))
    assert (Job.objects.get().status, Job.objects.get().done) == ("done", 5)
    assert set(FlowRun.objects.values_list("version__number", flat=True)) == {2}


def test_who_came_into_a_later_version_is_not_taken_back(tenant: Tenant) -> None:
    flow = make_flow(OLD)
    let_in(make_profile())
    publish_and_move(flow.pk, change(week=wait(1, "days", "note")), actor=ACTOR)
    publish(flow.pk, change(week=wait(2, "days", "note")))
    let_in(make_profile())
    run_jobs(Deadline(seconds=None))
    assert list(FlowRun.objects.order_by("pk").values_list("version__number", flat=True)) == [2, 3]


def test_what_cannot_be_read_or_is_not_there_is_said(tenant: Tenant) -> None:
    flow = make_flow(OLD)
    with pytest.raises(NotFound):
        preview_move(404, OLD)
    with pytest.raises(Invalid) as caught:
        preview_move(flow.pk, {**OLD, "entry_node": "nowhere"})
    assert caught.value.fields == {"entry_node": "leads to 'nowhere', which does not exist"}


def test_the_api_previews_publishes_and_moves(tenant: Tenant, broker: object) -> None:
    flow = make_flow(OLD)
    let_in(make_profile())
    api = call_with(make_key(tenant))
    graph = {**change(week=None), "entry_node": "note"}
    seen = _post(api, f"{flow.pk}/move-preview", {})
    assert (seen["moved"], seen["falls"]) == (1, 0)
    seen = _post(api, f"{flow.pk}/move-preview", {"graph": graph})
    assert (seen["moved"], seen["falls"], seen["exits"]) == (0, 1, 0)
    assert seen["nodes"][0]["target"] == "note"
    said = _post(api, f"{flow.pk}/publish", {"graph": graph, "move_waiting": True})
    assert (said["number"], said["moving"]) == (2, 1)
    run_jobs(Deadline(seconds=None))
    assert FlowRun.objects.get().version.number == 2
    said = _post(api, f"{flow.pk}/publish", {"graph": OLD})
    assert (said["number"], said["moving"]) == (3, 0)


def _post(api: Client, path: str, body: dict[str, Any]) -> Any:
    address = f"/api/v1/flows/{path}/"
    answer = api.post(address, body, content_type="application/json")
    assert answer.status_code == 200, answer.content
    return answer.json()
