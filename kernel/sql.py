"""Named SQL: one set-based statement per file, always bound to the active tenant.

A statement takes in another where ``{app.statement}`` stands, so that a rule has one home.
"""

import functools
import re
from collections import namedtuple
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection
from psycopg.errors import QueryCanceled

from kernel.kept import kept_cursor
from kernel.scope import current_tenant_id

_INCLUDED = re.compile(r"\{(\w+\.\w+)\}")
_HEADER = re.compile(r"\A(?:--.*\n)+")
"""What a file says of itself, to people: neither driver nor server has to read it each time."""
_LIMIT = """
SELECT current_setting('statement_timeout') AS value,
    set_config('statement_timeout', %(value)s, true) AS now,
    set_config('enable_nestloop', %(nestloop)s, true) AS nestloop
"""
"""Select lists are worked out from left to right: the value is that of before."""


@functools.cache
def load_sql(name: str) -> str:
    """Return what ``<app>/sql/<statement>.sql`` runs, for the name ``<app>.<statement>``."""
    app, statement = name.split(".")
    text = (Path(settings.BASE_DIR) / app / "sql" / f"{statement}.sql").read_text("utf-8")
    return _INCLUDED.sub(lambda found: load_sql(found[1]), _HEADER.sub("", text))


def run_sql(name: str, /, **params: Any) -> list[Any]:
    """Run a named statement for the active tenant.

    Args:
        name: ``app.statement``, the file ``app/sql/statement.sql``.
        params: bound as ``%(name)s``; ``tenant_id`` is added from the scope.

    Returns:
        The rows as named tuples; empty when the statement returns none.

    Raises:
        TenantScopeError: no scope, or no transaction, is open.
    """
    return execute(load_sql(name), **params)


def run_kept(name: str, /, **params: Any) -> list[Any]:
    """Run a named statement as `run_sql`; the server plans it once, not each time.

    For what runs again and again on a few rows, where planning costs more than the work. Its plan
    is made for any values, so the statement must find its rows by their keys. Where a pooler stands
    before the server (`DATABASE_POOLED`) nothing is kept.
    """
    return execute_kept(load_sql(name), **params)


def execute(statement: str, /, **params: Any) -> list[Any]:
    """Run SQL text that was put together in code, such as a compiled segment, likewise."""
    with connection.cursor() as cursor:
        return _run(cursor, statement, params)


def execute_kept(statement: str, /, **params: Any) -> list[Any]:
    """Run SQL text that was put together in code as `run_kept`: the same text is planned once."""
    if settings.DATABASE_POOLED:
        return execute(statement, **params)
    with kept_cursor() as cursor:
        return _run(cursor, statement, params)


def _run(cursor: Any, statement: str, params: dict[str, Any]) -> list[Any]:
    tenant_id = current_tenant_id()
    _bind(tenant_id)
    return _fetch(cursor, statement, {**params, "tenant_id": tenant_id})


def _fetch(cursor: Any, statement: str, params: dict[str, Any]) -> list[Any]:
    cursor.execute(statement, params)
    described = cursor.description  # put together anew each time it is asked for
    if described is None:
        return []
    make_row = _row_maker(tuple(column.name for column in described))
    return list(map(make_row, cursor.fetchall()))


def count_sql(name: str, /, **params: Any) -> int:
    """Run a named statement for the active tenant and return the number of rows it touched."""
    tenant_id = current_tenant_id()
    _bind(tenant_id)
    with connection.cursor() as cursor:
        cursor.execute(load_sql(name), {**params, "tenant_id": tenant_id})
        return int(cursor.rowcount)


@contextmanager
def whole_tenant() -> Iterator[None]:
    """Have the statements inside planned for many rows of a tenant, up to all, in a transaction.

    By stale statistics a tenant that has just begun to grow has one row, and a join of its
    tables looks like one step of a loop; it then takes the square of its rows.
    """
    _bind(current_tenant_id())
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_nestloop = off")
        yield
        cursor.execute("SET LOCAL enable_nestloop = on")


@contextmanager
def time_limit(seconds: float, *, is_wide: bool = False) -> Iterator[None]:
    """Have each statement inside ended by the server after so long, in a transaction.

    Args:
        seconds: how long each may take.
        is_wide: whether they are planned as in `whole_tenant` too, for no more round trips.

    Raises:
        OperationalError: a statement was ended; nothing of its transaction is kept.
    """
    nestloop = "off" if is_wide else "on"
    [before] = execute_kept(_LIMIT, value=f"{round(seconds * 1000)}ms", nestloop=nestloop)
    yield
    execute_kept(_LIMIT, value=before.value, nestloop="on")


def was_ended(error: Exception) -> bool:
    """Say whether a statement failed because `time_limit` ended it."""
    return isinstance(error.__cause__, QueryCanceled)


def _bind(tenant_id: int) -> None:
    engine: Any = connection
    engine.bind_tenant(tenant_id)


@functools.lru_cache(maxsize=512)
def _row_maker(columns: tuple[str, ...]) -> Callable[[tuple[Any, ...]], Any]:
    """Return what names the values of a row, past the type's own constructor, which is slower."""
    return functools.partial(tuple.__new__, namedtuple("Row", columns, rename=True))
