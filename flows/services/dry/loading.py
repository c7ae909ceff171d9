"""People and their events, read from the stores for a dry walk: three statements for any number."""

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from crm.choices import Channel
from crm.types import EventRef
from flows.domain.conditions import asks_trigger
from flows.domain.delays import pick_zone
from flows.domain.graph import EventTrigger, Graph, Message, SegmentTrigger, Split
from flows.domain.nodes import Act, Branches, DateWait, EventWait, PropertyChange, StockWait
from flows.domain.starts import ADDED, ArrivalTrigger, RefillTrigger, event_of
from flows.domain.values import Condition, EventMatch
from flows.queries import dry as queries
from flows.queries.told import Told, name_told
from flows.services.dry.facts import Person, Reach
from flows.services.dry.passage import Occurrence
from flows.services.entry_stages import holdout_share, needs_properties
from flows.services.exits import SEGMENT_ENTERED
from kernel.tenancy import current_tenant_id
from tenants.queries import get_tenant

SEGMENT_EXITED = "Segment Exited"


@dataclass(frozen=True, slots=True)
class Needs:
    """What a definition looks at.

    Attributes:
        names: of the events that begin, end or wake a run.
        starts: of those that begin one.
        told: names of those of which it is asked what they say.
        asked: what events are compared with.
        profile_dates: names of the people's own dates that it waits for.
    """

    names: frozenset[str]
    starts: frozenset[str]
    told: frozenset[str]
    asked: tuple[EventMatch, ...]
    profile_dates: frozenset[str]


def find_needs(graph: Graph) -> Needs:
    """Return what a definition looks at."""
    nodes = graph.nodes.values()
    waits = [match for node in nodes if isinstance(node, EventWait) for match in node.any_of]
    exits = [on.match for on in graph.exit_on if on.match is not None]
    starts = _starts(graph)
    ends = {on.event or SEGMENT_ENTERED for on in graph.exit_on}
    dates = [node for node in nodes if isinstance(node, DateWait)]
    asked = [*waits, *exits]
    told = {match.event for match in asked if match.needs_properties and not match.message}
    is_start_told = (
        bool(told)
        or any(node.holder == "event" for node in dates)
        or any(map(asks_trigger, _conditions(graph)))
    )
    return Needs(
        names=frozenset(starts | ends | {match.event for match in waits if not match.message}),
        starts=frozenset(starts),
        told=frozenset(told | starts if is_start_told or needs_properties(graph) else told),
        asked=tuple(asked),
        profile_dates=frozenset(node.name for node in dates if node.holder == "profile"),
    )


def _conditions(graph: Graph) -> Iterator[Condition]:
    for node in graph.nodes.values():
        if isinstance(node, Split):
            yield node.condition
        if isinstance(node, Branches):
            yield from (way.condition for way in node.branches)


def _starts(graph: Graph) -> set[str]:
    match graph.trigger:
        case EventTrigger(event=event):
            return {event}
        case SegmentTrigger(is_exit=is_exit):
            return {SEGMENT_EXITED if is_exit else SEGMENT_ENTERED}
        case trigger:
            return {event_of(trigger) or ADDED}


def load_people(needs: Needs, profile_ids: Collection[int]) -> dict[int, Person]:
    """Return people by id; visitors whom nobody knows never enter and are left out."""
    account = get_tenant(current_tenant_id()).timezone
    dates = queries.list_dates(needs.profile_dates, profile_ids)
    zone_of = cache(lambda name, country: pick_zone((name,), country, account))
    return {
        row.id: Person(
            id=row.id,
            zone=zone_of(row.timezone, row.country),
            is_erased=row.is_erased,
            reach=_find_reach(row[-5:]),
            properties=dates.get(row.id, {}),
        )
        for row in queries.list_people(profile_ids)
    }


@cache
def _find_reach(kept: tuple[Any, ...]) -> Reach:
    """Return how people can be reached, by what is kept of them; of push nothing is."""
    has_email, has_phone, by_mail, by_sms, by_whatsapp = kept
    return {
        Channel.EMAIL.value: (has_email, by_mail),
        Channel.SMS.value: (has_phone, by_sms),
        Channel.WHATSAPP.value: (has_phone, by_whatsapp),
    }


def load_events(
    needs: Needs, profile_ids: Collection[int], *, since: datetime, until: datetime
) -> dict[int, list[Occurrence]]:
    """Return what happened to people in a time that a flow looks at, by person, oldest first."""
    rows = queries.list_events(profile_ids, needs.names, needs.told, since=since, until=until)
    said = [json.loads(row.said) if row.said else {} for row in rows]
    told = [Told(row.name, row.object_id, each) for row, each in zip(rows, said, strict=True)]
    named = name_told(told, needs.asked)
    found: dict[int, list[Occurrence]] = {}
    for row, properties, names in zip(rows, said, named, strict=True):
        occurrence = Occurrence(EventRef(*row[:6]), properties, names)
        found.setdefault(row.profile_id, []).append(occurrence)
    return found


def find_approximations(graph: Graph) -> list[str]:
    """Return in words what a dry walk cannot know of the past, as far as a definition asks it."""
    nodes = list(graph.nodes.values())
    waits = [match for node in nodes if isinstance(node, EventWait) for match in node.any_of]
    conditions = [node for node in nodes if isinstance(node, Split | Branches)]
    found: Sequence[tuple[bool, str]] = (
        (
            graph.entry_filter is not None or bool(conditions),
            "Orders, events and segments count as they were, all else of people as they are today.",
        ),
        (
            any(match.message for match in waits)
            or any("message" in str(getattr(node, "condition", "")) for node in nodes),
            "Nobody opens or clicks a message that was not sent, so waits for that run out.",
        ),
        (
            any(isinstance(node, StockWait) for node in nodes),
            "What stood in stock is not kept, so waits for stock run out.",
        ),
        (
            any(
                isinstance(node, Act) and isinstance(node.effect, PropertyChange) for node in nodes
            ),
            "Properties and tags that the flow itself changes are not changed.",
        ),
        (
            any(isinstance(node, Message) for node in nodes),
            "Smart sending and frequency rules are those of today; quiet hours are not asked.",
        ),
        (
            isinstance(graph.trigger, RefillTrigger | ArrivalTrigger),
            "Refills and new products are not worked out anew: only who really entered enters.",
        ),
        (
            bool(holdout_share(graph, 1)),
            "Nobody is held out, so where the flow or the account holds people out, fewer get it.",
        ),
        (bool(graph.exit_on), "Who had met an exit already when they entered is let in."),
        (True, "Nobody is in the flow when the time begins."),
    )
    return [words for is_so, words in found if is_so]
