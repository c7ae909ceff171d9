"""Deadlines: a worker gives one tenant and kind of work a short turn, then rings again."""

import time
from dataclasses import dataclass, field

TURN_SECONDS = 0.5
"""How long one tenant's turn of one kind of work may take; a batch that has begun ends first.

Another tenant's order takes four turns until its mail leaves and waits before each of them for
the turns of those who are busy: with 50,000 deliveries waiting, two worker processes and a busy
machine it took 13 seconds with turns of 2 seconds, and 5 with these.
"""


@dataclass(slots=True)
class Deadline:
    """When to stop claiming.

    Attributes:
        seconds: length of the turn; None means until nothing is left.
    """

    seconds: float | None = TURN_SECONDS
    _started: float = field(default_factory=time.monotonic)

    @property
    def passed(self) -> bool:
        """Whether the turn is over."""
        return self.seconds is not None and time.monotonic() - self._started >= self.seconds
