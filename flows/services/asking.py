"""What must be found out before runs of a batch are decided: one question for all at one node."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from flows.domain.delays import date_due, zone_of
from flows.domain.lots import draw_bucket, pick_way
from flows.domain.nodes import (
    ELSE,
    HAPPENED,
    IN_STOCK,
    WAY,
    ABSplit,
    Branches,
    ChannelChoice,
    DateWait,
    EventWait,
    Jump,
    RandomShare,
    StockWait,
    TaskWait,
)
from flows.domain.steps import NOTHING, Asked
from flows.domain.triggers import fits, name_properties
from flows.domain.values import Condition, EventMatch
from flows.queries import people, reach
from flows.queries.ab_tests import find_winner
from flows.queries.goods import find_variants
from flows.queries.tasks import find_states
from flows.services.conditions import runs_that_meet
from flows.services.walkers import Walker
from flows.types import Happened, Subject
from kernel.tenancy import current_tenant_id

Answers = dict[int, Asked]
ENGAGED_FOR: Final = timedelta(days=180)
"""So long ago somebody may have opened or clicked for the channel to be theirs."""


def ask(node: object, group: Sequence[Walker], now: datetime) -> Answers:
    """Return what a decision at a node needs to know of each run of a group that stands there.

    A handful of statements for any number of runs; none for nodes that ask nothing.

    Args:
        node: where all of them stand, in one and the same definition.
        group: the runs.
        now: aware.
    """
    asker = _ASKERS.get(type(node))
    return asker(node, group, now) if asker is not None else pass_by(node, group)


def pass_by(node: object, group: Sequence[Walker]) -> Answers:
    """Return what a node needs to know that asks for nothing; a jump counts its visits."""
    if isinstance(node, Jump):
        return {walker.run_id: Asked(visit=walker.visit) for walker in group}
    return dict.fromkeys([walker.run_id for walker in group], NOTHING)


def _ask_date(node: DateWait, group: Sequence[Walker], now: datetime) -> Answers:
    del now
    if node.holder == "event":
        values = {walker.run_id: walker.properties.get(node.name) for walker in group}
    else:
        known = people.property_of(node.name, {walker.profile_id for walker in group})
        values = {walker.run_id: known.get(walker.profile_id) for walker in group}
    return {
        walker.run_id: Asked(at=read_date(node, values[walker.run_id], walker)) for walker in group
    }


def read_date(node: DateWait, said: Any, walker: Walker) -> datetime | None:
    """Return when a wait for a date is over for one run; None where the property says none."""
    return None if said is None else date_due(node, said, zone_of(node.zone, walker.zone))


def _ask_event(node: EventWait, group: Sequence[Walker], now: datetime) -> Answers:
    """Look for what happened since; also at the end, as its reaction may not have come yet."""
    since = {walker.run_id: since_of(node, walker, now) for walker in group}
    met = _runs_told(node, group)
    told = [match for match in node.any_of if not match.message]
    if told:
        happened = people.events_since(
            {walker.profile_id for walker in group},
            {match.event for match in told},
            since=min(since.values()),
            with_properties=any(match.needs_properties for match in told),
            asked=told,
        )
        met |= {
            walker.run_id
            for walker in group
            if has_happened(told, walker, happened.get(walker.profile_id, ()), since[walker.run_id])
        }
    return {
        walker.run_id: Asked(
            way=HAPPENED if walker.run_id in met else "", until=walker.waited_until
        )
        for walker in group
    }


def _runs_told(node: EventWait, group: Sequence[Walker]) -> set[int]:
    met: set[int] = set()
    for match in node.any_of:
        if match.message:
            met |= people.runs_whose_message(
                "opened" if match.event == "Message Opened" else "clicked",
                match.message,
                [walker.run_id for walker in group],
                [walker.profile_id for walker in group],
            )
    return met


def since_of(node: EventWait, walker: Walker, now: datetime) -> datetime:
    """Return from when on events end the wait of a run."""
    if node.since_start:
        return people.trigger_time(walker.trigger) or now
    return walker.waited_since or now


def has_happened(
    matches: Sequence[EventMatch],
    walker: Walker,
    happened: Sequence[Happened],
    since: datetime,
) -> bool:
    """Say whether any of what happened since then is what a run waits for."""
    return any(
        event.name == match.event and fits(match, event.properties, named_of(walker))
        for event in happened
        if event.occurred_at > since and event.id != walker.trigger_event_id
        for match in matches
    )


def _ask_stock(node: StockWait, group: Sequence[Walker], now: datetime) -> Answers:
    del now
    variants = _variants(node, group)
    left = reach.find_left({key for key in variants.values() if key is not None})
    for walker in group:
        key = variants[walker.run_id]
        walker.waits_for = f"variant:{key}" if key is not None else ""
    return {
        walker.run_id: Asked(
            way=IN_STOCK if left.get(variants[walker.run_id] or 0, 0) >= node.min_units else "",
            until=walker.waited_until,
        )
        for walker in group
    }


def _variants(node: StockWait, group: Sequence[Walker]) -> dict[int, int | None]:
    """Return the variant that each run waits for; None where its event names none that is known."""
    named = {walker.run_id: str(named_of(walker).get(node.variant, "")) for walker in group}
    causes = {
        (walker.trigger_event_id, at): named[walker.run_id]
        for walker in group
        if walker.trigger_event_id and (at := people.trigger_time(walker.trigger))
    }
    found = find_variants(causes)
    return {walker.run_id: found.get(walker.trigger_event_id or 0) for walker in group}


def _ask_task(node: TaskWait, group: Sequence[Walker], now: datetime) -> Answers:
    del now
    waiting = [walker for walker in group if walker.is_waiting]
    states = find_states(node.id, {walker.run_id: walker.visit for walker in waiting})
    return {
        walker.run_id: Asked(way=states.get(walker.run_id, ""), until=walker.waited_until)
        for walker in group
    }


def named_of(walker: Walker) -> Mapping[str, Any]:
    """Return the properties of what started a run, with the names of what it is about."""
    trigger = walker.trigger
    return name_properties(trigger.get("event", ""), trigger.get("object_id"), walker.properties)


def who_meets(condition: Condition, group: Sequence[Walker], now: datetime) -> set[int]:
    """Return the runs of a group that meet a condition."""
    subjects = [Subject(each.run_id, each.profile_id, named_of(each)) for each in group]
    return runs_that_meet(condition, subjects, now)


def _ask_branches(node: Branches, group: Sequence[Walker], now: datetime) -> Answers:
    """Ask each condition of those whom none before it took."""
    ways: dict[int, str] = {}
    left = list(group)
    for way in node.branches:
        met = who_meets(way.condition, left, now) if left else set()
        ways |= dict.fromkeys(met, f"{WAY}{way.name}")
        left = [walker for walker in left if walker.run_id not in met]
    return {walker.run_id: Asked(way=ways.get(walker.run_id, ELSE)) for walker in group}


def _ask_random(node: RandomShare, group: Sequence[Walker], now: datetime) -> Answers:
    del now
    answers = {}
    for walker in group:
        key = (current_tenant_id(), walker.flow_id, node.id, walker.run_id, walker.visit)
        way = pick_way(node.branches, draw_bucket("share", *key))
        answers[walker.run_id] = Asked(way=f"{WAY}{way.name}")
    return answers


def _ask_ab(node: ABSplit, group: Sequence[Walker], now: datetime) -> Answers:
    """Leave everybody where they went before, whatever became of the shares since."""
    del now
    known = {word for word, _ in node.ways}
    before = people.ways_before(group[0].flow_id, node.id, {walker.profile_id for walker in group})
    winner = node.winner or (find_winner(group[0].flow_id, node.id) if node.metric else "")
    if f"{WAY}{winner}" not in known:
        winner = ""
    answers = {}
    for walker in group:
        way = before.get(walker.profile_id, "")
        if way not in known:
            way = f"{WAY}{winner or draw_share(node, walker)}"
        answers[walker.run_id] = Asked(way=way)
    return answers


def draw_share(node: ABSplit, walker: Walker) -> str:
    """Return the name of the way that the lot of a person says."""
    key = (current_tenant_id(), walker.flow_id, node.id, walker.profile_id)
    return pick_way(node.branches, draw_bucket(*key)).name


def _ask_channel(node: ChannelChoice, group: Sequence[Walker], now: datetime) -> Answers:
    profile_ids = {walker.profile_id for walker in group}
    channels = [way.channel for way in node.branches]
    able = reach.find_channels(profile_ids, channels, node.message_class, now)
    last: Mapping[int, str] = {}
    if node.by_history:
        last = reach.last_channels(profile_ids, channels, since=now - ENGAGED_FOR)
    answers = {}
    for walker in group:
        possible = able.get(walker.profile_id, frozenset())
        ranked = sorted(channels, key=lambda each: each != last.get(walker.profile_id))
        channel = next((each for each in ranked if each in possible), "")
        answers[walker.run_id] = Asked(way=f"{WAY}{channel}" if channel else ELSE)
    return answers


_ASKERS: Final[dict[type, Callable[[Any, Sequence[Walker], datetime], Answers]]] = {
    DateWait: _ask_date,
    EventWait: _ask_event,
    StockWait: _ask_stock,
    TaskWait: _ask_task,
    Branches: _ask_branches,
    RandomShare: _ask_random,
    ABSplit: _ask_ab,
    ChannelChoice: _ask_channel,
}


def group_walkers(moving: Sequence[Walker]) -> list[list[Walker]]:
    """Return the runs by where they stand: one list for each node of each flow."""
    groups: dict[tuple[int, int, str], list[Walker]] = defaultdict(list)
    for walker in moving:
        groups[walker.flow_id, id(walker.graph), walker.node].append(walker)
    return list(groups.values())
