"""Answers to POSTs that are kept for a repeat of their ``Idempotency-Key``."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from django.db import transaction

from kernel import clock
from kernel.arrays import array
from kernel.batches import Deadline
from kernel.sql import count_sql

KEPT_FOR: Final = timedelta(days=1)
"""How long a key is answered with its first answer; `config.work` says the same in SQL."""
BATCH: Final = 1_000


def forget_answers(needles: Iterable[str]) -> int:
    """Empty the answers that hold any of some texts; joins the caller's transaction.

    Args:
        needles: addresses and numbers of people who are erased.

    Returns:
        How many were emptied.
    """
    found = array(needles)
    return count_sql("tenants.forget_answers", needles=found)


def sweep_due(deadline: Deadline) -> int:
    """Delete the answers of the active tenant that are older than a day; their keys are free again.

    Args:
        deadline: when to stop; what is left is rung for again.

    Returns:
        How many were deleted; 0 when nothing is due or other workers hold it.
    """
    done = 0
    while not deadline.passed and (swept := _sweep_some()):
        done += swept
    return done


@transaction.atomic
def _sweep_some() -> int:
    return count_sql("tenants.sweep_answers", until=clock.now() - KEPT_FOR, batch=BATCH)
