"""Reads of what members shall do for people."""

from collections.abc import Mapping

from django.db.models import QuerySet

from flows.choices import TaskState
from flows.models import Task


def find_states(node_id: str, visits: Mapping[int, int]) -> dict[int, str]:
    """Return the state of the tasks of a node that are finished, by run.

    Args:
        node_id: the node that opened them.
        visits: which visit of it is asked for, by run.
    """
    if not visits:
        return {}
    tasks = Task.objects.filter(run_id__in=visits, node_id=node_id).exclude(state=TaskState.OPEN)
    rows = tasks.values_list("run_id", "visit", "state")
    return {run_id: state for run_id, visit, state in rows if run_id and visits[run_id] == visit}


def list_tasks(state: str) -> QuerySet[Task]:
    """Return the tasks of a state with their people and flows."""
    return Task.objects.filter(state=state).select_related("profile", "run__flow")


def list_open_of(profile_id: int) -> list[Task]:
    """Return the open tasks of a person, the oldest first, as many as a page shows."""
    tasks = Task.objects.filter(profile_id=profile_id, state=TaskState.OPEN)
    return list(tasks.order_by("pk")[:50])
