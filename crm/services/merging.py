"""Merging profiles that are one shopper; `crm.services.parting` undoes it."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from crm.domain.fields import ProfileFields, fill_from_merged
from crm.domain.merging import (
    MERGED,
    read_consent,
    unite_consent,
    write_consent,
    write_snapshot,
)
from crm.domain.permission import CHANNELS
from crm.models import ProfileMerge
from crm.services.events import append_resolved
from crm.services.profiles import Statement, read_fields, statement_columns, update_profiles
from crm.services.repointing import (
    AFTER_MERGE,
    BEFORE_LOCKING,
    BEFORE_MERGE,
    Pair,
    move_rows,
)
from crm.types import NewEvent
from kernel import clock
from kernel.arrays import array, columns
from kernel.errors import Conflict, NotFound
from kernel.sql import run_sql
from tenants.services import audit

MANUAL = "manual"
"""The rule of merges that somebody asked for; those go into the audit trail."""
_Rows = dict[int, Any]


@transaction.atomic
def merge_profiles(
    pairs: Sequence[tuple[int, int]], *, rule: str, now: datetime | None = None
) -> list[int]:
    """Merge profiles, any number of pairs in fewer than twenty statements.

    The winner keeps its id and its values; what it lacks comes from the loser. Orders, refunds,
    identifiers, events, consent and whatever other apps registered move to it. Permission ends
    as the most restrictive of both. The loser's row stays as an alias for ever.

    Args:
        pairs: winner and loser; ids of merged profiles stand for their winners.
        rule: why, such as ``email``, ``manual``.
        now: aware; the present by default.

    Returns:
        Ids of the merge rows; pairs that are one profile already are left out, and so are pairs
        with somebody who was erased, unless somebody asked for them.

    Raises:
        NotFound: one of the profiles does not exist.
        Conflict: somebody asked for a merge with a profile that was erased.
    """
    at = now or clock.now()
    rows = load_for_merge(profile_id for pair in pairs for profile_id in pair)
    missing = {profile_id for pair in pairs for profile_id in pair} - rows.keys()
    if missing:
        raise NotFound(f"no profile {min(missing)}")
    erased = _list_erased(rows)
    if erased and rule == MANUAL:
        raise Conflict(f"Profile {erased[0]} was erased, and becomes one with nobody.")
    final = {key: row.merged_into_id or key for key, row in rows.items()}
    flat = _flatten(
        (final[loser], final[winner])
        for winner, loser in pairs
        if winner not in erased and loser not in erased
    )
    if not flat:
        return []
    unread = {profile_id for pair in flat for profile_id in pair} - rows.keys()
    merged = _merge(
        flat,
        dict.fromkeys((loser for loser, _ in flat), rule),
        {**rows, **load_for_merge(unread)},
        at,
    )
    if rule == MANUAL:
        _record_merge(flat)
    return merged


def merge_groups(groups: Sequence[tuple[Sequence[int], str]], *, now: datetime) -> dict[int, int]:
    """Merge each group of profiles into its best, see `rank_profiles`.

    Args:
        groups: ids of profiles that are one shopper, and the identifier that shows it; none was
            merged. Those who were erased meanwhile stay by themselves.
        now: aware.

    Returns:
        The winner by id of each member.
    """
    rows = load_for_merge(i for ids, _ in groups for i in ids)
    erased = _list_erased(rows)
    ranks = rank_profiles(rows)
    pairs: list[Pair] = []
    winners: dict[int, int] = {}
    rules: dict[int, str] = {}
    for ids, rule in groups:
        live = [profile_id for profile_id in ids if profile_id not in erased]
        winner = min(live or ids, key=ranks.__getitem__)
        winners |= dict.fromkeys(ids, winner)
        losers = [profile_id for profile_id in live if profile_id != winner]
        pairs += [(loser, winner) for loser in losers]
        rules |= dict.fromkeys(losers, rule)
    if pairs:
        _merge(pairs, rules, rows, now)
    return winners


def rank_profiles(profile_ids: Iterable[int]) -> dict[int, tuple[Any, ...]]:
    """Return who stays of several profiles, the best first: the lowest of what is returned.

    The known one, then one that is known to a store, then more orders, then the older one.
    """
    return {
        row.id: (row.is_anonymous, not row.has_customer, -row.order_count, row.created_at, row.id)
        for row in run_sql("crm.rank_profiles", ids=array(sorted(set(profile_ids))))
    }


def load_for_merge(profile_ids: Iterable[int]) -> _Rows:
    """Read profiles by id, and let everybody wait who writes rows of theirs."""
    ids = sorted(set(profile_ids))
    if not ids:
        return {}
    for hook in BEFORE_LOCKING:
        hook()
    return {row.id: row for row in run_sql("crm.load_for_merge", ids=array(ids))}


def _list_erased(rows: _Rows) -> list[int]:
    """Return who was erased, ascending; an erasure takes what was merged into somebody along."""
    return [profile_id for profile_id, row in rows.items() if row.erased_at is not None]


def call(hooks: Sequence[Callable[[Sequence[Pair]], None]], pairs: Sequence[Pair]) -> None:
    """Let the apps above settle what is theirs."""
    for hook in hooks:
        hook(pairs)


def _merge(
    pairs: Sequence[Pair], rules: Mapping[int, str], rows: _Rows, now: datetime
) -> list[int]:
    known = {profile_id: read_fields(rows[profile_id]) for pair in pairs for profile_id in pair}
    call(BEFORE_MERGE, pairs)
    before = {profile_id: fields.copy() for profile_id, fields in known.items()}
    statements = _unite_fields(pairs, known, now)
    closed = {
        row.loser: row
        for row in run_sql(
            "crm.close_merged",
            now=now,
            **columns("losers winners", pairs),
            **statement_columns(statements),
        )
    }
    moved = move_rows(pairs)
    update_profiles({winner: known[winner] for _, winner in pairs}, now)
    merges = ProfileMerge.objects.bulk_create(
        ProfileMerge(
            winner_id=winner,
            loser_id=loser,
            rule=rules[loser],
            snapshot=write_snapshot(before[winner], before[loser])
            | {
                "winner_tags": rows[winner].tags,
                "aliases": sorted(closed[loser].aliases),
                "winner_seen": json.loads(closed[loser].winner_seen or "{}"),
                "loser_seen": json.loads(closed[loser].loser_seen or "{}"),
            },
            moved_ids=moved[loser],
            merged_at=now,
        )
        for loser, winner in pairs
    )
    call(AFTER_MERGE, pairs)
    append_resolved([_merged(pair, rules[pair[0]], now) for pair in pairs], now)
    return [merge.pk for merge in merges]


def _unite_fields(
    pairs: Sequence[Pair], known: dict[int, ProfileFields], now: datetime
) -> list[Statement]:
    """Fill winners from losers; returns the statements that make permission most restrictive."""
    statements = []
    for loser, winner in pairs:
        kept, gone = known[winner], known[loser]
        fill_from_merged(kept, gone)
        for channel in CHANNELS:
            state, at, is_new = unite_consent(
                read_consent(kept, channel), read_consent(gone, channel), now
            )
            write_consent(kept, channel, (state, at))
            if is_new:
                statements.append(Statement(winner, channel, state, now, MERGED))
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


def _record_merge(pairs: Sequence[Pair]) -> None:
    winners: dict[int, list[int]] = {}
    for loser, winner in pairs:
        winners.setdefault(winner, []).append(loser)
    for winner, losers in winners.items():
        ids = {"winner_id": winner, "loser_ids": losers}
        audit.record("profile.merged", "profile", winner, after=ids)
