"""Turns at rows that come due, one transaction each: one that breaks waits and stops no other."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TypeVar

from django.db import OperationalError
from django.db.models import Model, QuerySet

from kernel.batches import Deadline

Row = TypeVar("Row", bound=Model)


class TurnFailed(Exception):
    """The turn of one row broke, and nothing of it is kept."""

    def __init__(self, row_id: int, cause: Exception) -> None:
        super().__init__(str(cause))
        self.row_id = row_id
        self.cause = cause


def claim_due(rows: QuerySet[Row], now: datetime) -> Row | None:
    """Hold the row that has been due for longest until the commit.

    Args:
        rows: of the active tenant; each has a ``due_at``.
        now: rows of later are not due.

    Returns:
        The row; None when nothing is due or other workers hold it.
    """
    due = rows.filter(due_at__lte=now).order_by("due_at", "pk")
    return due.select_for_update(skip_locked=True, no_key=True).first()


@contextmanager
def turn_of(row_id: int) -> Iterator[None]:
    """Say of which row it was what breaks inside.

    Raises:
        TurnFailed: whatever broke, except for a database that was lost.
    """
    try:
        yield
    except OperationalError:
        raise
    except Exception as exc:
        raise TurnFailed(row_id, exc) from exc


def take_turns(
    take: Callable[[], bool], postpone: Callable[[TurnFailed], None], deadline: Deadline
) -> int:
    """Take turns until nothing is due or the time is over.

    Args:
        take: does the next turn in a transaction; False when nothing is due or others hold it.
        postpone: lets a row whose turn broke wait, in another transaction.
        deadline: when to stop.

    Returns:
        Turns taken, broken ones included.
    """
    taken = 0
    while not deadline.passed:
        try:
            if not take():
                break
        except TurnFailed as failure:
            postpone(failure)
        taken += 1
    return taken
