"""Timing floor and candidate in turn, and what comes of it."""

import os
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks import machine

KILOBYTE = 1024
METERS: dict[str, Callable[[], float]] = {
    "wall": time.perf_counter,
    "cpu": machine.used_by_us,
}
"""What `timed` reads: seconds that pass, or seconds of CPU of the bench and its servers."""
CHOSEN = "BENCH_METER"
"""In the environment, so that programs of a bench read the same meter."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One line of the report.

    Attributes:
        bench: name, and what it was measured against.
        floor: median of the floor; None when the goal is an absolute figure.
        ours: median of Patron.
        unit: of both, such as ``s``.
        goal: the figure that the ratio, or without a floor the median, is held against.
        at_least: whether the goal is a lower bound.
        work: what one run did, for people.
        floors: every run of the floor.
        runs: every run of Patron.
        memory: peak of our process in bytes; None when the work is not done in it.
    """

    bench: str
    floor: float | None
    ours: float
    unit: str
    goal: float
    at_least: bool
    work: str
    floors: Sequence[float]
    runs: Sequence[float]
    memory: int | None

    @property
    def ratio(self) -> float | None:
        """Ours as a multiple of the floor."""
        return None if self.floor is None else self.ours / self.floor

    @property
    def is_met(self) -> bool:
        """Whether the goal is met."""
        figure = self.ours if self.ratio is None else self.ratio
        return figure >= self.goal if self.at_least else figure <= self.goal


@dataclass(frozen=True, slots=True)
class Goal:
    """What a figure is held against; see shared design, performance."""

    limit: float
    at_least: bool = False
    unit: str = "s"


def choose_meter(name: str) -> None:
    """Have `timed` read another of the `METERS` from now on."""
    os.environ[CHOSEN] = name


def timed(work: Callable[[], object]) -> float:
    """Return the seconds that a piece of work takes, by the chosen meter."""
    read = METERS[os.environ.get(CHOSEN, "wall")]
    start = read()
    work()
    return read() - start


def alternate(
    floor: Callable[[], float], ours: Callable[[], float], *, pairs: int = 5
) -> tuple[list[float], list[float]]:
    """Run both in turn, after one pair that only warms up; the order changes every time.

    Args:
        floor: prepares, runs and returns one figure of the floor.
        ours: likewise of Patron.
        pairs: how many are kept.

    Returns:
        Figures of the floor, figures of Patron.
    """
    floors: list[float] = []
    runs: list[float] = []
    for number in range(pairs + 1):
        order = [(floor, floors), (ours, runs)]
        for work, kept in order if number % 2 else reversed(order):
            kept.append(work())
    return floors[1:], runs[1:]


def compare(
    bench: str, floors: Sequence[float], runs: Sequence[float], goal: Goal, *, work: str
) -> Measured:
    """Put medians beside each other.

    Args:
        bench: name, and what it was measured against.
        floors: empty when the goal is an absolute figure.
        runs: figures of Patron.
        goal: what to hold them against.
        work: what one run did.
    """
    return Measured(
        bench=bench,
        floor=statistics.median(floors) if floors else None,
        ours=statistics.median(runs),
        unit=goal.unit,
        goal=goal.limit,
        at_least=goal.at_least,
        work=work,
        floors=list(floors),
        runs=list(runs),
        memory=peak_memory() if floors else None,
    )


def peak_memory(process: int | str = "self") -> int:
    """Return the peak memory of a process so far, in bytes; of this one, floors included.

    The kernel's own count for a process begins with what its parent held when it was made.
    """
    status = Path(f"/proc/{process}/status").read_text("ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) * KILOBYTE
