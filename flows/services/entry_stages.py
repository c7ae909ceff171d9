"""The stages of the entry pipeline, each asked of a whole batch: who is refused, and why.

Nothing is written here: the pipeline writes what comes of it, and a preview only counts it.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from crm.services.properties import lock_profiles
from crm.types import EventRef
from flows.choices import Refusal
from flows.domain.graph import EventTrigger, Graph, Message, Policy
from flows.domain.lots import is_held_out, is_held_out_of_everything
from flows.domain.starts import (
    ADDED,
    DATE_REACHED,
    REFILL_DUE,
    TIER_CHANGED,
    DateTrigger,
    RefillTrigger,
)
from flows.domain.triggers import holds
from flows.queries import people
from flows.queries.entries import find_held_out
from flows.services.exit_conditions import Leaver, find_met_exits
from flows.types import Attempt
from kernel.tenancy import current_tenant_id
from messaging.choices import URGENT
from segments.services.evaluate import matching
from tenants.queries import get_tenant

Graphs = Mapping[int, Graph]
Start = tuple[str, datetime]
"""An entry, by what names it in the key of the next one, and when it was."""
Held = Mapping[tuple[int, int, str], tuple[int, datetime]]
SELF_MADE: Final = frozenset(
    {
        "Tags Changed",
        "Points Earned",
        "Segment Entered",
        "Segment Exited",
        "Message Bounced",
        TIER_CHANGED,
        ADDED,
    }
)
"""What steps of flows can set off themselves, an endpoint that calls back included."""
MOST_STARTS: Final = 10
STARTS_WITHIN: Final = timedelta(days=1)
"""So often within this time somebody enters one flow by what is self-made."""


def judge(attempts: Sequence[Attempt], graphs: Graphs, now: datetime, *, is_real: bool) -> None:
    """Give every attempt that is refused its reason, in the order of the pipeline.

    Args:
        attempts: of the active tenant; changed in place.
        graphs: by version.
        now: aware.
        is_real: lock whose runs are counted, so that two workers never let in one too many.
    """
    _refuse_old(attempts, graphs, now)
    _refuse_by_trigger_filter(attempts, graphs)
    _refuse_erased(attempts)
    _refuse_by_entry_filter(attempts, graphs, now)
    _refuse_by_frequency(attempts, graphs, now)
    _refuse_too_many(attempts, graphs, is_real=is_real)
    _refuse_by_exit(attempts, graphs)
    _refuse_circles(attempts, now)
    _hold_out(attempts, graphs)


def still_open(attempts: Sequence[Attempt]) -> list[Attempt]:
    """Return the attempts that no stage has refused."""
    return [attempt for attempt in attempts if not attempt.reason]


def trigger_of(ref: EventRef) -> dict[str, Any]:
    """Return what a run keeps of what started it."""
    return {
        "event": ref.name,
        "object_id": ref.object_id,
        "occurred_at": ref.occurred_at.isoformat(),
    }


def holdout_share(graph: Graph, share: int) -> int:
    """Return the share that is held out: nobody where people must know, or nothing is sent.

    What a flow without messages does is no loss that could be weighed against a gain.

    Args:
        graph: the definition.
        share: of the flow, in hundredths of a percent.
    """
    messages = [node for node in graph.nodes.values() if isinstance(node, Message)]
    if not messages or any(node.message_class in URGENT for node in messages):
        return 0
    return share


def holdout_salt(flow_id: int) -> str:
    """Return what draws the lots of a flow; never changed."""
    return f"flow|{current_tenant_id()}|{flow_id}"


def _refuse_old(attempts: Sequence[Attempt], graphs: Graphs, now: datetime) -> None:
    for attempt in attempts:
        if attempt.ref.occurred_at < now - graphs[attempt.version_id].max_event_age:
            attempt.reason = Refusal.EVENT_TOO_OLD


def _refuse_by_trigger_filter(attempts: Sequence[Attempt], graphs: Graphs) -> None:
    asking = [at for at in still_open(attempts) if needs_properties(graphs[at.version_id])]
    properties = people.properties_of((at.ref.event_id, at.ref.occurred_at) for at in asking)
    for attempt in asking:
        attempt.properties = properties.get(attempt.ref.event_id, attempt.properties)
        trigger = graphs[attempt.version_id].trigger
        if (
            isinstance(trigger, EventTrigger)
            and attempt.ref.name == trigger.event
            and not holds(trigger.where, attempt.properties)
        ):
            attempt.reason = Refusal.TRIGGER_FILTER


def needs_properties(graph: Graph) -> bool:
    """Say whether the entry pipeline asks for properties of the trigger event."""
    has_filter = isinstance(graph.trigger, EventTrigger) and bool(graph.trigger.where)
    has_date = isinstance(graph.trigger, DateTrigger | RefillTrigger)
    return has_filter or has_date or graph.reentry.policy is Policy.KEYED


def _refuse_erased(attempts: Sequence[Attempt]) -> None:
    for attempt in still_open(attempts):
        if attempt.is_erased:
            attempt.reason = Refusal.PROFILE_ERASED


def _refuse_by_entry_filter(attempts: Sequence[Attempt], graphs: Graphs, now: datetime) -> None:
    by_version: dict[int, list[Attempt]] = defaultdict(list)
    for attempt in still_open(attempts):
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
    asking = still_open(attempts)
    spaced = [at for at in asking if graphs[at.version_id].reentry.policy is Policy.AFTER]
    last = people.last_starts({at.flow_id for at in spaced}, {at.profile_id for at in spaced})
    coming = [at for at in asking if graphs[at.version_id].reentry.again]
    keys = people.find_next_keys({at.flow_id for at in coming}, {at.profile_id for at in coming})
    held = find_held_out({at.flow_id for at in asking}, {at.profile_id for at in asking})
    last_held = _last_held(held)
    taken: set[tuple[int, int, str]] = set(held)
    for attempt in asking:
        reentry = graphs[attempt.version_id].reentry
        who = (attempt.flow_id, attempt.profile_id)
        previous = _latest(last.get(who), last_held.get(who))
        set_run_key(attempt, reentry.policy, reentry.key, previous)
        if reentry.again:
            attempt.run_key = keys.get((*who, attempt.run_key), attempt.run_key)
        if reentry.policy is Policy.AFTER and previous and previous[1] > now - reentry.gap:
            attempt.reason = Refusal.FREQUENCY
        key = (*who, attempt.run_key)
        if not attempt.reason and key in taken:
            attempt.reason = Refusal.FREQUENCY
        taken.add(key)


def _last_held(held: Held) -> dict[tuple[int, int], Start]:
    """Return when each was held out last, by flow and profile."""
    last: dict[tuple[int, int], Start] = {}
    for (flow_id, profile_id, _), (pk, at) in sorted(held.items(), key=lambda each: each[1][1]):
        last[flow_id, profile_id] = (f"h{pk}", at)
    return last


def _latest(run: tuple[int, datetime] | None, held: Start | None) -> Start | None:
    """Return the last entry: who was held out had their turn like who was let in."""
    entries = [(str(run[0]), run[1])] if run else []
    entries += [held] if held else []
    return max(entries, key=lambda each: each[1], default=None)


def set_run_key(
    attempt: Attempt, policy: Policy, name: str, previous: tuple[object, datetime] | None
) -> None:
    """Give an attempt the key that tells the runs of a person apart.

    Args:
        attempt: changed in place; refused where its event lacks the property.
        policy: of the flow.
        name: of the property, with `Policy.KEYED`.
        previous: id and time of the person's last entry.
    """
    match policy:
        case Policy.ONCE:
            attempt.run_key = "once"
        case Policy.EVERY_TIME:
            attempt.run_key = _key_of_event(attempt)
        case Policy.AFTER:
            # Named after the run before it: two workers that see the same one start one run.
            attempt.run_key = f"after:{previous[0] if previous else 0}"
        case Policy.KEYED:
            value = attempt.properties.get(name)
            attempt.run_key = f"key:{value}"
            if value in (None, ""):
                attempt.reason = Refusal.KEY_MISSING


def _key_of_event(attempt: Attempt) -> str:
    """Return the key of a run that every event starts.

    What comes round has one that stays the same when profiles are merged.
    """
    if attempt.ref.name == DATE_REACHED and (day := attempt.properties.get("date")):
        return f"date:{day}"
    if attempt.ref.name == REFILL_DUE and (line := attempt.properties.get("line_id")):
        return f"refill:{line}"
    return f"event:{attempt.ref.event_id}"


def _refuse_too_many(attempts: Sequence[Attempt], graphs: Graphs, *, is_real: bool) -> None:
    """Let nobody be in a flow more often at the same time than it allows."""
    asking = [at for at in still_open(attempts) if graphs[at.version_id].reentry.at_once]
    profile_ids = {at.profile_id for at in asking}
    if is_real:
        lock_profiles(profile_ids)
    inside = Counter(people.count_inside({at.flow_id for at in asking}, profile_ids))
    for attempt in asking:
        who = (attempt.flow_id, attempt.profile_id)
        if inside[who] >= graphs[attempt.version_id].reentry.at_once:
            attempt.reason = Refusal.TOO_MANY
        else:
            inside[who] += 1


def _refuse_by_exit(attempts: Sequence[Attempt], graphs: Graphs) -> None:
    asking = still_open(attempts)
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
    asking = [at for at in still_open(attempts) if at.ref.name in SELF_MADE]
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


def _hold_out(attempts: Sequence[Attempt], graphs: Graphs) -> None:
    """Keep a share of those who would have entered out of it, the same persons for ever."""
    asking = [at for at in still_open(attempts) if holdout_share(graphs[at.version_id], 1)]
    if not asking:
        return
    everything = get_tenant(tenant_id := current_tenant_id()).holdout
    for attempt in asking:
        person = attempt.profile_id
        attempt.is_of_nothing = is_held_out_of_everything(everything, tenant_id, person)
        of_flow = is_held_out(attempt.holdout, holdout_salt(attempt.flow_id), person)
        if attempt.is_of_nothing or of_flow:
            attempt.reason = Refusal.HELD_OUT
