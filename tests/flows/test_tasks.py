"""Tasks for members, and runs that wait for their outcome."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine

from crm.models import Profile
from flows.domain.parsing import check_graph
from flows.errors import GraphError
from flows.models import FlowRun, Task
from flows.services.checks import find_differences
from flows.services.tasks import finish_task, open_task
from kernel import clock
from kernel.errors import Conflict, Invalid, NotFound
from kernel.work import drain_tenant
from tenants.models import AuditEntry, Tenant
from tests.factories.flows import definition, make_flow, message_node
from tests.factories.loyalty import make_profile
from tests.factories.tenants import call_with, make_key, sign_in
from tests.flows.support import advance, happen, queued, steps
from tests.flows.test_faults import Killed, die_everywhere

pytestmark = [pytest.mark.usefixtures("noon"), pytest.mark.covers("F1")]

ADA = "ada@example.com"


def task_node(**other: Any) -> dict[str, Any]:
    return {
        "type": "task",
        "title": "Call them",
        "assignee": "Ben@Example.com",
        "due": {"n": 1, "unit": "days"},
        "timeout": {"n": 3, "unit": "days"},
        "on_done": "note",
        "on_cancelled": "end",
        "on_timeout": "late",
        **other,
    }


def wait_for_task() -> Profile:
    """Let somebody come to a task and wait there."""
    nodes = {"call": task_node(), "note": message_node(), "late": message_node("order_note")}
    make_flow(definition(nodes))
    person = make_profile()
    happen("Order Placed", person)
    advance()
    return person


def test_a_task_is_read_and_its_faults_name_their_place() -> None:
    bad = task_node(title="", timeout=None, on_done="nowhere")
    with pytest.raises(GraphError) as caught:
        check_graph(definition({"call": bad, "note": message_node(), "late": message_node()}))
    assert {problem.path for problem in caught.value.problems} == {
        "nodes.call.title",
        "nodes.call.timeout",
        "nodes.call.on_done",
    }


def test_a_task_is_opened_once_and_the_run_waits(tenant: Tenant) -> None:
    person = wait_for_task()
    assert advance() == 0
    task = Task.objects.get()
    assert (task.profile_id, task.title, task.assignee, task.state) == (
        person.pk,
        "Call them",
        "ben@example.com",
        "open",
    )
    assert task.due_at == clock.now() + timedelta(days=1)
    run = FlowRun.objects.get()
    assert (run.is_waiting, run.wake_at) == (True, clock.now() + timedelta(days=3))


@pytest.mark.parametrize(
    ("state", "sent", "result"), [("done", ["note"], "done"), ("cancelled", [], "cancelled")]
)
def test_the_outcome_says_which_way_the_run_goes(
    tenant: Tenant, broker: object, state: str, sent: list[str], result: str
) -> None:
    wait_for_task()
    finish_task(Task.objects.get().pk, state, actor=ADA)
    drain_tenant(tenant.pk, kinds=["reactions"])
    advance()
    assert [key for key, _ in queued()] == sent
    assert steps()[0] == ("call", 1, result)
    assert find_differences() == []
    entry = AuditEntry.objects.get(action="task.finished")
    assert (entry.actor, entry.after) == (ADA, {"state": state, "title": "Call them"})


def test_a_task_that_nobody_does_ends_by_time_and_stays_open(
    tenant: Tenant, noon: time_machine.Traveller
) -> None:
    wait_for_task()
    noon.shift(3 * 24 * 3600)
    advance()
    assert [key for key, _ in queued()] == ["order_note"]
    assert Task.objects.get().state == "open"


def test_a_task_is_finished_once(tenant: Tenant) -> None:
    task = open_task(make_profile().pk, " Call ", assignee="", due_at=None, actor=ADA)
    assert task.title == "Call"
    with pytest.raises(Invalid):
        finish_task(task.pk, "open", actor=ADA)
    finish_task(task.pk, "done", actor=ADA)
    with pytest.raises(Conflict):
        finish_task(task.pk, "cancelled", actor=ADA)
    with pytest.raises(NotFound):
        finish_task(404, "done", actor=ADA)
    with pytest.raises(NotFound):
        open_task(404, "Call", assignee="", due_at=None, actor=ADA)
    with pytest.raises(Invalid):
        open_task(make_profile().pk, "  ", assignee="", due_at=None, actor=ADA)
    assert Task.objects.get().state == "done"


def test_a_worker_that_dies_opens_no_task_twice(tenant: Tenant) -> None:
    nodes = {"call": task_node(), "note": message_node(), "late": message_node()}
    make_flow(definition(nodes))
    happen("Order Placed", make_profile())
    die_everywhere(advance, Killed)
    assert Task.objects.count() == 1
    assert FlowRun.objects.get().is_waiting


def test_programs_open_and_finish_tasks(tenant: Tenant, broker: object) -> None:
    api, person = call_with(make_key(tenant)), make_profile()
    body = {"profile_id": str(person.pk), "title": "Call", "assignee": "ben@example.com"}
    made = api.post("/api/v1/tasks/", body, content_type="application/json")
    assert made.status_code == 201
    address = f"/api/v1/tasks/{made.json()['id']}/"
    assert api.get("/api/v1/tasks/?state=open").json()["results"] == [made.json()]
    done = api.post(f"{address}finish/", {"state": "done"}, content_type="application/json")
    assert done.json()["state"] == "done"
    again = api.post(f"{address}finish/", {"state": "done"}, content_type="application/json")
    assert again.status_code == 409
    assert api.get("/api/v1/tasks/?state=open").json()["results"] == []


def test_members_see_what_is_to_be_done_and_finish_it(tenant: Tenant, broker: object) -> None:
    owner = sign_in(tenant)
    page = owner.get("/t/ada-soap/tasks/").content.decode()
    assert "Nothing to do" in page
    wait_for_task()
    page = owner.get("/t/ada-soap/tasks/").content.decode()
    assert "Call them" in page
    task = Task.objects.get()
    said = owner.post(f"/t/ada-soap/tasks/{task.pk}/finish/", {"state": "done"}, follow=True)
    assert "Call them: done." in said.content.decode()
    assert "Call them" in owner.get("/t/ada-soap/tasks/?state=done").content.decode()
    analyst = sign_in(tenant, "analyst")
    assert analyst.post(f"/t/ada-soap/tasks/{task.pk}/finish/").status_code == 403
