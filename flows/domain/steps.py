"""What a run does at a node. Decides and does nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from flows.domain.delays import due_at, shift, zone_of
from flows.domain.graph import Delay, Exit, Message, Node, Split, ways
from flows.domain.nodes import (
    AGAIN,
    ELSE,
    PAST,
    REACHED,
    RESULTS,
    TIMEOUT,
    Act,
    Choice,
    DateWait,
    Deed,
    EventWait,
    Goal,
    Jump,
    StockWait,
    TaskOpening,
    TaskWait,
    Wait,
)

GOAL: Final = "goal"
LOOK_DAILY: Final = timedelta(days=1)
"""Nobody says when stock rises from little to enough, so who waits for more looks by themselves."""
SECOND_LOOK: Final = timedelta(minutes=1)
"""After this everybody sees that somebody waits; until then stock may come back unnoticed."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What was found out about one run at its node, for the whole batch beforehand.

    Attributes:
        way: the word of the way that it goes; empty: nothing says so yet.
        at: at a wait for a date: when it is over; None: there is no date.
        until: of a wait that was begun: when it ends at the latest.
        visit: which visit of the node this is, from 1.
    """

    way: str = ""
    at: datetime | None = None
    until: datetime | None = None
    visit: int = 1


NOTHING: Final = Asked()
_WAITS: Final = (Delay, DateWait, EventWait, StockWait, TaskWait)
_ENDS: Final = (Exit, Goal)
_DEEDS: Final = (Message, Act)


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do with a run.

    Attributes:
        goto: the next node; None: it stays (``wake_at`` is set) or the run is over.
        wake_at: aware UTC; the run waits at this node until then, or looks again then.
        until: aware UTC; when the wait that begins is over at the latest.
        result: the step to record; empty while it waits.
        message: the message to queue.
        effect: what to do beside.
        exit_reason: why the run is over, when an end says so.
    """

    goto: str | None = None
    wake_at: datetime | None = None
    until: datetime | None = None
    result: str = ""
    message: Message | None = None
    effect: Deed | None = None
    exit_reason: str = ""


def decide(
    node: Node,
    *,
    now: datetime,
    zone: ZoneInfo,
    is_waiting: bool,
    is_met: bool,
    asked: Asked = NOTHING,
) -> Decision:
    """Return what a run standing on ``node`` does next.

    Args:
        node: where the run stands.
        now: aware UTC time of the decision.
        zone: where the profile lives, for local times.
        is_waiting: whether its wait at this node was begun.
        is_met: at a split: whether its condition holds for the profile, evaluated for the
            whole batch beforehand.
        asked: what else was found out beforehand.
    """
    if isinstance(node, _WAITS):
        decision = _wait(node, now, zone, is_waiting=is_waiting, asked=asked)
    elif isinstance(node, _ENDS):
        decision = _end(node)
    elif isinstance(node, _DEEDS):
        decision = _do(node)
    else:
        decision = _go(dict(ways(node)), _choose(node, asked, is_met=is_met))
    return decision


def _do(node: Message | Act) -> Decision:
    if isinstance(node, Message):
        return Decision(goto=node.next, result="queued", message=node)
    return Decision(goto=node.next, result=RESULTS[type(node.effect)], effect=node.effect)


def _end(node: Exit | Goal) -> Decision:
    if isinstance(node, Exit):
        return Decision(result="exit", exit_reason=node.reason)
    return Decision(result=GOAL, exit_reason=f"{GOAL}: {node.name}")


def _choose(node: Split | Choice | Jump, asked: Asked, *, is_met: bool) -> str:
    if isinstance(node, Split):
        return "yes" if is_met else "no"
    if isinstance(node, Jump):
        return AGAIN if asked.visit <= node.max_visits else ELSE
    return asked.way


def _wait(
    node: Delay | Wait,
    now: datetime,
    zone: ZoneInfo,
    *,
    is_waiting: bool,
    asked: Asked,
) -> Decision:
    match node:
        case Delay(next=key):
            if is_waiting:
                return Decision(goto=key, result="waited")
            return Decision(wake_at=due_at(node, now, zone_of(node.zone, zone)))
        case DateWait():
            return _wait_for_date(node, now, is_waiting=is_waiting, at=asked.at)
        case _:
            until = asked.until or shift(now, node.timeout, zone)
            if asked.way or (is_waiting and until <= now):
                return _go(dict(node.ways), asked.way or TIMEOUT)
            wake_at = _look_again(node, now, until, is_waiting=is_waiting)
            opening = None
            if isinstance(node, TaskWait) and not is_waiting:
                opening = TaskOpening(node.title, node.assignee, node.due)
            return Decision(wake_at=wake_at, until=until, effect=opening)


def _wait_for_date(
    node: DateWait, now: datetime, *, is_waiting: bool, at: datetime | None
) -> Decision:
    if is_waiting or at == now:
        return _go(dict(node.ways), REACHED)
    if at is None or at < now:
        return _go(dict(node.ways), PAST)
    return Decision(wake_at=at)


def _look_again(
    node: EventWait | StockWait | TaskWait, now: datetime, until: datetime, *, is_waiting: bool
) -> datetime:
    """Return when to look next.

    Stock is looked at once more, as it may come back meanwhile; and daily by who wants several
    pieces, as it is told only when stock comes back at all.
    """
    if isinstance(node, StockWait) and not is_waiting:
        return min(until, now + SECOND_LOOK)
    if isinstance(node, StockWait) and node.min_units > 1:
        return min(until, now + LOOK_DAILY)
    return until


def _go(ways: Mapping[str, str], word: str) -> Decision:
    return Decision(goto=ways[word], result=word)
