"""Conditions on the order in which things happened, as SQL over ``p`` (crm_profile)."""

from typing import Final

from segments.domain.compile_events import (
    bounds_of,
    comes_at,
    happened,
    leaves_at,
    meets,
    note_turns,
)
from segments.domain.query import Query, ahead, hours_after, now_of
from segments.domain.sequences import EdgeLeaf, FunnelLeaf, Sequence, Step

_FUNNEL: Final = """
SELECT
    count(*) FILTER (WHERE {inside}) AS count,
    max(e0.occurred_at) FILTER (WHERE {inside}) AS newest,
    min(e0.occurred_at) FILTER (WHERE {inside}) AS oldest,
    min(e0.occurred_at) FILTER (WHERE NOT ({inside})) AS next,
    min({over}) FILTER (WHERE {over} > {now}) AS over{turn}
FROM crm_event AS e0
WHERE {where}
"""
_STEP: Final = """EXISTS (
    SELECT 1
    FROM crm_event AS {name}
    WHERE {where}
      AND {name}.occurred_at >= {before}.occurred_at
      AND {name}.occurred_at <= {until}
      AND ({name}.occurred_at, {name}.id) > ({before}.occurred_at, {before}.id)
      AND {rest}
)"""
_EDGE: Final = """
SELECT
    max(x.occurred_at) AS at,
    COALESCE(bool_or(x.fits AND x.inside), false) AS holds,
    COALESCE(bool_or(x.fits), false) AS fits,
    max(x.turn) AS turn
FROM (
    SELECT e.occurred_at, ({tests}) AS fits, ({inside}) AS inside, {turn} AS turn
    FROM crm_event AS e
    WHERE {where}
    ORDER BY e.occurred_at {order}, e.id {order}
    LIMIT 1
) AS x
"""


def compile_sequence(query: Query, leaf: Sequence) -> str:
    """Return a boolean expression for one condition."""
    match leaf:
        case FunnelLeaf():
            return f"({_funnel(query, leaf)}.count > 0)"
        case EdgeLeaf():
            return f"{_edge(query, leaf)}.holds"


def sequence_value(query: Query, leaf: Sequence) -> str:
    """Return the instant that explains a condition: of the newest funnel, or of the one event."""
    match leaf:
        case FunnelLeaf():
            return f"{_funnel(query, leaf)}.newest"
        case EdgeLeaf():
            return f"{_edge(query, leaf)}.at"


def _funnel(query: Query, leaf: FunnelLeaf) -> str:
    key = ("funnel", leaf.steps, leaf.absent, leaf.hours, leaf.window)
    name = query.join(key, lambda: _funnel_join(query, leaf))
    window = leaf.window
    if leaves := leaves_at(query, window, f"{name}.oldest"):
        query.change_at(leaves)
    if comes := comes_at(query, window, f"{name}.next"):
        # What is not inside only because its time is not over may lie further back.
        query.change_at(ahead(query, comes))
    if window.yearly is not None:
        query.change_at(f"{name}.turn")
    if leaf.absent is not None:
        query.change_at(f"{name}.over")
    return name


def _funnel_join(query: Query, leaf: FunnelLeaf) -> str:
    first, *later = leaf.steps
    bounds = bounds_of(query, leaf.window, "e0.occurred_at")
    inside = bounds.inside
    now, over = now_of(query), hours_after(query, "e0.occurred_at", leaf.hours)
    rest = "true"
    if leaf.absent is not None:
        place = len(leaf.steps)
        rest = f"NOT {_step(query, leaf.absent, place, over, 'true')}"
        inside = f"{inside} AND {over} <= {now}"
    for place in range(len(later), 0, -1):
        rest = _step(query, later[place - 1], place, over, rest)
    where = " AND ".join(
        [*happened(query, first.name, "e0"), *bounds.rows, *_tests(query, first, "e0"), rest]
    )
    if leaf.absent is None:
        over = now = "NULL::timestamptz"
    turn = f", min({bounds.turn}) AS turn" if bounds.turn else ""
    return _FUNNEL.format(inside=inside, over=over, now=now, turn=turn, where=where)


def _step(query: Query, step: Step, place: int, until: str, rest: str) -> str:
    name = f"e{place}"
    where = " AND ".join([*happened(query, step.name, name), *_tests(query, step, name)])
    return _STEP.format(name=name, before=f"e{place - 1}", where=where, until=until, rest=rest)


def _tests(query: Query, step: Step, name: str) -> list[str]:
    return [meets(query, test, name) for test in step.tests]


def _edge(query: Query, leaf: EdgeLeaf) -> str:
    key = ("edge", leaf.is_first, leaf.name, leaf.tests, leaf.window)
    name = query.join(key, lambda: _edge_join(query, leaf))
    window, fits = leaf.window, f"(CASE WHEN {name}.fits THEN {name}.at END)"
    note_turns(query, window, fits)
    if window.yearly is not None:
        query.change_at(f"(CASE WHEN {name}.fits THEN {name}.turn END)")
    return name


def _edge_join(query: Query, leaf: EdgeLeaf) -> str:
    bounds = bounds_of(query, leaf.window, "e.occurred_at")
    tests = [meets(query, test, "e") for test in leaf.tests]
    return _EDGE.format(
        tests=" AND ".join(tests) or "true",
        inside=" AND ".join([*bounds.rows, bounds.inside]),
        turn=bounds.turn or "NULL::timestamptz",
        where=" AND ".join(happened(query, leaf.name, "e")),
        order="ASC" if leaf.is_first else "DESC",
    )
