"""Whose date comes round."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from zoneinfo import ZoneInfo

from crm.models import EventKey
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


@dataclass(frozen=True, slots=True)
class Page:
    """Some of those who carry a date, and where the next page begins; None after the last."""

    people: Sequence[Dated]
    after: int | None


def find_dated(name: str, sought: Sought, latest: date, account: str, *, after: int) -> Page:
    """Return the next of those whose date may come round.

    Args:
        name: a property, or a word of `KEPT_DATES`.
        sought: what the date is like.
        latest: later dates have not come yet.
        account: the tenant's zone.
        after: where the page begins; 0 for the first.
    """
    rows = run_sql(
        "flows.find_dates",
        name=name,
        names=json.dumps([name]),
        is_kept=name in KEPT_DATES,
        account=account,
        days=array(day.isoformat() for day in sorted(sought.days)),
        month_days=array(sorted(sought.month_days)),
        dates=array(sorted(sought.dates)),
        weekdays=array(sorted(sought.weekdays)),
        latest=latest,
        after=after,
        count=PAGE,
    )
    people = [
        Dated(row.id, row.said, pick_zone((row.timezone,), row.country, account)) for row in rows
    ]
    return Page(people, rows[-1].id if len(rows) == PAGE else None)


def find_recorded(keys: Collection[str]) -> set[str]:
    """Return those of some keys under which an event was recorded."""
    if not keys:
        return set()
    recorded = EventKey.objects.filter(dedupe_key__in=list(keys))
    return set(recorded.values_list("dedupe_key", flat=True))
