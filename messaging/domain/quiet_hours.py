"""When it is too early or too late to disturb somebody, by the clock on their own wall.

Everything is decided by what that clock and calendar show. Where clocks are put forward, what
would end in the missing hour ends with it; where they are put back, the hour that comes twice is
quiet or not both times.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final

from messaging.domain.holidays import list_holidays

SUNDAY: Final = 6
HORIZON_DAYS: Final = 60
"""So far ahead a free moment is looked for."""
MOST_JITTER: Final = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class QuietRule:
    """When nobody is disturbed.

    Attributes:
        start, end: on the clock; quiet from ``start`` until just before ``end``, over midnight
            where ``start`` is the later one. Equal: no hour is quiet.
        weekdays: days that are quiet throughout; 0 is Monday.
        has_holidays: whether the public holidays of the country are quiet throughout.
    """

    start: time
    end: time
    weekdays: frozenset[int] = frozenset()
    has_holidays: bool = False

    def covers(self, at: time) -> bool:
        """Say whether a time of day is quiet."""
        if self.start <= self.end:
            return self.start <= at < self.end
        return at >= self.start or at < self.end

    @property
    def openings(self) -> tuple[time, ...]:
        """Times of day at which a stretch that is not quiet may begin, ascending."""
        return (self.end,) if self.start > self.end else (time.min, self.end)


DEFAULT_RULE: Final = QuietRule(time(21), time(8))
COUNTRY_RULES: Final[Mapping[str, QuietRule]] = {
    "FR": QuietRule(time(22), time(8), frozenset({SUNDAY}), has_holidays=True),
}
"""By ISO 3166-1 alpha-2 code, where it differs from the default."""


@dataclass(frozen=True, slots=True)
class QuietTimes:
    """A rule with the calendar it is read by.

    Attributes:
        country: whose public holidays count; empty for none.
        own_days: further days that are quiet throughout.
    """

    rule: QuietRule
    country: str = ""
    own_days: frozenset[date] = frozenset()

    def are_on(self, local: datetime) -> bool:
        """Say whether a moment is quiet; ``local`` is in the person's zone."""
        return self.rule.covers(local.time()) or self.is_day_off(local.date())

    def is_day_off(self, day: date) -> bool:
        """Say whether a day is quiet throughout."""
        if day.weekday() in self.rule.weekdays or day in self.own_days:
            return True
        return self.rule.has_holidays and day in list_holidays(self.country, day.year)


def find_quiet_end(at: datetime, zone: tzinfo, times: QuietTimes) -> datetime | None:
    """Return the first moment from ``at`` on at which somebody may be disturbed.

    Args:
        at: aware.
        zone: of the person.
        times: what is quiet for them.

    Returns:
        None when ``at`` itself is not quiet. Where no moment of the next `HORIZON_DAYS` is free,
        the end of these days, which is quiet as well.
    """
    local = at.astimezone(zone)
    if not times.are_on(local):
        return None
    for ahead in range(HORIZON_DAYS):
        day = local.date() + timedelta(days=ahead)
        if times.is_day_off(day):
            continue
        for opening in times.rule.openings:
            for moment in _moments(day, opening, zone):
                if moment >= at and not times.are_on(moment.astimezone(zone)):
                    return moment
    return at + timedelta(days=HORIZON_DAYS)


def spread(end: datetime, zone: tzinfo, times: QuietTimes, key: str) -> datetime:
    """Return when one message that is held goes out, so that not all of them leave at once.

    Args:
        end: of the quiet hours, aware.
        zone: of the person.
        times: what is quiet for them.
        key: of the message; the same one always gets the same jitter of 0 to 15 minutes.

    Returns:
        ``end`` and the jitter; without it where that would be in quiet hours again.
    """
    later = end + jitter(key)
    return end if times.are_on(later.astimezone(zone)) else later


def jitter(key: str) -> timedelta:
    """Return 0 to 15 minutes in whole seconds, the same for the same key."""
    number = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8])
    return timedelta(seconds=number % (int(MOST_JITTER.total_seconds()) + 1))


def _moments(day: date, wall: time, zone: tzinfo) -> Iterator[datetime]:
    """Yield the moments in UTC at which clocks of a zone show a time, or the end of the gap."""
    naive = datetime.combine(day, wall)
    first = naive.replace(tzinfo=zone, fold=0).astimezone(UTC)
    second = naive.replace(tzinfo=zone, fold=1).astimezone(UTC)
    if first > second:  # the clock never shows it
        yield _find_jump(second, first, zone)
        return
    yield first
    if second > first:
        yield second


def _find_jump(before: datetime, after: datetime, zone: tzinfo) -> datetime:
    """Return the first second with the offset that a zone has at ``after``."""
    offset = after.astimezone(zone).utcoffset()
    low, high = 0, int((after - before).total_seconds())
    while high - low > 1:
        middle = (low + high) // 2
        if (before + timedelta(seconds=middle)).astimezone(zone).utcoffset() == offset:
            high = middle
        else:
            low = middle
    return before + timedelta(seconds=high)
