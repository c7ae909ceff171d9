"""Asking a condition of some profiles, without storing anything."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from kernel.arrays import array, columns
from kernel.sql import execute, load_sql
from segments.domain.compile import Compiler
from segments.domain.definitions import Node
from segments.queries.conditions import (
    FROM_PAST,
    FROM_PROFILES,
    LIVE_PROFILES,
    find_missing_references,
    get_compiler,
    list_references,
    parse_definition,
)

Asked = tuple[int, datetime]
"""A profile, and a moment of which it is asked."""


def matching(definition: object, profile_ids: Sequence[int], now: datetime) -> set[int]:
    """Return which of some profiles meet a definition.

    Conditions on another segment read the stored membership.

    Args:
        definition: JSON as in the contract.
        profile_ids: of the active tenant; merged and erased ones never match.
        now: aware; the instant that relative conditions count from.

    Raises:
        DefinitionError: the definition cannot be understood.
    """
    node = parse_definition(definition)
    if not profile_ids:
        return set()
    compiler = get_compiler(now, _find_references(node))
    condition = compiler.compile(node)
    rows = execute(
        f"SELECT p.id {FROM_PROFILES} {compiler.joined()} WHERE {LIVE_PROFILES}"
        f" AND p.id = ANY(%(profile_ids)s) AND {condition}",
        profile_ids=list(profile_ids),
        **compiler.params,
    )
    return {row.id for row in rows}


def matching_then(definition: object, asked: Sequence[Asked], now: datetime) -> set[Asked]:
    """Return which profiles met a definition at moments of the past.

    Orders, refunds, events and memberships count as they were then; all else is as it is today, and
    so is what is compared with others, such as the top tenth, and whether an order counts. Days are
    counted from that of the moment.

    Args:
        definition: JSON as in the contract.
        asked: of the active tenant; merged and erased profiles never match.
        now: aware; no moment lies after it.

    Raises:
        DefinitionError: the definition cannot be understood.
    """
    node = parse_definition(definition)
    if not asked:
        return set()
    references = _find_references(node)
    compiler = get_compiler(now, references, is_past=True)
    condition = compiler.compile(node)
    if not compiler.flips and not compiler.instants:
        return _ask_past(compiler, condition, asked)
    by_day: dict[object, list[Asked]] = {}
    for one in asked:
        by_day.setdefault(compiler.moment.day_of(one[1]), []).append(one)
    found: set[Asked] = set()
    for some in by_day.values():
        daily = get_compiler(max(at for _, at in some), references, is_past=True)
        found |= _ask_past(daily, daily.compile(node), some)
    return found


def _ask_past(compiler: Compiler, condition: str, asked: Sequence[Asked]) -> set[Asked]:
    figures = load_sql("crm.figures_then")
    rows = [(place, profile_id, at) for place, (profile_id, at) in enumerate(asked)]
    found = execute(
        f"SELECT a.place {FROM_PAST.replace('{figures}', figures)} {compiler.joined()}"
        f" WHERE {LIVE_PROFILES} AND {condition}",
        ids=array({profile_id for profile_id, _ in asked}),
        until=None,
        **columns("places profile_ids ats", rows),
        **compiler.params,
    )
    return {asked[row.place] for row in found}


def _find_references(node: Node) -> Mapping[str, Decimal | None]:
    known = list_references()
    return {**known, **find_missing_references(node, known)}
