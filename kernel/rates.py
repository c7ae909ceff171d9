"""How often something may be done, counted in this process alone: nobody waits for a broker.

With several web processes each counts for itself, so that the limit is per process.
"""

import threading
import time
from typing import Final

KEPT: Final = 10_000
"""Names that are counted at once; beyond it counting begins anew."""


class Rate:
    """So many of each name in one second, by the clock of the process."""

    def __init__(self, per_second: int) -> None:
        self.per_second = per_second
        self._counts: dict[str, tuple[int, int]] = {}
        self._lock = threading.Lock()

    def take(self, name: str) -> int:
        """Count one more.

        Returns:
            0 when it may be done; else how many of this second had to be refused, this one
            included.
        """
        second = int(time.monotonic())
        with self._lock:
            if len(self._counts) > KEPT:
                self._counts.clear()
            known, count = self._counts.get(name, (second, 0))
            count = count + 1 if known == second else 1
            self._counts[name] = (second, count)
        return max(0, count - self.per_second)
