"""RFM: how buyers are scored on recency, frequency and monetary value, and grouped.

Both modes come down to the same thing: the lowest value that gets each of the scores 2 to 5.
SQL finds and applies these bounds for a whole tenant; the functions here are the plain reference
that tests and ``verify`` compare it with.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final, TypeVar

from segments.types import BuyerMeasures, RfmBounds, Scores

LOOKBACK_MONTHS: Final = 24
QUANTILE_FROM_BUYERS: Final = 200
TOP_SCORE: Final = 5
RECENCY_DAYS: Final = (180, 90, 60, 30)
"""At most so many days since the last order for scores 2, 3, 4 and 5."""
FREQUENCY_ORDERS: Final = (2, 3, 5, 8)
MONETARY_HALVES: Final = (1, 2, 4, 8)
"""Halves of the store's average order value for scores 2, 3, 4 and 5."""

GROUP_LABELS: Final = {
    "champions": "Champions",
    "loyal": "Loyal",
    "potential": "Potential",
    "promising": "Promising",
    "one_time_lapsed": "One-time lapsed",
    "needs_attention": "Needs attention",
    "at_risk": "At risk",
    "lapsed_regular": "Lapsed regular",
    "lost": "Lost",
}
"""Every group in the order in which the rules are tried."""

Value = TypeVar("Value", date, int)


def choose_mode(forced: str, buyers: int) -> str:
    """Return how scores are cut: the merchant's choice, else quantiles from 200 buyers on."""
    return forced or ("quantile" if buyers >= QUANTILE_FROM_BUYERS else "thresholds")


def group_of(recency: int, frequency: int, monetary: int, *, order_count: int) -> str:
    """Return the group of a buyer; the first rule that fits wins, and every buyer has one.

    Args:
        recency: score of 1 to 5.
        frequency: likewise.
        monetary: likewise.
        order_count: orders in the look-back, at least 1.
    """
    one_order = order_count == 1
    was_regular = frequency >= 3 or monetary >= 4  # noqa: PLR2004 scores
    rules = (
        ("champions", recency >= 4 and frequency >= 4 and monetary >= 4),  # noqa: PLR2004
        ("loyal", recency >= 3 and frequency >= 4),  # noqa: PLR2004
        ("potential", one_order and recency >= 4),  # noqa: PLR2004
        ("promising", recency >= 4),  # noqa: PLR2004
        ("one_time_lapsed", one_order),
        ("needs_attention", recency == 3),  # noqa: PLR2004
        ("at_risk", recency == 2),  # noqa: PLR2004
        ("lapsed_regular", was_regular),
    )
    return next((group for group, fits in rules if fits), "lost")


def score_of(value: Value, bounds: Sequence[Value]) -> int:
    """Return the score of a value: 1, and one more for each bound that it reaches.

    Args:
        value: the measure, in the unit of ``bounds``.
        bounds: four ascending values, the lowest that get scores 2, 3, 4 and 5.
    """
    return 1 + sum(1 for bound in bounds if value >= bound)


def score_buyer(buyer: BuyerMeasures, bounds: RfmBounds) -> Scores:
    """Return scores and group of one buyer by given bounds."""
    recency = score_of(buyer.last_order_on, bounds.recency)
    frequency = score_of(buyer.order_count, bounds.frequency)
    monetary = score_of(buyer.net_minor, bounds.monetary)
    group = group_of(recency, frequency, monetary, order_count=buyer.order_count)
    return Scores(recency, frequency, monetary, group)


def score_by_share(values: Sequence[Value]) -> list[int]:
    """Score values by their share among each other; the definition, written plainly.

    Returns:
        For each value 1 + ⌊5 × share of values strictly smaller⌋, in the order given; equal
        values get equal scores.

    Source: the reference that `quantile_bounds` and the SQL are tested against.
    """
    rank: dict[Value, int] = {}
    for position, value in enumerate(sorted(values)):
        rank.setdefault(value, position + 1)
    return [1 + TOP_SCORE * (rank[value] - 1) // len(values) for value in values]


def quantile_bounds(buyers: Sequence[BuyerMeasures]) -> RfmBounds:
    """Return the bounds that score buyers by their share among each other.

    Args:
        buyers: all of them, at least one.
    """
    return bounds_above(
        _share_edges([buyer.last_order_on for buyer in buyers]),
        _share_edges([buyer.order_count for buyer in buyers]),
        _share_edges([buyer.net_minor for buyer in buyers]),
    )


def bounds_above(days: Sequence[date], counts: Sequence[int], amounts: Sequence[int]) -> RfmBounds:
    """Return the bounds just above the highest values that still get scores 1, 2, 3 and 4.

    Args:
        days: four such days of the last order, ascending; likewise the orders and minor units.
        counts: orders.
        amounts: net revenue in minor units.
    """
    day = timedelta(days=1)
    return RfmBounds(
        recency=(days[0] + day, days[1] + day, days[2] + day, days[3] + day),
        frequency=(counts[0] + 1, counts[1] + 1, counts[2] + 1, counts[3] + 1),
        monetary=(amounts[0] + 1, amounts[1] + 1, amounts[2] + 1, amounts[3] + 1),
    )


def threshold_bounds(*, today: date, net_minor: int, order_count: int) -> RfmBounds:
    """Return the fixed bounds of ``thresholds`` mode.

    Args:
        today: local day from which days since the last order are counted.
        net_minor: net revenue of all buyers in the look-back; the average order value is this
            divided by their orders. Where it is not positive, any positive value scores 5.
        order_count: their orders, at least 1.
    """
    days = [today - timedelta(days=count) for count in RECENCY_DAYS]
    amounts = [max(1, -(-net_minor * halves // (2 * order_count))) for halves in MONETARY_HALVES]
    return RfmBounds(
        recency=(days[0], days[1], days[2], days[3]),
        frequency=FREQUENCY_ORDERS,
        monetary=(amounts[0], amounts[1], amounts[2], amounts[3]),
    )


def _share_edges(values: Sequence[Value]) -> list[Value]:
    """Return the highest values that still get scores 1, 2, 3 and 4.

    A value gets at least score s when ⌈buyers × (s − 1) / 5⌉ values are strictly smaller, that
    is when it exceeds the value at that place.
    """
    ordered = sorted(values)
    return [ordered[(len(ordered) * step + 4) // TOP_SCORE - 1] for step in range(1, TOP_SCORE)]
