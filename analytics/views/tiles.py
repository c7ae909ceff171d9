"""Figures as pages show them."""

from dataclasses import dataclass

from analytics.types import Kpi, Target
from kernel.formats import format_money, format_number, format_rate

ROWS = (
    ("net_revenue", "orders", "average_order_value", "refunded", "email_revenue_share"),
    ("new_buyers", "returning_buyers", "repeat_purchase_rate", "lifetime_value", "churn_rate"),
)
"""The key figures as Home and the overview show them."""


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure as the page shows it."""

    key: str
    label: str
    value: str
    current: float | None
    previous: float | None
    good: str
    versus: str
    formula: str
    target: str = ""
    period: str = ""
    is_share: bool = False


def make_tile(kpi: Kpi, currency: str, words: str, *, is_compared: bool = True) -> Tile:
    """Return a figure as a tile, with what it was before; ``words`` say of when it is."""
    has_before = is_compared and kpi.value is not None and kpi.previous is not None
    return Tile(
        key=kpi.key,
        label=kpi.label,
        value=speak_value(kpi.value, kpi.unit, currency),
        current=kpi.value,
        previous=kpi.previous if is_compared else None,
        good=kpi.better,
        versus=f"from {speak_value(kpi.previous, kpi.unit, currency)}" if has_before else "",
        formula=f"{kpi.formula} Period: {words}.",
        target=speak_target(kpi.target) if kpi.target else "",
        is_share=kpi.unit == "rate",
    )


def speak_value(value: float | None, unit: str, currency: str) -> str:
    """Write a value with its unit (``money``, ``rate`` or ``number``); a dash for none."""
    if value is None:
        return "–"
    if unit == "money":
        return format_money(int(value), currency)
    return format_rate(value) if unit == "rate" else format_number(value)


def speak_target(target: Target) -> str:
    """Write where a rate should lie."""
    if target.low is None:
        return f"under {format_rate(target.high)}"
    if target.high is None:
        return f"over {format_rate(target.low)}"
    return f"{format_number(target.low * 100)}–{format_rate(target.high)}"
