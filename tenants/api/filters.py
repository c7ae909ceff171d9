"""Filters of lists: `?field=`, `?field__gte=`; a parameter that nobody knows is an error.

A typing mistake that were ignored would answer with everybody.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.dateparse import parse_date, parse_datetime
from rest_framework.exceptions import ValidationError
from rest_framework.filters import BaseFilterBackend
from rest_framework.request import Request
from rest_framework.views import APIView

PAGE_PARAMETERS = frozenset({"limit", "cursor", "format"})
COMPARISONS = ("gte", "gt", "lte", "lt")
MAX_ID = 2**63 - 1


def read_text(text: str) -> str:
    """Return text as it is; PostgreSQL knows no zero byte."""
    if "\x00" in text:
        raise ValueError(text)
    return text


def read_id(text: str) -> int:
    """Return an id.

    Raises:
        ValueError: not a whole number that fits an id.
    """
    number = int(text) if text.isascii() and text.isdecimal() else -1
    if not 0 <= number <= MAX_ID:
        raise ValueError(text)
    return number


def read_time(text: str) -> datetime:
    """Return an aware time; a bare date means its first instant in UTC.

    Raises:
        ValueError: not ISO 8601, or without a zone.
    """
    if day := parse_date(text):
        return datetime(day.year, day.month, day.day, tzinfo=UTC)
    moment = parse_datetime(text.replace(" ", "+"))
    if moment is None or moment.tzinfo is None:
        raise ValueError(text)
    return moment


def read_flag(text: str) -> bool:
    """Return a truth value.

    Raises:
        ValueError: neither ``true`` nor ``false``.
    """
    if text not in {"true", "false"}:
        raise ValueError(text)
    return text == "true"


@dataclass(frozen=True, slots=True)
class Filter:
    """One filter of a list.

    Attributes:
        column: what it looks at; or a function from the value to a condition.
        read: from text to value; raises ValueError.
        help: what a good value looks like.
        schema: JSON Schema of the value.
        comparisons: suffixes beside equality.
    """

    column: str | Callable[[Any], Q]
    read: Callable[[str], Any] = read_text
    help: str = "Text."
    schema: str = "string"
    comparisons: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()

    def condition(self, comparison: str, text: str) -> Q:
        """Return the condition for a value.

        Raises:
            ValueError: the value is not one.
        """
        value = self.read(text)
        if self.choices and value not in self.choices:
            raise ValueError(text)
        if not isinstance(self.column, str):
            return self.column(value)
        return Q(**{f"{self.column}{comparison and f'__{comparison}'}": value})


def text(column: str | Callable[[Any], Q], help: str = "Text, exactly.") -> Filter:  # noqa: A002
    """Return a filter on text."""
    return Filter(column, help=help)


def choice(column: str | Callable[[Any], Q], choices: type[Any]) -> Filter:
    """Return a filter on a closed set of words."""
    words = tuple(choices.values)
    return Filter(column, help=f"One of {', '.join(words)}.", choices=words)


def number(column: str) -> Filter:
    """Return a filter on the id of something else."""
    return Filter(column, read_id, "An id.")


def time(column: str) -> Filter:
    """Return a filter on a time."""
    return Filter(column, read_time, "ISO 8601 with a zone, or a date.", "string", COMPARISONS)


def flag(column: str) -> Filter:
    """Return a filter on a truth value."""
    return Filter(column, read_flag, "true or false.", "boolean")


class ResourceFilter(BaseFilterBackend):
    """Applies the view's ``filters`` to its list, and refuses parameters that it does not know."""

    def filter_queryset(
        self, request: Request, queryset: QuerySet[Any], view: APIView
    ) -> QuerySet[Any]:
        filters = active_filters(view)
        problems: dict[str, str] = {}
        for name, values in request.query_params.lists():
            if name in PAGE_PARAMETERS:
                continue
            try:
                queryset = queryset.filter(_condition(filters, name, values[-1]))
            except KeyError:
                known = ", ".join(sorted([*filters, *PAGE_PARAMETERS]))
                problems[name] = f"Not a parameter here. There are: {known}."
            except ValueError:
                problems[name] = filters[name.partition("__")[0]].help
        if problems:
            raise ValidationError(problems)
        return queryset

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        return [
            _parameter(name if not suffix else f"{name}__{suffix}", found)
            for name, found in active_filters(view).items()
            for suffix in ("", *found.comparisons)
        ]


def active_filters(view: APIView) -> Mapping[str, Filter]:
    """Return the filters of the view's action; only its plain list has any."""
    is_list = getattr(view, "action", "list") == "list"
    filters: Mapping[str, Filter] = getattr(view, "filters", {}) if is_list else {}
    return filters


def refuse_unknown(request: Request, known: set[str]) -> None:
    """Refuse query parameters beside ``known``.

    Raises:
        ValidationError: names each of them.
    """
    problems = {
        name: f"Not a parameter here. There are: {', '.join(sorted(known)) or 'none'}."
        for name in request.query_params
        if name not in known
    }
    if problems:
        raise ValidationError(problems)


def _condition(filters: Mapping[str, Filter], name: str, value: str) -> Q:
    field, _, comparison = name.partition("__")
    found = filters[field]
    if comparison and comparison not in found.comparisons:
        raise KeyError(name)
    return found.condition(comparison, value)


def _parameter(name: str, found: Filter) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": found.schema}
    if found.choices:
        schema["enum"] = list(found.choices)
    return {"name": name, "in": "query", "description": found.help, "schema": schema}


def read_match(header: str, current: str) -> str:
    """Return the version that a caller insists on; empty without one, as for any (``*``).

    Of several the one that is current is taken; a weak one matches nothing.
    """
    tags = [tag.strip() for tag in header.split(",") if tag.strip()]
    if not tags or "*" in tags:
        return ""
    return current if f'"{current}"' in tags else tags[0]
