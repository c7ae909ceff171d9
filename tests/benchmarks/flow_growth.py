"""`flow_growth`: advancing as many due runs with few and with many others waiting.

The few are measured in tables of their own size first, and then beside the many in turn.
"""

from tests.benchmarks.flow_advance import DUE, FEW, MANY, PAIRS, Advancing
from tests.benchmarks.measure import Goal, Measured, alternate, compare

FLAT = Goal(1.3)


def run(size: int) -> list[Measured]:
    """Compare few waiting runs with fifty times as many as profiles, up to five million.

    Args:
        size: profiles that would be present.
    """
    many = min(size * 50, MANY)
    small = Advancing(FEW)
    alone = [small.ours() for _ in range(PAIRS + 1)][1:]
    large = Advancing(many)
    floors, runs = alternate(small.ours, large.ours)
    work = f"{DUE} due with {many} waiting runs; the floor: with {FEW}"
    return [
        compare("flow_growth", floors, runs, FLAT, work=f"{work} of another tenant"),
        compare("flow_growth: alone", alone, runs, FLAT, work=f"{work} in all"),
    ]
