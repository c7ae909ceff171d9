"""The full rebuild: scores, references and every membership, in sets, differences only."""

from collections.abc import Callable
from datetime import datetime

from django.db import transaction
from django.db.models import F

from crm.services.facts import refresh_fallen_out
from crm.services.postcodes import settle_postcodes
from kernel.sql import run_sql
from segments.choices import Cause
from segments.domain.canonical import digest
from segments.domain.definitions import KeptLeaf, Node
from segments.models import RfmScale, Segment, Upkeep
from segments.queries.conditions import (
    StoredSegment,
    list_definitions,
    list_stored,
    parse_definition,
    trees_of,
)
from segments.services.memberships import QUIET_CAUSES, Scope, Why, of_range, write_memberships
from segments.services.references import refresh_references
from segments.services.rfm import score_all
from segments.services.stopping import BLAMABLE, stop_blamed, stop_unreadable
from segments.services.upkeep import clock_from, lock_upkeep, next_night
from segments.types import ChangeCause
from stores.services.segment_tags import look_through_everybody

CHUNK = 50_000
"""Profiles decided in one statement and transaction."""
STATEMENT_SECONDS = 300.0
"""How long such a statement may take before a definition is stopped for it."""


def rebuild(now: datetime, cause: Cause, *, chunk: int = CHUNK) -> int:
    """Decide every segment for everybody; the source of truth. A repeat writes nothing.

    Each part is asked for its own instant, read under the lock: what events and the clock decided
    meanwhile is newer than the beginning, and stays.

    Args:
        now: aware; the instant at which it begins.
        cause: why. A changed definition is no event in anybody's life: entries and exits are
            kept, and no events follow; so it is, whatever the cause, with segments that were
            changed since everybody was last decided. An import's events start no flow.
        chunk: profiles per transaction, so that live changes get their turn in between.

    Returns:
        Entries and exits that were told of.
    """
    tell = clock_from(now)
    with transaction.atomic():
        lock_upkeep()
        stop_unreadable(list_stored(), now)
        refresh_references(now)
        trees = list_definitions()
        changed = Segment.objects.filter(redefined_at__isnull=False)
        redefined = dict(changed.values_list("pk", "redefined_at"))
    why = Why(ChangeCause(cause, is_history=cause == Cause.IMPORT))
    told, after = 0, 0
    while (upto := _next_chunk(after, chunk)) is not None:
        told += _decide(of_range(after, upto), tell, why, trees)
        after = upto
    asked = [key for key, tree in trees.items() if not isinstance(tree, KeptLeaf)]
    with transaction.atomic():
        lock_upkeep()  # before rows of segments, as everybody does who needs both
        Segment.objects.filter(pk__in=asked).update(refreshed_at=now)
        # What changed once more meanwhile bears another instant and waits for the next time.
        counted = redefined.keys() - (trees.keys() - set(asked))
        same = Segment.objects.filter(pk__in=counted, redefined_at__in=set(redefined.values()))
        same.update(redefined_at=None)
        _fill_digests()
        if redefined or cause in QUIET_CAUSES:  # no event tells stores who came and went
            look_through_everybody()
    return told


def _decide(scope: Scope, tell: Callable[[], datetime], why: Why, trees: dict[int, Node]) -> int:
    """Decide the profiles of a scope; what cannot be asked is stopped and keeps its members."""
    while True:
        try:
            with transaction.atomic():
                lock_upkeep()
                stored = _keep_up(trees)
                return write_memberships(
                    scope, tell(), why, trees, stored, seconds=STATEMENT_SECONDS
                )
        except BLAMABLE as exc:
            stop_blamed(exc, trees, tell(), STATEMENT_SECONDS)


def _keep_up(trees: dict[int, Node]) -> list[StoredSegment]:
    """Leave alone what was made or changed since the rebuild began, and drop what went.

    A new definition has a rebuild of its own to come, whose moves are quiet; until then its
    members are whom events decided.

    Returns:
        The segments as they are stored now.
    """
    stored = list_stored()
    current = trees_of(stored)
    for key in trees.keys() - current.keys():
        del trees[key]
    for key, tree in current.items():
        if trees.get(key) != tree:
            trees[key] = KeptLeaf("definition", key)
    return stored


def _fill_digests() -> None:
    """Work out the digests of definitions that were stored without one."""
    found = list(Segment.objects.filter(digest="", stopped_at=None))
    for segment in found:
        segment.digest = digest(parse_definition(segment.definition))
    Segment.objects.bulk_update(found, ["digest"])


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
        settle_postcodes(now)
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
