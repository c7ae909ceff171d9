"""Which way of an A/B split is the best one, and how sure that is. Pure.

The mean of each way is known up to its standard error; the chance that it is the largest of all is
integrated. A share of opens or clicks is smoothed by one success and one failure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import erf, sqrt
from typing import Final

LEAST: Final = 500
"""Recipients of each way before anything is decided."""
SURE: Final = 0.9
_STEPS: Final = 2_000
_REACH: Final = 6.0


@dataclass(frozen=True, slots=True)
class Measured:
    """What one way brought.

    Attributes:
        recipients: people who were sent a message on it.
        total: opens, clicks, or revenue in minor units, of all of them.
        squares: sum of the squares of each one's; of yes and no it equals ``total``.
    """

    recipients: int
    total: float
    squares: float


def win_chances(ways: Mapping[str, Measured]) -> dict[str, float]:
    """Return the chance of each way to be the best one; they add up to 1."""
    curves = {name: _curve(way) for name, way in ways.items()}
    if len(curves) < 2:  # noqa: PLR2004 one way has no rival
        return dict.fromkeys(curves, 1.0)
    low = min(mean - _REACH * error for mean, error in curves.values())
    high = max(mean + _REACH * error for mean, error in curves.values())
    points = [low + (high - low) * at / _STEPS for at in range(_STEPS + 1)]
    below = {name: [_share_below(x, *curve) for x in points] for name, curve in curves.items()}
    chances = {name: _integrate(name, below) for name in curves}
    whole = sum(chances.values())
    return {name: chance / whole for name, chance in chances.items()}


def find_winner(ways: Mapping[str, Measured]) -> str:
    """Return the way that has won; empty while too few were reached or nothing is sure."""
    if len(ways) < 2 or any(way.recipients < LEAST for way in ways.values()):  # noqa: PLR2004
        return ""
    chances = win_chances(ways)
    best = max(chances, key=lambda name: chances[name])
    return best if chances[best] >= SURE else ""


def _integrate(name: str, below: Mapping[str, Sequence[float]]) -> float:
    """Add up how likely this way lies at each point and all others below it."""
    own, others = below[name], [shares for key, shares in below.items() if key != name]
    chance = 0.0
    for at in range(len(own) - 1):
        all_below = 1.0
        for shares in others:
            all_below *= (shares[at] + shares[at + 1]) / 2
        chance += (own[at + 1] - own[at]) * all_below
    return chance


def _curve(way: Measured) -> tuple[float, float]:
    """Return mean and standard error."""
    number = way.recipients + 2
    mean = (way.total + (1 if way.squares == way.total else 0)) / number
    spread = (way.squares + (1 if way.squares == way.total else 0)) / number - mean * mean
    return mean, sqrt(max(spread, 1e-12) / number)


def _share_below(x: float, mean: float, error: float) -> float:
    return (1 + erf((x - mean) / (error * sqrt(2)))) / 2
