"""What the families of conditions need of the compiler that puts them together."""

from collections.abc import Callable, Hashable
from datetime import datetime
from typing import Protocol

from segments.domain.days import Moment


class Query(Protocol):
    """A statement over ``p`` (crm_profile) and ``f`` (crm_profilefacts) that is being written."""

    moment: Moment
    asked_at: str
    """Expression for the instant that each row is asked of; empty where it is the moment."""

    def stored_sql(self, segment_id: int, /) -> str:
        """Return whether the profile is in a segment as it is stored."""

    def event_span(self) -> tuple[datetime, datetime] | None:
        """Say between which instants all events of the tenant lie; None without any."""

    def bind(self, value: object, cast: str = "") -> str:
        """Bind a value and return its placeholder."""

    def bind_instant(self, hours_ago: int = 0) -> str:
        """Bind the instant so many hours before the moment and return its placeholder."""

    def join(self, key: Hashable, build: Callable[[], str]) -> str:
        """Return the name of a join, which is built where no other of the same key is.

        Its statement gives exactly one row for each profile.
        """

    def change_at(self, instant: str) -> None:
        """Note an expression for an instant ahead at which time alone may change a truth.

        It is NULL or later than the moment: what is not would be due again and again.
        """

    def change_on(self, column: str, days: int) -> None:
        """Note that a truth may change when an instant is so many calendar days ago."""


def midnight_after(query: Query, at: str, days: int) -> str:
    """Return the start of the local day that comes so many days after the one of an instant."""
    zone = query.bind(query.moment.zone.key)
    day = f"(({at} AT TIME ZONE {zone})::date + {query.bind(days)}::int)"
    return f"({day}::timestamp AT TIME ZONE {zone})"


def hours_after(query: Query, at: str, hours: int) -> str:
    """Return the instant so many hours after another."""
    return f"({at} + {query.bind(hours)}::int * interval '1 hour')"


def now_of(query: Query) -> str:
    """Return the instant that conditions count from."""
    return query.asked_at or query.bind_instant()


def hours_before(query: Query, hours: int) -> str:
    """Return the instant so many hours before the one that conditions count from."""
    if query.asked_at:
        return f"({query.asked_at} - {query.bind(hours)}::int * interval '1 hour')"
    return query.bind_instant(hours)


def seen_by(query: Query, at: str) -> list[str]:
    """Return what keeps out what came after the instant asked of; nothing where that is now."""
    return [f"{at} <= {query.asked_at}"] if query.asked_at else []


def ahead(query: Query, instant: str) -> str:
    """Return an instant where it lies ahead of the moment, else NULL."""
    return f"(CASE WHEN {instant} > {query.bind_instant()} THEN {instant} END)"
