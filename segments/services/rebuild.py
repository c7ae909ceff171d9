"""The full rebuild: scores, references and every membership, in sets, differences only."""

from datetime import datetime

from django.db import transaction
from django.db.models import F

from crm.services.facts import refresh_fallen_out
from kernel.sql import run_sql
from segments.choices import Cause
from segments.models import RfmScale, Segment, Upkeep
from segments.queries.conditions import list_definitions
from segments.services.memberships import decide_memberships, of_range
from segments.services.references import refresh_references
from segments.services.rfm import score_all
from segments.services.upkeep import lock_upkeep, next_night
from segments.types import ChangeCause

CHUNK = 50_000
"""Profiles decided in one statement and transaction."""


def rebuild(now: datetime, cause: Cause, *, chunk: int = CHUNK) -> int:
    """Decide every segment for everybody; the source of truth. A repeat writes nothing.

    Args:
        now: aware; the instant conditions are asked for.
        cause: why. A changed definition is no event in anybody's life: entries and exits are
            kept, and no events follow. An import's events start no flow.
        chunk: profiles per transaction, so that live changes get their turn in between.

    Returns:
        Entries and exits that were told of.
    """
    with transaction.atomic():
        lock_upkeep()
        refresh_references(now)
        trees = list_definitions()
    why = ChangeCause(cause, is_history=cause == Cause.IMPORT)
    told, after = 0, 0
    while (upto := _next_chunk(after, chunk)) is not None:
        with transaction.atomic():
            lock_upkeep()
            moves = decide_memberships(of_range(after, upto), now, cause=why, trees=trees)
        told, after = told + len(moves), upto
    with transaction.atomic():
        Segment.objects.filter(pk__in=trees).update(refreshed_at=now)
    return told


def refresh_everything(now: datetime, cause: Cause = Cause.REFERENCE) -> None:
    """Bring all that ages up to date: look-back, scores, references, memberships.

    The next night is noted as the time to do so again. While a past day is looked at, scores
    stay as they are.

    Args:
        now: aware.
        cause: why; see `rebuild`.
    """
    with transaction.atomic():
        upkeep = lock_upkeep()
        seen_count, seen_due = upkeep.changed_count, upkeep.due_at
    while _refresh_fallen_out(now):
        pass
    with transaction.atomic():
        scale = RfmScale.objects.first()
        if scale is None or not scale.is_pinned:
            score_all(now, is_history=cause == Cause.IMPORT)
    rebuild(now, cause)
    with transaction.atomic():
        Upkeep.objects.update(changed_count=F("changed_count") - seen_count)
        # A request that came meanwhile has another instant and stays.
        Upkeep.objects.filter(due_at=seen_due).update(due_at=next_night(now), cause=Cause.REFERENCE)


@transaction.atomic
def _refresh_fallen_out(now: datetime) -> bool:
    return bool(refresh_fallen_out(now))


@transaction.atomic
def _next_chunk(after: int, chunk: int) -> int | None:
    """Return the last id of the next chunk of profiles; None when there are no more."""
    rows = run_sql("segments.find_chunk", after=after, count=chunk)
    return rows[0].upto if rows else None
