"""What a campaign or flow earned beyond what people buy anyway: its people against those held out.

Everybody who was drawn to get it counts, also who was left out by a check (intention to treat), so
that both groups differ by the lot alone. The interval is Welch's, with the normal quantile.
"""

import math
from dataclasses import dataclass
from typing import Final

QUANTILE: Final = 1.96
"""Of the normal distribution, for 95 per cent."""
FEWEST: Final = 30
"""People of each group below which no interval says anything."""


@dataclass(frozen=True, slots=True)
class Group:
    """People of one group, with the sum and the sum of squares of what each bought."""

    people: int
    total: int
    squares: int

    @property
    def mean(self) -> float:
        """Revenue per person, in minor units."""
        return self.total / self.people if self.people else 0.0

    @property
    def error(self) -> float:
        """Square of the standard error of the mean."""
        if self.people < 2:  # noqa: PLR2004 one alone has no spread
            return 0.0
        variance = (self.squares - self.total * self.mean) / (self.people - 1)
        return max(0.0, variance) / self.people


@dataclass(frozen=True, slots=True)
class Lift:
    """Revenue beyond what people buy anyway, in minor units, over all who were drawn to get it.

    Attributes:
        low, high: between these it lies with 95 per cent.
        is_known: the interval lies on one side of nothing.
        missing: people to be held out beyond those there are, about, until it is known; 0 where it
            is known, None where the difference is too small to tell how many.
        treated, held_out: people that are compared.
    """

    revenue_minor: int
    low: int
    high: int
    is_known: bool
    missing: int | None
    treated: int
    held_out: int


def measure_lift(treated: Group, held_out: Group) -> Lift:
    """Compare what both groups bought for each of their people; an empty one tells nothing."""
    people = {"treated": treated.people, "held_out": held_out.people}
    if not all(people.values()):
        return Lift(0, 0, 0, is_known=False, missing=_missing(held_out, 0, 0), **people)
    difference = treated.mean - held_out.mean
    error = math.sqrt(treated.error + held_out.error)
    reach = QUANTILE * error
    middle, low, high = (
        round(each * treated.people)
        for each in (difference, difference - reach, difference + reach)
    )
    if min(people.values()) >= FEWEST and abs(difference) > reach:
        return Lift(middle, low, high, is_known=True, missing=0, **people)
    missing = _missing(held_out, difference, reach)
    return Lift(middle, low, high, is_known=False, missing=missing, **people)


def _missing(held_out: Group, difference: float, reach: float) -> int | None:
    least = max(0, FEWEST - held_out.people)
    if difference == 0:
        return least or None
    needed = math.ceil(held_out.people * (reach / difference) ** 2)
    return max(least, needed - held_out.people) or None
