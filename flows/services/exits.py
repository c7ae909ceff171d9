"""What ends a run early: an event of its profile, a segment it enters, or the flow itself."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction

from crm.services.ids import lock_final_profiles
from crm.types import EventRef
from flows.domain.graph import ExitOn, Graph, SegmentTrigger
from flows.queries import people
from flows.queries.versions import get_graphs
from flows.types import LiveRun
from kernel import clock
from kernel.arrays import columns
from kernel.sql import run_sql

SEGMENT_ENTERED = "Segment Entered"


@transaction.atomic(savepoint=False)
def exit_for_events(refs: Sequence[EventRef]) -> None:
    """End the active runs whose exit conditions new events meet.

    Never the run that the event itself started. An event from before the trigger ends no run
    that an event started; a run that a segment started is ended by any live event, because its
    profile was in the segment before. A repeat changes nothing.

    Args:
        refs: new events of the active tenant, in any order.
    """
    final = lock_final_profiles({ref.profile_id for ref in refs if ref.profile_id is not None})
    runs = people.live_runs(final.values())
    if not runs:
        return
    graphs = get_graphs([run.version_id for run in runs])
    events: dict[int, list[EventRef]] = {}
    for ref in refs:
        if ref.profile_id in final:
            events.setdefault(final[ref.profile_id], []).append(ref)
    reasons = {
        run.id: reason
        for run in runs
        if (reason := _reason_to_exit(run, graphs[run.version_id], events.get(run.profile_id, [])))
    }
    exit_runs(reasons, now=clock.now())


def exit_runs(reasons: Mapping[int, str], *, now: datetime) -> None:
    """End active or failed runs early.

    Args:
        reasons: why, in words, by run.
        now: aware UTC.
    """
    if reasons:
        run_sql("flows.exit_runs", now=now, **columns("run_ids reasons", sorted(reasons.items())))


def find_met_exit(
    graph: Graph,
    *,
    happened: Mapping[str, datetime],
    segments: frozenset[int],
    since: datetime,
) -> ExitOn | None:
    """Return an exit condition that is met already, or None.

    Args:
        graph: the flow's definition.
        happened: when each event last happened to the profile, by name.
        segments: those the profile is in.
        since: aware; only later events count.
    """
    for exit_on in graph.exit_on:
        if exit_on.segment_id in segments:
            return exit_on
        if exit_on.event in happened and happened[exit_on.event] > since:
            return exit_on
    return None


def _reason_to_exit(run: LiveRun, graph: Graph, refs: Sequence[EventRef]) -> str:
    for ref in refs:
        if ref.event_id == run.trigger_event_id or _is_before(ref, run, graph):
            continue
        for exit_on in graph.exit_on:
            if _is_met_by(exit_on, ref):
                return f"goal: {ref.name}" if exit_on == graph.goal else ref.name
    return ""


def _is_before(ref: EventRef, run: LiveRun, graph: Graph) -> bool:
    if isinstance(graph.trigger, SegmentTrigger) and not ref.is_backfill:
        return False
    return run.trigger_at is not None and ref.occurred_at < run.trigger_at


def _is_met_by(exit_on: ExitOn, ref: EventRef) -> bool:
    if exit_on.segment_id is not None:
        return ref.name == SEGMENT_ENTERED and ref.object_id == exit_on.segment_id
    return ref.name == exit_on.event
