"""Recipients whose profiles are merged: one person is one recipient."""

from collections.abc import Sequence

from crm.services.repointing import Pair
from kernel.arrays import columns
from kernel.sql import run_sql


def settle_recipients(pairs: Sequence[Pair]) -> None:
    """Let the rows of merged profiles be one, at the place of the one who comes first.

    Whoever had a message of the campaign gets no second one; who is parted again later shares it.
    """
    params = columns("losers winners", pairs)
    run_sql("flows.forget_merged_recipients", **params)
    run_sql("flows.move_merged_recipients", **params)
