"""Working off reactions: which handler sees which events next.

The oldest waiting reactions of a tenant form a window. Of all handlers that events in it wait
for, the one that stands first in the tables of `config.event_handlers` gets all of its events at
once. So an event meets its handlers in the listed order, and each handler meets many events.
Neighbours that are listed as sharing a transaction follow each other in one turn.
"""

import functools
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError, transaction
from django.utils.module_loading import import_string

from crm.services.events import event_handlers, find_idle, handlers_of
from crm.types import EventRef
from kernel import clock
from kernel.arrays import array
from kernel.batches import Deadline
from kernel.sql import run_sql

WINDOW = 2_000
"""Reactions claimed at once; a handler never gets more."""

Handler = Callable[[list[EventRef]], None]
log = structlog.get_logger(__name__)


@dataclass(slots=True, eq=False)
class _Claimed:
    """One reaction of a window, and the place of its next handler."""

    id: int
    stored_stage: int
    stage: int
    ref: EventRef


@dataclass(frozen=True, slots=True)
class _Step:
    """Which reactions meet which handler; no handler when nobody reacts any more."""

    path: str
    reactions: Sequence[_Claimed]


class _Idle:
    """Handlers that history passes by in one turn; asked for once, when they would have theirs."""

    def __init__(self) -> None:
        self._table: dict[str, str] = import_string(settings.EVENT_HANDLERS_IDLE)
        self._found: frozenset[str] | None = None

    def pass_by(self, one: _Claimed) -> None:
        """Move a reaction on to the next handler that may have something to do for it."""
        listed = handlers_of(one.ref.name)
        while one.stage < len(listed) and listed[one.stage] in self._table:
            if self._found is None:
                self._found = find_idle()
            if listed[one.stage] not in self._found:
                return
            one.stage += 1


class _HandlerFailed(Exception):
    def __init__(self, step: _Step, cause: Exception, *, is_first: bool) -> None:
        super().__init__(str(cause))
        self.step = step
        self.cause = cause
        self.is_first = is_first
        """Whether no other handler had run in the same transaction."""


def drain_reactions(deadline: Deadline) -> int:
    """Let handlers see the waiting events of the active tenant, oldest first.

    Each turn is one transaction that holds the claim, what the handlers write, and the step to
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
def _take_turn(ids: Sequence[int] | None, *, is_alone: bool = False) -> int:
    """Claim a window, let its next handlers see their events, move the reactions on.

    Args:
        ids: reactions to claim among; None for any.
        is_alone: one handler only, even where its neighbours share its transaction.
    """
    claimed = _claim(ids)
    step = _choose(claimed)
    if step is None:
        return 0
    together = () if is_alone else _together_with(step.path)
    idle = _Idle()
    done = 0
    while step is not None and (not done or step.path in together):
        _meet(step, idle, is_first=not done)
        done += len(step.reactions)
        step = _choose(claimed)
    _move_on(claimed)
    return done


def _claim(ids: Sequence[int] | None) -> list[_Claimed]:
    rows = run_sql(
        "crm.claim_reactions",
        now=clock.now(),
        count=WINDOW,
        ids=None if ids is None else array(ids),
    )
    return [_Claimed(row.id, row.stage, row.stage, _ref(row)) for row in rows]


def _choose(claimed: Sequence[_Claimed]) -> _Step | None:
    """Return the next step of a window; None when every reaction has met its last handler."""
    waiting: dict[tuple[str, int], list[_Claimed]] = {}
    for one in claimed:
        waiting.setdefault((one.ref.name, one.stage), []).append(one)
    steps: dict[str, list[_Claimed]] = {}
    for (name, stage), group in waiting.items():
        listed = handlers_of(name)
        if stage < len(listed):
            steps.setdefault(listed[stage], []).extend(group)
        elif stage == group[0].stored_stage:
            steps.setdefault("", []).extend(group)
    if not steps:
        return None
    path = min(steps, key=_rank)
    return _Step(path, sorted(steps[path], key=lambda one: one.id))


def _rank(path: str) -> int:
    """Return the latest place at which any event meets this handler; -1 for none."""
    places = [handlers.index(path) for handlers in event_handlers().values() if path in handlers]
    return max(places, default=-1)


def _together_with(path: str) -> Collection[str]:
    """Return the handlers that share a transaction with one."""
    groups: tuple[tuple[str, ...], ...] = import_string(settings.EVENT_HANDLERS_TOGETHER)
    return next((group for group in groups if path in group), ())


def _meet(step: _Step, idle: _Idle, *, is_first: bool) -> None:
    if step.path:
        try:
            find_handler(step.path)([one.ref for one in step.reactions])
        except (ImproperlyConfigured, OperationalError):
            raise
        except Exception as exc:
            raise _HandlerFailed(step, exc, is_first=is_first) from exc
    for one in step.reactions:
        one.stage += 1
        if one.ref.is_backfill:
            idle.pass_by(one)


def _move_on(claimed: Sequence[_Claimed]) -> None:
    finished: list[int] = []
    moved: dict[int, list[int]] = {}
    for one in claimed:
        if steps := one.stage - one.stored_stage:
            is_last = one.stage >= len(handlers_of(one.ref.name))
            (finished if is_last else moved.setdefault(steps, [])).append(one.id)
    if finished:
        run_sql("crm.finish_reactions", ids=array(finished))
    for steps, ids in moved.items():
        run_sql("crm.advance_reactions", ids=array(ids), steps=steps)


def _isolate(failure: _HandlerFailed) -> int:
    """Find the events that a handler refuses; the others go on.

    Returns:
        Reactions looked at, so that the drain goes on with the next window.
    """
    ids = [one.id for one in failure.step.reactions]
    if len(ids) == 1:
        _refuse(ids[0], failure)
        return 1
    middle = len(ids) // 2
    for half in (ids[:middle], ids[middle:]):
        try:
            _take_turn(half)
        except _HandlerFailed as smaller:
            _isolate(smaller)
    return len(ids)


def _refuse(reaction_id: int, failure: _HandlerFailed) -> None:
    """Let a reaction wait for the handler that refuses it; what came before that is kept."""
    if not failure.is_first:
        try:
            while _take_turn([reaction_id], is_alone=True):
                pass
        except _HandlerFailed as again:
            failure = again
        else:
            return
    _postpone(reaction_id, failure)


@transaction.atomic
def _postpone(reaction_id: int, failure: _HandlerFailed) -> None:
    ref = failure.step.reactions[0].ref
    log.error(
        "handler_failed",
        handler=failure.step.path,
        event_name=ref.name,
        event_id=ref.event_id,
        exc_info=failure.cause,
    )
    reason = f"{failure.step.path}: {failure.cause!r}"[:500]
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
        row.event_id,
        row.event_name,
        row.occurred_at,
        row.profile_id,
        row.object_id,
        row.is_backfill,
    )
