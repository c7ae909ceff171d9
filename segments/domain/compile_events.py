"""Events as SQL: which rows count by name, by time, and by what their properties say."""

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from segments.domain.compile_dates import around_now, next_yearly
from segments.domain.happenings import PropertyTest, Window
from segments.domain.query import (
    Query,
    ahead,
    hours_after,
    hours_before,
    midnight_after,
    seen_by,
)

_OPPOSITES: Final = {
    "!=": "=",
    "not_in": "in",
    "not_contains": "contains",
    "not_starts_with": "starts_with",
    "not_ends_with": "ends_with",
    "missing": "exists",
}
NUMBER: Final = "'^-?[0-9]{1,18}([.][0-9]{1,9})?$'"
"""What is read as a number: text with one in it is one too, because tools quote them."""

_TEXT: Final = "lower(x.v #>> '{}')"
_ANY_VALUE: Final = (
    "EXISTS (SELECT 1 FROM jsonb_path_query({event}.properties, {path}) AS x (v) WHERE {fits})"
)


def happened(query: Query, name: str, event: str) -> list[str]:
    """Return what the rows of a profile's events of one name meet, called ``event`` there.

    They lie in a part of the table for each year: none is looked into, for each profile anew, that
    lies outside the span of all events.
    """
    span = query.event_span()
    lies = () if span is None else (f">= {query.bind(span[0])}", f"< {query.bind(span[1])}")
    return [
        f"{event}.tenant_id = %(tenant_id)s",
        f"{event}.profile_id = p.id",
        f"{event}.name = {query.bind(name)}",
        *(f"{event}.occurred_at {bound}" for bound in lies),
        *seen_by(query, f"{event}.occurred_at"),
    ]


@dataclass(frozen=True, slots=True)
class Bounds:
    """A window over rows.

    Attributes:
        rows: what the rows must meet that are or will be inside.
        inside: what makes one of them be inside now.
        turn: when a row of those comes in or goes, where its day comes round; else empty.
    """

    rows: list[str]
    inside: str = "true"
    turn: str = ""


def bounds_of(query: Query, window: Window, at: str) -> Bounds:
    """Return the bounds that a window sets to the rows of a statement that happened at ``at``."""
    moment, bounds = query.moment, []
    if window.days is not None:
        bounds.append(f"{at} >= {query.bind(moment.days_ago(window.days))}")
    if window.hours is not None:
        bounds.append(f"{at} > {hours_before(query, window.hours)}")
    if window.since is not None:
        bounds.append(f"{at} >= {query.bind(moment.start_of(window.since))}")
    if window.until is not None:
        bounds.append(f"{at} < {query.bind(moment.end_of(window.until))}")
    if window.months:
        month = f"extract(month FROM {at} AT TIME ZONE {query.bind(moment.zone.key)})"
        bounds.append(f"{month} = ANY({query.bind(list(window.months), '::int[]')})")
    if window.yearly is not None:
        day = f"({next_yearly(query, at, window.yearly)})"
        return Bounds(bounds, *around_now(query, day, window.yearly))
    return Bounds(bounds, _is_long_ago(query, window, at))


def _is_long_ago(query: Query, window: Window, at: str) -> str:
    """Return whether what happened at an instant is as long ago as ``before`` says."""
    if window.before_hours is not None:
        return f"{at} <= {hours_before(query, window.before_hours)}"
    if window.before_days is not None:
        return f"{at} < {query.bind(query.moment.days_ago(window.before_days - 1))}"
    return "true"


def leaves_at(query: Query, window: Window, at: str) -> str:
    """Return when what happened at an instant is longer ago than ``within``; empty without it."""
    if window.hours is not None:
        return hours_after(query, at, window.hours)
    return "" if window.days is None else midnight_after(query, at, window.days + 1)


def comes_at(query: Query, window: Window, at: str) -> str:
    """Return when what happened at an instant is as long ago as ``before``; empty without it."""
    if window.before_hours is not None:
        return hours_after(query, at, window.before_hours)
    return "" if window.before_days is None else midnight_after(query, at, window.before_days)


def note_turns(query: Query, window: Window, at: str) -> None:
    """Note when one instant comes into a window and when it leaves it, where that lies ahead."""
    for turn in (leaves_at(query, window, at), comes_at(query, window, at)):
        if turn:
            query.change_at(ahead(query, turn))


def meets(query: Query, test: PropertyTest, event: str = "e") -> str:
    """Whether any value of a property meets a test; a negation is true where none does."""
    positive = _OPPOSITES.get(test.operator)
    if positive is not None:
        return f"NOT {meets(query, PropertyTest(test.key, positive, test.value), event)}"
    path = query.bind(json_path(test.key), "::jsonpath")
    return _ANY_VALUE.format(event=event, path=path, fits=_fits(query, test.operator, test.value))


def _fits(query: Query, operator: str, value: Any) -> str:
    if operator == "exists":
        return f"({_TEXT} <> '')"
    if isinstance(value, tuple):
        return f"({' OR '.join(_fits(query, '=', one) for one in value)})"
    if isinstance(value, Decimal):
        return f"({as_number('x.v')} {operator} {query.bind(value)})"
    return _fits_text(query, operator, str(value).lower())


def _fits_text(query: Query, operator: str, word: str) -> str:
    bound = query.bind(word)
    match operator:
        case "contains":
            return f"(position({bound} IN {_TEXT}) > 0)"
        case "starts_with":
            return f"starts_with({_TEXT}, {bound})"
        case "ends_with":
            return f"(right({_TEXT}, {len(word)}) = {bound})"
        case _:
            return f"({_TEXT} = {bound})"


def as_number(value: str) -> str:
    """Return a JSON value as a number, NULL where it is none."""
    return f"(CASE WHEN {value} #>> '{{}}' ~ {NUMBER} THEN ({value} #>> '{{}}')::numeric END)"


def json_path(key: str) -> str:
    """Return the path of a property; what is a list on the way is searched."""
    return "$" + "".join(f".{json.dumps(part)}" for part in key.split(".")) + "[*]"
