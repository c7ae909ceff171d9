"""Tables whose rows belong to a profile and follow it through a merge.

Apps above fill these lists when they start (`AppConfig.ready`).
"""

from collections.abc import Callable, Sequence

from kernel.arrays import array, columns
from kernel.sql import execute

Pair = tuple[int, int]
"""Loser and winner of a merge."""

REPOINTED: list[tuple[str, str]] = [
    ("crm_order", "profile_id"),
    ("crm_refund", "profile_id"),
    ("crm_identity", "profile_id"),
    ("crm_event", "profile_id"),
    ("crm_consentevent", "profile_id"),
    ("crm_note", "profile_id"),
    ("crm_return", "profile_id"),
    ("crm_review", "profile_id"),
    ("crm_ticket", "profile_id"),
    ("crm_touchpoint", "profile_id"),
    ("crm_cart", "profile_id"),
]
"""Table and column; the table has an ``id``. A merge lets the rows point at the winner."""

RECOMPUTED: list[tuple[str, str]] = []
"""Table and column of derived rows, such as memberships: a merge deletes those of the loser, and
whoever reacts to "Profile Merged" computes those of the winner."""

BEFORE_MERGE: list[Callable[[Sequence[Pair]], None]] = []
"""Called before rows move, to settle what a unique constraint would refuse."""

AFTER_MERGE: list[Callable[[Sequence[Pair]], None]] = []
"""Called after rows moved, in the same transaction, to recompute caches. A merge that is undone
calls it too, with the pairs of old winner and restored profile."""

_MOVE = """
UPDATE {table} AS t
SET {column} = m.winner
FROM unnest(%(losers)s::bigint[], %(winners)s::bigint[]) AS m (loser, winner)
WHERE t.tenant_id = %(tenant_id)s
  AND t.{column} = m.loser
  AND t.{column} = ANY(%(losers)s::bigint[])
RETURNING t.id, m.loser
"""
_MOVE_BACK = """
UPDATE {table} AS t
SET {column} = %(profile_id)s
WHERE t.tenant_id = %(tenant_id)s AND t.id = ANY(%(ids)s::bigint[])
"""
_DELETE = """
DELETE FROM {table} AS t
WHERE t.tenant_id = %(tenant_id)s AND t.{column} = ANY(%(losers)s::bigint[])
"""
_COUNT = """
SELECT count(*) AS found
FROM {table} AS t
JOIN crm_profile AS p ON p.tenant_id = t.tenant_id AND p.id = t.{column}
WHERE t.tenant_id = %(tenant_id)s AND p.merged_into_id IS NOT NULL
"""


def move_rows(pairs: Sequence[Pair]) -> dict[int, dict[str, list[int]]]:
    """Let all rows of the losers point at their winners.

    Returns:
        By loser: the ids of the rows that moved, by ``table.column``.
    """
    params = columns("losers winners", pairs)
    moved: dict[int, dict[str, list[int]]] = {loser: {} for loser, _ in pairs}
    for table, column in REPOINTED:
        for row in execute(_MOVE.format(table=table, column=column), **params):
            moved[row.loser].setdefault(f"{table}.{column}", []).append(row.id)
    for table, column in RECOMPUTED:
        execute(_DELETE.format(table=table, column=column), losers=params["losers"])
    return moved


def move_back(profile_id: int, moved: dict[str, list[int]]) -> None:
    """Let rows that a merge moved point at the restored profile again."""
    for table, column in REPOINTED:
        ids = moved.get(f"{table}.{column}", [])
        if ids:
            statement = _MOVE_BACK.format(table=table, column=column)
            execute(statement, profile_id=profile_id, ids=array(ids))


def count_left_behind() -> dict[str, int]:
    """Count rows that still point at a merged profile, by ``table.column``; zeros left out."""
    found = {}
    for table, column in [*REPOINTED, *RECOMPUTED]:
        rows = execute(_COUNT.format(table=table, column=column))
        if rows[0].found:
            found[f"{table}.{column}"] = rows[0].found
    return found
