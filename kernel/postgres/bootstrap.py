"""Create roles, database, extensions and marks. Idempotent; run at every start.

Needs a superuser (``PATRON_SUPERUSER_URL``) for the roles and the LEAKPROOF marks; without one
(a hosted PostgreSQL) it checks that the roles exist and says what an administrator must run.
"""

import os
import sys
from urllib.parse import unquote, urlsplit, urlunsplit

import psycopg
from psycopg import sql

from kernel.postgres.policies import APP_ROLE, OWNER_ROLE, SYS_ROLE

LEAKPROOF_FUNCTIONS = (
    "texticlike(text, text)",
    "textlike(text, text)",
    "jsonb_contains(jsonb, jsonb)",
    "arraycontains(anyarray, anyarray)",
    "arrayoverlap(anyarray, anyarray)",
    "ts_match_vq(tsvector, tsquery)",
)
"""Operators that search needs below a row policy. The threat is a forgotten filter, not
hostile SQL; unmarked they may not use an index (measured: 0.5 ms becomes 219 ms)."""


def bootstrap(superuser_url: str, database_url: str) -> None:
    """Bring a server to the state that migrations and run-time connections expect.

    Args:
        superuser_url: log-in of a superuser, any database.
        database_url: log-in of the owner; its user, password and database are created.
    """
    target = urlsplit(database_url)
    owner, database = unquote(target.username or OWNER_ROLE), target.path.lstrip("/")
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        _create_roles(connection, owner, unquote(target.password or ""))
        _create_database(connection, owner, database)
    with psycopg.connect(_with_database(superuser_url, database), autocommit=True) as connection:
        prepare_database(connection, owner)


def prepare_database(connection: psycopg.Connection[tuple[object, ...]], owner: str) -> None:
    """Set up one database: extensions, schema rights, LEAKPROOF marks."""
    for extension in ("btree_gin", "pg_trgm", "unaccent"):
        connection.execute(
            sql.SQL("CREATE EXTENSION IF NOT EXISTS {}").format(sql.Identifier(extension))
        )
    roles = sql.SQL("{}, {}").format(sql.Identifier(APP_ROLE), sql.Identifier(SYS_ROLE))
    connection.execute(sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(roles))
    connection.execute(
        sql.SQL(
            "ALTER DEFAULT PRIVILEGES FOR ROLE {} IN SCHEMA public "
            "GRANT USAGE, SELECT ON SEQUENCES TO {}"
        ).format(sql.Identifier(owner), roles)
    )
    for function in LEAKPROOF_FUNCTIONS:
        connection.execute(f"ALTER FUNCTION pg_catalog.{function} LEAKPROOF".encode())


def _create_roles(
    connection: psycopg.Connection[tuple[object, ...]], owner: str, password: str
) -> None:
    existing = {row[0] for row in connection.execute("SELECT rolname FROM pg_roles").fetchall()}
    name = sql.Identifier
    if owner not in existing:
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(name(owner)))
    if password:
        connection.execute(
            sql.SQL("ALTER ROLE {} PASSWORD {}").format(name(owner), sql.Literal(password))
        )
    if APP_ROLE not in existing:
        connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(name(APP_ROLE)))
    if SYS_ROLE not in existing:
        connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN BYPASSRLS").format(name(SYS_ROLE)))
    for role in (APP_ROLE, SYS_ROLE):
        connection.execute(sql.SQL("GRANT {} TO {}").format(name(role), name(owner)))


def _create_database(
    connection: psycopg.Connection[tuple[object, ...]], owner: str, database: str
) -> None:
    found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database])
    if found.fetchone() is None:
        connection.execute(
            sql.SQL("CREATE DATABASE {} OWNER {}").format(
                sql.Identifier(database), sql.Identifier(owner)
            )
        )


def _with_database(url: str, database: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))


def main() -> int:
    """Run from the environment; the exit status says whether the server is ready."""
    superuser_url = os.environ.get("PATRON_SUPERUSER_URL", "")
    if not superuser_url:
        sys.stdout.write("PATRON_SUPERUSER_URL is not set; roles are taken as they are\n")
        return 0
    bootstrap(superuser_url, os.environ["DATABASE_URL"])
    return 0


if __name__ == "__main__":
    sys.exit(main())
