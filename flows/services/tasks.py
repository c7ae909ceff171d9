"""Tasks: what members shall do for people, and its outcome, which runs may wait for."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from django.db import transaction

from crm.choices import EventSource
from crm.services.events import append_events
from crm.services.ids import lock_final_profiles
from crm.types import NewEvent
from flows.choices import TaskState
from flows.domain.delays import shift
from flows.domain.nodes import TaskOpening
from flows.models import Task
from flows.queries import people
from flows.services.waiting import TASK_FINISHED
from flows.services.walkers import Due
from kernel import clock
from kernel.arrays import columns
from kernel.errors import Conflict, Invalid, NotFound
from kernel.sql import run_sql
from tenants.services import audit

MOST_TITLE: Final = 500
OUTCOMES: Final = (TaskState.DONE, TaskState.CANCELLED)


def open_tasks(dues: Sequence[Due], now: datetime) -> None:
    """Open the tasks of steps, in the transaction that moves their runs on.

    Args:
        dues: steps that open one.
        now: aware.
    """
    rows = [
        (
            due.walker.run_id,
            due.walker.profile_id,
            due.node,
            due.visit,
            due.effect.title,
            due.effect.assignee,
            shift(now, due.effect.due, due.walker.zone) if due.effect.due else None,
            f"flow:{due.walker.flow_id}",
        )
        for due in dues
        if isinstance(due.effect, TaskOpening)
    ]
    names = "run_ids profile_ids nodes visits titles assignees dues actors"
    run_sql("flows.open_tasks", now=now, **columns(names, rows))


@transaction.atomic
def open_task(
    profile_id: int, title: str, *, assignee: str, due_at: datetime | None, actor: str
) -> Task:
    """Open a task for a person.

    Args:
        profile_id: for whom something is to be done.
        title: what.
        assignee: e-mail address of the member who shall do it; empty: whoever comes first.
        due_at: aware; None sets no time.
        actor: who opens it.

    Raises:
        NotFound: no such person.
        Invalid: the title is empty or too long.
    """
    said = title.strip()
    if not said or len(said) > MOST_TITLE or "\x00" in said:
        raise Invalid("Say what is to be done.", fields={"title": f"1 to {MOST_TITLE} characters"})
    final = lock_final_profiles(people.find_known([profile_id])).get(profile_id)
    if final is None:
        raise NotFound("This person does not exist.")
    task = Task.objects.create(
        profile_id=final,
        title=said,
        assignee=assignee.strip().lower(),
        due_at=due_at,
        created_at=clock.now(),
        created_by=actor,
    )
    audit.record("task.opened", "task", task.pk, after={"title": said}, actor=actor)
    return task


@transaction.atomic
def finish_task(task_id: int, state: str, *, actor: str) -> Task:
    """Say what became of a task; a run that waits for it goes on.

    Args:
        task_id: an open one.
        state: ``done`` or ``cancelled``.
        actor: who says so.

    Raises:
        NotFound: no such task.
        Invalid: no such outcome.
        Conflict: it is finished already.
    """
    owner = Task.objects.filter(pk=task_id).values_list("profile_id", flat=True).first()
    if owner is None:
        raise NotFound("This task does not exist.")
    if state not in OUTCOMES:
        raise Invalid("Choose done or cancelled.", fields={"state": "done or cancelled"})
    lock_final_profiles([owner])
    task = Task.objects.select_for_update(no_key=True).get(pk=task_id)
    if task.state != TaskState.OPEN:
        raise Conflict(f"This task is {task.get_state_display().lower()} already.")
    now = clock.now()
    task.state, task.finished_at, task.finished_by = state, now, actor
    task.save(update_fields=["state", "finished_at", "finished_by"])
    event = NewEvent(
        name=TASK_FINISHED,
        occurred_at=now,
        source=EventSource.SYSTEM,
        profile_id=task.profile_id,
        object_id=task.pk,
        properties={"title": task.title, "outcome": state, "by": actor},
    )
    append_events([event], now=now)
    audit.record(
        "task.finished",
        "task",
        task_id,
        before={"state": "open"},
        after={"state": state, "title": task.title},
        actor=actor,
    )
    return task
