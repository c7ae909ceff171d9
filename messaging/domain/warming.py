"""How many mails a day a new sender may send, so that mailboxes get to know it.

The volume grows by the same factor each day, from the first day's to the last day's.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from messaging.domain.mailboxes import GMAIL, GMX, ICLOUD, OTHER, OUTLOOK, YAHOO

FIRST: Final = 200
LAST: Final = 200_000
DAYS: Final = 42
"""What a plan is unless somebody says otherwise."""
SHARES: Final[Mapping[str, float]] = {
    GMAIL: 0.4,
    OUTLOOK: 0.2,
    YAHOO: 0.15,
    ICLOUD: 0.05,
    GMX: 0.05,
    OTHER: 0.15,
}
"""Of a day's mails, by provider of mailboxes: each of them gets to know a sender by itself."""
STEP: Final = timedelta(minutes=15)
"""So much later than those who take an interest the others have their turn, by each step."""
ENGAGED_DAYS: Final = (30, 90)
"""Who opened, clicked, visited or bought in the first goes first, in the second next."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One plan.

    Attributes:
        first, last: mails a day on its first and on its last day.
        days: at least 2.
        started_on: of the merchant's calendar.
        paused_on: since when it does not grow; None while it does.
        paused_days: of pauses that are over.
    """

    first: int
    last: int
    days: int
    started_on: date
    paused_on: date | None = None
    paused_days: int = 0

    def number(self, today: date) -> int:
        """Return which day of the plan it is, from 1 on; days of a pause do not count."""
        until = today if self.paused_on is None else min(self.paused_on, today)
        return max((until - self.started_on).days - self.paused_days, 0) + 1

    def is_through(self, today: date) -> bool:
        """Say whether all its days are over, so that it limits nothing any more."""
        return self.number(today) > self.days

    def volume(self, today: date) -> int:
        """Return how many mails may leave today, for all mailboxes together."""
        return self.volume_of(self.number(today))

    def volume_of(self, number: int) -> int:
        """Return how many mails may leave on a day of the plan.

        Source: Ghost's warm-up, ``start * (end / start) ** (day / (days - 1))``.
        """
        part = min(number - 1, self.days - 1) / (self.days - 1)
        factor: float = (self.last / self.first) ** part
        return round(self.first * factor)

    def share(self, mailbox: str, today: date) -> int:
        """Return how many of today's mails may go to a provider of mailboxes; at least 1."""
        return max(round(self.volume(today) * SHARES.get(mailbox, SHARES[OTHER])), 1)
