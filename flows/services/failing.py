"""What becomes of a run that cannot pass its node: tried again, skipped, sent away or parked."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from flows.choices import RunStatus
from flows.domain.graph import ways
from flows.domain.steps import Decision
from flows.domain.values import EXIT_RUN, SKIP_NODE, ErrorPolicy
from flows.errors import StepError
from flows.services.walkers import Walker

USUAL: Final = ErrorPolicy()
Follow = Callable[[Walker, Decision], bool]
Record = Callable[[Walker, str], None]


def settle(walker: Walker, reason: str, now: datetime, follow: Follow, record: Record) -> bool:
    """Do with a run what the policy of its node says.

    Args:
        walker: changed in place.
        reason: why it cannot go on, for people.
        now: aware.
        follow: takes a run where a decision says.
        record: writes down a step.

    Returns:
        Whether it can go further at once.
    """
    policy = walker.graph.policies.get(walker.node, USUAL)
    failures = _count(walker)
    wait = policy.wait_before(failures)
    if wait is not None:
        walker.context["failed"] = {
            "node": walker.node,
            "visit": walker.visit,
            "times": failures,
            "reason": reason,
        }
        walker.wake_at = now + wait
        return False
    walker.context.pop("failed", None)
    if policy.then == SKIP_NODE:
        following = _ways_of(walker)
        goto = following[-1][1] if following else None
        return follow(walker, Decision(goto=goto, result=f"skipped: {reason}"))
    if policy.then == EXIT_RUN:
        record(walker, f"exited: {reason}")
        walker.end(RunStatus.EXITED, reason)
    else:
        walker.end(RunStatus.FAILED, reason)
    return False


def _count(walker: Walker) -> int:
    """Return how often it failed at this visit of its node, this time included."""
    before: dict[str, Any] = walker.context.get("failed", {})
    is_same = (before.get("node"), before.get("visit")) == (walker.node, walker.visit)
    return int(before.get("times", 0)) + 1 if is_same else 1


def _ways_of(walker: Walker) -> tuple[tuple[str, str], ...]:
    try:
        return ways(walker.standing)
    except StepError:
        return ()
