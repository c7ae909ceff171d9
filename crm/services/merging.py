"""Merging profiles that are one shopper, and undoing it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from crm.domain.fields import TEXT_FIELDS, ProfileFields, fill_from_merged
from crm.domain.merging import can_undo
from crm.domain.permission import most_restrictive
from crm.models import Profile, ProfileMerge
from crm.services.events import append_events
from crm.services.ids import lock_final_profiles, lock_for_merge
from crm.services.profiles import Statement, append_statements, load_fields, update_profiles
from crm.services.repointing import (
    AFTER_MERGE,
    BEFORE_MERGE,
    RECOMPUTED,
    REPOINTED,
    Pair,
    move_back,
    move_rows,
)
from crm.types import NewEvent
from kernel import clock
from kernel.arrays import array, columns
from kernel.errors import Conflict, NotFound
from kernel.sql import run_sql
from tenants.services import audit

__all__ = [
    "AFTER_MERGE",
    "BEFORE_MERGE",
    "RECOMPUTED",
    "REPOINTED",
    "merge_groups",
    "merge_profiles",
    "unmerge_profile",
]

MANUAL = "manual"
"""The rule of merges that somebody asked for; those go into the audit trail."""
_TIMES = ("email_consent_at", "sms_consent_at", "source_version_at", "traits_at", "created_at")


@transaction.atomic
def merge_profiles(
    pairs: Sequence[tuple[int, int]], *, rule: str, now: datetime | None = None
) -> list[int]:
    """Merge profiles, any number of pairs in a handful of statements.

    The winner keeps its id and its values; what it lacks comes from the loser. Orders, refunds,
    identifiers, events, consent and whatever other apps registered move to it. Permission ends
    as the most restrictive of both. The loser's row stays as an alias for ever.

    Args:
        pairs: winner and loser; ids of merged profiles stand for their winners.
        rule: why, such as ``email``, ``manual``.
        now: aware; the present by default.

    Returns:
        Ids of the merge rows; pairs that are one profile already are left out.

    Raises:
        NotFound: one of the profiles does not exist.
    """
    at = now or clock.now()
    lock_for_merge(profile_id for pair in pairs for profile_id in pair)
    final = lock_final_profiles(profile_id for pair in pairs for profile_id in pair)
    missing = {profile_id for pair in pairs for profile_id in pair} - final.keys()
    if missing:
        raise NotFound(f"no profile {min(missing)}")
    flat = _flatten([(final[loser], final[winner]) for winner, loser in pairs])
    if not flat:
        return []
    merged = _merge(flat, dict.fromkeys((loser for loser, _ in flat), rule), at)
    if rule == MANUAL:
        _record_merge(flat)
    return merged


def merge_groups(groups: Sequence[tuple[Sequence[int], str]], *, now: datetime) -> dict[int, int]:
    """Merge each group of profiles into its best: known, known to a store, more orders, older.

    Args:
        groups: ids of live profiles that are one shopper, and the identifier that shows it.
        now: aware.

    Returns:
        The winner by id of each member.
    """
    ranks = {
        row.id: (row.is_anonymous, not row.has_customer, -row.order_count, row.id)
        for row in run_sql(
            "crm.rank_profiles", ids=array(sorted({i for ids, _ in groups for i in ids}))
        )
    }
    pairs: list[Pair] = []
    winners: dict[int, int] = {}
    rules: dict[int, str] = {}
    for ids, rule in groups:
        winner = min(ids, key=ranks.__getitem__)
        winners |= dict.fromkeys(ids, winner)
        losers = [profile_id for profile_id in ids if profile_id != winner]
        pairs += [(loser, winner) for loser in losers]
        rules |= dict.fromkeys(losers, rule)
    _merge(pairs, rules, now)
    return winners


@transaction.atomic
def unmerge_profile(merge_id: int, *, now: datetime | None = None) -> int:
    """Undo a merge of the last 30 days: what moved moves back, what the winner got goes.

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
    lock_for_merge([merge.winner_id, merge.loser_id])
    known = load_fields([merge.winner_id, merge.loser_id])
    if lock_final_profiles([merge.winner_id])[merge.winner_id] != merge.winner_id:
        raise Conflict("the winner was merged into another profile; undo that first")
    loser = _restore(merge.snapshot["loser"])
    winner = known[merge.winner_id]
    _take_back(winner, _restore(merge.snapshot["winner"]), loser)
    run_sql("crm.unmerge_profile", id=merge.loser_id)
    _take_tags_back(merge)
    update_profiles({merge.loser_id: loser, merge.winner_id: winner}, at)
    move_back(merge.loser_id, merge.moved_ids)
    _call(AFTER_MERGE, [(merge.winner_id, merge.loser_id)])
    ProfileMerge.objects.filter(pk=merge.pk).update(undone_at=at)
    _append_changed([merge.winner_id, merge.loser_id], at)
    ids = {"winner_id": merge.winner_id, "loser_ids": [merge.loser_id]}
    audit.record("profile.unmerged", "profile", merge.loser_id, before=ids)
    return merge.loser_id


def _record_merge(pairs: Sequence[Pair]) -> None:
    winners: dict[int, list[int]] = {}
    for loser, winner in pairs:
        winners.setdefault(winner, []).append(loser)
    for winner, losers in winners.items():
        ids = {"winner_id": winner, "loser_ids": losers}
        audit.record("profile.merged", "profile", winner, after=ids)


def _merge(pairs: Sequence[Pair], rules: Mapping[int, str], now: datetime) -> list[int]:
    lock_for_merge(profile_id for pair in pairs for profile_id in pair)
    known = load_fields({profile_id for pair in pairs for profile_id in pair})
    _call(BEFORE_MERGE, pairs)
    tags = _tags_of([winner for _, winner in pairs])
    snapshots = {
        loser: {
            "loser": _snapshot(known[loser]),
            "winner": _snapshot(known[winner]),
            "winner_tags": tags[winner],
        }
        for loser, winner in pairs
    }
    moved = move_rows(pairs)
    statements = _unite_fields(pairs, known, now)
    params = columns("losers winners", pairs)
    run_sql("crm.point_at_winners", now=now, **params)
    update_profiles({winner: known[winner] for _, winner in pairs}, now)
    append_statements(statements, now)
    run_sql("crm.unite_engagement", **params)
    run_sql("crm.unite_tags", **params)
    merges = ProfileMerge.objects.bulk_create(
        ProfileMerge(
            winner_id=winner,
            loser_id=loser,
            rule=rules[loser],
            snapshot=snapshots[loser],
            moved_ids=moved[loser],
            merged_at=now,
        )
        for loser, winner in pairs
    )
    _call(AFTER_MERGE, pairs)
    append_events([_merged(pair, rules[pair[0]], now) for pair in pairs], now=now)
    return [merge.pk for merge in merges]


def _unite_fields(
    pairs: Sequence[Pair], known: dict[int, ProfileFields], now: datetime
) -> list[Statement]:
    """Fill winners from losers; returns the statements that make permission most restrictive."""
    statements = []
    for loser, winner in pairs:
        kept, gone = known[winner], known[loser]
        fill_from_merged(kept, gone)
        for channel in ("email", "sms"):
            name = f"{channel}_consent"
            before = {getattr(kept, name), getattr(gone, name)}
            state = most_restrictive(sorted(before))
            if len(before) > 1:
                setattr(kept, name, state)
                setattr(kept, f"{name}_at", now)
                statements.append(Statement(winner, channel, state, now, "merge"))
            else:
                times = [getattr(kept, f"{name}_at"), getattr(gone, f"{name}_at")]
                setattr(kept, f"{name}_at", max(filter(None, times), default=None))
    return statements


def _flatten(pairs: Iterable[Pair]) -> list[Pair]:
    """Resolve chains: each loser once, each winner no loser; pairs of one profile left out."""
    into: dict[int, int] = {}

    def root(profile_id: int) -> int:
        while profile_id in into:
            profile_id = into[profile_id]
        return profile_id

    for loser, winner in pairs:
        gone, kept = root(loser), root(winner)
        if gone != kept:
            into[gone] = kept
    return [(loser, root(loser)) for loser in sorted(into)]


def _snapshot(fields: ProfileFields) -> dict[str, Any]:
    names = (*TEXT_FIELDS, "properties", "email_consent", "sms_consent", "is_anonymous")
    values = {name: getattr(fields, name) for name in names}
    times = {name: getattr(fields, name) for name in _TIMES}
    return values | {name: at.isoformat() if at else None for name, at in times.items()}


def _restore(snapshot: Mapping[str, Any]) -> ProfileFields:
    times = {
        name: datetime.fromisoformat(snapshot[name]) if snapshot.get(name) else None
        for name in _TIMES
    }
    return ProfileFields(**{**snapshot, **times})


def _take_back(winner: ProfileFields, before: ProfileFields, loser: ProfileFields) -> None:
    """Empty what the winner had got from the loser and has not changed since."""
    for name in TEXT_FIELDS:
        if not getattr(before, name) and getattr(winner, name) == getattr(loser, name):
            setattr(winner, name, "")
    for name, value in loser.properties.items():
        if name not in before.properties and winner.properties.get(name) == value:
            del winner.properties[name]


def _tags_of(profile_ids: Iterable[int]) -> dict[int, list[str]]:
    found = Profile.objects.filter(pk__in=set(profile_ids))
    return dict(found.values_list("pk", "tags"))


def _take_tags_back(merge: ProfileMerge) -> None:
    """Take the tags that came from the loser away from the winner; the loser's row kept its own."""
    own = merge.snapshot.get("winner_tags", [])
    came = [tag for tag in _tags_of([merge.loser_id])[merge.loser_id] if tag not in own]
    run_sql(
        "crm.change_tags",
        ids=array([merge.winner_id]),
        added="{}",
        removed=array(came),
        now=clock.now(),
    )


def _merged(pair: Pair, rule: str, now: datetime) -> NewEvent:
    loser, winner = pair
    return NewEvent(
        name="Profile Merged",
        occurred_at=now,
        source="system",
        profile_id=winner,
        object_id=winner,
        properties={"merged_id": str(loser), "rule": rule},
    )


def _append_changed(profile_ids: Sequence[int], now: datetime) -> None:
    append_events(
        [
            NewEvent(
                name="Profile Merged",
                occurred_at=now,
                source="system",
                profile_id=profile_id,
                object_id=profile_id,
                properties={"undone": True},
            )
            for profile_id in profile_ids
        ],
        now=now,
    )


def _call(hooks: Sequence[Callable[[Sequence[Pair]], None]], pairs: Sequence[Pair]) -> None:
    for hook in hooks:
        hook(pairs)
