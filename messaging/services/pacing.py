"""How many messages are looked at and claimed at once, by how fast they leave.

A turn that is cut short for others leaves what it learned to the next one of its process.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from messaging.services.writers.base import Ready

BATCH_SIZE: Final = 10
"""Messages claimed at once however slowly they leave, and always in the first set of a turn."""
CLAIM_SECONDS: Final = 0.02
"""Beyond that a claim holds what leaves in so long: it is what is in doubt when a worker dies."""
FEW_CLAIMED: Final = 20
MOST_CLAIMED: Final = 100
CLAIM_SHARE: Final = 20
"""A claim holds few at most, and in a long turn one in so many of what the turn has handed over.

A turn is long once that is more. While one claim leaves the next is made then, and each of the two
holds half of what leaves in the time, so that no more is in doubt.
"""
FIRST_SET: Final = 50
SET_SIZE: Final = 150
"""Messages that are looked at at once, first in a turn and then: a set costs its statements."""
SET_SECONDS: Final = 0.5
"""Where more than that leave in so long, a set holds them: it must not grow stale."""
LARGEST_SET: Final = 1_000
KEPT_SECONDS: Final = 10.0
"""How long what a turn learned counts for the next one."""
MOST_KEPT: Final = 256

LaneKey = tuple[int, str, int | None]
"""Tenant, channel and account."""


@dataclass(slots=True)
class Pace:
    """What one turn learned of one lane.

    Attributes:
        set_size: of the next set.
        claim_size: of the claims of the next set.
        least: of any claim, such as what a provider takes in one request.
        is_quick: whether the next claim is made while one leaves.
    """

    set_size: int = FIRST_SET
    claim_size: int = BATCH_SIZE
    least: int = BATCH_SIZE
    is_quick: bool = False
    _most: int = LARGEST_SET
    _left: int = 0
    _handed: int = 0
    _hand_over_seconds: float = 0.0

    @classmethod
    def of_lane(cls, together: int) -> "Pace":
        """Return the pace of a turn that has just begun.

        Args:
            together: how many messages the provider takes in one request.
        """
        least = max(BATCH_SIZE, together)
        return cls(claim_size=least, least=least)

    def note(self, count: int, seconds: float) -> None:
        """Keep how long a hand-over took."""
        self._left += count
        self._handed += count
        self._hand_over_seconds += seconds

    def end_set(self, count: int, seconds: float) -> None:
        """Choose the sizes of what comes next, after a set that was worked off.

        Args:
            count: messages of the set.
            seconds: that it took in all.
        """
        wanted = int(count * SET_SECONDS / seconds) if seconds > 0 else LARGEST_SET
        self.set_size = min(self._most, max(SET_SIZE, min(wanted, 2 * max(count, SET_SIZE))))
        self._most = min(LARGEST_SET, 2 * self._most)
        spent = self._hand_over_seconds
        if self._handed and spent > 0:
            is_long = self._left >= FEW_CLAIMED * CLAIM_SHARE
            leaving = int(self._handed * CLAIM_SECONDS / spent) // (2 if is_long else 1)
            most = min(MOST_CLAIMED, max(FEW_CLAIMED, self._left // CLAIM_SHARE))
            self.claim_size = max(self.least, min(most, leaving))
            self.is_quick = is_long and leaving >= self.least
        self._handed, self._hand_over_seconds = 0, 0.0

    def shrink(self, size: int) -> None:
        """Look at fewer: so many took longer than what was found out stays true."""
        self.set_size = self._most = max(BATCH_SIZE, size // 4)

    def split(self, ready: Sequence[Ready]) -> Iterator[Sequence[Ready]]:
        """Return what is ready, as many at a time as are claimed."""
        for place in range(0, len(ready), self.claim_size):
            yield ready[place : place + self.claim_size]


_kept: dict[LaneKey, tuple[float, Pace]] = {}


def take_pace(key: LaneKey, *, together: int) -> Pace:
    """Return the pace of a turn that begins.

    Args:
        key: of its lane.
        together: how many messages the provider takes in one request.
    """
    kept_at, pace = _kept.pop(key, (0.0, None))
    if pace is not None and time.monotonic() - kept_at < KEPT_SECONDS:
        return pace
    return Pace.of_lane(together)


def keep_pace(key: LaneKey, pace: Pace) -> None:
    """Keep what a turn learned that was cut short."""
    if len(_kept) >= MOST_KEPT:
        _kept.clear()
    _kept[key] = (time.monotonic(), pace)
