"""Databases of a test run: one migrated template, one copy for each worker.

`bin/test` brings the template (`kernel.embedded.clusters`). The owner migrated it, the tests run
as `patron_app` on the alias ``default``; ``sys`` and ``owner`` point at the same copy. What
transactional tests leave behind is removed by a superuser, because the application may neither
TRUNCATE nor delete every row.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from threading import Event
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
from django.db import connections
from psycopg import sql

from kernel.embedded.clusters import TEMPLATE

CLEANER = "patron-test-cleaner"
"""Name of the connection that empties the tables."""
ALIASES = ("default", "sys", "owner")
TABLES = """
    SELECT c.relname
    FROM pg_class AS c
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition
    ORDER BY c.relname
"""
GROWN_BYTES = 16 * 8192
"""From this size on, what deleted rows leave in a table is in the way of the next tests."""
HAS_GROWN = """
    SELECT EXISTS (
        SELECT 1
        FROM pg_class AS c
        JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE n.nspname = 'public' AND c.relkind = 'r' AND c.relname <> ALL (%s)
            AND pg_relation_size(c.oid) > %s
    )
"""
CLEANER_OPTIONS = (
    "-c lock_timeout=60s -c statement_timeout=180s -c session_replication_role=replica"
)
FORGET = "RESET ALL; SELECT pg_advisory_unlock_all(); DISCARD TEMP"
"""What a session keeps beyond a transaction; its role and its prepared statements stay."""
IDLE = psycopg.pq.TransactionStatus.IDLE
LOOK_SECONDS = 0.01
WAITING = (
    "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
)
DEFINE_CLEAN = """
    CREATE FUNCTION pg_temp.clean() RETURNS void LANGUAGE plpgsql AS $clean$
    BEGIN
        LOCK TABLE tenants_tenant IN EXCLUSIVE MODE;
        {}
        PERFORM setval(s.seqrelid, s.seqstart, false)
        FROM pg_sequence AS s
        JOIN pg_depend AS d ON d.objid = s.seqrelid AND d.deptype IN ('a', 'i')
        JOIN pg_class AS c ON c.oid = d.refobjid AND d.refclassid = 'pg_class'::regclass
        WHERE c.relname = ANY ({}) AND pg_sequence_last_value(s.seqrelid) IS NOT NULL;
    END
    $clean$
"""
"""Whoever still writes for a tenant is waited for: rows of tenants need the lock of theirs."""


class Cleaner:
    """Empties the tables that tests filled; what migrations put in stays.

    Emptying a hundred tables by TRUNCATE makes each of their files anew and lets every
    connection forget what it knows of them. So their few rows are deleted, without asking the
    foreign keys, and TRUNCATE comes when a table has grown.
    """

    def __init__(self, connection: psycopg.Connection[tuple[Any, ...]]) -> None:
        self._connection = connection
        tables = [row[0] for row in connection.execute(TABLES)]
        self._seeded = [table for table in tables if self._is_filled(table)]
        names = [sql.Identifier(table) for table in tables if table not in self._seeded]
        self._truncate = sql.SQL("TRUNCATE {} RESTART IDENTITY CASCADE").format(
            sql.SQL(", ").join(names)
        )
        deletions = sql.SQL(" ").join(sql.SQL("DELETE FROM {};").format(name) for name in names)
        cleaned = [table for table in tables if table not in self._seeded]
        connection.execute(sql.SQL(DEFINE_CLEAN).format(deletions, cleaned))

    def clean(self) -> None:
        """Empty the tables and start their ids again at 1."""
        grown = self._connection.execute(HAS_GROWN, [self._seeded, GROWN_BYTES]).fetchone()
        if grown and grown[0]:
            self._connection.execute(self._truncate)
        else:
            self._connection.execute("SELECT pg_temp.clean()")

    def _is_filled(self, table: str) -> bool:
        statement = sql.SQL("SELECT 1 FROM {} LIMIT 1").format(sql.Identifier(table))
        return self._connection.execute(statement).fetchone() is not None


class WorkerDatabase:
    """A copy of the template that belongs to one process of the test run.

    Attributes:
        cleaner: empties its tables.
    """

    cleaner: Cleaner

    def __init__(self, number: int) -> None:
        self._name = f"patron_test_{number}"
        self._stack = ExitStack()

    def make(self) -> None:
        """Copy the template, point every alias at the copy, and connect the cleaner."""
        _run_as_superuser(_copy_statement(self._name))
        self._stack.callback(self._drop)
        _point_aliases_at(self._name)
        self._stack.callback(connections.close_all)
        connection = psycopg.connect(
            _superuser_url(self._name),
            autocommit=True,
            options=CLEANER_OPTIONS,
            application_name=CLEANER,
        )
        self.cleaner = Cleaner(self._stack.enter_context(connection))

    def drop(self) -> None:
        """Close every connection to it and drop it."""
        self._stack.close()

    def _drop(self) -> None:
        statement = sql.SQL("DROP DATABASE {} WITH (FORCE)")
        _run_as_superuser(statement.format(sql.Identifier(self._name)))


@contextmanager
def own_database(number: int) -> Iterator[WorkerDatabase]:
    """Point every alias at a fresh copy of the template, and drop it afterwards."""
    database = WorkerDatabase(number)
    database.make()
    try:
        yield database
    finally:
        database.drop()


def renew_connections() -> None:
    """Make the connections of a transactional test as good as new, for the next one.

    Truly new ones know no table yet: what they are asked first costs many times what it would.
    """
    for wrapper in connections.all(initialized_only=True):
        if wrapper.connection is not None and not _renew(wrapper.connection):
            wrapper.close()


def _renew(connection: psycopg.Connection[Any]) -> bool:
    """Forget what a test set; False where it is in a transaction, or broken."""
    if not connection.autocommit or connection.info.transaction_status != IDLE:
        return False
    try:
        connection.execute(FORGET)
    except psycopg.Error:
        return False
    return True


def end_other_connections() -> None:
    """End whatever earlier tests left connected to this worker's database; the cleaner stays."""
    connections.close_all()
    _end_backends()


def vacuum() -> None:
    """Remove dead rows from this worker's database and renew statistics, as a server does."""
    name = connections["default"].settings_dict["NAME"]
    with psycopg.connect(_superuser_url(name), autocommit=True) as connection:
        connection.execute("VACUUM (ANALYZE)")


def _end_backends() -> None:
    name = connections["default"].settings_dict["NAME"]
    statement = sql.SQL(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        " WHERE datname = {} AND application_name <> {}"
    )
    _run_as_superuser(statement.format(sql.Literal(name), sql.Literal(CLEANER)))


@contextmanager
def cut_off() -> Iterator[None]:
    """End every connection to this worker's database and refuse new ones; the cleaner stays.

    Afterwards the aliases connect anew, as a server does with its next request.
    """
    name = sql.Identifier(connections["default"].settings_dict["NAME"])
    allow = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
    _run_as_superuser(allow.format(name, sql.SQL("false")))
    try:
        _end_backends()
        yield
    finally:
        connections.close_all()
        _run_as_superuser(allow.format(name, sql.SQL("true")))


def until_somebody_waits(is_over: Callable[[], bool]) -> None:
    """Return once a connection to this worker's database waits for a lock.

    Args:
        is_over: asked meanwhile; whether nobody will wait any more.
    """
    name = connections["default"].settings_dict["NAME"]
    # Only a superuser sees what others wait for.
    with psycopg.connect(_superuser_url(name), autocommit=True) as watcher:
        while not (is_over() or watcher.execute(WAITING).fetchone()):
            Event().wait(LOOK_SECONDS)


def _superuser_url(database: str) -> str:
    return urlunsplit(urlsplit(os.environ["PATRON_SUPERUSER_URL"])._replace(path=f"/{database}"))


def _copy_statement(name: str) -> sql.Composed:
    return sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {}").format(
        sql.Identifier(name),
        sql.Identifier(TEMPLATE),
        sql.Identifier(urlsplit(os.environ["DATABASE_URL"]).username or ""),
    )


def _run_as_superuser(statement: sql.Composed) -> None:
    with psycopg.connect(os.environ["PATRON_SUPERUSER_URL"], autocommit=True) as connection:
        connection.execute(statement)


def _point_aliases_at(name: str) -> None:
    for alias in ALIASES:
        connections[alias].close()
        connections[alias].settings_dict["NAME"] = name
        connections.databases[alias]["NAME"] = name
