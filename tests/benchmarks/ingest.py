"""`ingest`: waiting deliveries become orders, people, events, facts, scores and memberships.

The floor gets the very rows that Patron wrote: it parses the same bodies and merges each table
by one COPY into a temporary table and one INSERT, with the same indexes and foreign keys. The
peer is a Celery worker with one task per webhook; like Patron's it is one process.
"""

import json
import time
from typing import Any

from django.db import transaction
from psycopg import Cursor, sql

from crm.models import Reaction
from kernel.scope import tenant_scope
from stores.choices import DeliveryStatus
from stores.models import InboxDelivery
from tests.benchmarks.beside import task_worker
from tests.benchmarks.measure import Goal, Measured, alternate, compare, timed
from tests.benchmarks.task_per_webhook import QUEUE, apply_one
from tests.benchmarks.world import Merchant, bare, make_merchant

PAIRS = 5
PEER_SHARE = 40
"""One task of the peer for so many deliveries of Patron: it takes long, and rates are compared."""
POLL_SECONDS = 0.05
PEER_SECONDS = 300.0
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
_COLUMNS = b"""
SELECT a.attname
FROM pg_attribute AS a
WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
ORDER BY a.attnum
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
            for table in in_order(cursor, tables):
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
    first = compare("ingest", floor_runs, runs, Goal(3.0), work=work)
    with task_worker("tests.benchmarks.task_per_webhook", QUEUE):
        _rate_of_tasks(1)
        peer_runs, runs = alternate(
            lambda: _rate_of_tasks(count // PEER_SHARE), lambda: count / ours(), pairs=PAIRS
        )
    work = f"{count} orders; the floor: one Celery task each, {count // PEER_SHARE} orders"
    goal = Goal(3.0, at_least=True, unit="/s")
    return [first, compare("ingest: tasks", peer_runs, runs, goal, work=work)]


def _rate_of_tasks(count: int) -> float:
    """Send one task per delivery; returns orders per second until the last has met its handlers."""
    merchant = make_merchant()
    merchant.file_orders(count)

    def work() -> None:
        for _ in range(count):
            apply_one.delay(merchant.tenant_id)
        until = time.monotonic() + PEER_SECONDS
        while _is_busy(merchant):
            if time.monotonic() > until:
                raise AssertionError("The tasks of the peer do not come to an end")
            time.sleep(POLL_SECONDS)

    return count / timed(work)


def _is_busy(merchant: Merchant) -> bool:
    with tenant_scope(merchant.tenant_id), transaction.atomic():
        waiting = InboxDelivery.objects.filter(status=DeliveryStatus.PENDING)
        return waiting.exists() or Reaction.objects.exists()


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


def in_order(cursor: Cursor[Any], tables: set[str]) -> list[str]:
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
    query = sql.SQL("COPY (SELECT {} FROM {} WHERE tenant_id = {}) TO STDOUT")
    columns = written_columns(cursor, table)
    with cursor.copy(query.format(columns, name, sql.Literal(tenant_id))) as copy:
        content = b"".join(bytes(block) for block in copy)
    delete = sql.SQL("DELETE FROM {} WHERE tenant_id = %s")
    cursor.execute(delete.format(name), [tenant_id])
    return content


def _merge(cursor: Cursor[Any], table: str, content: bytes) -> None:
    name, temporary = sql.Identifier(table), sql.Identifier(f"new_{table}")
    create = sql.SQL("CREATE TEMPORARY TABLE {} (LIKE {}) ON COMMIT DROP")
    cursor.execute(create.format(temporary, name))
    columns = written_columns(cursor, table)
    load = sql.SQL("COPY {} ({}) FROM STDIN").format(temporary, columns)
    with cursor.copy(load) as copy:
        copy.write(content)
    insert = sql.SQL(
        "INSERT INTO {} ({columns}) OVERRIDING SYSTEM VALUE SELECT {columns} FROM {} "
        "ON CONFLICT DO NOTHING"
    )
    cursor.execute(insert.format(name, temporary, columns=columns))


def written_columns(cursor: Cursor[Any], table: str) -> sql.Composed:
    """Return the columns that are stored as given, without those that PostgreSQL computes."""
    cursor.execute(_COLUMNS, [table])
    return sql.SQL(", ").join(sql.Identifier(name) for (name,) in cursor.fetchall())
