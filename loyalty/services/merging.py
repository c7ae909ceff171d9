"""What a merge of profiles means for the ledger: entries move, balances are counted again."""

from collections.abc import Sequence

from crm.services.repointing import AFTER_MERGE, BEFORE_MERGE, RECOMPUTED, REPOINTED
from loyalty.queries.ledger import live_profiles
from loyalty.services.ledger import close_accounts, recount


def close_merged(pairs: Sequence[tuple[int, int]]) -> None:
    """Close the accounts of the losers before their entries move."""
    close_accounts([loser for loser, _ in pairs])


def recount_merged(pairs: Sequence[tuple[int, int]]) -> None:
    """Count the balances of the profiles that are live after a merge, or after one was undone."""
    recount(live_profiles({profile_id for pair in pairs for profile_id in pair}))


def register() -> None:
    """Let entries follow their profile through merges; called once, when the apps are loaded."""
    REPOINTED.append(("loyalty_pointsentry", "profile_id"))
    RECOMPUTED.append(("loyalty_pointsaccount", "profile_id"))
    BEFORE_MERGE.append(close_merged)
    AFTER_MERGE.append(recount_merged)
