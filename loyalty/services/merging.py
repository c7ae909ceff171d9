"""What a merge of profiles means for the ledger: entries move, balances are counted again."""

from collections.abc import Sequence

from crm.services.repointing import (
    AFTER_PARTING,
    BEFORE_MERGE,
    OF_ORDERS,
    RECOMPUTED,
    REPOINTED,
    Pair,
)
from kernel.arrays import columns
from kernel.sql import run_sql
from loyalty.services.ledger import recount


def unite_accounts(pairs: Sequence[Pair]) -> None:
    """Add the balances of the losers to those of their winners, before their entries move."""
    run_sql("loyalty.unite_accounts", **columns("losers winners", pairs))


def recount_parted(pairs: Sequence[Pair]) -> None:
    """Count the balances of both sides of merges that were undone."""
    recount([profile_id for pair in pairs for profile_id in pair])


def register() -> None:
    """Let entries follow their profile through merges; called once, when the apps are loaded."""
    REPOINTED.append(("loyalty_pointsentry", "profile_id"))
    RECOMPUTED.append(("loyalty_pointsaccount", "profile_id"))
    OF_ORDERS.append(("loyalty_pointsentry", "profile_id", "order_id"))
    BEFORE_MERGE.append(unite_accounts)
    AFTER_PARTING.append(recount_parted)
