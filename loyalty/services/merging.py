"""What a merge of profiles means for the ledger: entries and lots move, balances unite."""

from collections.abc import Sequence

from crm.services.repointing import (
    AFTER_MERGE,
    AFTER_PARTING,
    OF_ORDERS,
    REPOINTED,
    Pair,
)
from kernel import clock
from kernel.arrays import array, columns
from kernel.sql import run_sql
from loyalty.services.ledger import recount, settle


def unite_accounts(pairs: Sequence[Pair]) -> None:
    """Add the balances of the losers to those of their winners; their entries and lots have moved.

    What one of them owed is paid from the lots of both.
    """
    rows = run_sql("loyalty.unite_accounts", **columns("losers winners", pairs))
    settle([row.winner for row in rows], clock.now())


def recount_parted(pairs: Sequence[Pair]) -> None:
    """Count the balances of both sides of merges that were undone.

    What they used together of each other's lots comes back to these where their entries say so.
    """
    owners = [profile_id for pair in pairs for profile_id in pair]
    run_sql("loyalty.part_lots", owners=array(owners))
    run_sql("loyalty.part_expiries", owners=array(owners))
    recount(owners)


def register() -> None:
    """Let entries follow their profile through merges; called once, when the apps are loaded."""
    REPOINTED.append(("loyalty_pointsentry", "profile_id"))
    REPOINTED.append(("loyalty_pointslot", "profile_id"))
    REPOINTED.append(("loyalty_tierchange", "profile_id"))
    OF_ORDERS.append(("loyalty_pointsentry", "profile_id", "order_id"))
    OF_ORDERS.append(("loyalty_pointslot", "profile_id", "order_id"))
    AFTER_MERGE.append(unite_accounts)
    AFTER_PARTING.append(recount_parted)
