"""Working off reactions: which handler sees which events next.

The oldest waiting reactions of a tenant form a window. Of all handlers that events in it wait
for, the one that stands first in the tables of `config.event_handlers` gets all of its events at
once. So an event meets its handlers in the listed order, and each handler meets many events.
"""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError, transaction
from django.utils.module_loading import import_string

from crm.services.events import event_handlers
from crm.types import EventRef
from kernel import clock
from kernel.arrays import array
from kernel.batches import Deadline
from kernel.sql import run_sql

WINDOW = 2_000
"""Reactions claimed at once; a handler never gets more."""

Handler = Callable[[list[EventRef]], None]
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Turn:
    """Which claimed rows meet which handler; no handler when nobody reacts any more."""

    path: str
    rows: Sequence[Any]


class _HandlerFailed(Exception):
    def __init__(self, turn: _Turn, cause: Exception) -> None:
        super().__init__(str(cause))
        self.turn = turn
        self.cause = cause


def drain_reactions(deadline: Deadline) -> int:
    """Let handlers see the waiting events of the active tenant, oldest first.

    Each turn is one transaction that holds the claim, what the handler writes, and the step to
    the next handler. A handler that fails is called again with halves of its events until the
    one that it refuses is alone; that one waits with its reason and is tried again later.

    Args:
        deadline: when to stop claiming.

    Returns:
        Steps done; 0 when nothing is due or other workers hold it.

    Raises:
        ImproperlyConfigured: a handler's path cannot be imported.
        OperationalError: the database was lost or chose this turn as a deadlock's victim;
            nothing of the turn is kept, and it is safe to drain again.
    """
    done = 0
    while not deadline.passed:
        try:
            steps = _take_turn(None)
        except _HandlerFailed as failure:
            steps = _isolate(failure)
        if not steps:
            break
        done += steps
    return done


@transaction.atomic
def _take_turn(ids: Sequence[int] | None) -> int:
    claimed = run_sql(
        "crm.claim_reactions",
        now=clock.now(),
        count=WINDOW,
        ids=None if ids is None else array(ids),
    )
    if not claimed:
        return 0
    turn = _choose(claimed)
    if turn.path:
        try:
            find_handler(turn.path)([_ref(row) for row in turn.rows])
        except (ImproperlyConfigured, OperationalError):
            raise
        except Exception as exc:
            raise _HandlerFailed(turn, exc) from exc
    _move_on(turn.rows)
    return len(turn.rows)


def _choose(claimed: Sequence[Any]) -> _Turn:
    waiting: dict[str, list[Any]] = {}
    for row in claimed:
        waiting.setdefault(_next_handler(row), []).append(row)
    path = min(waiting, key=_rank)
    return _Turn(path, waiting[path])


def _next_handler(row: Any) -> str:
    handlers = event_handlers().get(row.event_name, ())
    return handlers[row.stage] if row.stage < len(handlers) else ""


def _rank(path: str) -> int:
    """Return the latest place at which any event meets this handler; -1 for none."""
    places = [handlers.index(path) for handlers in event_handlers().values() if path in handlers]
    return max(places, default=-1)


def _move_on(rows: Sequence[Any]) -> None:
    handlers = event_handlers()
    last = [row.id for row in rows if row.stage + 1 >= len(handlers.get(row.event_name, ()))]
    finished = set(last)
    others = [row.id for row in rows if row.id not in finished]
    if last:
        run_sql("crm.finish_reactions", ids=array(last))
    if others:
        run_sql("crm.advance_reactions", ids=array(others))


def _isolate(failure: _HandlerFailed) -> int:
    """Find the events that a handler refuses; the others go on.

    Returns:
        Rows looked at, so that the drain goes on with the next window.
    """
    ids = [row.id for row in failure.turn.rows]
    if len(ids) == 1:
        _postpone(ids[0], failure)
        return 1
    middle = len(ids) // 2
    for half in (ids[:middle], ids[middle:]):
        try:
            _take_turn(half)
        except _HandlerFailed as smaller:
            _isolate(smaller)
    return len(ids)


@transaction.atomic
def _postpone(reaction_id: int, failure: _HandlerFailed) -> None:
    row = failure.turn.rows[0]
    log.error(
        "handler_failed",
        handler=failure.turn.path,
        event_name=row.event_name,
        event_id=row.event_id,
        exc_info=failure.cause,
    )
    reason = f"{failure.turn.path}: {failure.cause!r}"[:500]
    run_sql("crm.postpone_reaction", id=reaction_id, now=clock.now(), reason=reason)


@functools.cache
def find_handler(path: str) -> Handler:
    """Return the handler behind an import path.

    Raises:
        ImproperlyConfigured: nothing can be imported there.
    """
    try:
        handler: Handler = import_string(path)
    except ImportError as exc:
        raise ImproperlyConfigured(f"event handler {path} cannot be imported: {exc}") from exc
    return handler


def _ref(row: Any) -> EventRef:
    return EventRef(
        event_id=row.event_id,
        name=row.event_name,
        occurred_at=row.occurred_at,
        profile_id=row.profile_id,
        object_id=row.object_id,
        is_backfill=row.is_backfill,
    )
