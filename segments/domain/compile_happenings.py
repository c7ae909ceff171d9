"""Conditions on what people did, as SQL over ``p`` (crm_profile).

What a condition counts is worked out once for each profile in a join beside the others; the
condition compares with what the join gives. Everything that a definition says is bound.
"""

from typing import Final, assert_never

from segments.domain.compile_events import (
    Bounds,
    as_number,
    bounds_of,
    comes_at,
    happened,
    json_path,
    leaves_at,
    meets,
)
from segments.domain.happenings import (
    FLAG,
    BoughtLeaf,
    EventLeaf,
    Happening,
    SeasonLeaf,
    ShareLeaf,
    Window,
)
from segments.domain.query import Query, seen_by

_OF_PRODUCTS: Final = frozenset({"brand", FLAG})
_GOODS: Final = {
    "category": "lower(l.category)",
    "brand": "lower(g.brand)",
    "product": "l.product_id::text",
    "sku": "lower(l.sku)",
    "title": "lower(l.title)",
}
_BUCKETS: Final = 10_000
_PERCENT: Final = 100
_SUM: Final = """COALESCE(sum((
    SELECT sum({number}) FROM jsonb_path_query(e.properties, {path}) AS x (v)
)) FILTER (WHERE {inside}), 0)"""
_EVENTS: Final = """
SELECT {total} AS total, {figures}
FROM crm_event AS e
WHERE {where}
"""
_ORDERS: Final = """
SELECT {figures}
FROM crm_order AS o
WHERE o.tenant_id = %(tenant_id)s AND o.profile_id = p.id AND {where}
"""
_LINE: Final = """EXISTS (
    SELECT 1
    FROM crm_orderline AS l
    WHERE l.tenant_id = %(tenant_id)s AND l.order_id = o.id AND l.quantity > 0 AND {fits}
    OFFSET 0
)"""
"""OFFSET keeps each order at a look-up of its own lines: as a join, planned for a whole tenant,
every line of the tenant was read once for each person."""
_PRODUCT: Final = """EXISTS (
    SELECT 1
    FROM crm_product AS g
    WHERE g.tenant_id = %(tenant_id)s AND g.id = l.product_id AND {fits}
    OFFSET 0
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
    WHERE o.tenant_id = %(tenant_id)s AND o.profile_id = p.id AND {where}
    GROUP BY 1
) AS s
WHERE s.season > 0
"""


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
    bounds = bounds_of(query, leaf.window, "e.occurred_at")
    total = "NULL"
    if leaf.measure.property:
        path = query.bind(json_path(leaf.measure.property), "::jsonpath")
        total = _SUM.format(number=as_number("x.v"), path=path, inside=bounds.inside)
    tests = [meets(query, test) for test in leaf.tests]
    where = [*happened(query, leaf.name, "e"), *bounds.rows, *tests]
    figures = _figures("e.occurred_at", bounds)
    return _EVENTS.format(total=total, figures=figures, where=" AND ".join(where))


def _bought_join(query: Query, leaf: BoughtLeaf) -> str:
    bounds = bounds_of(query, leaf.window, "o.ordered_at")
    where = ["o.is_counted", *bounds.rows, *seen_by(query, "o.ordered_at")]
    if leaf.goods:
        fits = [_fits_goods(query, key, words) for key, words in leaf.goods]
        where.append(_LINE.format(fits=" AND ".join(fits)))
    figures = _figures("o.ordered_at", bounds)
    return _ORDERS.format(figures=figures, where=" AND ".join(where))


def _fits_goods(query: Query, key: str, words: tuple[str, ...]) -> str:
    """Whether a line is of what one word of a condition names; a product may have several flags."""
    bound = query.bind([word.lower() for word in words], "::text[]")
    fits = f"g.flags && {bound}" if key == FLAG else f"{_GOODS[key]} = ANY({bound})"
    return _PRODUCT.format(fits=fits) if key in _OF_PRODUCTS else fits


def _figures(at: str, bounds: Bounds) -> str:
    """What a join gives: how many, when the oldest leaves, when the next comes in or round."""
    turn = f", min({bounds.turn}) AS turn" if bounds.turn else ""
    return (
        f"count(*) FILTER (WHERE {bounds.inside}) AS count,"
        f" min({at}) FILTER (WHERE {bounds.inside}) AS oldest,"
        f" min({at}) FILTER (WHERE NOT ({bounds.inside})) AS next{turn}"
    )


def _note_changes(query: Query, window: Window, name: str) -> None:
    for turn in (
        leaves_at(query, window, f"{name}.oldest"),
        comes_at(query, window, f"{name}.next"),
    ):
        if turn:
            query.change_at(turn)
    if window.yearly is not None:
        query.change_at(f"{name}.turn")


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
        where=" AND ".join(("o.is_counted", *seen_by(query, "o.ordered_at"))),
    )
