"""What people did in the window of the tiers, and where that puts them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kernel.arrays import array
from kernel.sql import run_sql
from loyalty.domain.outlook import Deed, Record
from loyalty.domain.tiers import BEGINNING, LIFETIME, Figures, Rules, Standing
from loyalty.models import PointsAccount, Program
from loyalty.queries.tiers import Progress, build_rules, list_tiers, measure_progress, step_of


@dataclass(frozen=True, slots=True)
class Measured:
    """One account as it was read.

    Attributes:
        tier_id, falls_at, due_at: as stored.
        name, rank: of the tier that the facts name; empty and 0 for none.
        ahead: when the facts say that it ends by time alone, with name and rank of what is left.
        figures, before: of the window and of the one before it.
        oldest: first order in the window.
        deeds: of both, one by one, where they were asked for and cease to count one day.
    """

    profile_id: int
    tier_id: int | None
    falls_at: datetime | None
    due_at: datetime | None
    name: str
    rank: int
    ahead: tuple[datetime | None, str, int]
    figures: Figures
    before: Figures
    oldest: datetime | None
    deeds: Sequence[Deed]

    @property
    def record(self) -> Record:
        """What was done in both; where nothing ceases to count, all at once."""
        return Record(self.deeds or [Deed(BEGINNING, self.figures)])


def measure(
    rules: Rules, owners: Sequence[int], now: datetime, *, with_deeds: bool = False
) -> list[Measured]:
    """Return what people did in the window of the tiers and how they stand; locks nothing.

    Args:
        rules: the ladder.
        owners: profile ids; who has no account is left out.
        now: aware.
        with_deeds: whether to say it of each order too, where a tier can end by time.
    """
    bounds = rules.bounds(now)
    is_dated = with_deeds and rules.window != LIFETIME
    rows = run_sql(
        "loyalty.measure_tiers",
        owners=array(owners),
        since=bounds.since,
        before=bounds.before,
        with_points=any(step.min_points is not None for step in rules.steps),
        with_deeds=is_dated,
    )
    return [
        Measured(
            profile_id=row.profile_id,
            tier_id=row.tier_id,
            falls_at=row.tier_falls_at,
            due_at=row.tier_due_at,
            name=row.name,
            rank=row.rank,
            ahead=(row.ends_at, row.name_after, row.rank_after),
            figures=Figures(row.spend, row.orders, row.points),
            before=Figures(row.spend_before, row.orders_before, row.points_before),
            oldest=row.oldest,
            deeds=_deeds(row) if is_dated else (),
        )
        for row in rows
    ]


def _deeds(row: Any) -> list[Deed]:
    orders = zip(row.ordered_ats or (), row.nets or (), strict=True)
    points = zip(row.pointed_ats or (), row.points_then or (), strict=True)
    return [
        *(Deed(at, Figures(spend_minor=net, orders=1)) for at, net in orders),
        *(Deed(at, Figures(points=earned)) for at, earned in points),
    ]


def stand(one: Measured, rules: Rules, now: datetime) -> Standing:
    """Say how somebody stands from an instant on.

    What time takes ends when this ladder foresaw it to, however late that is looked at; what is
    lost otherwise has all its days of grace ahead.

    Args:
        one: what they did.
        rules: the ladder.
        now: aware.
    """
    ends, foreseen = rules.end_of_grace(now), one.ahead[0]
    if foreseen is not None and rules.has_placed(one.profile_id):
        ends = min(ends, foreseen)
    return rules.decide(
        rules.find(one.tier_id),
        rules.merited(one.figures, one.before),
        falls_at=one.falls_at or ends,
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
