"""Watches every statement that a test sends as the application: each binds its tenant."""

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from kernel.postgres.base import APP_ALIAS
from kernel.postgres.compiler import tenant_models
from tests.support.sqlshape import find_unbound_at_run_time

OF_TRANSACTIONS = ("SAVEPOINT ", "RELEASE SAVEPOINT ", "ROLLBACK TO SAVEPOINT ")
"""Most of all statements; they name no table, and each has a name of its own to be read."""
_offenders: list[str] = []


@contextmanager
def watched_statements() -> Iterator[None]:
    """Watch each connection of the application that is opened inside the block."""
    connection_created.connect(_watch, dispatch_uid="watched_statements")
    yield
    connection_created.disconnect(dispatch_uid="watched_statements")


def take_offenders() -> list[str]:
    """Return and forget the statements seen since the last call that bind no tenant."""
    taken = list(_offenders)
    _offenders.clear()
    return taken


def _watch(*, connection: BaseDatabaseWrapper, **_: Any) -> None:
    if connection.alias == APP_ALIAS and _look not in connection.execute_wrappers:
        connection.execute_wrappers.append(_look)


def _look(execute: Callable[..., Any], sql: object, params: Any, many: bool, context: Any) -> Any:
    if isinstance(sql, str) and not sql.startswith(OF_TRANSACTIONS) and _unbound(sql):
        _offenders.append(f"{_unbound(sql)}: {sql}")
    return execute(sql, params, many, context)


@functools.lru_cache(maxsize=20_000)
def _unbound(sql: str) -> tuple[str, ...]:
    return tuple(find_unbound_at_run_time(sql, tenant_models()))
