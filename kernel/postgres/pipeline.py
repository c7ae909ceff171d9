"""Many rows, one transaction, one round trip: what an edge commits, over libpq's pipeline.

BEGIN, SET LOCAL, the rows and COMMIT travel together and each value on its own, so a body is
neither escaped nor parsed. The statement is parsed once for all rows, without a name, so nothing
outlives the transaction on the server: this holds behind a pooler, too.
"""

import re
import select
import time
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any

import psycopg
from psycopg import abc, pq
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import error_from_result

PLACEHOLDER = re.compile(r"%\((\w+)\)s")

Bound = tuple[Sequence[Any], Sequence[pq.Format]]


def commit_rows(
    connection: "psycopg.Connection[Any]",
    statement: str,
    rows: Sequence[Mapping[str, Any]],
    *,
    settings: Mapping[str, str],
    deadline: float,
) -> None:
    """Run one statement for each row, all in one transaction, committed on return.

    Args:
        connection: in autocommit mode, used by nobody else meanwhile.
        statement: with ``%(name)s`` placeholders.
        rows: values by name.
        settings: SET LOCAL before the first row; trusted text.
        deadline: when to give up, by `time.monotonic`.

    Raises:
        psycopg.OperationalError: nothing is known of the outcome; close the connection.
        psycopg.Error: PostgreSQL refused a row; nothing was written.
        ValueError: a value cannot be sent; nothing was written.
    """
    text, names = _number_placeholders(statement)
    transformer = Transformer(connection)
    bound = [_bind(transformer, [row[name] for name in names]) for row in rows]
    pgconn = connection.pgconn
    refused = _exchange(pgconn, partial(_send, pgconn, text, bound, settings), deadline)
    if refused is not None:
        _exchange(pgconn, partial(pgconn.send_query_params, b"ROLLBACK", None), deadline)
        raise error_from_result(refused)


def _send(
    pgconn: "pq.abc.PGconn", text: bytes, bound: Sequence[Bound], settings: Mapping[str, str]
) -> None:
    pgconn.send_query_params(b"BEGIN", None)
    for name, setting in settings.items():
        pgconn.send_query_params(f"SET LOCAL {name} = {setting}".encode(), None)
    pgconn.send_prepare(b"", text)
    for values, formats in bound:
        pgconn.send_query_prepared(b"", values, formats)
    pgconn.send_query_params(b"COMMIT", None)


def _exchange(
    pgconn: "pq.abc.PGconn", send: Callable[[], None], deadline: float
) -> "pq.abc.PGresult | None":
    """Send, and read every answer; returns the first error."""
    pgconn.enter_pipeline_mode()
    send()
    pgconn.pipeline_sync()
    while pgconn.flush():
        if _wait(pgconn, select.POLLIN | select.POLLOUT, deadline) & select.POLLIN:
            pgconn.consume_input()
    refused = _read_results(pgconn, deadline)
    pgconn.exit_pipeline_mode()
    return refused


def _read_results(pgconn: "pq.abc.PGconn", deadline: float) -> "pq.abc.PGresult | None":
    refused = None
    while True:
        while pgconn.is_busy():
            _wait(pgconn, select.POLLIN, deadline)
            pgconn.consume_input()
        result = pgconn.get_result()
        if result is None:
            if pgconn.status == pq.ConnStatus.BAD:
                raise psycopg.OperationalError("the connection broke")
        elif result.status == pq.ExecStatus.PIPELINE_SYNC:
            return refused
        elif result.status == pq.ExecStatus.FATAL_ERROR:
            refused = refused or result


def _wait(pgconn: "pq.abc.PGconn", events: int, deadline: float) -> int:
    poll = select.poll()
    poll.register(pgconn.socket, events)
    ready = poll.poll(max(deadline - time.monotonic(), 0) * 1000)
    if not ready:
        raise psycopg.OperationalError("no answer in time")
    return ready[0][1]


def _bind(transformer: "abc.Transformer", values: Sequence[Any]) -> Bound:
    """Write values as PostgreSQL reads them: bytes as they are, anything else as text."""
    formats = [PyFormat.BINARY if isinstance(at, bytes) else PyFormat.TEXT for at in values]
    sent = transformer.dump_sequence(values, formats)
    return sent, tuple(transformer.formats or ())


@lru_cache(maxsize=64)
def _number_placeholders(statement: str) -> tuple[bytes, tuple[str, ...]]:
    """Return the statement with ``$1`` for the first name, and the names in this order."""
    names = tuple(dict.fromkeys(PLACEHOLDER.findall(statement)))
    numbers = {name: f"${number}" for number, name in enumerate(names, start=1)}
    text = PLACEHOLDER.sub(lambda found: numbers[found[1]], statement)
    return text.encode(), names
