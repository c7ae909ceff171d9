"""Calendar days in a zone: a condition on days becomes one on instants, which SQL compares fast."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from kernel import calendar


@dataclass(frozen=True, slots=True)
class Moment:
    """The instant at which conditions are asked, and the zone whose calendar counts.

    Attributes:
        now: aware.
        zone: the tenant's.
        week_start: ISO day on which the tenant's weeks begin, 1 to 7.
    """

    now: datetime
    zone: ZoneInfo
    week_start: int = 1

    @property
    def today(self) -> date:
        """The local day of ``now``."""
        return self.now.astimezone(self.zone).date()

    def day_of(self, at: datetime) -> date:
        """Return the local day of an aware instant."""
        return at.astimezone(self.zone).date()

    def start_of(self, day: date) -> datetime:
        """Return the first instant of a local day as aware UTC."""
        return calendar.start_of(day, self.zone)

    def days_ago(self, days: int) -> datetime:
        """Return the first instant of the local day ``days`` days before today.

        An instant at or after it lies at most ``days`` calendar days back.
        """
        return self.start_of(self.today - timedelta(days=days))

    def hours_ago(self, hours: int) -> datetime:
        """Return the instant so many hours before now."""
        return self.now - timedelta(hours=hours)

    def end_of(self, day: date) -> datetime:
        """Return the first instant after a local day as aware UTC."""
        return calendar.end_of(day, self.zone)
