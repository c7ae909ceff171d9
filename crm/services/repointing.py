"""Tables whose rows belong to a profile and follow it through a merge.

Apps above fill these lists when they start (`AppConfig.ready`).
"""

from collections.abc import Callable, Sequence

from kernel.arrays import array, columns
from kernel.sql import execute, load_sql

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
    ("crm_conversation", "profile_id"),
]
"""Table and column; the table has an ``id``. A merge lets the rows point at the winner."""

UNITED: list[str] = []
"""Names of statements that let the winners' rows take in what those of the losers say. Each reads
``pair (loser, winner)``, writes a table of its own that is in no other list, and is taken into the
statement that moves rows."""

OF_ORDERS: list[tuple[str, str, str]] = [
    ("crm_refund", "profile_id", "order_id"),
    ("crm_return", "profile_id", "order_id"),
    ("crm_review", "profile_id", "order_id"),
    ("crm_ticket", "profile_id", "order_id"),
    ("crm_touchpoint", "profile_id", "order_id"),
    ("crm_cart", "profile_id", "order_id"),
]
"""Table, column of the profile and column of the order: rows that go where their order goes when
a merge is undone, also those that came after it. Each is in `REPOINTED` too."""

BEFORE_LOCKING: list[Callable[[], object]] = []
"""Called before profiles are kept from everybody else for a merge, a parting or an erasure, in the
same transaction: rows that apps above always lock before profiles are locked here."""

BEFORE_MERGE: list[Callable[[Sequence[Pair]], None]] = []
"""Called before rows move, to settle what a unique constraint would refuse."""

AFTER_MERGE: list[Callable[[Sequence[Pair]], None]] = []
"""Called after rows moved, in the same transaction, to recompute caches."""

AFTER_PARTING: list[Callable[[Sequence[Pair]], None]] = []
"""Called after a merge was undone and rows moved back, in the same transaction, with the restored
profile and the one that had won."""

_PAIRS = """
pair AS (
    SELECT m.loser, m.winner
    FROM unnest(%(losers)s::bigint[], %(winners)s::bigint[]) AS m (loser, winner)
)"""
_MOVED = """
moved_{number} AS (
    UPDATE {table} AS t
    SET {column} = m.winner
    FROM pair AS m
    WHERE t.tenant_id = %(tenant_id)s
      AND t.{column} = m.loser
      AND t.{column} = ANY(%(losers)s::bigint[])
    RETURNING t.id, m.loser
)"""
_NAMED = """
SELECT '{table}.{column}' AS place, m.loser, array_agg(m.id ORDER BY m.id) AS ids
FROM moved_{number} AS m
GROUP BY m.loser"""
_MOVED_BACK = """
back_{number} AS (
    UPDATE {table} AS t
    SET {column} = %(loser)s
    WHERE t.tenant_id = %(tenant_id)s
      AND t.id = ANY(%(ids_{number})s::bigint[])
      AND t.{column} = %(winner)s
    RETURNING t.id
)"""
_FOLLOWED = """
back_{number} AS (
    UPDATE {table} AS t
    SET {column} = %(loser)s
    WHERE t.tenant_id = %(tenant_id)s
      AND t.{order} = ANY(%(orders)s::bigint[])
      AND t.{column} = %(winner)s
    RETURNING t.id
)"""
_GIVEN = """
pair AS (
    SELECT m.order_id, m.profile_id
    FROM unnest(%(order_ids)s::bigint[], %(profile_ids)s::bigint[]) AS m (order_id, profile_id)
)"""
_ADOPTED = """
adopted_{number} AS (
    UPDATE {table} AS t
    SET {column} = m.profile_id
    FROM pair AS m
    WHERE t.tenant_id = %(tenant_id)s
      AND t.{order} = m.order_id
      AND t.{order} = ANY(%(order_ids)s::bigint[])
      AND t.{column} IS NULL
)"""
_COUNTED = "SELECT '{table}.{column}' AS place, count(*) AS rows FROM back_{number}"
_COUNT = """
SELECT count(*) AS found
FROM {table} AS t
JOIN crm_profile AS p ON p.tenant_id = t.tenant_id AND p.id = t.{column}
WHERE t.tenant_id = %(tenant_id)s AND p.merged_into_id IS NOT NULL
"""


def move_rows(pairs: Sequence[Pair]) -> dict[int, dict[str, list[int]]]:
    """Let all rows of the losers point at their winners, in one statement.

    Returns:
        By loser: the ids of the rows that moved, by ``table.column``.
    """
    parts = [_PAIRS]
    named = []
    for number, (table, column) in enumerate(REPOINTED):
        parts.append(_MOVED.format(number=number, table=table, column=column))
        named.append(_NAMED.format(number=number, table=table, column=column))
    parts += [f"united_{n} AS ({load_sql(name)})" for n, name in enumerate(UNITED)]
    statement = f"WITH {','.join(parts)} {' UNION ALL '.join(named)}"
    moved: dict[int, dict[str, list[int]]] = {loser: {} for loser, _ in pairs}
    for row in execute(statement, **columns("losers winners", pairs)):
        moved[row.loser][row.place] = row.ids
    return moved


def move_back(pair: Pair, moved: dict[str, list[int]]) -> dict[str, int]:
    """Let rows that a merge moved point at the restored profile again, in one statement.

    Rows that have gone to somebody else since stay where they are.

    Args:
        pair: the restored profile and the winner.
        moved: ids by ``table.column``, as `move_rows` returned them.

    Returns:
        How many rows went back, by ``table.column``.
    """
    places = [place for place in REPOINTED if moved.get(".".join(place))]
    ids = {f"ids_{n}": array(moved[".".join(place)]) for n, place in enumerate(places)}
    texts = [
        _MOVED_BACK.format(number=number, table=table, column=column)
        for number, (table, column) in enumerate(places)
    ]
    return _run_back(pair, texts, places, ids)


def move_with_orders(pair: Pair, order_ids: Sequence[int]) -> dict[str, int]:
    """Let what belongs to orders that went to the restored profile follow them.

    Args:
        pair: the restored profile and the winner.
        order_ids: of orders that came after the merge.

    Returns:
        How many rows went, by ``table.column``.
    """
    texts = [
        _FOLLOWED.format(number=number, table=table, column=column, order=order)
        for number, (table, column, order) in enumerate(OF_ORDERS)
    ]
    places = [(table, column) for table, column, _ in OF_ORDERS]
    return _run_back(pair, texts, places, {"orders": array(order_ids)})


def adopt_rows(pairs: Sequence[tuple[int, int]]) -> None:
    """Let what belongs to orders of nobody go to the people to whom the orders were given.

    Args:
        pairs: order and profile; rows that are somebody's already stay theirs.
    """
    if not pairs:
        return
    texts = [
        _ADOPTED.format(number=number, table=table, column=column, order=order)
        for number, (table, column, order) in enumerate(OF_ORDERS)
    ]
    statement = f"WITH {','.join([_GIVEN, *texts])} SELECT count(*) AS orders FROM pair"  # noqa: S608 constants of this app
    execute(statement, **columns("order_ids profile_ids", pairs))


def _run_back(
    pair: Pair, texts: Sequence[str], places: Sequence[tuple[str, str]], params: dict[str, str]
) -> dict[str, int]:
    if not texts:
        return {}
    counted = [
        _COUNTED.format(number=number, table=table, column=column)
        for number, (table, column) in enumerate(places)
    ]
    statement = f"WITH {','.join(texts)} {' UNION ALL '.join(counted)}"
    rows = execute(statement, loser=pair[0], winner=pair[1], **params)
    return {row.place: row.rows for row in rows if row.rows}


def count_left_behind() -> dict[str, int]:
    """Count rows that still point at a merged profile, by ``table.column``; zeros left out."""
    found = {}
    for table, column in REPOINTED:
        rows = execute(_COUNT.format(table=table, column=column))
        if rows[0].found:
            found[f"{table}.{column}"] = rows[0].found
    return found
