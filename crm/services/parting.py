"""Undoing a merge: two profiles are themselves again.

What moved moves back, and what the winner got and has not changed since goes. What happened since
stays with the winner, except orders that were placed under an address or number which goes back:
they follow it, with everything that belongs to them.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from crm.choices import IdentityKind
from crm.domain.fields import ProfileFields
from crm.domain.merging import (
    MERGED,
    SEEN,
    can_undo,
    part_consent,
    part_seen,
    part_winner,
    read_consent,
    read_seen,
    read_snapshot,
    write_consent,
)
from crm.domain.permission import CHANNELS
from crm.models import ConsentEvent, Identity, Profile, ProfileFacts, ProfileMerge
from crm.queries.parting import list_later
from crm.services.events import append_events
from crm.services.merging import call, load_for_merge
from crm.services.profiles import Statement, append_statements, read_fields, update_profiles
from crm.services.repointing import AFTER_PARTING, move_back, move_with_orders
from crm.types import NewEvent
from kernel import clock
from kernel.arrays import array, columns
from kernel.errors import Conflict, NotFound
from kernel.sql import run_sql
from tenants.services import audit

SAID_SINCE = "Said while this profile was part of another one"
_STRONG = (IdentityKind.CUSTOMER_ID, IdentityKind.EMAIL, IdentityKind.PHONE)


@transaction.atomic
def unmerge_profile(merge_id: int, *, now: datetime | None = None) -> int:
    """Undo a merge of the last 30 days.

    Args:
        merge_id: of the merge row.
        now: aware; the present by default.

    Returns:
        Id of the profile that is itself again.

    Raises:
        NotFound: no such merge.
        Conflict: it is too old, undone already, or the winner was merged itself.
    """
    at = now or clock.now()
    merge = ProfileMerge.objects.select_for_update(no_key=True).filter(pk=merge_id).first()
    if merge is None:
        raise NotFound(f"no merge {merge_id}")
    if not can_undo(merge.merged_at, merge.undone_at, at):
        raise Conflict("only a merge of the last 30 days can be undone, once")
    rows = load_for_merge([merge.winner_id, merge.loser_id])
    if rows[merge.winner_id].merged_into_id is not None:
        raise Conflict("the winner was merged into another profile; undo that first")
    pair = (merge.loser_id, merge.winner_id)
    others = list_later(merge)
    loser = read_snapshot(merge.snapshot, "loser")
    winner = part_winner(
        read_fields(rows[merge.winner_id]),
        read_snapshot(merge.snapshot, "winner"),
        loser,
        [read_snapshot(other.snapshot, "loser") for other in others],
    )
    moved = move_back(pair, merge.moved_ids)
    _restore(merge)
    followed = _follow_orders(merge)
    winner.is_anonymous = read_snapshot(merge.snapshot, "winner").is_anonymous and not _is_known(
        merge.winner_id
    )
    _part_consent(merge, others, winner, loser, at)
    _take_tags_back(merge, others, rows[merge.loser_id].tags, at)
    update_profiles({merge.loser_id: loser, merge.winner_id: winner}, at)
    call(AFTER_PARTING, [pair])
    ProfileMerge.objects.filter(pk=merge.pk).update(undone_at=at)
    append_events([_parted(profile_id, at) for profile_id in sorted(pair)], now=at)
    audit.record(
        "profile.unmerged",
        "profile",
        merge.loser_id,
        before={"winner_id": merge.winner_id, "loser_ids": [merge.loser_id]},
        after={"rows": sum(moved.values()), "orders_since": followed},
    )
    return merge.loser_id


def _follow_orders(merge: ProfileMerge) -> int:
    """Let orders of since the merge go where their address or number goes; returns how many."""
    pair = (merge.loser_id, merge.winner_id)
    rows = run_sql(
        "crm.follow_orders",
        loser=merge.loser_id,
        winner=merge.winner_id,
        merged_at=merge.merged_at,
        kept=array(merge.moved_ids.get("crm_order.profile_id", [])),
    )
    if rows:
        move_with_orders(pair, [row.id for row in rows])
    return len(rows)


def _restore(merge: ProfileMerge) -> None:
    """Let the loser's row and its aliases stand for themselves, and part opens and visits."""
    facts = ProfileFacts.objects.filter(profile_id=merge.winner_id).first()
    now = {name: getattr(facts, name, None) for name in SEEN}
    before, loser = (read_seen(merge.snapshot, side) for side in ("winner", "loser"))
    seen = {merge.winner_id: part_seen(now, before, loser), merge.loser_id: loser}
    rows = [(profile_id, *times.values()) for profile_id, times in sorted(seen.items())]
    run_sql(
        "crm.restore_profile",
        loser=merge.loser_id,
        winner=merge.winner_id,
        merged_at=merge.merged_at,
        aliases=array(merge.snapshot.get("aliases", [])),
        **columns("profile_id opened_at clicked_at seen_at", rows),
    )


def _is_known(profile_id: int) -> bool:
    return Identity.objects.filter(profile_id=profile_id, kind__in=_STRONG).exists()


def _part_consent(
    merge: ProfileMerge,
    others: Sequence[ProfileMerge],
    winner: ProfileFields,
    loser: ProfileFields,
    now: datetime,
) -> None:
    """Take the statement of the merge away and let each side be what its own history says."""
    ids = (merge.winner_id, merge.loser_id)
    ConsentEvent.objects.filter(
        profile_id=merge.winner_id, method=MERGED, occurred_at=merge.merged_at
    ).delete()
    rows = run_sql("crm.held_consent", ids=array(ids))
    held = {(row.profile_id, row.channel): (row.state, row.occurred_at) for row in rows}
    made = {row.channel for row in rows if row.profile_id == ids[0] and row.method == MERGED}
    before = read_snapshot(merge.snapshot, "winner")
    statements = []
    for channel in CHANNELS:
        said, was = read_consent(winner, channel), read_consent(loser, channel)
        if said[1] == merge.merged_at or said == was:
            said = read_consent(before, channel)
        kept, back = held.get((ids[0], channel), said), held.get((ids[1], channel), was)
        joined = [
            (read_consent(read_snapshot(each.snapshot, "loser"), channel)[0], each.merged_at)
            for each in others
        ]
        parted = part_consent(kept, back, joined, merge.merged_at, is_word=channel not in made)
        write_consent(winner, channel, parted[0])
        write_consent(loser, channel, parted[1])
        if parted[0] != kept:
            statements.append(Statement(ids[0], channel, *parted[0], MERGED))
        if parted[1] != back:
            statements.append(Statement(ids[1], channel, *parted[1], "undo", SAID_SINCE))
    append_statements(statements, now)


def _take_tags_back(
    merge: ProfileMerge, others: Sequence[ProfileMerge], tags: Sequence[str], now: datetime
) -> None:
    """Take the tags that came from the loser away; the rows of losers kept their own."""
    stay = Profile.objects.filter(pk__in=[other.loser_id for other in others])
    kept = {*merge.snapshot.get("winner_tags", []), *(tag for each in stay for tag in each.tags)}
    came = [tag for tag in tags if tag not in kept]
    if came:
        ids = array([merge.winner_id])
        run_sql("crm.change_tags", ids=ids, added="{}", removed=array(came), now=now)


def _parted(profile_id: int, now: datetime) -> NewEvent:
    return NewEvent(
        name="Profile Merged",
        occurred_at=now,
        source="system",
        profile_id=profile_id,
        object_id=profile_id,
        properties={"undone": True},
    )
