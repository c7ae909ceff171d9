"""The one clock: rules take the time as a parameter, and edges read it here."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone


def now() -> datetime:
    """Return the present, aware and in UTC; tests freeze it."""
    return timezone.now().astimezone(UTC)


def end_of_day(day: date, zone: str) -> datetime:
    """Return the first instant after ``day`` in an IANA zone, as aware UTC."""
    midnight = datetime.combine(day + timedelta(days=1), time.min, ZoneInfo(zone))
    return midnight.astimezone(UTC)


def start_of_day(day: date, zone: str) -> datetime:
    """Return the first instant of ``day`` in an IANA zone, as aware UTC."""
    return datetime.combine(day, time.min, ZoneInfo(zone)).astimezone(UTC)
