"""Token buckets: how many messages may leave now, and when the next ones have their turn.

A bucket refills steadily up to what it may hold. What leaves takes one token each; two workers
that look at once may take a few too many, which the next ones wait for.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

BURST_SECONDS: Final = 10
"""A bucket holds what refills in this time, so that a quiet shop never waits."""
KEPT_SHARE: Final = 0.1
"""Of what a bucket holds marketing leaves this for mails about orders."""
_MINUTE: Final = 60.0


@dataclass(slots=True)
class Bucket:
    """One limit and how far it is used up.

    Attributes:
        kind: ``tenant``, ``domain`` or ``mailbox``.
        name: of the domain or mailbox provider; empty for the tenant's own.
        per_minute: messages a minute, at least 1.
        tokens: what it held at ``at``; below 0 when too much was taken.
        booked_until: up to when its turns are given away.
    """

    kind: str
    name: str
    per_minute: int
    tokens: float
    at: datetime
    booked_until: datetime

    @property
    def capacity(self) -> float:
        """What it holds when it is full."""
        return max(1.0, self.per_minute * BURST_SECONDS / _MINUTE)

    def refill(self, now: datetime) -> None:
        """Bring it up to the present."""
        seconds = max((now - self.at).total_seconds(), 0.0)
        self.tokens = min(self.capacity, self.tokens + seconds * self.per_minute / _MINUTE)
        self.at = now

    def has_token(self, *, is_urgent: bool) -> bool:
        """Say whether one more may leave; marketing does not take the last ones."""
        kept = 0.0 if is_urgent else min(self.capacity * KEPT_SHARE, self.capacity - 1.0)
        return self.tokens >= 1.0 + kept

    def take(self) -> None:
        """Let one leave."""
        self.tokens -= 1.0

    def next_token(self, now: datetime) -> datetime:
        """Return when there may be another token, without a place in the queue."""
        return now + timedelta(seconds=_MINUTE / self.per_minute)

    def book(self, now: datetime) -> datetime:
        """Return when one more that has to wait is looked at again; each gets a time of its own."""
        self.booked_until = max(self.booked_until, now) + timedelta(
            seconds=_MINUTE / self.per_minute
        )
        return self.booked_until
