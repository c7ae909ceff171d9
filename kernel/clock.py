"""The one clock: rules take the time as a parameter, and edges read it here."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from django.utils import timezone

from kernel import calendar

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
    return calendar.end_of(day, ZoneInfo(zone))


def start_of_day(day: date, zone: str) -> datetime:
    """Return the first instant of ``day`` in an IANA zone, as aware UTC."""
    return calendar.start_of(day, ZoneInfo(zone))
