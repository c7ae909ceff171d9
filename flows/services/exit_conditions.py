"""Which exit conditions are met already, asked for many runs or attempts at once."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flows.domain.graph import ExitOn, Graph
from flows.domain.triggers import fits, name_properties
from flows.queries import people
from flows.types import Happened


@dataclass(frozen=True, slots=True)
class Leaver:
    """A run, or an attempt to enter, of which exit conditions are asked.

    Attributes:
        since: aware; only later events count.
        trigger_event_id: what started it; None where nothing did.
        trigger: ``event``, ``object_id`` and ``occurred_at`` of it.
    """

    key: int
    graph: Graph
    profile_id: int
    since: datetime
    trigger_event_id: int | None
    trigger: Mapping[str, Any]


def find_met_exits(leavers: Sequence[Leaver]) -> dict[int, ExitOn]:
    """Return the first exit condition that is met, by the key of who asks; others are left out."""
    asking = [leaver for leaver in leavers if leaver.graph.exit_on]
    if not asking:
        return {}
    exits = [on for leaver in asking for on in leaver.graph.exit_on]
    since = min(leaver.since for leaver in asking) - timedelta(microseconds=1)
    profiles = {leaver.profile_id for leaver in asking}
    plain = {on.event for on in exits if on.event and on.match is None}
    closer = {on.event for on in exits if on.match is not None}
    happened: dict[int, dict[str, datetime]] = defaultdict(dict)
    for (profile_id, name), at in people.last_events(profiles, plain, since=since).items():
        happened[profile_id][name] = at
    events = people.events_since(
        profiles,
        closer,
        since=since,
        with_properties=True,
        asked=[on.match for on in exits if on.match is not None],
        with_history=True,
    )
    triggers = read_triggers(asking)
    in_segments = {
        leaver.profile_id
        for leaver in asking
        if any(on.segment_id is not None for on in leaver.graph.exit_on)
    }
    memberships = people.segments_of(in_segments)
    met = {}
    for leaver in asking:
        latest = happened.get(leaver.profile_id, {})
        segments = memberships.get(leaver.profile_id, frozenset())
        trigger = triggers.get(leaver.key, {})
        for on in leaver.graph.exit_on:
            later = [
                event
                for event in events.get(leaver.profile_id, ())
                if event.occurred_at > leaver.since
            ]
            if (
                on.segment_id in segments
                or (on.match is None and latest.get(on.event, leaver.since) > leaver.since)
                or _is_met_by_any(on, later, trigger)
            ):
                met[leaver.key] = on
                break
    return met


def read_triggers(leavers: Sequence[Leaver]) -> dict[int, Mapping[str, Any]]:
    """Return the named properties of what started each, where an exit condition asks for them."""
    wanted = [
        (leaver, event_id, at)
        for leaver in leavers
        if (event_id := leaver.trigger_event_id) is not None
        and (at := people.trigger_time(leaver.trigger)) is not None
        and any(on.match is not None and on.match.same for on in leaver.graph.exit_on)
    ]
    properties = people.properties_of({(event_id, at) for _, event_id, at in wanted})
    return {
        leaver.key: name_properties(
            leaver.trigger.get("event", ""),
            leaver.trigger.get("object_id"),
            properties.get(event_id, {}),
        )
        for leaver, event_id, _ in wanted
    }


def _is_met_by_any(on: ExitOn, events: Sequence[Happened], trigger: Mapping[str, Any]) -> bool:
    match = on.match
    return match is not None and any(
        event.name == on.event and fits(match, event.properties, trigger) for event in events
    )
