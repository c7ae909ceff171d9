"""Dates in conditions: how long ago or ahead, months, and days that come back each year.

Everything counts calendar days of the tenant's zone. "In the last 7 days" is today and the seven
days before it; "in the next 7 days" is today and the seven after it. The day itself is no
anniversary: the first comes a year later. 29 February is kept on the 28th in other years.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from segments.domain.values import parse_hours, parse_months, parse_span, parse_whole
from segments.errors import DefinitionError

PERIODS: Final = ("today", "this_week", "this_month")
YEAR: Final = 365
_ANNIVERSARY: Final = (
    'must be “today”, “this_week”, “this_month”, {"next": {"days": 7}} or {"last": {"days": 7}}'
)


@dataclass(frozen=True, slots=True)
class DaysAgo:
    """At least ``near`` calendar days ago and at most ``far``; below 0 lies ahead, None is any."""

    near: int
    far: int | None


@dataclass(frozen=True, slots=True)
class HoursAgo:
    """At least ``near`` hours ago and less than ``far``, to the second; signs as of `DaysAgo`."""

    near: int
    far: int | None


@dataclass(frozen=True, slots=True)
class InMonths:
    """In one of these months of any year."""

    months: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Yearly:
    """An anniversary that falls on a day around today.

    Attributes:
        period: ``week`` or ``month`` of the calendar that today lies in; else empty.
        first, last: days from today, both inside; 0 with a period.
    """

    period: str
    first: int = 0
    last: int = 0


DateValue = DaysAgo | HoursAgo | InMonths | Yearly


def parse_date_value(operator: str, raw: object, at: str) -> DateValue:
    """Return what one of `RELATIVE` compares with.

    Raises:
        DefinitionError: it does not fit the operator.
    """
    return _READERS[operator](raw, at)


def is_hours(raw: object) -> bool:
    """Say whether a span is given in hours."""
    return isinstance(raw, Mapping) and set(raw) == {"hours"}


def _parse_last(raw: object, at: str) -> DaysAgo | HoursAgo:
    if is_hours(raw):
        return HoursAgo(0, parse_hours(raw, at))
    return DaysAgo(0, parse_span(raw, at))


def _parse_next(raw: object, at: str) -> DaysAgo | HoursAgo:
    if is_hours(raw):
        return HoursAgo(-parse_hours(raw, at), 0)
    return DaysAgo(-parse_span(raw, at), 0)


def _parse_ago(raw: object, at: str) -> DaysAgo | HoursAgo:
    if is_hours(raw):
        return HoursAgo(parse_hours(raw, at), None)
    return DaysAgo(parse_span(raw, at), None)


def _parse_between(raw: object, at: str) -> DaysAgo | HoursAgo:
    if not isinstance(raw, list) or len(raw) != 2:  # noqa: PLR2004 a range
        raise DefinitionError(at, 'must be two spans such as [{"days": 7}, {"days": 14}]')
    if is_hours(raw[0]) != is_hours(raw[1]):
        raise DefinitionError(at, "must be two spans of hours, or two of days or weeks")
    read = parse_hours if is_hours(raw[0]) else parse_span
    near, far = (read(one, f"{at}[{place}]") for place, one in enumerate(raw))
    if near > far:
        raise DefinitionError(at, "must be two spans, the shorter one first")
    return HoursAgo(near, far) if is_hours(raw[0]) else DaysAgo(near, far)


def parse_anniversary(raw: object, at: str) -> Yearly:
    """Return around which days something is to come round.

    Raises:
        DefinitionError: it cannot be understood.
    """
    if raw in PERIODS:
        return Yearly({"this_week": "week", "this_month": "month"}.get(str(raw), ""))
    if not isinstance(raw, Mapping) or len(raw) != 1 or not set(raw) <= {"next", "last"}:
        raise DefinitionError(at, _ANNIVERSARY)
    side, span = next(iter(raw.items()))
    days = parse_whole(parse_span(span, f"{at}.{side}"), f"{at}.{side}", 0, YEAR)
    return Yearly("", 0, days) if side == "next" else Yearly("", -days, 0)


_READERS: Final[Mapping[str, Callable[[object, str], DateValue]]] = {
    "in_the_last": _parse_last,
    "not_in_the_last": _parse_last,
    "in_the_next": _parse_next,
    "at_least_ago": _parse_ago,
    "between_ago": _parse_between,
    "in_month": lambda raw, at: InMonths(parse_months(raw, at)),
    "anniversary": parse_anniversary,
}
RELATIVE: Final = tuple(_READERS)
"""Operators of a date whose value is read here."""
