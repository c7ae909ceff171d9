"""The ladder of tiers, who stands on it, and how far somebody has to go."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from kernel.arrays import array
from kernel.formats import find_zone, format_money, format_number
from kernel.scope import current_tenant_id
from kernel.sql import run_sql
from loyalty.domain.tiers import ALL, Figures, Rules, Step
from loyalty.models import PointsAccount, Program, Tier, TierChange
from tenants.queries import get_tenant

CEILING: Final = 100_000
"""People of one tier are counted up to here."""
CHANGES: Final = 20


@dataclass(frozen=True, slots=True)
class Rung:
    """One tier as pages show it.

    Attributes:
        takes: what it takes, in words.
        people: who have it now, at most `CEILING`.
    """

    tier: Tier
    takes: str
    people: int

    @property
    def is_capped(self) -> bool:
        """Whether there are more than could be counted."""
        return self.people >= CEILING


@dataclass(frozen=True, slots=True)
class Need:
    """How far one threshold of the next tier is.

    Attributes:
        words: what is missing, such as ``£60.00``; empty where it is met.
        have, asked: in the unit of the threshold.
    """

    label: str
    words: str
    have: int
    asked: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How somebody stands on the ladder.

    Attributes:
        following: the next tier up; None at the top.
        needs: its thresholds; ``needs_all`` says whether each of them must be met.
    """

    account: PointsAccount
    tier: Tier | None
    following: Tier | None
    needs: list[Need]
    needs_all: bool

    @property
    def sentence(self) -> str:
        """What is missing to the next tier, such as ``£60.00 or 2 orders``."""
        missing = [need.words for need in self.needs if need.words]
        return (" and " if self.needs_all else " or ").join(missing) or "Nothing is missing"


def list_tiers() -> list[Tier]:
    """Return the tiers, the lowest first."""
    return list(Tier.objects.order_by("rank"))


def step_of(tier: Tier) -> Step:
    """Return a tier as the rules read it."""
    return Step(
        id=tier.pk,
        name=tier.name,
        rank=tier.rank,
        min_spend_minor=tier.min_spend_minor,
        min_orders=tier.min_orders,
        min_points=tier.min_points,
        needs=tier.needs,
        multiplier=tier.multiplier,
    )


def find_rules() -> Rules | None:
    """Return the ladder and how it is climbed; None where there are no tiers."""
    tiers = list_tiers()
    if not tiers:
        return None
    program = Program.objects.first() or Program()
    rules = build_rules([step_of(tier) for tier in tiers], program.tier_window, program.grace_days)
    return replace(rules, placed_upto=program.tier_cursor)


def build_rules(steps: Sequence[Step], window: str, grace_days: int) -> Rules:
    """Return rules in the zone of the active tenant."""
    zone = find_zone(get_tenant(current_tenant_id()).timezone)
    return Rules(steps, window, grace_days, zone)


def list_rungs(tiers: Sequence[Tier]) -> list[Rung]:
    """Return the ladder with the people on it, the highest tier first."""
    currency = get_tenant(current_tenant_id()).currency
    ids = array([tier.pk for tier in tiers])
    rows = run_sql("loyalty.count_in_tiers", tier_ids=ids, ceiling=CEILING)
    people = {row.tier_id: row.people for row in rows}
    return [
        Rung(tier, speak_thresholds(step_of(tier), currency), people.get(tier.pk, 0))
        for tier in reversed(tiers)
    ]


def speak_thresholds(step: Step, currency: str) -> str:
    """Say what a tier takes, such as ``£500.00 spent or 5 orders``."""
    spend, orders, points = step.thresholds
    parts = []
    if spend is not None:
        parts.append(f"{format_money(spend, currency)} spent")
    if orders is not None:
        parts.append(f"{format_number(orders)} order{'' if orders == 1 else 's'}")
    if points is not None:
        parts.append(f"{format_number(points)} points earned")
    return (" and " if step.needs == ALL else " or ").join(parts) or "Everybody with an account"


def measure_progress(account: PointsAccount, tiers: Sequence[Tier], figures: Figures) -> Progress:
    """Return how far an account is from the next tier up."""
    currency = get_tenant(current_tenant_id()).currency
    tier = next((one for one in tiers if one.pk == account.tier_id), None)
    rank = tier.rank if tier else 0
    following = next((one for one in tiers if one.rank > rank), None)
    needs = _needs(step_of(following), figures, currency) if following else []
    return Progress(account, tier, following, needs, bool(following and following.needs == ALL))


def list_changes(profile_id: int) -> list[TierChange]:
    """Return the moves of somebody between tiers, newest first."""
    return list(TierChange.objects.filter(profile_id=profile_id).order_by("-pk")[:CHANGES])


def _needs(step: Step, figures: Figures, currency: str) -> list[Need]:
    have = (figures.spend_minor, figures.orders, figures.points)
    needs = []
    for label, done, asked in zip(
        ("Spend", "Orders", "Points"), have, step.thresholds, strict=True
    ):
        if asked is not None:
            missing = max(0, asked - done)
            needs.append(Need(label, _missing(label, missing, currency), done, asked))
    return needs


def _missing(label: str, missing: int, currency: str) -> str:
    if not missing:
        return ""
    if label == "Spend":
        return format_money(missing, currency)
    unit = "order" if label == "Orders" else "point"
    return f"{format_number(missing)} {unit}{'' if missing == 1 else 's'}"
