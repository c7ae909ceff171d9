"""Group commit: rows that arrive while one commit is under way share the next one.

One caller leads: it takes the rows of its tenant that wait, commits them with its own, lets their
callers go, and hands the lead to the first that has come since. Nobody returns before its own row
is committed. Nothing runs in the background, and tenants never share a transaction. When PostgreSQL
refuses a group, each caller writes its row alone, so that one bad row fails by itself.
"""

import threading
import time
from collections import deque
from enum import Enum

import psycopg
import structlog

from kernel.postgres.edge import PATIENCE_SECONDS, EdgeUnavailable, Row, write_rows

log = structlog.get_logger(__name__)

MAX_ROWS = 64
MAX_BYTES = 2 * 1024 * 1024
"""A row beyond either waits for the next commit, so that large bodies do not hold up small ones."""


class _Fate(Enum):
    WAITS = "waits"
    LEADS = "leads"
    DONE = "done"
    ALONE = "alone"
    UNAVAILABLE = "unavailable"


class _Ticket:
    """One caller and its row."""

    __slots__ = ("fate", "row", "size", "waiting")

    def __init__(self, row: Row) -> None:
        self.row = row
        self.size = sum(len(part) for part in row.values() if isinstance(part, bytes))
        self.fate = _Fate.WAITS
        self.waiting = threading.Lock()
        self.waiting.acquire()

    def tell(self, fate: _Fate) -> None:
        self.fate = fate
        self.waiting.release()


_Key = tuple[int, str]

_lines: dict[_Key, deque[_Ticket]] = {}
"""Who waits, by tenant and statement; a key is there while somebody leads."""
_lock = threading.Lock()


def write_together(statement: str, row: Row, *, tenant_id: int) -> None:
    """Run one statement for one row, in a transaction with others of the same tenant.

    The statement may run twice, so it must end in ON CONFLICT.

    Args:
        statement: one INSERT with ``%(name)s`` placeholders.
        row: values by name; ``tenant_id`` is added.
        tenant_id: whose row it is.

    Raises:
        EdgeUnavailable: the row was not committed in time; it may be yet, so a repeat is harmless.
        psycopg.Error: PostgreSQL refuses this row.
        ValueError: a value of this row cannot be sent.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    key, ticket = (tenant_id, statement), _Ticket(row)
    fate = _join(key, ticket, deadline)
    if fate is _Fate.LEADS:
        fate = _lead(key, ticket, deadline)
    if fate is _Fate.ALONE:
        write_rows(statement, [row], tenant_id=tenant_id, deadline=deadline)
    elif fate is not _Fate.DONE:
        raise EdgeUnavailable


def _join(key: _Key, ticket: _Ticket, deadline: float) -> _Fate:
    """Wait in line until the row is committed, or lead where nobody does."""
    with _lock:
        line = _lines.get(key)
        if line is None:
            _lines[key] = deque()
            return _Fate.LEADS
        line.append(ticket)
    if not ticket.waiting.acquire(timeout=max(deadline - time.monotonic(), 0)):
        with _lock:
            if ticket in line:
                line.remove(ticket)
    return ticket.fate


def _lead(key: _Key, ticket: _Ticket, deadline: float) -> _Fate:
    """Commit what waits; returns what became of it, the leader's own row included."""
    tenant_id, statement = key
    batch, fate = [ticket], _Fate.UNAVAILABLE
    try:
        if time.monotonic() >= deadline:
            return fate
        batch += _take_companions(key, ticket.size)
        rows = [one.row for one in batch]
        write_rows(statement, rows, tenant_id=tenant_id, deadline=deadline)
        fate = _Fate.DONE
    except (psycopg.Error, ValueError) as exc:
        if len(batch) == 1:
            raise
        log.warning("group_refused", tenant=tenant_id, rows=len(batch), error=type(exc).__name__)
        fate = _Fate.ALONE
    finally:
        _hand_over(key)
        for companion in batch[1:]:
            companion.tell(fate)
    return fate


def _take_companions(key: _Key, size: int) -> list[_Ticket]:
    taken: list[_Ticket] = []
    with _lock:
        line = _lines[key]
        while line and len(taken) < MAX_ROWS - 1 and size + line[0].size <= MAX_BYTES:
            taken.append(line.popleft())
            size += taken[-1].size
    return taken


def _hand_over(key: _Key) -> None:
    """Make the first in line the leader, or close the line."""
    with _lock:
        line = _lines[key]
        if line:
            line.popleft().tell(_Fate.LEADS)
        else:
            del _lines[key]
