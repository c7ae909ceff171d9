"""The one clock: rules take the time as a parameter, and edges read it here."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone

_simulated: ContextVar[datetime | None] = ContextVar("simulated_now", default=None)


def now() -> datetime:
    """Return the present, aware and in UTC; tests freeze it, the demo simulates it."""
    return _simulated.get() or timezone.now().astimezone(UTC)


@contextmanager
def simulated(at: datetime) -> Iterator[None]:
    """Let `now` answer ``at`` inside the block; history is loaded as if it happened then."""
    token = _simulated.set(at.astimezone(UTC))
    try:
        yield
    finally:
        _simulated.reset(token)


def end_of_day(day: date, zone: str) -> datetime:
    """Return the first instant after ``day`` in an IANA zone, as aware UTC."""
    midnight = datetime.combine(day + timedelta(days=1), time.min, ZoneInfo(zone))
    return midnight.astimezone(UTC)


def start_of_day(day: date, zone: str) -> datetime:
    """Return the first instant of ``day`` in an IANA zone, as aware UTC."""
    return datetime.combine(day, time.min, ZoneInfo(zone)).astimezone(UTC)
