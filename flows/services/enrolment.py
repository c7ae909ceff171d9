"""Who enters a flow, and why not: the entry pipeline, in sets.

Stages, in order: flow live, not history, not too old, trigger filter, profile, entry filter,
frequency, exit condition already met, going round in circles. Every attempt leaves one row with
its outcome.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction

from crm.services.ids import lock_final_profiles
from crm.types import EventRef
from flows.choices import EntryOutcome, Refusal
from flows.domain.graph import EventTrigger, Graph, Policy, SegmentTrigger
from flows.domain.triggers import holds
from flows.queries import people
from flows.queries.entries import decided_pairs
from flows.queries.versions import find_graphs, list_live
from flows.services.exit_conditions import Leaver, find_met_exits
from flows.types import Attempt
from kernel import clock
from kernel.arrays import columns
from kernel.sql import run_sql
from kernel.tenancy import current_tenant_id
from kernel.work import ring
from segments.services.evaluate import matching

Graphs = Mapping[int, Graph]
SELF_MADE: Final = frozenset(
    {"Tags Changed", "Points Earned", "Segment Entered", "Segment Exited", "Message Bounced"}
)
"""What steps of flows can set off themselves."""
MOST_STARTS: Final = 10
STARTS_WITHIN: Final = timedelta(days=1)
"""So often within this time somebody enters one flow by what is self-made."""


@transaction.atomic(savepoint=False)
def enrol_for_events(refs: Sequence[EventRef]) -> None:
    """Start the runs that events set off, and record every event that started none.

    A repeat changes nothing: what was decided about an event stays. History, events without a
    profile and those of visitors whom nobody knows never knock.

    Args:
        refs: new events of the active tenant, in any order.
    """
    now = clock.now()
    live = list_live()
    graphs = find_graphs([version_id for _, version_id in live])
    attempts = _knock(refs, live, graphs)
    if not attempts:
        return
    _refuse_old(attempts, graphs, now)
    _refuse_by_trigger_filter(attempts, graphs)
    _refuse_erased(attempts)
    _refuse_by_entry_filter(attempts, graphs, now)
    _refuse_by_frequency(attempts, graphs, now)
    _refuse_by_exit(attempts, graphs)
    _refuse_circles(attempts, now)
    _start(attempts, graphs, now)
    _record(attempts, now)


def _knock(
    refs: Sequence[EventRef], live: Sequence[tuple[int, int]], graphs: Graphs
) -> list[Attempt]:
    """Return an attempt for each event and flow it triggers, decided ones left out."""
    pairs = [
        (flow_id, version_id, ref)
        for ref in sorted(refs, key=lambda ref: (ref.occurred_at, ref.event_id))
        if not ref.is_backfill and ref.profile_id is not None
        for flow_id, version_id in live
        if version_id in graphs and is_trigger(graphs[version_id], ref)
    ]
    if not pairs:
        return []
    decided = decided_pairs([ref.event_id for _, _, ref in pairs])
    final = lock_final_profiles({ref.profile_id for _, _, ref in pairs if ref.profile_id})
    erased, unknown = people.find_absent(final.values())
    return [
        Attempt(flow_id, version_id, ref, profile_id, profile_id in erased)
        for flow_id, version_id, ref in pairs
        if (flow_id, ref.event_id) not in decided
        and (profile_id := final.get(ref.profile_id or 0)) is not None
        and profile_id not in unknown
    ]


def is_trigger(graph: Graph, ref: EventRef) -> bool:
    """Say whether an event is of the kind that starts a flow."""
    match graph.trigger:
        case EventTrigger(event=event):
            return event == ref.name
        case SegmentTrigger(segment_id=segment_id):
            return ref.name == "Segment Entered" and ref.object_id == segment_id


def _refuse_old(attempts: Sequence[Attempt], graphs: Graphs, now: datetime) -> None:
    for attempt in attempts:
        if attempt.ref.occurred_at < now - graphs[attempt.version_id].max_event_age:
            attempt.reason = Refusal.EVENT_TOO_OLD


def _refuse_by_trigger_filter(attempts: Sequence[Attempt], graphs: Graphs) -> None:
    asking = [at for at in _open(attempts) if needs_properties(graphs[at.version_id])]
    properties = people.properties_of((at.ref.event_id, at.ref.occurred_at) for at in asking)
    for attempt in asking:
        attempt.properties = properties.get(attempt.ref.event_id, {})
        trigger = graphs[attempt.version_id].trigger
        if isinstance(trigger, EventTrigger) and not holds(trigger.where, attempt.properties):
            attempt.reason = Refusal.TRIGGER_FILTER


def needs_properties(graph: Graph) -> bool:
    """Say whether the entry pipeline asks for properties of the trigger event."""
    has_filter = isinstance(graph.trigger, EventTrigger) and bool(graph.trigger.where)
    return has_filter or graph.reentry.policy is Policy.KEYED


def _refuse_erased(attempts: Sequence[Attempt]) -> None:
    for attempt in _open(attempts):
        if attempt.is_erased:
            attempt.reason = Refusal.PROFILE_ERASED


def _refuse_by_entry_filter(attempts: Sequence[Attempt], graphs: Graphs, now: datetime) -> None:
    by_version: dict[int, list[Attempt]] = defaultdict(list)
    for attempt in _open(attempts):
        if graphs[attempt.version_id].entry_filter is not None:
            by_version[attempt.version_id].append(attempt)
    for version_id, asking in by_version.items():
        condition = graphs[version_id].entry_filter
        met = matching(condition, sorted({attempt.profile_id for attempt in asking}), now)
        for attempt in asking:
            if attempt.profile_id not in met:
                attempt.reason = Refusal.ENTRY_FILTER


def _refuse_by_frequency(attempts: Sequence[Attempt], graphs: Graphs, now: datetime) -> None:
    """Give each attempt its run key; two attempts of one key start one run."""
    spaced = [at for at in _open(attempts) if graphs[at.version_id].reentry.policy is Policy.AFTER]
    last = people.last_starts({at.flow_id for at in spaced}, {at.profile_id for at in spaced})
    taken: set[tuple[int, int, str]] = set()
    for attempt in _open(attempts):
        reentry = graphs[attempt.version_id].reentry
        previous = last.get((attempt.flow_id, attempt.profile_id))
        set_run_key(attempt, reentry.policy, reentry.key, previous)
        if previous and previous[1] > now - reentry.gap:
            attempt.reason = Refusal.FREQUENCY
        key = (attempt.flow_id, attempt.profile_id, attempt.run_key)
        if not attempt.reason and key in taken:
            attempt.reason = Refusal.FREQUENCY
        taken.add(key)


def set_run_key(
    attempt: Attempt, policy: Policy, name: str, previous: tuple[int, datetime] | None
) -> None:
    """Give an attempt the key that tells the runs of a person apart.

    Args:
        attempt: changed in place; refused where its event lacks the property.
        policy: of the flow.
        name: of the property, with `Policy.KEYED`.
        previous: id and start of the person's last run.
    """
    match policy:
        case Policy.ONCE:
            attempt.run_key = "once"
        case Policy.EVERY_TIME:
            attempt.run_key = f"event:{attempt.ref.event_id}"
        case Policy.AFTER:
            # Named after the run before it: two workers that see the same one start one run.
            attempt.run_key = f"after:{previous[0] if previous else 0}"
        case Policy.KEYED:
            value = attempt.properties.get(name)
            attempt.run_key = f"key:{value}"
            if value in (None, ""):
                attempt.reason = Refusal.KEY_MISSING


def _refuse_by_exit(attempts: Sequence[Attempt], graphs: Graphs) -> None:
    asking = _open(attempts)
    met = find_met_exits(
        [
            Leaver(
                key=place,
                graph=graphs[attempt.version_id],
                profile_id=attempt.profile_id,
                since=attempt.ref.occurred_at,
                trigger_event_id=attempt.ref.event_id,
                trigger=trigger_of(attempt.ref),
            )
            for place, attempt in enumerate(asking)
        ]
    )
    for place in met:
        asking[place].reason = Refusal.EXIT_CONDITION


def _refuse_circles(attempts: Sequence[Attempt], now: datetime) -> None:
    """Let nobody go round for ever in flows that set off each other, or themselves."""
    asking = [at for at in _open(attempts) if at.ref.name in SELF_MADE]
    begun = people.count_starts(
        {at.flow_id for at in asking},
        {at.profile_id for at in asking},
        names=SELF_MADE,
        since=now - STARTS_WITHIN,
    )
    for attempt in asking:
        key = (attempt.flow_id, attempt.profile_id)
        if begun.get(key, 0) >= MOST_STARTS:
            attempt.reason = Refusal.CIRCLE
        else:
            begun[key] = begun.get(key, 0) + 1


def trigger_of(ref: EventRef) -> dict[str, Any]:
    """Return what a run keeps of what started it."""
    return {
        "event": ref.name,
        "object_id": ref.object_id,
        "occurred_at": ref.occurred_at.isoformat(),
    }


def _start(attempts: Sequence[Attempt], graphs: Graphs, now: datetime) -> None:
    entering = _open(attempts)
    if not entering:
        return
    rows = [
        (
            at.flow_id,
            at.version_id,
            at.profile_id,
            at.run_key,
            at.ref.event_id,
            trigger_of(at.ref),
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


def _record(attempts: Sequence[Attempt], now: datetime) -> None:
    rows = [
        (
            at.flow_id,
            at.profile_id,
            at.ref.event_id,
            str(EntryOutcome.REFUSED if at.reason else EntryOutcome.ENROLLED),
            str(at.reason),
        )
        for at in attempts
    ]
    names = "flow_ids profile_ids event_ids outcomes reasons"
    run_sql("flows.record_entries", now=now, **columns(names, rows))


def _open(attempts: Sequence[Attempt]) -> list[Attempt]:
    return [attempt for attempt in attempts if not attempt.reason]
