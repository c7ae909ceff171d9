"""The merchant's own cuts of RFM scores, for threshold mode."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from segments.types import RfmBounds

STEPS: Final = 4
"""Cuts of one measure: the lowest values that get scores 2, 3, 4 and 5."""
MOST_DAYS: Final = 730
MOST_ORDERS: Final = 1_000
MOST_PERCENT: Final = 10_000


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Where scores 2, 3, 4 and 5 begin.

    Attributes:
        days: at most so many since the last order, descending.
        orders: at least so many, ascending.
        percents: net revenue of at least so many per cent of the average order, ascending.
    """

    days: tuple[int, int, int, int] = (180, 90, 60, 30)
    orders: tuple[int, int, int, int] = (2, 3, 5, 8)
    percents: tuple[int, int, int, int] = (50, 100, 200, 400)

    def as_json(self) -> dict[str, list[int]]:
        """Return them as they are stored."""
        measures = (self.days, self.orders, self.percents)
        return dict(zip(MEASURES, map(list, measures), strict=True))

    def bounds(self, *, today: date, net_minor: int, order_count: int) -> RfmBounds:
        """Return the bounds that scores are given by.

        Args:
            today: local day from which days since the last order are counted.
            net_minor: net revenue of all buyers in the look-back, by which the average order is
                measured. Where it is not positive, any positive value scores 5.
            order_count: their orders, at least 1.
        """
        days = [today - timedelta(days=count) for count in self.days]
        amounts = [
            max(1, -(-net_minor * percent // (100 * order_count))) for percent in self.percents
        ]
        return RfmBounds(
            recency=(days[0], days[1], days[2], days[3]),
            frequency=self.orders,
            monetary=(amounts[0], amounts[1], amounts[2], amounts[3]),
        )


MEASURES: Final = ("days", "orders", "percents")
USUAL: Final = Thresholds()
_CEILINGS: Final = {"days": MOST_DAYS, "orders": MOST_ORDERS, "percents": MOST_PERCENT}


def read_thresholds(stored: Mapping[str, Any] | None) -> Thresholds:
    """Return the stored cuts; the usual ones where none are stored."""
    if not stored:
        return USUAL
    days, orders, percents = (_four(stored[name]) for name in MEASURES)
    return Thresholds(days, orders, percents)


def find_faults(thresholds: Thresholds) -> dict[str, str]:
    """Return what is wrong with cuts, by measure; empty when all is well."""
    faults = {}
    for name in MEASURES:
        values: tuple[int, ...] = getattr(thresholds, name)
        ordered = values[::-1] if name == "days" else values
        if any(value < 1 or value > _CEILINGS[name] for value in values):
            faults[name] = f"Each must lie between 1 and {_CEILINGS[name]:,}."
        elif list(ordered) != sorted(set(ordered)):
            way = "fewer days" if name == "days" else "more"
            faults[name] = f"Each score must take {way} than the one below it."
    return faults


def _four(values: Sequence[int]) -> tuple[int, int, int, int]:
    first, second, third, fourth = values
    return first, second, third, fourth
