"""Who enters a flow, and why not: the entry pipeline, in sets.

Stages, in order: flow live, not history, not too old, trigger filter, profile, entry filter,
frequency, too many at once, exit condition already met, going round in circles, held out
(`flows.services.entry_stages`). Every attempt leaves one row with its outcome.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from django.db import transaction

from crm.services.ids import lock_final_profiles
from crm.types import EventRef
from flows.choices import EntryOutcome, Refusal
from flows.domain.graph import EventTrigger, Graph, Message, SegmentTrigger
from flows.domain.starts import ADDED, OWN_STARTS, event_of
from flows.queries import people
from flows.queries.entries import decided_pairs
from flows.queries.versions import find_graphs, list_live
from flows.services.entry_stages import holdout_share, judge, still_open, trigger_of
from flows.types import Attempt, LiveFlow
from kernel import clock
from kernel.arrays import columns
from kernel.sql import run_sql
from kernel.tenancy import current_tenant_id
from kernel.work import ring

Graphs = Mapping[int, Graph]
STAGES: Final = ("trigger", "profile", "entry_filter", "frequency", "exit_condition", "circle")
"""What somebody has passed who is held out."""


@transaction.atomic(savepoint=False)
def enrol_for_events(refs: Sequence[EventRef]) -> None:
    """Start the runs that events set off, and record every event that started none.

    A repeat changes nothing: what was decided about an event stays. History, events without a
    profile and those of visitors whom nobody knows never knock.

    Args:
        refs: new events of the active tenant, in any order.
    """
    enter(refs)


def enter(refs: Sequence[EventRef]) -> list[Attempt]:
    """Do the same in the caller's transaction, and return what became of every attempt."""
    now = clock.now()
    live = list_live()
    graphs = find_graphs([each.version_id for each in live])
    attempts = _knock(refs, live, graphs)
    if attempts:
        judge(attempts, graphs, now, is_real=True)
        _start(attempts, graphs, now)
        _keep_held_out(attempts, graphs, now)
        _record(attempts, now)
    return attempts


def _knock(refs: Sequence[EventRef], live: Sequence[LiveFlow], graphs: Graphs) -> list[Attempt]:
    """Return an attempt for each event and flow it triggers, decided ones left out."""
    pairs = [
        (flow, ref)
        for ref in sorted(refs, key=lambda ref: (ref.occurred_at, ref.event_id))
        if not ref.is_backfill and ref.profile_id is not None
        for flow in live
        if flow.version_id in graphs and is_trigger(graphs[flow.version_id], ref, flow.flow_id)
    ]
    if not pairs:
        return []
    decided = decided_pairs([(flow.flow_id, ref.event_id) for flow, ref in pairs])
    final = lock_final_profiles({ref.profile_id for _, ref in pairs if ref.profile_id})
    erased, unknown = people.find_absent(final.values())
    return [
        Attempt(
            flow.flow_id,
            flow.version_id,
            ref,
            profile_id,
            profile_id in erased,
            holdout=flow.holdout,
        )
        for flow, ref in pairs
        if (flow.flow_id, ref.event_id) not in decided
        and (profile_id := final.get(ref.profile_id or 0)) is not None
        and profile_id not in unknown
    ]


def is_trigger(graph: Graph, ref: EventRef, flow_id: int) -> bool:
    """Say whether an event is of the kind that starts a flow."""
    if ref.name in OWN_STARTS:
        is_meant = ref.name in {ADDED, event_of(graph.trigger)}
        return is_meant and ref.object_id == flow_id
    match graph.trigger:
        case EventTrigger(event=event):
            return event == ref.name
        case SegmentTrigger(segment_id=segment_id, is_exit=is_exit):
            name = "Segment Exited" if is_exit else "Segment Entered"
            return ref.name == name and ref.object_id == segment_id
        case _:
            return False


def _start(attempts: Sequence[Attempt], graphs: Graphs, now: datetime) -> None:
    entering = still_open(attempts)
    if not entering:
        return
    triggers = {id(at.ref): trigger_of(at.ref) for at in entering}
    rows = [
        (
            at.flow_id,
            at.version_id,
            at.profile_id,
            at.run_key,
            at.ref.event_id,
            triggers[id(at.ref)],
            graphs[at.version_id].entry_node,
        )
        for at in entering
    ]
    names = "flow_ids version_ids profile_ids run_keys event_ids triggers entry_nodes"
    started = run_sql("flows.start_runs", now=now, **columns(names, rows))
    begun = {(row.flow_id, row.trigger_event_id) for row in started}
    for attempt in entering:
        if (attempt.flow_id, attempt.ref.event_id) not in begun:
            attempt.reason = Refusal.FREQUENCY
    if begun:
        ring("flows", current_tenant_id())


def _keep_held_out(attempts: Sequence[Attempt], graphs: Graphs, now: datetime) -> None:
    """Record what those would have been sent who are held out."""
    held = [attempt for attempt in attempts if attempt.reason == Refusal.HELD_OUT]
    if not held:
        return
    rows = [
        (
            at.flow_id,
            at.version_id,
            at.profile_id,
            at.run_key,
            at.ref.event_id,
            _decision(graphs[at.version_id], at),
        )
        for at in held
    ]
    names = "flow_ids version_ids profile_ids run_keys event_ids decisions"
    run_sql("flows.hold_out", now=now, **columns(names, rows))


def _decision(graph: Graph, attempt: Attempt) -> dict[str, Any]:
    messages = [node for node in graph.nodes.values() if isinstance(node, Message)]
    return {
        **({"everything": True} if attempt.is_of_nothing else {}),
        "trigger": trigger_of(attempt.ref),
        "passed": list(STAGES),
        "share": holdout_share(graph, attempt.holdout),
        "would_have_sent": [
            {
                "node": node.id,
                "template": node.template,
                "channel": node.channel,
                "message_class": node.message_class,
            }
            for node in messages
        ],
    }


def _record(attempts: Sequence[Attempt], now: datetime) -> None:
    rows = [
        (
            at.flow_id,
            at.profile_id,
            at.ref.event_id,
            str(outcome_of(at)),
            str(at.reason),
        )
        for at in attempts
    ]
    names = "flow_ids profile_ids event_ids outcomes reasons"
    run_sql("flows.record_entries", now=now, **columns(names, rows))


def outcome_of(attempt: Attempt) -> EntryOutcome:
    """Return what the pipeline decided about an attempt."""
    if attempt.reason == Refusal.HELD_OUT:
        return EntryOutcome.HELD_OUT
    return EntryOutcome.REFUSED if attempt.reason else EntryOutcome.ENROLLED
