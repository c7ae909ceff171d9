"""Merging probable duplicates by rules that the merchant switched on, a few a day.

A rule takes pairs from the list that people decide, and only those about which nothing is left to
weigh (`crm/sql/find_ruled_pairs.sql` says what). What somebody called not the same stays so, also
when they did it by undoing a merge. Every merge names its rule and can be undone as any other.
"""

from collections.abc import Collection
from datetime import date, datetime, timedelta
from itertools import groupby

from django.db import transaction

from crm.choices import DuplicateStatus, MergeRule
from crm.domain.merging import BY_RULE
from crm.models import MergeRules, ProbableDuplicate
from crm.queries.merge_rules import PER_DAY, find_ruled
from crm.services.merging import merge_profiles, rank_profiles
from kernel import clock
from kernel.batches import Deadline
from kernel.errors import Invalid
from kernel.formats import find_zone
from kernel.scope import current_tenant_id
from kernel.work import ring
from tenants.queries import get_tenant
from tenants.services import audit

KIND = "merge_rules"
MOST_PER_DAY = 500
PER_TURN = 20
"""Pairs that become one in one transaction."""


@transaction.atomic
def choose_rules(rules: Collection[str], per_day: int, *, actor: str) -> None:
    """Say by which rules profiles become one, and how many a day at most.

    Args:
        rules: words of `MergeRule`; none: nothing is merged without a person.
        per_day: 1 to 500.
        actor: e-mail address of the member.

    Raises:
        Invalid: a rule is not known, or the number is out of range.
    """
    if not set(rules) <= set(MergeRule.values):
        raise Invalid("This rule is not known.", fields={"rules": "is not known"})
    if not 1 <= per_day <= MOST_PER_DAY:
        raise Invalid(f"Choose 1 to {MOST_PER_DAY} a day.", fields={"per_day": "is out of range"})
    kept, _ = MergeRules.objects.select_for_update(no_key=True).get_or_create(
        defaults={"per_day": PER_DAY}
    )
    before = {"rules": list(kept.rules), "per_day": kept.per_day}
    chosen = sorted(set(rules))
    after = {"rules": chosen, "per_day": per_day}
    if before == after:
        return
    kept.rules, kept.per_day, kept.due_at = chosen, per_day, clock.now()
    kept.save(update_fields=["rules", "per_day", "due_at"])
    audit.record(
        "duplicates.rules_changed", "duplicate", "rules", before=before, after=after, actor=actor
    )
    ring(KIND, current_tenant_id())


def merge_soon(now: datetime) -> None:
    """Have the rules look again, as after a search; joins the caller's transaction."""
    if MergeRules.objects.exclude(rules=[]).update(due_at=now):
        ring(KIND, current_tenant_id())


def merge_due(deadline: Deadline) -> int:
    """Merge what the rules of the active tenant call one, up to the number of the day.

    Args:
        deadline: when to stop claiming.

    Returns:
        How many profiles became part of others.
    """
    return deadline.repeat(lambda: _merge_some(clock.now()))


@transaction.atomic
def _merge_some(now: datetime) -> int:
    due = MergeRules.objects.select_for_update(no_key=True, skip_locked=True)
    kept = due.filter(due_at__lte=now).exclude(rules=[]).first()
    if kept is None:
        return 0
    today = now.astimezone(find_zone(get_tenant(current_tenant_id()).timezone)).date()
    if kept.day != today:
        kept.day, kept.done = today, 0
    left = kept.per_day - kept.done
    merged = _merge(kept.rules, min(left, PER_TURN)) if left > 0 else 0
    kept.done += merged
    if not merged:
        kept.due_at = _tomorrow(today) if left <= 0 else now + timedelta(days=1)
    kept.save(update_fields=["day", "done", "due_at"])
    return merged


def _merge(rules: Collection[str], count: int) -> int:
    found = find_ruled(rules, count)
    pairs_open = ProbableDuplicate.objects.select_for_update(no_key=True).filter(
        pk__in=[row.id for row in found], status=DuplicateStatus.OPEN
    )
    still_open = set(pairs_open.values_list("pk", flat=True))
    rows = [row for row in found if row.id in still_open]
    if not rows:
        return 0
    ranks = rank_profiles(side for row in rows for side in (row.one_id, row.other_id))
    merged = 0
    for rule, group in groupby(sorted(rows, key=lambda row: row.rule), key=lambda row: row.rule):
        pairs: list[tuple[int, int]] = []
        for row in group:
            winner, loser = sorted((row.one_id, row.other_id), key=ranks.__getitem__)
            pairs.append((winner, loser))
        merged += len(merge_profiles(pairs, rule=f"{BY_RULE}{rule}"))
        for winner, loser in pairs:
            audit.record(
                "profile.merged_by_rule",
                "profile",
                winner,
                after={"rule": rule, "winner_id": winner, "loser_ids": [loser]},
                actor="system",
            )
    return merged


def _tomorrow(today: date) -> datetime:
    zone = get_tenant(current_tenant_id()).timezone
    return clock.start_of_day(today + timedelta(days=1), zone)
