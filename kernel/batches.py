"""Deadlines: a worker gives one tenant and kind of work a short turn, then rings again."""

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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

    def repeat(self, step: Callable[[], int]) -> int:
        """Take a step again and again until one does nothing or the turn is over.

        Args:
            step: does some of the work; returns how much, or whether it did any.

        Returns:
            What all steps did together.
        """
        done = 0
        while not self.passed and (count := step()):
            done += count
        return done


@contextmanager
def uncollected() -> Iterator[None]:
    """Look for no circles of objects meanwhile: of a batch of many, each look goes through all.

    What no circle holds is freed all the same, as soon as nobody refers to it.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
