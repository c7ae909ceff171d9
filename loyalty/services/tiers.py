"""Who has which tier: decided for a batch of people in a handful of statements.

By events, for people whose orders moved; by the clock, for those whose figures fall or whose days
of grace end; and for everybody once more after another ladder was saved. A repeat finds that
everybody stands where they belong and writes nothing.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from django.db import transaction

from crm.services.events import append_events
from crm.services.facts import TierRow, write_tiers
from crm.services.ids import lock_final_profiles
from crm.types import EventRef, NewEvent
from kernel import clock
from kernel.arrays import array, columns
from kernel.batches import Deadline
from kernel.sql import run_sql
from loyalty.domain.outlook import foresee
from loyalty.domain.tiers import Rules, Standing, Step, direction_of
from loyalty.models import PointsAccount, Program
from loyalty.queries.standing import Measured, measure, stand
from loyalty.queries.tiers import find_rules

BATCH: Final = 1_000
"""Accounts of one transaction."""
CHANGED: Final = "Loyalty Tier Changed"
REARRANGED: Final = frozenset({"Profile Merged", "Import Undone"})


def evaluate_for_events(refs: Sequence[EventRef]) -> None:
    """Decide the tiers of the profiles of a batch of events; a repeat changes nothing.

    Somebody whose events are history moves as history: no flow starts from it. So does who gets
    a tier because a merge was undone.
    """
    live = {ref.profile_id for ref in refs if ref.profile_id and not ref.is_backfill}
    people = {ref.profile_id for ref in refs if ref.profile_id}
    rearranged = {ref.profile_id for ref in refs if ref.profile_id and ref.name in REARRANGED}
    evaluate(people, history=people - live, rearranged=rearranged, now=clock.now())


@transaction.atomic(savepoint=False)
def evaluate(
    profile_ids: Collection[int],
    *,
    history: Collection[int] = (),
    rearranged: Collection[int] = (),
    now: datetime,
) -> list[int]:
    """Let people have the tier that they merit, those among them who have an account.

    Args:
        profile_ids: any; those that were merged stand for nobody.
        history: those of them whose moves are history.
        rearranged: those of whom that holds where they had no tier.
        now: aware.

    Returns:
        Those who moved.
    """
    rules = find_rules() if profile_ids else None
    if rules is None:
        return []
    owners = sorted(profile_ids)
    lock_final_profiles(owners)
    run_sql("loyalty.lock_balances", profile_ids=owners)
    found = measure(rules, owners, now, with_deeds=True)
    past = {one.profile_id for one in found if one.tier_id is None and one.profile_id in rearranged}
    return _move(found, rules, past | {*history}, now)


def work_off_tiers(deadline: Deadline) -> int:
    """Decide the tiers that are due by time, and those of everybody under another ladder.

    Args:
        deadline: when to stop claiming.

    Returns:
        Accounts that were looked at; 0 when none was due.
    """
    return deadline.repeat(lambda: _work_off_due() or _work_off_everybody())


@transaction.atomic
def _work_off_due() -> int:
    """Decide the next batch of those whose time has come.

    Who waits to be placed under another ladder is left to it: what was due under the former one
    says nothing of this one.
    """
    now = clock.now()
    due = PointsAccount.objects.filter(tier_due_at__lte=now).order_by("tier_due_at", "profile_id")
    cursor = Program.objects.values_list("tier_cursor", flat=True).first()
    if cursor is not None:
        due = due.filter(profile_id__lte=cursor)
    waiting = list(due.values_list("profile_id", flat=True)[:BATCH])
    if not waiting:
        return 0
    lock_final_profiles(waiting)
    locked = run_sql("loyalty.lock_due_tiers", profile_ids=array(waiting), now=now)
    owners = [row.profile_id for row in locked]
    rules = find_rules()
    if rules is None:
        PointsAccount.objects.filter(profile_id__in=owners).update(tier_due_at=None)
        return len(owners)
    found = measure(rules, owners, now, with_deeds=True)
    # Who had no tier before gets one as history: an account that came back by an undone merge.
    _move(found, rules, {one.profile_id for one in found if one.tier_id is None}, now)
    return len(owners)


@transaction.atomic
def _work_off_everybody() -> int:
    """Decide the next batch of everybody after another ladder was saved; all of it is history."""
    waiting = Program.objects.filter(tier_cursor__isnull=False)
    program = waiting.select_for_update(no_key=True, skip_locked=True).first()
    if program is None or program.tier_cursor is None:
        return 0
    now, rules = clock.now(), find_rules()
    accounts = PointsAccount.objects.filter(profile_id__gt=program.tier_cursor)
    owners = list(accounts.order_by("profile_id").values_list("profile_id", flat=True)[:BATCH])
    if owners:
        lock_final_profiles(owners)
        run_sql("loyalty.lock_balances", profile_ids=owners)
        rules = rules or Rules((), "lifetime", 0, placed_upto=program.tier_cursor)
        found = measure(rules, owners, now, with_deeds=True)
        _move(found, rules, set(owners), now)
    cursor = owners[-1] if owners else None
    Program.objects.filter(pk=program.pk).update(tier_cursor=cursor)
    return len(owners)


def _move(
    found: Sequence[Measured], rules: Rules, history: Collection[int], now: datetime
) -> list[int]:
    """Write how people stand from now on where it differs, and tell of those who moved.

    Args:
        found: the people.
        rules: the ladder.
        history: those of them whose moves are history.
        now: aware.
    """
    rows: list[tuple[Any, ...]] = []
    facts: list[TierRow] = []
    events: list[NewEvent] = []
    for one in found:
        standing = stand(one, rules, now)
        tier_id = standing.step.id if standing.step else None
        name, rank = _named(standing.step)
        fall = foresee(rules, standing, one.record, now)
        ahead = (fall.at, *_named(fall.step)) if fall else (None, "", 0)
        is_moved = tier_id != one.tier_id
        if (name, rank, ahead) != (one.name, one.rank, one.ahead):
            facts.append((one.profile_id, name, rank, *ahead))
        if not is_moved and (standing.falls_at, standing.due_at) == (one.falls_at, one.due_at):
            continue
        direction = _direction(one.rank, rank, rules) if is_moved else ""
        rows.append(_row(one, standing, (one.name, name, direction)))
        if is_moved:
            is_history = one.profile_id in history
            events.append(_event(one, (name, rank, direction), now, is_history=is_history))
    if rows:
        names = "profile_ids tier_ids falls dues was is_now directions spends orders points"
        moves = run_sql("loyalty.write_tiers", now=now, **columns(names, rows))
        numbers = {row.profile_id: row.id for row in moves}
        events = [_numbered(event, numbers) for event in events]
    write_tiers(facts)
    append_events(events, now=now)
    return [event.profile_id for event in events if event.profile_id is not None]


def _named(step: Step | None) -> tuple[str, int]:
    return (step.name, step.rank) if step else ("", 0)


def _direction(before: int, after: int, rules: Rules) -> str:
    lowest = rules.steps[0].rank if rules.steps else 0
    return direction_of(before, after, lowest)


def _row(one: Measured, standing: Standing, words: tuple[str, str, str]) -> tuple[Any, ...]:
    return (
        one.profile_id,
        standing.step.id if standing.step else None,
        standing.falls_at,
        standing.due_at,
        *words,
        one.figures.spend_minor,
        one.figures.orders,
        one.figures.points,
    )


def _event(
    one: Measured, tier: tuple[str, int, str], now: datetime, *, is_history: bool
) -> NewEvent:
    name, rank, direction = tier
    return NewEvent(
        name=CHANGED,
        occurred_at=now,
        source="system",
        profile_id=one.profile_id,
        properties={
            "from": one.name,
            "to": name,
            "from_rank": one.rank,
            "to_rank": rank,
            "direction": direction,
        },
        is_backfill=is_history,
    )


def _numbered(event: NewEvent, numbers: dict[int, int]) -> NewEvent:
    number = numbers[event.profile_id or 0]
    return replace(event, object_id=number, dedupe_key=f"tier-change:{number}")
