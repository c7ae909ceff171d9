"""Databases of a test run: one migrated template, one copy for each worker.

The owner migrates, the tests run as `patron_app` on the alias ``default``; ``sys`` and
``owner`` point at the same copy. What transactional tests leave behind is removed by the
owner, because the application may not TRUNCATE.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from django.core.management import call_command
from django.db import connections
from psycopg import sql

from kernel.postgres.bootstrap import bootstrap

TEMPLATE = "patron_template"
CLEANER = "patron-test-cleaner"
"""Name of the connection that empties the tables."""
ALIASES = ("default", "sys", "owner")
EXISTING_TABLES = """
    SELECT c.relname
    FROM pg_class AS c
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition
    ORDER BY c.relname
"""


class Cleaner:
    """Empties the tables that a test filled, as the owner; what migrations put in stays."""

    def __init__(self, connection: psycopg.Connection[tuple[str]]) -> None:
        self._connection = connection
        self._tables = [row[0] for row in connection.execute(EXISTING_TABLES)]
        seeded = set(self._filled(self._tables))
        self._cleaned = [table for table in self._tables if table not in seeded]

    def clean(self) -> None:
        """Empty the tables and start their ids again at 1."""
        filled = self._filled(self._cleaned)
        if filled:
            names = sql.SQL(", ").join(sql.Identifier(table) for table in filled)
            self._connection.execute(sql.SQL("TRUNCATE {} RESTART IDENTITY CASCADE").format(names))

    def _filled(self, tables: list[str]) -> list[str]:
        if not tables:
            return []
        probes = (
            sql.SQL("SELECT {} WHERE EXISTS (SELECT 1 FROM {})").format(
                sql.Literal(table), sql.Identifier(table)
            )
            for table in tables
        )
        return [row[0] for row in self._connection.execute(sql.SQL(" UNION ALL ").join(probes))]


@contextmanager
def worker_database(number: int) -> Iterator[Cleaner]:
    """Point every alias at a fresh copy of the template, and drop it afterwards."""
    name = f"patron_test_{number}"
    _create_template_once()
    _run_as_superuser(_copy_statement(name))
    _point_aliases_at(name)
    options = "-c lock_timeout=10s -c statement_timeout=60s"
    with psycopg.connect(
        _url(name), autocommit=True, options=options, application_name=CLEANER
    ) as connection:
        yield Cleaner(connection)
    connections.close_all()
    _run_as_superuser(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def end_other_connections() -> None:
    """End whatever earlier tests left connected to this worker's database; the cleaner stays."""
    connections.close_all()
    _end_backends()


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


def _create_template_once() -> None:
    """Create and migrate the template; the worker that comes second waits for it."""
    folder = Path(os.environ["PATRON_DATA_DIR"])
    with (folder / "template.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = folder / "template.made"
        if not made.exists():
            bootstrap(os.environ["PATRON_SUPERUSER_URL"], _url(TEMPLATE))
            _point_aliases_at(TEMPLATE)
            call_command("migrate", verbosity=0)
            connections.close_all()
            made.touch()


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


def _url(name: str) -> str:
    return urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}"))
