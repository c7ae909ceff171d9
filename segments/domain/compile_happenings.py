"""Conditions on what people did, as SQL over ``p`` (crm_profile).

What a condition counts is worked out once for each profile in a join beside the others; the
condition compares with what the join gives. Everything that a definition says is bound.
"""

import json
from collections.abc import Callable, Hashable
from decimal import Decimal
from typing import Any, Final, Protocol, assert_never

from segments.domain.days import Moment
from segments.domain.happenings import (
    BoughtLeaf,
    EventLeaf,
    Happening,
    PropertyTest,
    SeasonLeaf,
    ShareLeaf,
    Window,
)

_OPPOSITES: Final = {
    "!=": "=",
    "not_in": "in",
    "not_contains": "contains",
    "missing": "exists",
}
_GOODS: Final = {
    "category": "lower(l.category)",
    "brand": "lower(g.brand)",
    "product": "l.product_id::text",
    "sku": "lower(l.sku)",
    "title": "lower(l.title)",
}
_BUCKETS: Final = 10_000
_PERCENT: Final = 100
_NUMBER = "'^-?[0-9]{1,18}([.][0-9]{1,9})?$'"
"""What is read as a number: text with one in it is one too, because tools quote them."""

_TEXT: Final = "lower(x.v #>> '{}')"
_ANY_VALUE: Final = (
    "EXISTS (SELECT 1 FROM jsonb_path_query(e.properties, {path}) AS x (v) WHERE {fits})"
)
_SUM: Final = """COALESCE(sum((
    SELECT sum({number}) FROM jsonb_path_query(e.properties, {path}) AS x (v)
)) FILTER (WHERE {inside}), 0)"""
_EVENTS: Final = """
SELECT {total} AS total, {figures}
FROM crm_event AS e
WHERE e.tenant_id = %(tenant_id)s AND e.profile_id = p.id AND {where}
"""
_ORDERS: Final = """
SELECT {figures}
FROM crm_order AS o
WHERE o.tenant_id = %(tenant_id)s AND o.profile_id = p.id AND {where}
"""
_LINE: Final = """EXISTS (
    SELECT 1
    FROM crm_orderline AS l
    LEFT JOIN crm_product AS g ON g.tenant_id = %(tenant_id)s AND g.id = l.product_id
    WHERE l.tenant_id = %(tenant_id)s AND l.order_id = o.id AND l.quantity > 0 AND {fits}
)"""
_SEASONS: Final = """
SELECT
    COALESCE(max(s.years), 0) AS years,
    COALESCE(
        bool_or(s.years >= {years} AND s.orders * 100 >= {percent} * s.among), false
    ) AS holds
FROM (
    SELECT
        {season} AS season,
        count(DISTINCT extract(year FROM {local})) AS years,
        count(*) AS orders,
        sum(count(*)) OVER () AS among
    FROM crm_order AS o
    WHERE o.tenant_id = %(tenant_id)s AND o.profile_id = p.id AND o.is_counted
    GROUP BY 1
) AS s
WHERE s.season > 0
"""


class Query(Protocol):
    """What these conditions need of the compiler."""

    moment: Moment

    def bind(self, value: object, cast: str = "") -> str:
        """Bind a value and return its placeholder."""

    def join(self, key: Hashable, build: Callable[[], str]) -> str:
        """Return the name of a join, which is built where no other of the same key is."""

    def change_at(self, instant: str) -> None:
        """Note an expression for an instant at which time alone may change a truth."""


def compile_happening(query: Query, leaf: Happening) -> str:
    """Return a boolean expression for one condition."""
    match leaf:
        case EventLeaf() | BoughtLeaf():
            return f"({measure(query, leaf)} {_sign(leaf)} {query.bind(leaf.measure.value)})"
        case SeasonLeaf():
            return f"{_season(query, leaf)}.holds"
        case ShareLeaf():
            return f"({measure(query, leaf)} < {query.bind(leaf.percent)})"
        case _:
            assert_never(leaf)


def measure(query: Query, leaf: Happening) -> str:
    """Return what a condition compares: a count or a sum, years, a place among all in percent."""
    match leaf:
        case EventLeaf():
            key = (leaf.name, leaf.tests, leaf.window, leaf.measure.property)
            name = query.join(key, lambda: _event_join(query, leaf))
            _note_changes(query, leaf.window, name)
            return f"{name}.total" if leaf.measure.property else f"{name}.count"
        case BoughtLeaf():
            name = query.join((leaf.goods, leaf.window), lambda: _bought_join(query, leaf))
            _note_changes(query, leaf.window, name)
            return f"{name}.count"
        case SeasonLeaf():
            return f"{_season(query, leaf)}.years"
        case ShareLeaf():
            drawn = f"md5({query.bind(leaf.seed)}::text || ':' || p.id)"
            bucket = f"mod(('x' || substr({drawn}, 1, 8))::bit(32)::bigint, {_BUCKETS})"
            return f"({bucket}::numeric / {_BUCKETS // _PERCENT})"
        case _:
            assert_never(leaf)


def _sign(leaf: EventLeaf | BoughtLeaf) -> str:
    return "<>" if leaf.measure.operator == "!=" else leaf.measure.operator


def _event_join(query: Query, leaf: EventLeaf) -> str:
    bounds, inside = _bounds(query, leaf.window, "e.occurred_at")
    total = "NULL"
    if leaf.measure.property:
        path = query.bind(_json_path(leaf.measure.property), "::jsonpath")
        total = _SUM.format(number=_as_number("x.v"), path=path, inside=inside)
    tests = [_test(query, test) for test in leaf.tests]
    where = [f"e.name = {query.bind(leaf.name)}", *bounds, *tests]
    figures = _figures("e.occurred_at", inside)
    return _EVENTS.format(total=total, figures=figures, where=" AND ".join(where))


def _bought_join(query: Query, leaf: BoughtLeaf) -> str:
    bounds, inside = _bounds(query, leaf.window, "o.ordered_at")
    where = ["o.is_counted", *bounds]
    if leaf.goods:
        fits = [
            f"{_GOODS[key]} = ANY({query.bind(list(words), '::text[]')})"
            for key, words in leaf.goods
        ]
        where.append(_LINE.format(fits=" AND ".join(fits)))
    figures = _figures("o.ordered_at", inside)
    return _ORDERS.format(figures=figures, where=" AND ".join(where))


def _figures(at: str, inside: str) -> str:
    """What a join gives: how many, when the oldest leaves, when the next comes in."""
    return (
        f"count(*) FILTER (WHERE {inside}) AS count,"
        f" min({at}) FILTER (WHERE {inside}) AS oldest,"
        f" min({at}) FILTER (WHERE NOT ({inside})) AS next"
    )


def _bounds(query: Query, window: Window, at: str) -> tuple[list[str], str]:
    """Return what the rows must meet, and what makes those that will be inside be inside now."""
    moment, bounds = query.moment, []
    if window.days is not None:
        bounds.append(f"{at} >= {query.bind(moment.days_ago(window.days))}")
    if window.hours is not None:
        bounds.append(f"{at} > {query.bind(moment.hours_ago(window.hours))}")
    if window.since is not None:
        bounds.append(f"{at} >= {query.bind(moment.start_of(window.since))}")
    if window.until is not None:
        bounds.append(f"{at} < {query.bind(moment.end_of(window.until))}")
    if window.months:
        month = f"extract(month FROM {at} AT TIME ZONE {query.bind(moment.zone.key)})"
        bounds.append(f"{month} = ANY({query.bind(list(window.months), '::int[]')})")
    if window.before_days is None:
        return bounds, "true"
    return bounds, f"{at} < {query.bind(moment.days_ago(window.before_days - 1))}"


def _note_changes(query: Query, window: Window, name: str) -> None:
    if window.days is not None:
        query.change_at(_day_after(query, f"{name}.oldest", window.days + 1))
    if window.hours is not None:
        hours = query.bind(window.hours)
        query.change_at(f"({name}.oldest + {hours}::int * interval '1 hour')")
    if window.before_days is not None:
        query.change_at(_day_after(query, f"{name}.next", window.before_days))


def _day_after(query: Query, at: str, days: int) -> str:
    zone = query.bind(query.moment.zone.key)
    day = f"(({at} AT TIME ZONE {zone})::date + {query.bind(days)}::int)"
    return f"({day}::timestamp AT TIME ZONE {zone})"


def _test(query: Query, test: PropertyTest) -> str:
    """Whether any value of a property meets a test; a negation is true where none does."""
    positive = _OPPOSITES.get(test.operator)
    if positive is not None:
        return f"NOT {_test(query, PropertyTest(test.key, positive, test.value))}"
    path = query.bind(_json_path(test.key), "::jsonpath")
    return _ANY_VALUE.format(path=path, fits=_fits(query, test.operator, test.value))


def _fits(query: Query, operator: str, value: Any) -> str:
    if operator == "exists":
        return f"({_TEXT} <> '')"
    if isinstance(value, tuple):
        return f"({' OR '.join(_fits(query, '=', one) for one in value)})"
    if isinstance(value, Decimal):
        return f"({_as_number('x.v')} {operator} {query.bind(value)})"
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


def _as_number(value: str) -> str:
    return f"(CASE WHEN {value} #>> '{{}}' ~ {_NUMBER} THEN ({value} #>> '{{}}')::numeric END)"


def _json_path(key: str) -> str:
    """Return the path of a property; what is a list on the way is searched."""
    return "$" + "".join(f".{json.dumps(part)}" for part in key.split(".")) + "[*]"


def _season(query: Query, leaf: SeasonLeaf) -> str:
    key = ("season", leaf.months, leaf.each, leaf.years, leaf.percent)
    return query.join(key, lambda: _season_join(query, leaf))


def _season_join(query: Query, leaf: SeasonLeaf) -> str:
    local = f"(o.ordered_at AT TIME ZONE {query.bind(query.moment.zone.key)})"
    season = f"extract({leaf.each} FROM {local})"
    if leaf.months:
        months = query.bind(list(leaf.months), "::int[]")
        season = f"(extract(month FROM {local}) = ANY({months}))::int"
    return _SEASONS.format(
        season=season,
        local=local,
        years=query.bind(leaf.years),
        percent=query.bind(leaf.percent),
    )
