"""What people did in the window of the tiers, and where that puts them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from kernel.arrays import array
from kernel.sql import run_sql
from loyalty.domain.tiers import Figures, Rules, Standing
from loyalty.models import PointsAccount, Program
from loyalty.queries.tiers import Progress, build_rules, list_tiers, measure_progress, step_of


@dataclass(frozen=True, slots=True)
class Measured:
    """One account as it was read.

    Attributes:
        tier_id, falls_at, due_at: as stored.
        name, rank: of the tier that the facts name; empty and 0 for none.
        figures, before: of the window and of the one before it.
        oldest: first order in the window.
    """

    profile_id: int
    tier_id: int | None
    falls_at: datetime | None
    due_at: datetime | None
    name: str
    rank: int
    figures: Figures
    before: Figures
    oldest: datetime | None


def measure(rules: Rules, owners: Sequence[int], now: datetime) -> list[Measured]:
    """Return what people did in the window of the tiers and how they stand; locks nothing."""
    bounds = rules.bounds(now)
    rows = run_sql(
        "loyalty.measure_tiers",
        owners=array(owners),
        since=bounds.since,
        before=bounds.before,
        with_points=any(step.min_points is not None for step in rules.steps),
    )
    return [
        Measured(
            profile_id=row.profile_id,
            tier_id=row.tier_id,
            falls_at=row.tier_falls_at,
            due_at=row.tier_due_at,
            name=row.name,
            rank=row.rank,
            figures=Figures(row.spend, row.orders, row.points),
            before=Figures(row.spend_before, row.orders_before, row.points_before),
            oldest=row.oldest,
        )
        for row in rows
    ]


def stand(one: Measured, rules: Rules, now: datetime) -> Standing:
    """Say how somebody stands from an instant on."""
    return rules.decide(
        rules.find(one.tier_id),
        rules.merited(one.figures, one.before),
        falls_at=one.falls_at,
        oldest=one.oldest,
        now=now,
    )


def find_progress(profile_id: int, program: Program | None, now: datetime) -> Progress | None:
    """Return how somebody stands on the ladder and how far they have to go; writes nothing.

    Returns:
        None without tiers, or where they have no account.
    """
    tiers = list_tiers()
    account = PointsAccount.objects.filter(profile_id=profile_id).first() if tiers else None
    if account is None:
        return None
    program = program or Program()
    steps = [step_of(tier) for tier in tiers]
    rules = build_rules(steps, program.tier_window, program.grace_days)
    [found] = measure(rules, [profile_id], now)
    return measure_progress(account, tiers, found.figures)
