"""The short way into the database for the hot edges: one statement, one round trip, no ORM.

A thread keeps one connection of its own as `patron_app`. Values are bound on the client, so that
BEGIN, SET LOCAL, the statement and COMMIT travel as one string. Row-level security holds as
everywhere: the tenant is set for this transaction alone.
"""

import threading
from collections.abc import Mapping
from typing import Any

import psycopg
import structlog
from django.db import connections

log = structlog.get_logger(__name__)

CONNECT_SECONDS = 3
STATEMENT_MS = 4000
"""Less than the five seconds that storefronts wait for an answer."""

_thread = threading.local()


class EdgeUnavailable(Exception):
    """The database does not answer; the sender is asked to repeat."""


def write_once(
    statement: str, params: Mapping[str, Any], *, tenant_id: int, is_durable: bool = True
) -> None:
    """Run one statement in a transaction of its own, committed on return.

    The statement may run twice when a connection breaks, so it must end in ON CONFLICT.

    Args:
        statement: one INSERT with ``%(name)s`` placeholders.
        params: values by name; ``tenant_id`` is added.
        tenant_id: whose row it is.
        is_durable: False returns before the row is on disk: for what a crash may forget.

    Raises:
        EdgeUnavailable: the database does not answer, also not on a fresh connection.
    """
    haste = "" if is_durable else "SET LOCAL synchronous_commit = off; "
    bound = f"BEGIN; SET LOCAL app.tenant_id = {int(tenant_id)}; {haste}{statement}; COMMIT"
    values = {**params, "tenant_id": tenant_id}
    try:
        _run(bound, values)
    except (psycopg.OperationalError, psycopg.InterfaceError):
        close_thread_connection()
        try:
            _run(bound, values)
        except (psycopg.OperationalError, psycopg.InterfaceError) as exc:
            close_thread_connection()
            log.warning("edge_database_unavailable", error=type(exc).__name__)
            raise EdgeUnavailable from exc


def close_thread_connection() -> None:
    """Close this thread's connection; the next write opens another."""
    connection: psycopg.Connection[Any] | None = getattr(_thread, "connection", None)
    _thread.connection = None
    if connection is not None:
        connection.close()


def _run(bound: str, values: Mapping[str, Any]) -> None:
    connection = _open()
    try:
        with connection.cursor() as cursor:
            cursor.execute(bound.encode(), values)
    except psycopg.Error:
        if not connection.broken:
            connection.rollback()
        raise


def _open() -> "psycopg.Connection[Any]":
    connection: psycopg.Connection[Any] | None = getattr(_thread, "connection", None)
    if connection is None or connection.closed:
        connection = _connect()
        _thread.connection = connection
    return connection


def _connect() -> "psycopg.Connection[Any]":
    params = connections["default"].get_connection_params()
    for ours in ("context", "cursor_factory", "prepare_threshold"):
        params.pop(ours, None)
    options = f"{params.pop('options', '')} -c statement_timeout={STATEMENT_MS}".strip()
    return psycopg.connect(
        **params,
        autocommit=True,
        connect_timeout=CONNECT_SECONDS,
        cursor_factory=psycopg.ClientCursor,
        options=options,
    )
