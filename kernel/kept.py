"""Statements that PostgreSQL keeps, parsed and planned, for the life of a connection."""

import time
from typing import Any, Final

from django.db import connection
from django.db.backends.postgresql import base
from psycopg.errors import FeatureNotSupported

_ServerBindingCursor: Any = base.ServerBindingCursor
MOST: Final = 20
"""Statements kept at a time, those that ran last: one that decides a tenant's segments takes one
to four megabytes of each connection's memory."""


class KeptCursor(_ServerBindingCursor):  # type: ignore[misc] # Any: the stubs do not know it
    """Has what it runs kept from the first time on; values are bound by the server.

    To ask for it in so many words is the only way: the driver counts and keeps nothing of what
    runs on other cursors.
    """

    def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
        """Run a statement; it stays prepared also when its transaction comes to nothing.

        Where the columns that it returns have another type since it was prepared, as after an
        update, the server refuses it as long as it is prepared. It cannot be tried again here:
        its transaction is spent. When that is taken back as a whole the driver forgets all it
        prepared, so that the next transaction has it planned anew, also within the same task;
        and whoever rolled back to a savepoint gets another connection for the next one.
        """
        driver: Any = self.connection
        driver.prepare_threshold, driver.prepared_max = 1, MOST
        try:
            return super().execute(query, params, **{**options, "prepare": True})
        except FeatureNotSupported:
            connection.close_at = time.monotonic()
            raise
        finally:
            driver.prepare_threshold = None

    def _send_query_prepared(self, name: bytes, pgq: Any, **options: Any) -> None:
        self._query = pgq  # what Django writes into its log of queries
        super()._send_query_prepared(name, pgq, **options)


def kept_cursor() -> Any:
    """Return a cursor of the default connection whose statements are kept."""
    engine: Any = connection
    engine.ensure_connection()
    with engine.wrap_database_errors:
        return engine._prepare_cursor(KeptCursor(engine.connection))  # noqa: SLF001 as Django makes its own
