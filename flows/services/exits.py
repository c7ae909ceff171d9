"""What ends a run early: an event of its profile, a segment it enters, or the flow itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from crm.services.ids import lock_final_profiles
from crm.types import EventRef
from flows.domain.graph import ExitOn, Graph, SegmentTrigger
from flows.domain.triggers import fits
from flows.queries import people
from flows.queries.told import Told, name_told
from flows.queries.versions import find_graphs
from flows.services.exit_conditions import Leaver, read_triggers
from flows.services.waiting import wake_runs
from flows.types import LiveRun
from kernel import clock
from kernel.arrays import columns
from kernel.sql import run_sql

SEGMENT_ENTERED = "Segment Entered"


@transaction.atomic(savepoint=False)
def exit_for_events(refs: Sequence[EventRef]) -> None:
    """End the active runs whose exit conditions new events meet, and wake those that wait for one.

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
    graphs = find_graphs([run.version_id for run in runs])
    runs = [run for run in runs if run.version_id in graphs]
    events: dict[int, list[EventRef]] = {}
    for ref in refs:
        if ref.profile_id in final:
            events.setdefault(final[ref.profile_id], []).append(ref)
    told = ToldExits.read(runs, graphs, refs)
    reasons = {
        run.id: reason
        for run in runs
        if (
            reason := reason_to_exit(
                run, graphs[run.version_id], events.get(run.profile_id, []), told
            )
        )
    }
    now = clock.now()
    exit_runs(reasons, now=now)
    wake_runs([run for run in runs if run.id not in reasons], graphs, events, now)


def exit_runs(reasons: Mapping[int, str], *, now: datetime) -> None:
    """End active or failed runs early.

    Args:
        reasons: why, in words, by run.
        now: aware UTC.
    """
    if reasons:
        run_sql("flows.exit_runs", now=now, **columns("run_ids reasons", sorted(reasons.items())))


@dataclass(frozen=True, slots=True)
class ToldExits:
    """Properties of new events by id, and of what started runs by run, where exits ask for them."""

    events: Mapping[int, Mapping[str, Any]]
    triggers: Mapping[int, Mapping[str, Any]]

    @classmethod
    def read(
        cls, runs: Sequence[LiveRun], graphs: Mapping[int, Graph], refs: Sequence[EventRef]
    ) -> "ToldExits":
        matches = [
            on.match for graph in graphs.values() for on in graph.exit_on if on.match is not None
        ]
        closer = {match.event for match in matches}
        asked = [ref for ref in refs if ref.name in closer]
        if not asked:
            return cls({}, {})
        properties = people.properties_of((ref.event_id, ref.occurred_at) for ref in asked)
        leavers = [
            Leaver(
                key=run.id,
                graph=graphs[run.version_id],
                profile_id=run.profile_id,
                since=run.trigger_at or asked[0].occurred_at,
                trigger_event_id=run.trigger_event_id,
                trigger=run.trigger,
            )
            for run in runs
        ]
        named = name_told(
            [Told(ref.name, ref.object_id, properties.get(ref.event_id, {})) for ref in asked],
            matches,
        )
        events = {ref.event_id: said for ref, said in zip(asked, named, strict=True)}
        return cls(events, read_triggers(leavers))


def reason_to_exit(run: LiveRun, graph: Graph, refs: Sequence[EventRef], told: ToldExits) -> str:
    """Return why new events end a run, in words; empty where none does."""
    trigger = told.triggers.get(run.id, {})
    for ref in refs:
        if ref.event_id == run.trigger_event_id or _is_before(ref, run, graph):
            continue
        for exit_on in graph.exit_on:
            if _is_met_by(exit_on, ref, told.events.get(ref.event_id, {}), trigger):
                return f"goal: {ref.name}" if exit_on == graph.goal else ref.name
    return ""


def _is_before(ref: EventRef, run: LiveRun, graph: Graph) -> bool:
    if isinstance(graph.trigger, SegmentTrigger) and not ref.is_backfill:
        return False
    return run.trigger_at is not None and ref.occurred_at < run.trigger_at


def _is_met_by(
    exit_on: ExitOn, ref: EventRef, properties: Mapping[str, Any], trigger: Mapping[str, Any]
) -> bool:
    if exit_on.segment_id is not None:
        return ref.name == SEGMENT_ENTERED and ref.object_id == exit_on.segment_id
    if ref.name != exit_on.event:
        return False
    return exit_on.match is None or fits(exit_on.match, properties, trigger)
