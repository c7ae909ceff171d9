"""The short way into the database for the hot edges: no ORM, one round trip, one transaction.

Row-level security holds as everywhere: connections are of `patron_app`, and the tenant is set
for each transaction alone. A process keeps a few connections; whoever writes takes one.
"""

import time
from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
import structlog
from django.db import connections
from psycopg import pq

from kernel.postgres.pipeline import commit_rows

log = structlog.get_logger(__name__)

PATIENCE_SECONDS = 4.5
"""Storefronts wait five seconds for an answer."""
CONNECT_SECONDS = 3
STATEMENT_MS = 4000
MAX_IDLE = 4
"""More connections are opened when more is written at once, and closed afterwards."""
CONNECTION_GONE = ("57P", "08")
"""Beginnings of error codes with which a server that stops says goodbye."""

Row = Mapping[str, Any]

_idle: list["psycopg.Connection[Any]"] = []


class EdgeUnavailable(Exception):
    """The database does not answer; the sender is asked to repeat."""


class _ConnectionGone(psycopg.OperationalError):
    """The connection broke in time for another attempt."""


def write_once(statement: str, params: Row, *, tenant_id: int, is_durable: bool = True) -> None:
    """Run one statement in a transaction of its own, committed on return.

    The statement may run twice when a connection breaks, so it must end in ON CONFLICT.

    Args:
        statement: one INSERT with ``%(name)s`` placeholders.
        params: values by name; ``tenant_id`` is added.
        tenant_id: whose row it is.
        is_durable: False returns before the row is on disk: for what a crash may forget.

    Raises:
        EdgeUnavailable: the database does not answer in time, also not on a fresh connection.
        psycopg.Error: PostgreSQL refuses the row.
    """
    write_rows(
        statement,
        [params],
        tenant_id=tenant_id,
        deadline=time.monotonic() + PATIENCE_SECONDS,
        is_durable=is_durable,
    )


def write_rows(
    statement: str,
    rows: Sequence[Row],
    *,
    tenant_id: int,
    deadline: float,
    is_durable: bool = True,
) -> None:
    """Run one statement for each row of one tenant, all in one transaction, committed on return.

    Args:
        statement: one INSERT with ``%(name)s`` placeholders that ends in ON CONFLICT.
        rows: values by name; ``tenant_id`` is added.
        tenant_id: whose rows they are.
        deadline: when to give up, by `time.monotonic`.
        is_durable: False returns before the rows are on disk.

    Raises:
        EdgeUnavailable: the database does not answer in time, also not on a fresh connection.
        psycopg.Error: PostgreSQL refuses a row; nothing was written.
        ValueError: a value cannot be sent; nothing was written.
    """
    settings = {"app.tenant_id": str(int(tenant_id))}
    if not is_durable:
        settings["synchronous_commit"] = "off"
    full = [{**row, "tenant_id": tenant_id} for row in rows]
    try:
        _write_again(statement, full, settings, deadline)
    except psycopg.OperationalError as exc:
        if isinstance(exc, psycopg.errors.DeadlockDetected) and len(rows) > 1:
            raise
        log.warning("edge_database_unavailable", tenant=tenant_id, error=type(exc).__name__)
        raise EdgeUnavailable from exc


def close_connections() -> None:
    """Close the connections that nobody uses; the next write opens another."""
    while _idle:
        _idle.pop().close()


def _write_again(
    statement: str, rows: Sequence[Row], settings: Mapping[str, str], deadline: float
) -> None:
    """Commit the rows, on a fresh connection where the first one turns out to be dead."""
    try:
        _write(statement, rows, settings, deadline)
    except _ConnectionGone:
        close_connections()  # a server that was restarted left the others dead, too
        _write(statement, rows, settings, deadline)


def _write(
    statement: str, rows: Sequence[Row], settings: Mapping[str, str], deadline: float
) -> None:
    connection = _take()
    try:
        commit_rows(connection, statement, rows, settings=settings, deadline=deadline)
    except psycopg.OperationalError as exc:
        if time.monotonic() < deadline and _is_gone(connection, exc):
            connection.close()
            raise _ConnectionGone from exc
        raise
    finally:
        _give_back(connection)


def _is_gone(connection: "psycopg.Connection[Any]", exc: psycopg.Error) -> bool:
    broken = connection.pgconn.status != pq.ConnStatus.OK
    return broken or (exc.sqlstate or "").startswith(CONNECTION_GONE)


def _take() -> "psycopg.Connection[Any]":
    try:
        return _idle.pop()
    except IndexError:
        return _connect()


def _give_back(connection: "psycopg.Connection[Any]") -> None:
    is_whole = connection.pgconn.status == pq.ConnStatus.OK and (
        connection.pgconn.transaction_status == pq.TransactionStatus.IDLE
    )
    if is_whole and len(_idle) < MAX_IDLE:
        _idle.append(connection)
    else:
        connection.close()


def _connect() -> "psycopg.Connection[Any]":
    params = connections["default"].get_connection_params()
    for ours in ("context", "cursor_factory", "prepare_threshold"):
        params.pop(ours, None)
    options = f"{params.pop('options', '')} -c statement_timeout={STATEMENT_MS}".strip()
    return psycopg.connect(
        **params, autocommit=True, connect_timeout=CONNECT_SECONDS, options=options
    )
