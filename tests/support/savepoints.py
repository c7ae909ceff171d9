"""Savepoints that cost no way to the server and back of their own.

A test lies in a transaction, so every service that opens one opens a savepoint, and most of all
statements of a run would be these. They are kept back here and leave with the next statement, in
front of it; what nothing happened in never leaves. PostgreSQL sees the same in the same order.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, Self, cast
from weakref import WeakKeyDictionary

import psycopg
import pytest
from django.db.backends.postgresql import base
from psycopg import sql

BEGIN, END, BACK = "SAVEPOINT ", "RELEASE SAVEPOINT ", "ROLLBACK TO SAVEPOINT "
_kept: WeakKeyDictionary[Any, list[str]] = WeakKeyDictionary()
"""What is kept back, by connection."""


class LazyCursor(psycopg.ClientCursor[Any]):
    """Keeps savepoints back until something happens in them."""

    def execute(self, query: Any, params: Any = None, **options: Any) -> Self:
        kept = _kept.setdefault(self.connection, [])
        if isinstance(query, str) and params is None and _keep(query, kept):
            self._query = cast(Any, SimpleNamespace(query=query.encode()))
            return self
        if not kept:
            return super().execute(query, params, **options)
        ahead = "".join(f"{each}; " for each in kept)
        count = len(kept)
        kept.clear()
        query = ahead + query if isinstance(query, str) else sql.SQL(ahead) + query
        try:
            super().execute(query, params, **options)
        finally:  # what is told of it, in logs and to those who count, is the statement alone
            if self._query and self._query.query.startswith(ahead.encode()):
                self._query.query = self._query.query[len(ahead) :]
        for _ in range(count):
            self.nextset()
        return self

    def executemany(self, query: Any, params_seq: Any, **options: Any) -> None:
        _send_kept(self.connection)
        super().executemany(query, params_seq, **options)

    @contextmanager
    def copy(self, *args: Any, **options: Any) -> Iterator[Any]:
        _send_kept(self.connection)
        with super().copy(*args, **options) as copy:
            yield copy


@contextmanager
def lazy_savepoints() -> Iterator[None]:
    """Keep savepoints back inside the block, on connections that are opened in it."""

    def forget(name: str) -> None:
        finish = getattr(psycopg.Connection, name)

        def forgetting(connection: Any, *args: Any) -> None:
            _kept.pop(connection, None)
            finish(connection, *args)

        patch.setattr(psycopg.Connection, name, forgetting)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(base, "Cursor", LazyCursor)
        patch.setattr(base.DatabaseWrapper, "chunked_cursor", _chunked(base.DatabaseWrapper))
        patch.setattr(base.ServerBindingCursor, "execute", _sending(base.ServerBindingCursor))
        for name in ("commit", "rollback"):
            forget(name)
        yield


def _keep(query: str, kept: list[str]) -> bool:
    """Keep a statement of a savepoint back, or let go what it makes idle; False: it must leave."""
    if query.startswith(BEGIN):
        kept.append(query)
        return True
    if query.startswith(END):
        begin = query.removeprefix("RELEASE ")
        if begin in kept:
            del kept[kept.index(begin) :]
        else:
            kept.append(query)
        return True
    if query.startswith(BACK):
        begin = query.removeprefix("ROLLBACK TO ")
        if begin in kept:
            del kept[kept.index(begin) + 1 :]
            return True
        kept.clear()  # whatever is kept lies inside of what is taken back
    return False


def _send_kept(connection: Any) -> None:
    """Let what is kept back leave now, where the next statement cannot take it along."""
    kept = _kept.setdefault(connection, [])
    if kept:
        text = "; ".join(kept)
        kept.clear()
        psycopg.ClientCursor(connection).execute(text)


def _sending(cursor: Any) -> Any:
    execute = cursor.execute

    def sending(self: Any, query: Any, params: Any = None, **options: Any) -> Any:
        _send_kept(self.connection)
        return execute(self, query, params, **options)

    return sending


def _chunked(wrapper: Any) -> Any:
    chunked = wrapper.chunked_cursor

    def sending(self: Any) -> Any:
        with self.cursor() as cursor:
            _send_kept(cursor.cursor.connection)
        return chunked(self)

    return sending
