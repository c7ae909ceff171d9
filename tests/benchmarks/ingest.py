"""`ingest`: waiting deliveries become orders, people, events, facts, scores and memberships.

The floor gets the very rows that Patron wrote: it parses the same bodies and merges each table
by one COPY into a temporary table and one INSERT, with the same indexes and foreign keys.
"""

import json
from typing import Any

from psycopg import Cursor, sql

from tests.benchmarks.measure import Goal, Measured, alternate, compare, timed
from tests.benchmarks.world import Merchant, bare, make_merchant

PAIRS = 5
SHARE = 5
"""One delivery for so many profiles of the size asked for."""
_TABLES = b"""
SELECT c.relname
FROM pg_class AS c
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relnamespace = 'public'::regnamespace
  AND c.relname <> 'stores_inboxdelivery'
ORDER BY c.relname
"""
_REFERENCES = b"""
SELECT conrelid::regclass::text, confrelid::regclass::text
FROM pg_constraint
WHERE contype = 'f' AND conrelid <> confrelid
"""


class Floor:
    """The rows that one drain wrote, taken out, to be written again."""

    def __init__(self, merchant: Merchant, deliveries: list[int], before: set[str]) -> None:
        """Take the rows out of the tables that were empty for this merchant.

        Args:
            merchant: who has just been drained.
            deliveries: ids of those that were worked off.
            before: tables in which the merchant had rows before that.
        """
        self.deliveries = deliveries
        self.copies: dict[str, bytes] = {}
        with bare(replica=True) as cursor:
            tables = filled_tables(cursor, merchant.tenant_id) - before
            for table in _in_order(cursor, tables):
                self.copies[table] = _take_out(cursor, table, merchant.tenant_id)

    def write(self) -> float:
        """Parse the bodies, write every table in one transaction; returns the seconds taken."""
        with bare() as cursor:
            return timed(lambda: self._write(cursor))

    def _write(self, cursor: Cursor[Any]) -> None:
        cursor.execute(
            "SELECT body FROM stores_inboxdelivery WHERE id = ANY(%s)", [self.deliveries]
        )
        for (body,) in cursor.fetchall():
            json.loads(body)
        for table, content in self.copies.items():
            _merge(cursor, table, content)
        cursor.connection.commit()


def run(size: int) -> list[Measured]:
    """Measure one fresh merchant per pair, so that both write into equally full tables.

    Args:
        size: profiles; a fifth of them buy.
    """
    count = size // SHARE
    floors: list[Floor] = []

    def ours() -> float:
        merchant = make_merchant()
        deliveries = merchant.file_orders(count)
        with bare() as cursor:
            before = filled_tables(cursor, merchant.tenant_id)
        seconds = timed(merchant.drain)
        floors.append(Floor(merchant, deliveries, before))
        return seconds

    def floor() -> float:
        if not floors:
            ours()
        return floors.pop().write()

    floor_runs, runs = alternate(floor, ours, pairs=PAIRS)
    work = f"{count} orders; the floor: json.loads and a COPY-merge per table"
    return [compare("ingest", floor_runs, runs, Goal(3.0), work=work)]


def filled_tables(cursor: Cursor[Any], tenant_id: int) -> set[str]:
    """Return the tables of tenants in which one of them has rows."""
    cursor.execute(_TABLES)
    query = sql.SQL("SELECT 1 FROM {} WHERE tenant_id = %s LIMIT 1")
    found = set()
    for (table,) in cursor.fetchall():
        cursor.execute(query.format(sql.Identifier(table)), [tenant_id])
        if cursor.fetchone():
            found.add(table)
    return found


def _in_order(cursor: Cursor[Any], tables: set[str]) -> list[str]:
    """Return tables so that each comes after those it points at."""
    cursor.execute(_REFERENCES)
    pairs = [pair for pair in cursor.fetchall() if set(pair) <= tables]
    ordered: list[str] = []
    while left := tables - set(ordered):
        waiting = {child for child, parent in pairs if parent in left}
        ordered += sorted(left - waiting)
    return ordered


def _take_out(cursor: Cursor[Any], table: str, tenant_id: int) -> bytes:
    name = sql.Identifier(table)
    query = sql.SQL("COPY (SELECT * FROM {} WHERE tenant_id = {}) TO STDOUT")
    with cursor.copy(query.format(name, sql.Literal(tenant_id))) as copy:
        content = b"".join(bytes(block) for block in copy)
    delete = sql.SQL("DELETE FROM {} WHERE tenant_id = %s")
    cursor.execute(delete.format(name), [tenant_id])
    return content


def _merge(cursor: Cursor[Any], table: str, content: bytes) -> None:
    name, temporary = sql.Identifier(table), sql.Identifier(f"new_{table}")
    create = sql.SQL("CREATE TEMPORARY TABLE {} (LIKE {}) ON COMMIT DROP")
    cursor.execute(create.format(temporary, name))
    with cursor.copy(sql.SQL("COPY {} FROM STDIN").format(temporary)) as copy:
        copy.write(content)
    insert = sql.SQL(
        "INSERT INTO {} OVERRIDING SYSTEM VALUE SELECT * FROM {} ON CONFLICT DO NOTHING"
    )
    cursor.execute(insert.format(name, temporary))
