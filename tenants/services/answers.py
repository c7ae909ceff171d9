"""Answers to POSTs that are kept for a repeat of their ``Idempotency-Key``."""

from collections.abc import Iterable

from kernel.arrays import array
from kernel.sql import count_sql


def forget_answers(needles: Iterable[str]) -> int:
    """Empty the answers that hold any of some texts; joins the caller's transaction.

    Args:
        needles: addresses and numbers of people who are erased.

    Returns:
        How many were emptied.
    """
    found = array(needles)
    return count_sql("tenants.forget_answers", needles=found)
