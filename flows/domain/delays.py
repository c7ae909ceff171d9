"""When a wait is over: calendar days in a zone, then an allowed time of day and weekday.

A local time that a clock change skips is the next valid instant; one that it repeats is the
first of the two.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel.core import get_global

from flows.domain.graph import Delay
from flows.domain.nodes import DateWait
from flows.domain.values import Duration

_CALENDAR_DAYS = {"days": 1, "weeks": 7}
_ISO_DATE = len("2026-06-01")


def due_at(delay: Delay, start: datetime, zone: ZoneInfo) -> datetime:
    """Return when a wait ends.

    Args:
        delay: the node.
        start: aware; when the run came to the node.
        zone: whose calendar and clock rule.

    Returns:
        Aware UTC, not before ``start``. Days and weeks keep the local time of day; hours and
        minutes are exact.
    """
    days = _CALENDAR_DAYS.get(delay.duration.unit)
    if days is None:
        late = start + delay.duration.length
        if delay.until_time is None and not delay.weekdays:
            return late.astimezone(UTC)
        ended = late.astimezone(zone).replace(tzinfo=None)
    else:
        ended = start.astimezone(zone).replace(tzinfo=None)
        ended += timedelta(days=days * delay.duration.n)
    ends = to_instant(_roll(ended, delay.until_time, delay.weekdays), zone)
    return max(ends, start.astimezone(UTC))


def shift(start: datetime, duration: Duration, zone: ZoneInfo, *, back: bool = False) -> datetime:
    """Return the instant that lies so long after another one, or before it.

    Args:
        start: aware.
        duration: days and weeks keep the local time of day; hours and minutes are exact.
        zone: whose calendar rules.
        back: go into the past.
    """
    sign = -1 if back else 1
    days = _CALENDAR_DAYS.get(duration.unit)
    if days is None:
        return (start + sign * duration.length).astimezone(UTC)
    local = start.astimezone(zone).replace(tzinfo=None)
    return to_instant(local + timedelta(days=sign * days * duration.n), zone)


def date_due(node: DateWait, said: Any, zone: ZoneInfo) -> datetime | None:
    """Return when the wait for a date is over, which may be in the past.

    Args:
        node: the wait.
        said: the property: an ISO date, or a time of a day with or without a zone. A date alone
            begins at the node's time of day; a time without a zone is the profile's.
        zone: whose clock rules.

    Returns:
        Aware UTC; None where the property says no date.
    """
    text = str(said).strip()
    try:
        if len(text) == _ISO_DATE:
            begins = to_instant(datetime.combine(date.fromisoformat(text), node.at), zone)
        else:
            moment = datetime.fromisoformat(text)
            begins = moment if moment.tzinfo is not None else to_instant(moment, zone)
        return shift(begins, node.offset, zone, back=node.is_before)
    except (ValueError, OverflowError):
        return None


def to_instant(local: datetime, zone: ZoneInfo) -> datetime:
    """Return the instant of a local time, as aware UTC.

    Args:
        local: naive; skipped by a clock change: the first instant after it; repeated: the first.
        zone: whose clock shows it.
    """
    early = local.replace(tzinfo=zone, fold=1).astimezone(UTC)
    late = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if late.astimezone(zone).replace(tzinfo=None) == local:
        return late
    offset = late.astimezone(zone).utcoffset()
    while late - early > timedelta(seconds=1):
        middle = early + (late - early) // 2
        if middle.astimezone(zone).utcoffset() == offset:
            late = middle
        else:
            early = middle
    return late.replace(microsecond=0)


def pick_zone(names: Iterable[str], country: str, account: str) -> ZoneInfo:
    """Return the zone in which a profile lives.

    Args:
        names: IANA names from best to worst; empty and unknown ones are passed over.
        country: ISO 3166-1 alpha-2, asked next where the whole country has one zone.
        account: the tenant's zone; UTC when even that is unknown.
    """
    for name in (*names, _zone_of(country), account):
        if name and (zone := _find_zone(name)):
            return zone
    return ZoneInfo("UTC")


def zone_of(name: str, own: ZoneInfo) -> ZoneInfo:
    """Return the zone that a node names; empty, or one that is unknown here, is the person's."""
    return (_find_zone(name) if name else None) or own


def _roll(local: datetime, until: time | None, weekdays: frozenset[int]) -> datetime:
    if until is not None:
        day = local.date() if local.time() <= until else local.date() + timedelta(days=1)
        local = datetime.combine(day, until)
    while weekdays and local.weekday() not in weekdays:
        local += timedelta(days=1)
    return local


@cache
def _find_zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _zone_of(country: str) -> str:
    return _only_zones().get(country.upper(), "")


@cache
def _only_zones() -> dict[str, str]:
    zones: dict[str, list[str]] = {}
    for zone, territory in get_global("zone_territories").items():
        zones.setdefault(str(territory), []).append(str(zone))
    return {territory: found[0] for territory, found in zones.items() if len(found) == 1}
