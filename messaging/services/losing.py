"""Watches from which flows and segments people unsubscribe, and says which lose too many.

Counted once a day for the last 30 days, as it looks at every mail that left; pages read what was
found then.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from kernel.sql import run_sql
from messaging.domain.guarding import Thresholds
from messaging.panels import Losing, count_losing, list_flows

DAYS: Final = 30
EVERY: Final = timedelta(days=1)
LEAST_UNSUBSCRIBED: Final = 5
"""So many at least, or it may be chance."""
KEPT: Final = 20
"""Rows that are kept for the page."""
NAMED: Final = 3


def find_losing(now: datetime) -> list[Losing]:
    """Return what people unsubscribed from in the last 30 days, the highest rate first."""
    return [row for row in count_losing(now - timedelta(days=DAYS)) if row.unsubscribed][:KEPT]


def count_flows(since: datetime) -> list[Losing]:
    """Return each flow whose marketing mails left since a time."""
    names = list_flows()
    return [
        Losing(
            "Flow", "flows:detail", row.flow_id, names[row.flow_id], row.arrived, row.unsubscribed
        )
        for row in run_sql("messaging.count_flow_unsubscribes", since=since)
        if row.flow_id in names
    ]


def is_too_many(row: Losing, limits: Thresholds) -> bool:
    """Say whether so many unsubscribed that somebody should look."""
    is_enough = row.arrived >= limits.least_sent and row.unsubscribed >= LEAST_UNSUBSCRIBED
    return is_enough and row.rate >= limits.unsubscribe_warn


def say_losing(rows: Sequence[Losing], limits: Thresholds) -> str:
    """Return which lose too many, in words; empty where none does."""
    worst = [row for row in rows if is_too_many(row, limits)][:NAMED]
    return "; ".join(
        f"{row.kind} {row.name}: {row.rate:.2%} of {row.arrived:,} mails" for row in worst
    )


def write_losing(rows: Sequence[Losing]) -> list[dict[str, Any]]:
    """Return rows as they are stored, JSON."""
    return [row._asdict() for row in rows]


def read_losing(stored: Sequence[Mapping[str, Any]]) -> list[Losing]:
    """Return rows as they were stored."""
    return [Losing(**row) for row in stored]
