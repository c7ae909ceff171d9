"""Counts events by hour, and says whether as many arrive as in the weeks before.

An hour is counted once it is over, and again in the hours after, for what came late. A new tenant
is counted week by week from eight weeks ago on.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction

from analytics.domain.health import WEEKS, Band, find_band, judge, windows_before
from analytics.models import EventCount
from kernel import clock
from kernel.arrays import columns
from kernel.batches import Deadline
from kernel.formats import find_zone
from kernel.scope import current_tenant_id
from kernel.sql import run_sql
from tenants.queries import get_tenant

HOUR: Final = timedelta(hours=1)
A_DAY: Final = timedelta(days=1)
LATE: Final = timedelta(hours=3)
"""So far back each count begins, for what came late."""
STEP: Final = timedelta(days=7)
"""Most that one turn counts."""
KEPT: Final = timedelta(weeks=WEEKS, days=2)
PATIENCE: Final = timedelta(minutes=2)
"""After the end of an hour."""
_DAY, _MONTH = -1, -2
_COLUMNS: Final = (
    "name store_id health window_from window_until window_count low usual high day_count "
    "month_count"
)

Key = tuple[str, int]


def count_due(deadline: Deadline) -> int:
    """Count the hours of the active tenant that are over, and judge the newest ones.

    Args:
        deadline: when to stop.

    Returns:
        Steps counted; 0 when nothing was due or somebody else is at it.
    """
    return deadline.repeat(lambda: _take_step(clock.now()))


@transaction.atomic
def _take_step(now: datetime) -> bool:
    end = _hour_of(now)
    first = {"counted_until": _hour_of(now - timedelta(weeks=WEEKS)), "due_at": now}
    EventCount.objects.get_or_create(defaults=first)
    state = EventCount.objects.select_for_update(no_key=True, skip_locked=True)
    found = state.filter(due_at__lte=now).first()
    if found is None:
        return False
    until = min(found.counted_until + STEP, end)
    run_sql("analytics.count_events", since=found.counted_until - LATE, until=until)
    is_done = until >= end
    if is_done:
        run_sql("analytics.drop_event_hours", before=now - KEPT)
        judge_events(end, now)
    due_at = end + HOUR + PATIENCE if is_done else now
    EventCount.objects.filter(pk=found.pk).update(counted_until=until, due_at=due_at)
    return True


def judge_events(end: datetime, now: datetime) -> None:
    """Say of each event of each store how the hours before ``end`` compare with earlier weeks."""
    zone = find_zone(get_tenant(current_tenant_id()).timezone)
    windows = windows_before(end, zone)
    asked = [(number, *window) for number, window in enumerate(windows)]
    asked += [(_DAY, end - A_DAY, end), (_MONTH, end - 30 * A_DAY, end)]
    sums = run_sql("analytics.sum_event_windows", **columns("numbers begins ends", asked))
    counts: dict[Key, dict[int, int]] = defaultdict(dict)
    for row in sums:
        counts[row.name, row.store_id][row.number] = row.count
    spans = run_sql("analytics.list_event_spans")
    rows = [
        _row((row.name, row.store_id), counts[row.name, row.store_id], row.first_hour, windows)
        for row in spans
    ]
    run_sql("analytics.write_event_health", now=now, **columns(_COLUMNS, rows))


def _row(
    key: Key,
    counts: dict[int, int],
    first_hour: datetime,
    windows: Sequence[tuple[datetime, datetime]],
) -> tuple[Any, ...]:
    begins, ends = windows[0]
    past = [
        counts.get(number, 0)
        for number, (since, _) in enumerate(windows)
        if number and since >= first_hour
    ]
    band: Band | None = find_band(past)
    count = counts.get(0, 0)
    return (
        *key,
        str(judge(count, band)),
        begins,
        ends,
        count,
        band.low if band else None,
        band.usual if band else None,
        band.high if band else None,
        counts.get(_DAY, 0),
        counts.get(_MONTH, 0),
    )


def _hour_of(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)
