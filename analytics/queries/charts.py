"""The charts of the overview: what each draws, in which unit, by which formula."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from analytics.queries.kpis import (
    CHURN_DAYS,
    CHURN_MONTH_DAYS,
    CHURN_TARGET,
    CLICK_DAYS,
    EMAIL_TARGET,
    REPEAT_TARGET,
)
from analytics.types import PartFigures, Target
from kernel.formats import format_number, format_rate

Value = int | float | None
Measure = Callable[[PartFigures], Value]


@dataclass(frozen=True, slots=True)
class Line:
    """One series of a chart.

    Attributes:
        key: heading of its column in the file.
        measure: its value of one part; None where nothing can be divided.
        is_compared: whether the other period stands beside it in grey.
    """

    key: str
    name: str
    measure: Measure
    is_compared: bool = True


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart.

    Attributes:
        kind: ``area``, ``line``, ``bar`` or ``stacked``.
        unit: ``money`` (minor units), ``number`` or ``percent`` (0 to 1).
        height: ``small``, or empty.
    """

    key: str
    title: str
    kind: str
    unit: str
    formula: str
    lines: Sequence[Line]
    target: Target | None = None
    height: str = "small"

    @property
    def text(self) -> str:
        """Say the target, where there is one."""
        if self.target is None:
            return ""
        if self.target.low is None:
            return f"Target under {format_rate(self.target.high)}"
        return f"Target {format_number(self.target.low * 100)}–{format_rate(self.target.high)}"

    @property
    def targets(self) -> list[tuple[str, float]]:
        """The ends of the target, each named by its value."""
        if self.target is None:
            return []
        ends = [end for end in (self.target.low, self.target.high) if end is not None]
        return [(f"Target {format_rate(end)}", end) for end in ends]


def _divide(part: int, whole: int) -> float | None:
    return part / whole if whole > 0 else None


def _mean(total: int, count: int) -> int | None:
    return round(total / count) if count else None


CHARTS: dict[str, Chart] = {
    chart.key: chart
    for chart in (
        Chart(
            "revenue",
            "Net revenue",
            "area",
            "money",
            "Gross revenue minus what was refunded in the same time, whenever it was ordered.",
            [Line("net_revenue", "Net revenue", lambda part: part.net)],
            height="",
        ),
        Chart(
            "orders",
            "Orders",
            "bar",
            "number",
            "Orders that are no test, not cancelled and not voided.",
            [Line("orders", "Orders", lambda part: part.orders)],
        ),
        Chart(
            "order-value",
            "Average order value",
            "line",
            "money",
            "What was paid ÷ orders, before refunds.",
            [Line("average_order_value", "Average", lambda part: _mean(part.gross, part.orders))],
        ),
        Chart(
            "buyers",
            "Buyers",
            "stacked",
            "number",
            "People who ordered, each counted once per bar: for the first time, or again. People"
            " who order for the first time and again in one bar are new.",
            [
                Line("new_buyers", "New", lambda part: part.new_buyers, is_compared=False),
                Line(
                    "returning_buyers",
                    "Returning",
                    lambda part: part.buyers - part.new_buyers,
                    is_compared=False,
                ),
            ],
        ),
        Chart(
            "email-share",
            "Email revenue share",
            "line",
            "percent",
            f"Net revenue of orders placed within {CLICK_DAYS} days after a person clicked in an"
            " email ÷ net revenue of all orders of the same time.",
            [
                Line(
                    "email_revenue_share",
                    "Email share",
                    lambda part: _divide(part.email_net, part.ordered_net),
                )
            ],
            EMAIL_TARGET,
        ),
        Chart(
            "repeat-rate",
            "Repeat purchase rate",
            "line",
            "percent",
            "People with two or more orders ÷ people with at least one, of all time up to the"
            " point.",
            [
                Line(
                    "repeat_purchase_rate",
                    "Repeat rate",
                    lambda part: _divide(part.repeat_buyers, part.all_buyers),
                )
            ],
            REPEAT_TARGET,
        ),
        Chart(
            "churn",
            "Churn",
            "line",
            "percent",
            f"In the {CHURN_MONTH_DAYS} days to each point: buyers who passed {CHURN_DAYS} days"
            " without an order ÷ buyers active at their start.",
            [Line("churn_rate", "Churn", lambda part: _divide(part.churned, part.active))],
            CHURN_TARGET,
        ),
        Chart(
            "lifetime-value",
            "Lifetime value",
            "line",
            "money",
            "Net revenue of all buyers up to the point ÷ those buyers.",
            [
                Line(
                    "lifetime_value",
                    "Per buyer",
                    lambda part: _mean(part.lifetime_net, part.all_buyers),
                )
            ],
        ),
    )
}
