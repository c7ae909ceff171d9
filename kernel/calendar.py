"""Where the days of a zone begin, and instants in it, at both ends of the calendar too. Pure."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

FIRST_DAY: Final = date(1, 1, 2)
LAST_DAY: Final = date(9999, 12, 30)
"""Between them every zone has midnights that can be written in UTC. People say 9999-12-31 for
“always” and 0001-01-01 for “never known”: such a day begins where these do, which is as far from
anything that happens."""


def start_of(day: date, zone: ZoneInfo) -> datetime:
    """Return the first instant of a local day as aware UTC."""
    inside = min(max(day, FIRST_DAY), LAST_DAY)
    return datetime.combine(inside, time.min, zone).astimezone(UTC)


def end_of(day: date, zone: ZoneInfo) -> datetime:
    """Return the first instant after a local day as aware UTC."""
    return start_of(min(day, LAST_DAY) + timedelta(days=1), zone)


def to_local(at: datetime, zone: ZoneInfo) -> datetime:
    """Return an instant as its zone has it; in UTC where its local day is beyond the calendar."""
    try:
        return at.astimezone(zone)
    except OverflowError:
        return at.astimezone(UTC)
