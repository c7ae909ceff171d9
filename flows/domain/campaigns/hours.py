"""The hour of the day at which somebody is most likely to look, by what they did before.

A person's own openings and clicks by local hour are shrunk toward those of everybody: few of their
own say little, so the hour of all wins until they have shown one of their own. Where not even
everybody has done enough, the hour is `USUAL_HOUR`.
"""

from collections.abc import Mapping, Sequence
from typing import Final

HOURS: Final = 24
USUAL_HOUR: Final = 10
LEAST_OF_ALL: Final = 100
"""Openings and clicks of everybody below which nothing is learned from them."""
STRENGTH: Final = 8.0
"""So many openings of one's own weigh as much as what everybody does."""
_NEIGHBOURS: Final = ((-1, 0.25), (0, 0.5), (1, 0.25))


def measure_prior(counts: Mapping[int, int]) -> list[float]:
    """Return the share of each hour in what everybody opened and clicked.

    Args:
        counts: openings and clicks by local hour, 0 to 23.

    Returns:
        24 shares that add up to 1; empty where there is too little to learn from.
    """
    total = sum(counts.values())
    if total < LEAST_OF_ALL:
        return []
    return [
        sum(weight * counts.get((hour + shift) % HOURS, 0) for shift, weight in _NEIGHBOURS) / total
        for hour in range(HOURS)
    ]


def best_hour(own: Mapping[int, int], prior: Sequence[float]) -> int:
    """Return the hour at which somebody gets a message, 0 to 23.

    Args:
        own: their openings and clicks by local hour.
        prior: as `measure_prior` returns it; empty where everybody has done too little.
    """
    if not prior:
        return USUAL_HOUR
    total = sum(own.values())
    scores = [
        (own.get(hour, 0) + STRENGTH * prior[hour]) / (total + STRENGTH) for hour in range(HOURS)
    ]
    return max(range(HOURS), key=lambda hour: (scores[hour], -hour))
