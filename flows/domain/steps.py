"""What a run does at a node. Decides and does nothing."""

from dataclasses import dataclass
from datetime import datetime
from typing import assert_never
from zoneinfo import ZoneInfo

from flows.domain.delays import due_at
from flows.domain.graph import Delay, Exit, Message, Node, Split


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do with a run.

    Attributes:
        goto: the next node; None: it stays (``wake_at`` is set) or the run is over.
        wake_at: aware UTC; the run waits at this node until then.
        result: the step to record; empty while it waits.
        message: the message to queue.
        exit_reason: why the run is over, when an exit node says so.
    """

    goto: str | None = None
    wake_at: datetime | None = None
    result: str = ""
    message: Message | None = None
    exit_reason: str = ""


def decide(
    node: Node, *, now: datetime, zone: ZoneInfo, is_waiting: bool, is_met: bool
) -> Decision:
    """Return what a run standing on ``node`` does next.

    Args:
        node: where the run stands.
        now: aware UTC time of the decision.
        zone: where the profile lives, for local times.
        is_waiting: at a delay: whether its wait was begun and is now over.
        is_met: at a split: whether its condition holds for the profile, evaluated for the
            whole batch beforehand.
    """
    match node:
        case Delay(next=key):
            if is_waiting:
                return Decision(goto=key, result="waited")
            return Decision(wake_at=due_at(node, now, zone))
        case Message(next=key):
            return Decision(goto=key, result="queued", message=node)
        case Split(yes=yes, no=no):
            return Decision(goto=yes if is_met else no, result="yes" if is_met else "no")
        case Exit(reason=reason):
            return Decision(result="exit", exit_reason=reason)
        case _:
            assert_never(node)
