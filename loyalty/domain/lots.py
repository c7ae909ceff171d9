"""When points are spoken of before they expire, and under which key their expiry is posted."""

from datetime import datetime, timedelta
from typing import Final

WARNINGS: Final = (30, 7, 1)
"""Days before points expire at which their owner is warned, in that order.

`sql/lots_ahead.sql` and `sql/take_due_lots.sql` say the same."""
EXPIRED: Final = len(WARNINGS) + 1
"""The step behind all warnings."""
STALE: Final = timedelta(days=2)
"""What expired longer ago is history, such as points of an order of years ago: no flow starts."""


def expiry_key(lot_id: int, lapses: int) -> str:
    """Return the key of the entry that takes what is left of a lot; another one for each time."""
    return f"lot:{lot_id}:{lapses}" if lapses else f"lot:{lot_id}"


def days_left(expires_at: datetime, now: datetime) -> int:
    """Return how many days points last that have not expired yet, at least 1: begun ones count."""
    return max(1, -((now - expires_at) // timedelta(days=1)))
