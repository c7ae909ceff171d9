"""When dates come round, and whom a day is for. Pure.

29 February comes round on 28 February in years without one; a day of the month that a month lacks
comes on its last day.
"""

from calendar import isleap, monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from flows.domain.delays import to_instant, zone_of
from flows.domain.starts import DateTrigger, Repeats

WEST, EAST = timedelta(hours=12), timedelta(hours=14)
"""How far the clocks of the world are behind UTC at most, and before it."""
_ROLL = 6
YEARLESS = 4
"""Stands for the year that somebody did not tell, which many keep to themselves."""


@dataclass(frozen=True, slots=True)
class Sought:
    """Whose date is sought: one of these holds of it, by how often it comes round.

    Attributes:
        days: of a date that comes once.
        month_days: such as ``02-29``.
        dates: days of the month, 1 to 31.
        weekdays: Monday is 1.
    """

    days: frozenset[date] = frozenset()
    month_days: frozenset[str] = frozenset()
    dates: frozenset[int] = frozenset()
    weekdays: frozenset[int] = frozenset()


def days_between(start: datetime, end: datetime) -> list[date]:
    """Return the local days that any clock of the world shows between two instants."""
    first = (start.astimezone(UTC) - WEST).date()
    last = (end.astimezone(UTC) + EAST).date()
    return [first + timedelta(days=at) for at in range((last - first).days + 1)]


def start_day(trigger: DateTrigger, occurrence: date) -> date:
    """Return the day on which somebody enters whose date comes round on a day."""
    sign = -1 if trigger.is_before else 1
    if trigger.unit == "months":
        day = add_months(occurrence, sign * trigger.n)
    else:
        days = trigger.n * (7 if trigger.unit == "weeks" else 1)
        day = occurrence + timedelta(days=sign * days)
    while trigger.weekdays and day.weekday() not in trigger.weekdays:
        day += timedelta(days=1)
    return day


def find_occurrences(trigger: DateTrigger, days: Iterable[date]) -> dict[date, date]:
    """Return the days on which a date comes round, and on which people enter, for some of these."""
    wanted = set(days)
    if not wanted:
        return {}
    longest = {"days": 1, "weeks": 7, "months": 31}[trigger.unit] * trigger.n
    shortest = {"days": 1, "weeks": 7, "months": 28}[trigger.unit] * trigger.n
    near, far = (shortest, longest) if trigger.is_before else (-longest, -shortest)
    first = min(wanted) + timedelta(days=near - _ROLL - 3)
    last = max(wanted) + timedelta(days=far + 3)
    found = {}
    for at in range((last - first).days + 1):
        occurrence = first + timedelta(days=at)
        day = start_day(trigger, occurrence)
        if day in wanted:
            found[occurrence] = day
    return found


def seek(repeats: Repeats, occurrences: Iterable[date]) -> Sought:
    """Return what a date must be like to come round on one of these days."""
    days = frozenset(occurrences)
    match repeats:
        case Repeats.ONCE:
            return Sought(days=days)
        case Repeats.YEARLY:
            leap = {"02-29"} if any(_stands_for_leap_day(day) for day in days) else set()
            return Sought(month_days=frozenset({f"{day:%m-%d}" for day in days} | leap))
        case Repeats.MONTHLY:
            return Sought(dates=frozenset(date for day in days for date in _dates_on(day)))
        case Repeats.WEEKLY:
            return Sought(weekdays=frozenset(day.isoweekday() for day in days))


def falls_on(repeats: Repeats, said: date, occurrence: date) -> bool:
    """Say whether a date comes round on a day; not before it was there at all."""
    if said > occurrence:
        return False
    match repeats:
        case Repeats.ONCE:
            return said == occurrence
        case Repeats.YEARLY:
            is_same = (said.month, said.day) == (occurrence.month, occurrence.day)
            is_leap_day = (said.month, said.day) == (2, 29)
            return is_same or (is_leap_day and _stands_for_leap_day(occurrence))
        case Repeats.MONTHLY:
            return said.day in _dates_on(occurrence)
        case Repeats.WEEKLY:
            return said.weekday() == occurrence.weekday()


def start_instant(trigger: DateTrigger, day: date, own: ZoneInfo) -> datetime:
    """Return when somebody enters on a day, as aware UTC.

    Args:
        trigger: the trigger.
        day: the local day.
        own: where the person lives.
    """
    return to_instant(datetime.combine(day, trigger.at), zone_of(trigger.zone, own))


def add_months(day: date, months: int) -> date:
    """Return the same day of another month, or its last one where it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))


def _stands_for_leap_day(day: date) -> bool:
    return (day.month, day.day) == (2, 28) and not isleap(day.year)


def _dates_on(day: date) -> range:
    last = monthrange(day.year, day.month)[1]
    return range(day.day, 32 if day.day == last else day.day + 1)
