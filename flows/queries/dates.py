"""Whose date comes round."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from zoneinfo import ZoneInfo

from flows.domain.delays import pick_zone
from flows.domain.occurrences import Sought
from flows.queries.people import KEPT_DATES
from kernel.arrays import array
from kernel.sql import run_sql

PAGE: Final = 2_000


@dataclass(frozen=True, slots=True)
class Dated:
    """One who carries a date, and where they live."""

    profile_id: int
    said: date
    zone: ZoneInfo


def find_dated(name: str, sought: Sought, latest: date, account: str) -> Iterator[Sequence[Dated]]:
    """Yield those whose date may come round, in pages.

    Args:
        name: a property, or a word of `KEPT_DATES`.
        sought: what the date is like.
        latest: later dates have not come yet.
        account: the tenant's zone.
    """
    asked = {
        "name": name,
        "is_kept": name in KEPT_DATES,
        "account": account,
        "days": array(day.isoformat() for day in sorted(sought.days)),
        "month_days": array(sorted(sought.month_days)),
        "dates": array(sorted(sought.dates)),
        "weekdays": array(sorted(sought.weekdays)),
        "latest": latest,
    }
    after: int | None = 0
    while after is not None:
        rows = run_sql("flows.find_dates", after=after, count=PAGE, **asked)
        yield [
            Dated(row.id, row.said, pick_zone((row.timezone,), row.country, account))
            for row in rows
        ]
        after = rows[-1].id if len(rows) == PAGE else None
