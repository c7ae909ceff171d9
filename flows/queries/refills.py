"""What people bought that runs out."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from crm.domain.refills import LEAST_REORDERS, MOST_DAYS
from kernel.sql import run_sql

PAGE: Final = 2_000
_OLDEST: Final = timedelta(days=2 * MOST_DAYS)


@dataclass(frozen=True, slots=True)
class Page:
    """Some purchases that run out, and where the next page begins; None after the last."""

    rows: list[Any]
    next_after: int | None


def find_refills(percent: int, *, since: datetime, until: datetime, after: int) -> Page:
    """Return the next purchases of which so much is used up now, and that were not repeated.

    Args:
        percent: of the time that they last.
        since: aware; what was due by then is left out.
        until: aware.
        after: where the page begins; 0 for the first.
    """
    rows = run_sql(
        "flows.find_refills",
        percent=percent,
        least=LEAST_REORDERS,
        oldest=until - _OLDEST,
        since=since,
        until=until,
        after=after,
        count=PAGE,
    )
    return Page(rows, rows[-1].id if len(rows) == PAGE else None)
