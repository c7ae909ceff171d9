"""Plain values of definitions, read with errors that name the place."""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final, TypeVar

from segments.errors import DefinitionError

MAX_DAYS: Final = 36_500
MAX_PLACES: Final = 30
"""Digits after the point: more than any number of JSON has that is not near nothing."""
MAX_HOURS: Final = MAX_DAYS * 24
_HOURS: Final = {"hours": 1, "days": 24, "weeks": 168}
Scalar = Decimal | str | bool | date
One = TypeVar("One", bound=Scalar)


def parse_number(raw: object, path: str) -> Decimal:
    """Return a number below 10^15; text that is one is taken for it."""
    if isinstance(raw, bool) or not isinstance(raw, int | float | str):
        raise DefinitionError(path, "must be a number")
    try:
        number = Decimal(str(raw))
    except InvalidOperation as exc:
        raise DefinitionError(path, f"{raw!r} is not a number") from exc
    if not number.is_finite() or abs(number) >= Decimal(10) ** 15:
        raise DefinitionError(path, f"{raw!r} is not a number that can be compared")
    if not number:
        return Decimal(0)
    if int(number.as_tuple().exponent) < -MAX_PLACES:
        raise DefinitionError(path, f"must have at most {MAX_PLACES} digits after the point")
    return number


def parse_whole_days(raw: object, path: str) -> Decimal:
    """Return a number of whole days from 0 to 100 years."""
    number = parse_number(raw, path)
    if number != int(number) or not 0 <= number <= MAX_DAYS:
        raise DefinitionError(path, f"must be whole days from 0 to {MAX_DAYS}")
    return number


def parse_span(raw: object, path: str) -> int:
    """Return days from ``{"days": 30}`` or ``{"weeks": 4}``."""
    if not isinstance(raw, Mapping) or len(raw) != 1 or not set(raw) <= {"days", "weeks"}:
        raise DefinitionError(path, 'must be {"days": 30} or {"weeks": 4}')
    unit, count = next(iter(raw.items()))
    days = int(parse_whole_days(count, f"{path}.{unit}"))
    return days * 7 if unit == "weeks" else days


def parse_whole(raw: object, path: str, low: int, high: int) -> int:
    """Return a whole number from ``low`` to ``high``."""
    number = parse_number(raw, path)
    if number != int(number) or not low <= number <= high:
        raise DefinitionError(path, f"must be a whole number from {low} to {high}")
    return int(number)


def parse_months(raw: object, path: str) -> tuple[int, ...]:
    """Return months from 1 to 12, ascending, each once."""
    if not isinstance(raw, list) or not raw:
        raise DefinitionError(path, "must be a list of months from 1 to 12")
    found = {parse_whole(one, f"{path}[{place}]", 1, 12) for place, one in enumerate(raw)}
    return tuple(sorted(found))


def parse_hours(raw: object, path: str) -> int:
    """Return hours from ``{"hours": 24}``, ``{"days": 3}`` or ``{"weeks": 1}``."""
    if not isinstance(raw, Mapping) or len(raw) != 1 or not set(raw) <= set(_HOURS):
        raise DefinitionError(path, 'must be {"hours": 24}, {"days": 3} or {"weeks": 1}')
    unit, count = next(iter(raw.items()))
    return parse_whole(count, f"{path}.{unit}", 1, MAX_HOURS // _HOURS[unit]) * _HOURS[unit]


def parse_percent(raw: object, path: str) -> Decimal:
    """Return a share above 0 and below 100."""
    percent = parse_number(raw, path)
    if not 0 < percent < 100:  # noqa: PLR2004 a share
        raise DefinitionError(path, "must be above 0 and below 100")
    return percent


def parse_text(raw: object, path: str) -> str:
    """Return text that is not empty."""
    if not isinstance(raw, str) or not raw or "\x00" in raw:
        raise DefinitionError(path, "must be text that is not empty")
    return raw


def parse_boolean(raw: object, path: str) -> bool:
    """Return true or false."""
    if not isinstance(raw, bool):
        raise DefinitionError(path, "must be true or false")
    return raw


def parse_date(raw: object, path: str) -> date:
    """Return a day of the calendar from its ISO form."""
    try:
        return date.fromisoformat(raw) if isinstance(raw, str) else _refuse_date(path)
    except ValueError as exc:
        raise DefinitionError(path, f"{raw!r} is not a date; write 2026-05-31") from exc


def _refuse_date(path: str) -> date:
    raise DefinitionError(path, "must be a date such as 2026-05-31")


def parse_many(raw: object, path: str, parse_one: Callable[[object, str], One]) -> tuple[One, ...]:
    """Return each of a list that is not empty."""
    if not isinstance(raw, list) or not raw:
        raise DefinitionError(path, "must be a list with at least one value")
    return tuple(parse_one(one, f"{path}[{index}]") for index, one in enumerate(raw))


def refuse_unknown(raw: Mapping[str, Any], path: str, known: tuple[str, ...]) -> None:
    """Refuse a key that means nothing here."""
    unknown = sorted(str(key) for key in raw if key not in known)
    if unknown:
        raise DefinitionError(f"{path}.{unknown[0]}", f"is not known; known are {', '.join(known)}")
