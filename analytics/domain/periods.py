"""Which days a person means, which days stand beside them, and how they are cut for a chart."""

from calendar import monthrange
from collections.abc import Sequence
from datetime import date, timedelta

from analytics.types import Period

CHOICES = (
    ("7", "Last 7 days"),
    ("30", "Last 30 days"),
    ("90", "Last 90 days"),
    ("month", "This month"),
    ("last_month", "Last month"),
    ("quarter", "This quarter"),
    ("year", "This year"),
    ("custom", "Days of your choice"),
)
COMPARISONS = (
    ("previous", "Period before"),
    ("year", "Same days last year"),
    ("none", "Nothing"),
)
DEFAULT = "30"
MAX_DAYS = 366 * 5
_DAYS_BY_DAY = 31
_DAYS_BY_WEEK = 186
_DAY = timedelta(days=1)
_QUARTER = 3


def choose_period(key: str, today: date) -> Period:
    """Return the days that a word of `CHOICES` means; those that run end today."""
    if key == "last_month":
        last = today.replace(day=1) - _DAY
        return Period(last.replace(day=1), last)
    starts = {
        "month": today.replace(day=1),
        "quarter": today.replace(month=today.month - (today.month - 1) % _QUARTER, day=1),
        "year": today.replace(month=1, day=1),
    }
    if key in starts:
        return Period(starts[key], today)
    return Period(today - (int(key) - 1) * _DAY, today)


def choose_own(first: date | None, last: date | None, today: date) -> Period:
    """Return days of a person's own choice, put right: none after today, at most five years."""
    end = min(last or today, today)
    start = min(first or end, end)
    return Period(max(start, end - (MAX_DAYS - 1) * _DAY), end)


def compare_to(period: Period, mode: str, key: str) -> Period | None:
    """Return the days beside which a period stands, or None for ``none``.

    Args:
        period: the days that are looked at.
        mode: a word of `COMPARISONS`. ``previous`` of a month, a quarter or a year that runs is as
            many days from the start of the one before; else the days directly before.
        key: the word of `CHOICES` the period came from.
    """
    if mode == "none":
        return None
    if mode == "year":
        return Period(move_months(period.first, -12), move_months(period.last, -12))
    months = {"month": 1, "last_month": 1, "quarter": _QUARTER, "year": 12}.get(key)
    if months is None:
        return period.before
    first = move_months(period.first, -months)
    if key == "last_month":
        return Period(first, period.first - _DAY)
    return Period(first, min(first + (period.days - 1) * _DAY, period.first - _DAY))


def grain_of(period: Period) -> str:
    """Return how a period is cut so that a chart stays readable: ``day``, ``week``, ``month``."""
    if period.days <= _DAYS_BY_DAY:
        return "day"
    return "week" if period.days <= _DAYS_BY_WEEK else "month"


def cut(period: Period, grain: str, week_start: int = 1) -> list[Period]:
    """Cut a period into days, weeks or months; the ends may be shorter.

    Args:
        period: what is cut.
        grain: ``day``, ``week`` or ``month``.
        week_start: ISO day that weeks begin with, 1 to 7.
    """
    parts = []
    first = period.first
    while first <= period.last:
        last = min(_end_of(first, grain, week_start), period.last)
        parts.append(Period(first, last))
        first = last + _DAY
    return parts


def cut_beside(
    parts: Sequence[Period], period: Period, other: Period, grain: str
) -> list[Period | None]:
    """Return, for each part of a period, the part of another one that stands beside it.

    Days and weeks stand as many days after the start; months are the other's own. None where the
    other one is over.
    """
    if grain == "month":
        theirs: list[Period | None] = [*cut(other, grain)]
        return [*theirs, *[None] * len(parts)][: len(parts)]
    gap = other.first - period.first
    beside = [Period(part.first + gap, min(part.last + gap, other.last)) for part in parts]
    return [part if part.first <= other.last else None for part in beside]


def move_months(day: date, months: int) -> date:
    """Return the same day of another month, or its last day where that is shorter."""
    place = day.year * 12 + day.month - 1 + months
    year, month = place // 12, place % 12 + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def _end_of(day: date, grain: str, week_start: int) -> date:
    if grain == "day":
        return day
    if grain == "week":
        return day + (6 - (day.isoweekday() - week_start) % 7) * _DAY
    return day.replace(day=monthrange(day.year, day.month)[1])
