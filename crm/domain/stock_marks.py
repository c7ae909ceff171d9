"""When a stock may be called low."""

from typing import Final

LOW_MARKS: Final = (100, 50, 25, 20, 15, 10, 5, 4, 3, 2, 1)
"""Pieces at which a variant may be called low: it is told when one of them is passed."""


def passes_mark(before: int, after: int) -> bool:
    """Say whether a stock that sinks passes a mark, and something is left."""
    return after > 0 and any(before > mark >= after for mark in LOW_MARKS)
