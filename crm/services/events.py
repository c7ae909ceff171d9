"""Appending events: once each, with the reactions that they set off."""

import functools
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string

from crm.services.ids import lock_final_profiles
from crm.types import EventRef, NewEvent
from kernel import clock
from kernel.arrays import columns
from kernel.scope import current_tenant_id
from kernel.sql import run_kept
from kernel.work import ring

ANY_OTHER = "*"
"""In the table of who reacts to what: events that a merchant made up."""

COUNTED: list[Callable[[Collection[str]], set[str]]] = []
"""Each returns those of some names that somebody counts, so that history of them is heard too.

Filled when an app starts (`AppConfig.ready`)."""


@transaction.atomic(savepoint=False)
def append_events(events: Sequence[NewEvent], *, now: datetime | None = None) -> list[EventRef]:
    """Append events and note who has to react, in a handful of statements for any number.

    Joins the caller's transaction. A profile that was merged meanwhile is replaced by its
    winner. An event whose ``dedupe_key`` was recorded before is left out, so a repeat appends
    nothing.

    Args:
        events: what happened, oldest first where the order matters.
        now: when it is recorded; aware, the present by default.

    Returns:
        The events that are really new, in the order given.
    """
    if not events:
        return []
    final = lock_final_profiles(
        event.profile_id for event in events if event.profile_id is not None
    )
    moved = {old: new for old, new in final.items() if old != new}
    if moved:
        events = [
            replace(event, profile_id=moved.get(event.profile_id or 0, event.profile_id))
            for event in events
        ]
    return append_resolved(events, now or clock.now())


def append_resolved(events: Sequence[NewEvent], now: datetime) -> list[EventRef]:
    """Append as `append_events`, for a caller that holds the locks of the profiles."""
    if not events:
        return []
    is_plain = not any(event.is_backfill or event.is_first for event in events)
    heard = _list_heard(events) if is_plain else [False] * len(events)
    fresh = _insert(events, heard, now)
    if not fresh:
        return []
    refs = [_ref(event_id, events[place]) for event_id, place in fresh]
    if not is_plain:
        _add_reactions(_find_loud(refs, [events[place] for _, place in fresh]), now)
    elif any(heard[place] for _, place in fresh):
        ring("reactions", current_tenant_id())
    return refs


def handlers_of(name: str) -> tuple[str, ...]:
    """Return who reacts to events of this name, in order."""
    table = event_handlers()
    return table.get(name, table.get(ANY_OTHER, ()))


def list_heard(names: Collection[str], *, is_history: bool = False) -> list[str]:
    """Return those of some names in the table to whose events somebody reacts.

    For statements that write events together with what they tell of (`crm/sql/write_events.sql`).

    Args:
        names: of events that are neither quiet nor first ones.
        is_history: whether they are history, to which whoever has nothing to do does not react.
    """
    idle = _find_idle_for(names) if is_history else frozenset[str]()
    return [name for name in names if not idle.issuperset(handlers_of(name))]


def event_handlers() -> dict[str, tuple[str, ...]]:
    """Return the table of who reacts to what, from the settings."""
    return _read_table(settings.EVENT_HANDLERS)


@functools.cache
def _read_table(path: str) -> dict[str, tuple[str, ...]]:
    """Import a table once: every event looks into it."""
    table: dict[str, tuple[str, ...]] = import_string(path)
    return table


def _insert(
    events: Sequence[NewEvent], heard: Sequence[bool], now: datetime
) -> list[tuple[int, int]]:
    """Append events; returns id and place, from 0, of the new ones, in the order given.

    Args:
        events: what happened.
        heard: whether handlers have to see each, where that is known before; False where it is
            decided by which of them are new.
        now: aware.
    """
    rows: list[tuple[Any, ...]] = [
        (
            event.dedupe_key,
            event.name,
            event.occurred_at,
            event.profile_id,
            event.store_id,
            event.object_id,
            event.source,
            event.properties if type(event.properties) is dict else dict(event.properties),
            event.is_backfill,
            is_heard,
        )
        for event, is_heard in zip(events, heard, strict=True)
    ]
    names = "dedupe_key name occurred_at profile_id store_id object_id source properties"
    fresh = run_kept("crm.append_events", now=now, **columns(f"{names} is_backfill is_heard", rows))
    return [(row.id, row.place - 1) for row in fresh]


def _add_reactions(refs: Sequence[EventRef], now: datetime) -> None:
    rows = [
        (
            ref.event_id,
            ref.name,
            ref.occurred_at,
            ref.profile_id,
            ref.object_id,
            ref.is_backfill,
        )
        for ref in refs
    ]
    if not rows:
        return
    names = "id name occurred_at profile_id object_id is_backfill"
    run_kept("crm.add_reactions", now=now, **columns(names, rows))
    ring("reactions", current_tenant_id())


def find_idle() -> frozenset[str]:
    """Return the handlers that have nothing to do for history of the active tenant now."""
    table: dict[str, str] = import_string(settings.EVENT_HANDLERS_IDLE)
    return frozenset(path for path, asks in table.items() if not (asks and import_string(asks)()))


def _find_loud(refs: Sequence[EventRef], events: Sequence[NewEvent]) -> list[EventRef]:
    """Return which new events have to be seen; of history and of first events the others decide."""
    idle = _find_idle_for({event.name for event in events if event.is_backfill})
    silent = _silent_names(events)
    pairs = zip(refs, events, strict=True)
    return _without_implied([pair for pair in pairs if _is_heard(pair[1], idle, silent)])


def _find_idle_for(names: Collection[str]) -> frozenset[str]:
    """Return the idle handlers; none where every event of these names has one that never is."""
    table: dict[str, str] = import_string(settings.EVENT_HANDLERS_IDLE)
    doubtful = [listed for name in names if (listed := handlers_of(name)) and {*listed} <= {*table}]
    return find_idle() if doubtful else frozenset()


def _is_heard(event: NewEvent, idle: Collection[str], silent: Collection[str]) -> bool:
    """Say whether anybody reacts, to history somebody who has something to do for it."""
    if event.is_quiet or (event.is_backfill and event.name in silent):
        return False
    listed = handlers_of(event.name)
    return any(path not in idle for path in listed) if event.is_backfill else bool(listed)


def _list_heard(events: Sequence[NewEvent]) -> list[bool]:
    """Say of each event, none of them history, whether anybody reacts."""
    listed = {name: bool(handlers_of(name)) for name in {event.name for event in events}}
    return [not event.is_quiet and listed[event.name] for event in events]


def _without_implied(loud: Sequence[tuple[EventRef, NewEvent]]) -> list[EventRef]:
    """Leave out first events of new people that set off nothing beside another one of theirs."""
    implied = _read_implied(settings.EVENT_HANDLERS_IMPLIED, settings.EVENT_HANDLERS)
    happened = {(ref.name, ref.profile_id) for ref, _ in loud}
    return [
        ref
        for ref, event in loud
        if not event.is_first
        or not any((other, ref.profile_id) in happened for other in implied.get(ref.name, ()))
    ]


@functools.cache
def _read_implied(path: str, handlers: str) -> dict[str, list[str]]:
    """Return by name the events that everybody hears who hears an event of this name."""
    table, heard = import_string(path), _read_table(handlers)
    return {
        name: [other for other in others if set(heard.get(name, ())) <= set(heard.get(other, ()))]
        for name, others in table.items()
    }


def _silent_names(events: Iterable[NewEvent]) -> set[str]:
    """Return the names of history that sets off nothing: only flows know them, nobody counts."""
    table = event_handlers()
    names = {event.name for event in events if event.is_backfill and event.name not in table}
    for count in COUNTED if names else ():
        names -= count(names)
    return names


def _ref(event_id: int, event: NewEvent) -> EventRef:
    return EventRef(
        event_id=event_id,
        name=event.name,
        occurred_at=event.occurred_at,
        profile_id=event.profile_id,
        object_id=event.object_id,
        is_backfill=event.is_backfill,
    )
