"""Probable duplicates: searching the whole base, part by part, and what people decide.

A pass looks once a day at every pair of which a side was written since the one before, and once a
week, or when a member asks, at all of them: a key that has become common in between joins nobody
any more. It is cut into parts, so that a turn takes little memory, and a pass that a worker's death
ends goes on where it stopped. Nothing is merged by it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from crm.choices import DuplicateStatus
from crm.domain.likeness import ALIKE, Side, find_reasons, score
from crm.models import DuplicateSearch, ProbableDuplicate, Profile
from crm.services.merge_rules import merge_soon
from crm.services.merging import MANUAL, merge_profiles, rank_profiles
from kernel import clock
from kernel.arrays import columns
from kernel.batches import Deadline
from kernel.errors import NotFound
from kernel.scope import current_tenant_id
from kernel.sql import run_sql, whole_tenant
from kernel.work import ring
from tenants.services import audit

KIND = "duplicates"
EVERY = timedelta(days=1)
FULL_EVERY = timedelta(days=7)
OVERLAP = timedelta(hours=1)
"""How long before a pass began a write may have begun that it did not see."""
PER_PART = 500_000
"""Profiles for which a pass is given one more part."""
MOST_OF_A_KEY = 12
"""A key that more profiles have says nothing."""
MOST_PAIRS = 50_000
"""Pairs that one part looks at."""
_SIDE = ("name", "email", "phone", "raw_phone", "postcode", "city")


def search_due(deadline: Deadline) -> int:
    """Look for probable duplicates of the active tenant while a pass is due.

    Args:
        deadline: when to stop claiming.

    Returns:
        Parts that were searched; 0 when nothing was due, or somebody else is at it.
    """
    return deadline.repeat(lambda: _search_part(clock.now()))


@transaction.atomic
def request_search(*, actor: str) -> None:
    """Have the whole base searched again at once."""
    now = clock.now()
    DuplicateSearch.objects.get_or_create(defaults={"due_at": now})
    DuplicateSearch.objects.update(due_at=now, full_at=None)
    audit.record("duplicates.searched", "duplicate", "all", after={}, actor=actor)
    ring(KIND, current_tenant_id())


@transaction.atomic
def set_apart(duplicate_ids: Sequence[int], *, actor: str) -> int:
    """Remember for ever that pairs are two people each.

    Args:
        duplicate_ids: of pairs; those that are decided already are left out.
        actor: e-mail address of the member.

    Returns:
        How many were decided now.
    """
    return _decide(duplicate_ids, DuplicateStatus.OPEN, DuplicateStatus.APART, actor)


@transaction.atomic
def reopen(duplicate_ids: Sequence[int], *, actor: str) -> int:
    """Take back that pairs are two people each; returns how many wait for a decision again."""
    return _decide(duplicate_ids, DuplicateStatus.APART, DuplicateStatus.OPEN, actor)


@transaction.atomic
def merge_pairs(duplicate_ids: Sequence[int], *, keep: int | None = None) -> list[int]:
    """Make one person of each pair; pairs that are decided already are left out.

    Args:
        duplicate_ids: of pairs.
        keep: profile whose id and values stay, for a single pair; else `rank_profiles` says.

    Returns:
        Ids of the merge rows.

    Raises:
        NotFound: ``keep`` is in none of the pairs.
    """
    pairs = _lock(duplicate_ids, DuplicateStatus.OPEN)
    ids = {profile_id for pair in pairs for profile_id in (pair.one_id, pair.other_id)}
    if keep is not None and keep not in ids:
        raise NotFound(f"no profile {keep} in these pairs")
    if not pairs:
        return []
    ranks = rank_profiles(ids)
    ordered = [
        sorted(
            (pair.one_id, pair.other_id),
            key=lambda profile_id: (profile_id != keep, ranks[profile_id]),
        )
        for pair in pairs
    ]
    return merge_profiles([(winner, loser) for winner, loser in ordered], rule=MANUAL)


@transaction.atomic
def _search_part(now: datetime) -> bool:
    """Search one part of a pass; returns whether one was due and free."""
    search = DuplicateSearch.objects.select_for_update(no_key=True, skip_locked=True).first()
    if search is None:
        search, is_new = DuplicateSearch.objects.get_or_create(defaults={"due_at": now})
        if not is_new:
            return False  # somebody else is at it
    if search.due_at > now:
        return False
    if search.started_at is None:
        _begin(search, now)
    _search(search, now)
    search.part += 1
    if search.part >= search.parts:
        _finish(search, now)
    search.save(
        update_fields=[
            "due_at", "started_at", "finished_at", "part", "parts", "since", "full_at"
        ]
    )  # fmt: skip
    return True


def _begin(search: DuplicateSearch, now: datetime) -> None:
    if search.full_at is None or search.full_at <= now - FULL_EVERY:
        search.since, search.full_at = None, now
    live = Profile.objects.filter(merged_into=None, erased_at=None, is_anonymous=False)
    search.started_at, search.part = now, 0
    search.parts = 1 + live.count() // PER_PART


def _search(search: DuplicateSearch, now: datetime) -> None:
    with whole_tenant():
        rows = run_sql(
            "crm.find_candidates",
            part=search.part,
            parts=search.parts,
            since=search.since,
            most=MOST_OF_A_KEY,
            alike=ALIKE,
            count=MOST_PAIRS,
        )
    found = []
    for row in rows:
        one, other = (
            Side(**{name: getattr(row, f"{side}_{name}") for name in _SIDE})
            for side in ("one", "other")
        )
        if reasons := find_reasons(one, other, row.likeness):
            weight = score([*reasons, *filter(None, [row.reason])])
            found.append((row.one_id, row.other_id, reasons, weight))
    if found:
        run_sql("crm.upsert_duplicates", now=now, **columns("ones others reasons scores", found))


def _finish(search: DuplicateSearch, now: datetime) -> None:
    """End a pass: pairs that it looked at and for which nothing speaks any more go."""
    missed = ProbableDuplicate.objects.filter(
        status=DuplicateStatus.OPEN, found_at__lt=search.started_at
    )
    if search.since is not None:
        written = Profile.objects.filter(updated_at__gte=search.since).values("pk")
        missed = missed.filter(Q(one__in=written) | Q(other__in=written))
    missed.filter(reason="").delete()
    # One that records noted stays for people to decide, and no rule merges by what held once.
    missed.exclude(reasons=[]).update(reasons=[])
    is_asked_again = search.full_at is None
    search.due_at = now if is_asked_again else now + EVERY
    search.since = (search.started_at or now) - OVERLAP
    search.finished_at, search.started_at = now, None
    merge_soon(now)


def _decide(
    duplicate_ids: Sequence[int], before: DuplicateStatus, after: DuplicateStatus, actor: str
) -> int:
    pairs = _lock(duplicate_ids, before)
    if not pairs:
        return 0
    is_apart = after == DuplicateStatus.APART
    ProbableDuplicate.objects.filter(pk__in=[pair.pk for pair in pairs]).update(
        status=after,
        decided_at=clock.now() if is_apart else None,
        decided_by=actor if is_apart else "",
    )
    told = [[pair.one_id, pair.other_id] for pair in pairs]
    action = "duplicates.parted" if is_apart else "duplicates.reopened"
    audit.record(action, "duplicate", pairs[0].pk, after={"profile_ids": told}, actor=actor)
    return len(pairs)


def _lock(duplicate_ids: Sequence[int], status: DuplicateStatus) -> list[ProbableDuplicate]:
    found = ProbableDuplicate.objects.select_for_update(no_key=True)
    return list(found.filter(pk__in=duplicate_ids, status=status).order_by("pk"))
