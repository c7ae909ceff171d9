"""Asking a condition of some profiles, without storing anything."""

from collections.abc import Sequence
from datetime import datetime

from kernel.sql import execute
from segments.queries.conditions import (
    FROM_PROFILES,
    LIVE_PROFILES,
    find_missing_references,
    get_compiler,
    list_references,
    parse_definition,
)


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
    known = list_references()
    references = {**known, **find_missing_references(node, known)}
    compiler = get_compiler(now, references)
    condition = compiler.compile(node)
    rows = execute(
        f"SELECT p.id {FROM_PROFILES} {compiler.joined()} WHERE {LIVE_PROFILES}"
        f" AND p.id = ANY(%(profile_ids)s) AND {condition}",
        profile_ids=list(profile_ids),
        **compiler.params,
    )
    return {row.id for row in rows}
