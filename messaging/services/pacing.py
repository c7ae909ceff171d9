"""How many messages are looked at and claimed at once, by how fast they leave."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from messaging.services.writers.base import Ready

BATCH_SIZE: Final = 10
"""Messages claimed at once however slowly they leave, and always in the first set of a turn."""
CLAIM_SECONDS: Final = 0.02
"""Beyond that a claim holds what leaves in so long: it is what is in doubt when a worker dies."""
MOST_CLAIMED: Final = 20
FIRST_SET: Final = 50
SET_SIZE: Final = 150
"""Messages that are looked at at once, first in a turn and then: a set costs its statements."""
SET_SECONDS: Final = 0.5
"""Where more than that leave in so long, a set holds them: it must not grow stale."""
LARGEST_SET: Final = 500


@dataclass(slots=True)
class Pace:
    """What one turn learned of one lane.

    Attributes:
        set_size: of the next set.
        claim_size: of the claims of the next set.
    """

    set_size: int = FIRST_SET
    claim_size: int = BATCH_SIZE
    _most: int = LARGEST_SET
    _handed: int = 0
    _hand_over_seconds: float = 0.0

    def note(self, count: int, seconds: float) -> None:
        """Keep how long a hand-over took."""
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
            leaving = int(self._handed * CLAIM_SECONDS / spent)
            self.claim_size = max(BATCH_SIZE, min(MOST_CLAIMED, leaving))
        self._handed, self._hand_over_seconds = 0, 0.0

    def shrink(self, size: int) -> None:
        """Look at fewer: so many took longer than what was found out stays true."""
        self.set_size = self._most = max(BATCH_SIZE, size // 4)

    def split(self, ready: Sequence[Ready]) -> Iterator[Sequence[Ready]]:
        """Return what is ready, as many at a time as are claimed."""
        for place in range(0, len(ready), self.claim_size):
            yield ready[place : place + self.claim_size]
