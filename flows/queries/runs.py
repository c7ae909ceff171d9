"""Reads of runs, their steps and the attempts to enter, for gates, pages and the API."""

from collections.abc import Collection
from typing import Any

from flows.models import FlowEntry, FlowRun, RunStep

PAGE = 50


def sending_runs(run_ids: Collection[int]) -> dict[int, Any]:
    """Return what the gates need of runs, by run, as named tuples."""
    rows = FlowRun.objects.filter(pk__in=set(run_ids)).values_list(
        "pk",
        "version_id",
        "status",
        "exit_reason",
        "trigger",
        "started_at",
        "flow__status",
        named=True,
    )
    return {row.pk: row for row in rows}


def list_runs(
    flow_id: int, *, status: str = "", before: int | None = None, limit: int = PAGE
) -> list[FlowRun]:
    """Return runs of a flow with their profiles, newest first.

    Args:
        flow_id: the flow.
        status: a `RunStatus` word; empty is any.
        before: only runs with a lower id, for the next page; None starts at the newest.
        limit: most runs returned.
    """
    runs = FlowRun.objects.filter(flow_id=flow_id).select_related("profile", "version")
    if status:
        runs = runs.filter(status=status)
    if before is not None:
        runs = runs.filter(pk__lt=before)
    return list(runs.order_by("-id")[:limit])


def list_runs_of_profile(profile_id: int, *, limit: int = PAGE) -> list[FlowRun]:
    """Return the runs of a profile with their flows, newest first."""
    runs = FlowRun.objects.filter(profile_id=profile_id).select_related("flow", "version")
    return list(runs.order_by("-id")[:limit])


def find_run(flow_id: int, run_id: int) -> FlowRun | None:
    """Return one run of a flow with its profile and version, or None."""
    runs = FlowRun.objects.select_related("profile", "version", "flow")
    return runs.filter(flow_id=flow_id, pk=run_id).first()


def steps_of(run_id: int) -> list[RunStep]:
    """Return the steps of a run, oldest first."""
    return list(RunStep.objects.filter(run_id=run_id).order_by("at", "id"))


def list_refused(flow_id: int, *, before: int | None = None, limit: int = PAGE) -> list[FlowEntry]:
    """Return the attempts a flow refused with their profiles, newest first."""
    entries = FlowEntry.objects.filter(flow_id=flow_id, outcome="refused")
    if before is not None:
        entries = entries.filter(pk__lt=before)
    return list(entries.select_related("profile").order_by("-id")[:limit])


def list_entries_of_profile(profile_id: int, *, limit: int = PAGE) -> list[FlowEntry]:
    """Return the attempts of a profile to enter any flow, newest first."""
    entries = FlowEntry.objects.filter(profile_id=profile_id).select_related("flow")
    return list(entries.order_by("-id")[:limit])
