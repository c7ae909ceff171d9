"""Pages of a long list at the cost of one page: each begins where the one before ended.

A list sorts by one column and, where that is equal, by its key; both stand in an index that begins
with the tenant. A mark names the row at the edge of a page, and travels in its address.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from kernel.sql import execute

COUNT_CEILING = 10_000
"""Counting stops here; a page writes 10,000+."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MARK = re.compile(r"-?[0-9]{1,18}_[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class Sorting:
    """One order of a list.

    Attributes:
        column: SQL of the value.
        key: SQL of the bigint that parts equal values.
        value: name of the value among the selected columns; the key is selected as ``id``.
        is_time: the value is a timestamptz, otherwise it is a bigint.
        condition: what must hold for a row to have a place in this order; empty: nothing.
    """

    column: str
    key: str
    value: str
    is_time: bool = False
    condition: str = ""


@dataclass(frozen=True, slots=True)
class Statement:
    """A list before it is cut into pages.

    Attributes:
        select: ``SELECT … FROM …`` with ``id`` and the values of its sortings; each table in it is
            bound to ``%(tenant_id)s`` here or in the conditions. Fixed text, never a person's.
        conditions: SQL that all hold, likewise.
        params: what both bind.
    """

    select: str
    conditions: Sequence[str]
    params: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Rows:
    """One page; the marks lead to its neighbours, None where there is none."""

    rows: list[Any]
    next: str | None
    previous: str | None


@dataclass(frozen=True, slots=True)
class Place:
    """Which page: the one after a mark, the one before a mark, or the first."""

    after: str = ""
    before: str = ""
    limit: int = 50


def select_page(statement: Statement, sorting: Sorting, *, descending: bool, place: Place) -> Rows:
    """Return one page of a list.

    A mark that nobody made begins at the first page.
    """
    is_back = bool(place.before)
    mark = _read(place.before or place.after, sorting)
    runs_down = descending != is_back
    parts = [*statement.conditions, *([sorting.condition] if sorting.condition else [])]
    params: dict[str, Any] = {**statement.params, "keyset_limit": place.limit + 1}
    if mark is not None:
        sign = "<" if runs_down else ">"
        parts.append(f"({sorting.column}, {sorting.key}) {sign} (%(mark)s, %(mark_key)s)")
        params |= {"mark": mark[0], "mark_key": mark[1]}
    way = "DESC" if runs_down else "ASC"
    found = execute(
        f"{statement.select} WHERE {' AND '.join(parts)} ORDER BY {sorting.column} {way},"
        f" {sorting.key} {way} LIMIT %(keyset_limit)s",
        **params,
    )
    has_more = len(found) > place.limit
    rows = found[: place.limit][:: -1 if is_back else 1]
    if not rows:
        return Rows([], None, None)
    first, last = _write(rows[0], sorting), _write(rows[-1], sorting)
    if is_back and mark is not None:
        return Rows(rows, last, first if has_more else None)
    return Rows(rows, last if has_more else None, first if mark is not None else None)


def count_up_to(source: str, conditions: Sequence[str], params: Mapping[str, Any]) -> int:
    """Return how many rows a list has, at most the ceiling.

    Args:
        source: ``FROM …`` of the list. Fixed text, never a person's; so are the conditions.
        conditions: SQL that all hold.
        params: what both bind.
    """
    found = f"SELECT 1 {source} WHERE {' AND '.join(conditions)} LIMIT %(ceiling)s"
    [row] = execute(
        f"SELECT count(*) AS found FROM ({found}) AS counted",  # noqa: S608 fixed text only
        ceiling=COUNT_CEILING,
        **params,
    )
    return int(row.found)


def has_any(rows: QuerySet[Any], *ordering: str) -> bool:
    """Say whether a list has a row, by one step in the index of its order.

    Without an order the planner takes rows of all tenants for mixed and reads the table from its
    beginning, past everybody who came before.

    Args:
        rows: the list.
        ordering: columns of the index; the key when none is named.
    """
    found = rows.order_by(*(ordering or ("pk",))).values_list("pk")[:1]
    return len(found) > 0  # `exists` would drop the order


def speak_count(shown: int, total: int, noun: str) -> str:
    """Write what a page shows, such as ``50 of 10,000+ orders``."""
    more = "+" if total >= COUNT_CEILING else ""
    return f"{shown:,} of {total:,}{more} {noun}"


def _write(row: Any, sorting: Sorting) -> str:
    value = getattr(row, sorting.value)
    figure = (value - _EPOCH) // timedelta(microseconds=1) if sorting.is_time else value
    return f"{figure}_{row.id}"


def _read(mark: str, sorting: Sorting) -> tuple[Any, int] | None:
    if not _MARK.fullmatch(mark):
        return None
    value, _, key = mark.partition("_")
    figure, row_id = int(value), int(key)
    try:
        return (_EPOCH + timedelta(microseconds=figure) if sorting.is_time else figure), row_id
    except OverflowError:
        return None
