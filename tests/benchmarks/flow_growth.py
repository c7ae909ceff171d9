"""`flow_growth`: advancing as many due runs with few and with many others waiting."""

from tests.benchmarks.flow_advance import DUE, FEW, MANY, Advancing
from tests.benchmarks.measure import Goal, Measured, alternate, compare


def run(size: int) -> list[Measured]:
    """Compare few waiting runs with fifty times as many as profiles, up to five million.

    Args:
        size: profiles that would be present.
    """
    many = min(size * 50, MANY)
    small, large = Advancing(FEW), Advancing(many)
    floors, runs = alternate(small.ours, large.ours)
    work = f"{DUE} due with {many} waiting runs; the floor: with {FEW}"
    return [compare("flow_growth", floors, runs, Goal(1.3), work=work)]
