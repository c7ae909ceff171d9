"""`backfill`: everything that a shop of WooCommerce knows, pulled by a worker over HTTP.

Another worker reacts to what that brings, as in every installation.

The floor merges the very rows that the worker wrote, by one COPY into a temporary table and one
INSERT for each table; it asks nobody and reads no JSON. The peer writes the same rows by the ORM,
a thousand at once. Rows lie in files meanwhile, so that the measuring process stays small.
"""

import json
import os
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.apps import apps
from django.db import models, transaction
from psycopg import Cursor, sql

from crm.services.stores import StoreData
from kernel.embedded.environment import python
from kernel.embedded.paths import PROJECT
from kernel.scope import tenant_scope
from stores.services.connections import connect_store
from tests.benchmarks.accept import granian, served
from tests.benchmarks.ingest import filled_tables, in_order, written_columns
from tests.benchmarks.measure import Goal, Measured, alternate, compare, timed
from tests.benchmarks.world import bare, make_merchant

FEW = 20_000
"""Orders up to which the peer is measured too: its rows lie in memory."""
PIECE = 256 * 1024
BATCH = 1_000
SHARE = Goal(1 / 3, at_least=True, unit="/s")
PEER = Goal(1.0, at_least=True, unit="/s")
MEMORY = Goal(300.0, unit="MB")
MEGABYTE = 1024 * 1024


class Written:
    """The rows of one merchant, taken out, to be written again.

    Attributes:
        objects: the same as models, for the peer; empty unless asked for.
    """

    def __init__(self, tenant_id: int, folder: Path, before: set[str], *, for_peer: bool) -> None:
        self.tenant_id = tenant_id
        self.folder = folder
        self.objects: list[tuple[type[models.Model], list[models.Model]]] = []
        with bare(replica=True) as cursor:
            self.tables = in_order(cursor, filled_tables(cursor, tenant_id) - before)
            if for_peer:
                self.objects = [_objects_of(table, tenant_id) for table in self.tables]
            for table in self.tables:
                _take_out(cursor, table, tenant_id, self._file(table))

    def _file(self, table: str) -> Path:
        return self.folder / f"{self.tenant_id}-{table}"

    def merge(self) -> float:
        """Write every table in one transaction; returns the seconds taken.

        The run before has emptied the tables. Where autovacuum has seen that, they count as empty
        until they are looked at again, and each check of a foreign key at the commit reads all rows
        of the tenant: 100,000 orders then take an hour. A worker commits batch by batch, so that
        autovacuum looks meanwhile; here they are looked at before the commit, which is not timed.
        """
        with bare() as cursor:
            seconds = timed(lambda: self._merge(cursor))
            for table in self.tables:
                cursor.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(table)))
            return seconds + timed(cursor.connection.commit)

    def save(self) -> float:
        """Write every table by the ORM, a thousand rows at once; returns the seconds taken."""
        return timed(self._save)

    def remove(self) -> None:
        """Remove what was written again."""
        with bare(replica=True) as cursor:
            for table in reversed(self.tables):
                statement = sql.SQL("DELETE FROM {} WHERE tenant_id = %s")
                cursor.execute(statement.format(sql.Identifier(table)), [self.tenant_id])

    def forget(self) -> None:
        """Delete the files."""
        for table in self.tables:
            self._file(table).unlink()

    def _save(self) -> None:
        for model, rows in self.objects:
            for first in range(0, len(rows), BATCH):
                with tenant_scope(self.tenant_id), transaction.atomic():
                    model._default_manager.bulk_create(
                        rows[first : first + BATCH], ignore_conflicts=True
                    )

    def _merge(self, cursor: Cursor[Any]) -> None:
        for table in self.tables:
            name, temporary = sql.Identifier(table), sql.Identifier(f"new_{table}")
            create = sql.SQL("CREATE TEMPORARY TABLE {} (LIKE {}) ON COMMIT DROP")
            cursor.execute(create.format(temporary, name))
            columns = written_columns(cursor, table)
            load = sql.SQL("COPY {} ({}) FROM STDIN").format(temporary, columns)
            with self._file(table).open("rb") as file, cursor.copy(load) as copy:
                while piece := file.read(PIECE):
                    copy.write(piece)
            insert = sql.SQL(
                "INSERT INTO {} ({columns}) OVERRIDING SYSTEM VALUE SELECT {columns} FROM {} "
                "ON CONFLICT DO NOTHING"
            )
            cursor.execute(insert.format(name, temporary, columns=columns))


def run(size: int) -> list[Measured]:
    """Measure a fresh merchant per run.

    Args:
        size: orders.
    """
    is_small = size <= FEW
    memories: list[float] = []
    kept: list[Written] = []
    with tempfile.TemporaryDirectory() as folder:
        served_orders = served(
            granian("tests.benchmarks.woo_stand_in:application", 2), {"BENCH_ORDERS": str(size)}
        )
        with served_orders as port:

            def ours() -> float:
                seconds, memory, written = _pull(port, Path(folder), for_peer=is_small)
                memories.append(memory / MEGABYTE)
                while kept:
                    kept.pop().forget()
                kept.append(written)
                return size / seconds

            def floor() -> float:
                return _rate(size, kept, ours, Written.merge)

            def peer() -> float:
                return _rate(size, kept, ours, Written.save)

            # What many orders leave behind when they are removed slows whatever comes next.
            floors, runs = alternate(floor, ours, pairs=1) if is_small else _once(floor, ours)
            peers = [peer()] if is_small else []
            kept.pop().forget()
    work = f"{size:,} orders of a shop, pulled"
    results = [
        compare("backfill", floors, runs, SHARE, work=f"{work}; the floor: a COPY-merge per table"),
        compare("backfill, memory", [], memories, MEMORY, work=f"{work}; peak of a worker"),
    ]
    if peers:
        results.insert(
            1, compare("backfill, ORM", peers, runs, PEER, work=f"{work}; the floor: bulk_create")
        )
    return results


def _once(floor: Callable[[], float], ours: Callable[[], float]) -> tuple[list[float], list[float]]:
    """Pull into an empty database, then write the same rows; there is no warm-up."""
    runs = [ours()]
    return [floor()], runs


def _rate(
    size: int,
    kept: list[Written],
    ours: Callable[[], float],
    write: Callable[[Written], float],
) -> float:
    """Write the rows of the last pull again and return orders per second."""
    if not kept:
        ours()
    seconds = write(kept[-1])
    kept[-1].remove()
    return size / seconds


def _pull(port: int, folder: Path, *, for_peer: bool) -> tuple[float, int, Written]:
    """Let workers of its own pull everything; returns seconds, bytes and what they wrote."""
    merchant = make_merchant()
    with tenant_scope(merchant.tenant_id):
        data = StoreData(
            name="Shop", platform="woocommerce", url=f"http://127.0.0.1:{port}", currency="GBP"
        )
        keys = {"consumer_key": "ck_1", "consumer_secret": "cs_1"}
        store = connect_store(data, credentials=keys)
    with bare() as cursor:
        before = filled_tables(cursor, merchant.tenant_id)
    arguments = (str(merchant.tenant_id), str(store.store_id))
    command = python("-m", "tests.benchmarks.backfill_worker", *arguments)
    done = subprocess.run(
        command, cwd=PROJECT, env=os.environ, check=True, capture_output=True, text=True
    )
    said = json.loads(done.stdout.splitlines()[-1])
    written = Written(merchant.tenant_id, folder, before, for_peer=for_peer)
    return said["seconds"], said["memory"], written


def _objects_of(table: str, tenant_id: int) -> tuple[type[models.Model], list[models.Model]]:
    model = next(each for each in apps.get_models() if each._meta.db_table == table)
    names = [
        field.attname
        for field in model._meta.concrete_fields
        if not field.generated and field.column is not None
    ]
    with tenant_scope(tenant_id), transaction.atomic():
        rows = list(model._default_manager.values(*names))
    return model, [model(**row) for row in rows]


def _take_out(cursor: Cursor[Any], table: str, tenant_id: int, file: Path) -> None:
    name = sql.Identifier(table)
    query = sql.SQL("COPY (SELECT {} FROM {} WHERE tenant_id = {}) TO STDOUT")
    columns = written_columns(cursor, table)
    with (
        file.open("wb") as target,
        cursor.copy(query.format(columns, name, sql.Literal(tenant_id))) as copy,
    ):
        for block in copy:
            target.write(bytes(block))
    delete = sql.SQL("DELETE FROM {} WHERE tenant_id = %s")
    cursor.execute(delete.format(name), [tenant_id])
