"""Profiles that cease to be: merged into another, or erased. Nothing of them stays in a figure."""

from collections.abc import Sequence

from crm.domain.traces import ERASED
from crm.services.erasure import AFTER_ERASE, BEFORE_ERASE
from crm.services.repointing import (
    AFTER_MERGE,
    AFTER_PARTING,
    BEFORE_LOCKING,
    BEFORE_MERGE,
    REPOINTED,
    Pair,
)
from crm.services.searches import read_traces
from kernel import clock
from kernel.arrays import columns
from kernel.sql import run_sql
from segments.choices import Cause
from segments.models import Defect, ListAside, ListEntry, Segment
from segments.queries.versions import values_of
from segments.services.memberships import (
    Why,
    decide_memberships,
    of_profiles,
    write_memberships,
)
from segments.services.upkeep import lock_upkeep
from segments.types import ChangeCause
from stores.services.segment_tags import wish_for_members


def leave_segments(profile_ids: Sequence[int]) -> None:
    """Take merged and erased profiles out of every segment and score, without events.

    Joins the caller's transaction. Profiles among them that live are decided anew.
    """
    lock_upkeep()
    run_sql("segments.forget_scores", profile_ids=list(profile_ids))
    decide_memberships(of_profiles(profile_ids), clock.now(), Why(ChangeCause(Cause.MERGE)))


def leave_lists(profile_ids: Sequence[int]) -> None:
    """Take erased people off every list, and out of what audits found."""
    ListEntry.objects.filter(profile_id__in=profile_ids).delete()
    ListAside.objects.filter(profile_id__in=profile_ids).delete()
    Defect.objects.filter(profile_id__in=profile_ids).delete()


def forget_names(profile_ids: Sequence[int]) -> None:
    """Take people who are about to be erased out of definitions that name them.

    Such a condition then holds for nobody, as it would after the erasure. Joins the caller's
    transaction.
    """
    lock_upkeep()  # before rows of segments, as everybody does who needs both
    traces = read_traces(profile_ids)
    changed = []
    for segment in Segment.objects.order_by("pk"):
        said = values_of(segment)
        kept = traces.redact(said)
        if kept == said:
            continue
        segment.description, segment.definition = kept["description"], kept["definition"]
        if kept["name"] != said["name"]:
            segment.name = f"{ERASED} {segment.pk}"  # two of one name cannot be
        changed.append(segment)
    Segment.objects.bulk_update(changed, ["name", "description", "definition"])


def register() -> None:
    """Listen to merges and erasures; called once, when the apps are loaded.

    The row of upkeep comes before profiles and their facts, as in a live refresh, so that the two
    cannot wait for each other.
    """
    BEFORE_LOCKING.append(lock_upkeep)
    BEFORE_MERGE.append(_settle_lists)
    AFTER_MERGE.append(_leave_merged)
    AFTER_PARTING.append(_decide_parted)
    BEFORE_ERASE.append(forget_names)
    AFTER_ERASE.append(leave_lists)
    AFTER_ERASE.append(leave_segments)
    REPOINTED.append(("segments_listentry", "profile_id"))
    REPOINTED.append(("segments_listaside", "profile_id"))


def _settle_lists(pairs: Sequence[Pair]) -> None:
    run_sql("segments.settle_lists", **columns("losers winners", pairs))


def _leave_merged(pairs: Sequence[Pair]) -> None:
    """Take the losers out of everything; no definition need be read, as none can hold of them."""
    losers = [loser for loser, _ in pairs]
    run_sql("segments.forget_scores", profile_ids=losers)
    write_memberships(of_profiles(losers), clock.now(), Why(ChangeCause(Cause.MERGE)), {}, [])


def _decide_parted(pairs: Sequence[Pair]) -> None:
    parted = [profile_id for pair in pairs for profile_id in pair]
    lock_upkeep()
    run_sql("segments.part_lists", **columns("losers winners", pairs))
    leave_segments(parted)
    wish_for_members(parted)
