"""How a gate lets a message wait, so that it ends when its moment has passed."""

from datetime import datetime, timedelta

from messaging.services.gating import lateness_of
from messaging.types import PendingMessage, Verdict

OVER = "its moment has passed"


def ask_again(
    message: PendingMessage, now: datetime, every: timedelta, verdict: Verdict
) -> Verdict:
    """Let a message wait for something that may end at any time; it is asked again now and then.

    Returns:
        The verdict with its wait; without one, so that the message is skipped, once it is too
        late for it.
    """
    last = _last_moment(message)
    if last is None:
        return verdict._replace(wait_until=now + every)
    if now >= last:
        return verdict._replace(detail=f"{verdict.detail}; {OVER}")
    return verdict._replace(wait_until=min(now + every, last))


def wait_for(message: PendingMessage, at: datetime, verdict: Verdict) -> Verdict:
    """Let a message wait until a known time; it is skipped at once if it were too late then."""
    last = _last_moment(message)
    return verdict if last is not None and at > last else verdict._replace(wait_until=at)


def _last_moment(message: PendingMessage) -> datetime | None:
    limit = lateness_of(message)
    return None if limit is None else message.planned_at + limit
