"""What one person likes, by what they bought: categories, brands and prices."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from kernel.formats import format_money
from kernel.scope import current_tenant_id
from kernel.sql import run_sql
from tenants.queries import get_tenant

ORDERS: Final = 500
"""The newest so many orders say it."""
MOST: Final = 3
_KINDS: Final = (("category", "Categories"), ("brand", "Brands"), ("price", "Price of a piece"))


@dataclass(frozen=True, slots=True)
class Taste:
    """One thing that somebody likes.

    Attributes:
        score: share of their orders that hold it, in per cent; an order counts half as much as
            one that is a year younger.
        last_at: when they last bought it.
    """

    words: str
    score: int
    last_at: datetime


def list_tastes(profile_id: int) -> list[tuple[str, list[Taste]]]:
    """Return what somebody likes best, by kind in words; no kind of which nothing is known."""
    rows = run_sql("crm.measure_tastes", profile_id=profile_id, orders=ORDERS, most=MOST)
    currency = get_tenant(current_tenant_id()).currency
    found = [
        (label, [_taste(row, currency) for row in rows if row.kind == kind])
        for kind, label in _KINDS
    ]
    return [(label, tastes) for label, tastes in found if tastes]


def _taste(row: Any, currency: str) -> Taste:
    words = row.word if row.low is None else _speak_band(row.low, currency)
    return Taste(words, round(row.score), row.last_at)


def _speak_band(low: int, currency: str) -> str:
    high = low * 5 // 2 if str(low).startswith("2") else low * 2
    return f"{format_money(low, currency)} to {format_money(high, currency)}"
