"""Profiles that cease to be: merged into another, or erased. Nothing of them stays in a figure."""

from collections.abc import Sequence

from crm.services.erasure import AFTER_ERASE
from crm.services.repointing import AFTER_MERGE, BEFORE_MERGE, Pair
from kernel import clock
from kernel.sql import run_sql
from segments.choices import Cause
from segments.services.memberships import decide_memberships, of_profiles
from segments.services.upkeep import lock_upkeep
from segments.types import ChangeCause


def leave_segments(profile_ids: Sequence[int]) -> None:
    """Take merged and erased profiles out of every segment and score, without events.

    Joins the caller's transaction. Profiles among them that live are decided anew.
    """
    lock_upkeep()
    run_sql("segments.forget_scores", profile_ids=list(profile_ids))
    decide_memberships(of_profiles(profile_ids), clock.now(), cause=ChangeCause(Cause.MERGE))


def register() -> None:
    """Listen to merges and erasures; called once, when the apps are loaded."""
    BEFORE_MERGE.append(_lock_first)
    AFTER_MERGE.append(_leave_merged)
    AFTER_ERASE.append(leave_segments)


def _lock_first(pairs: Sequence[Pair]) -> None:
    """Take the row of upkeep before the facts of the losers go.

    A live refresh takes them in this order too, so that the two cannot wait for each other.
    """
    lock_upkeep()


def _leave_merged(pairs: Sequence[Pair]) -> None:
    leave_segments([loser for loser, _ in pairs])
