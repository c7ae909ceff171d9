"""What it means that the database is away; the settings of the log read this before any app."""

import logging

from django.db.utils import InterfaceError, OperationalError

_OF_THE_SERVER = ("08", "53", "57P")
"""First letters of the SQLSTATEs that speak of the server and not of the statement: connection,
resources, shutting down. A deadlock or a statement that takes too long is a fault of ours."""


class WithoutOutages(logging.Filter):
    """Leaves out the trace of each request that an outage refused; `SAID` speaks for them."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether a record is to be written."""
        return not (record.exc_info and is_outage(record.exc_info[1]))


def is_outage(exception: BaseException | None) -> bool:
    """Say whether an exception means that the database is away."""
    if isinstance(exception, InterfaceError):
        return True  # a connection that was closed under a transaction
    if not isinstance(exception, OperationalError):
        return False
    state = getattr(exception.__cause__, "sqlstate", None)
    return state is None or state.startswith(_OF_THE_SERVER)
