"""The ladder of tiers: saved as a whole, tried before it is saved, and begun with three tiers."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from typing import Any, Final

from django.db import transaction
from django.db.models import F

from kernel import clock, money
from kernel.errors import Conflict, Invalid
from kernel.tenancy import current_tenant_id
from loyalty.choices import TierNeeds, TierWindow
from loyalty.domain.tiers import Step, direction_of, find_flaw
from loyalty.models import PointsAccount, Program, Tier
from loyalty.queries.standing import measure, stand
from loyalty.queries.tiers import build_rules, list_tiers
from loyalty.services.program import ensure_program
from tenants.queries import get_tenant
from tenants.services import audit

MOST_TIERS: Final = 8
MAX_NAME: Final = 40
MAX_BENEFITS: Final = 2_000
MAX_GRACE_DAYS: Final = 365
SAMPLE: Final = 5_000
"""People at most on whom another ladder is tried: those who came last."""
_ASIDE: Final = 1_000
"""Ranks are moved out of the way by so much while a ladder is written."""


@dataclass(frozen=True, slots=True)
class TierData:
    """One tier as a merchant wants it; see `domain.tiers.Step`.

    Attributes:
        id: of the tier that it was so far; None: a new one.
        multiplier: above 0; None: earns as everybody.
    """

    id: int | None
    name: str
    min_spend_minor: int | None = None
    min_orders: int | None = None
    min_points: int | None = None
    needs: str = TierNeeds.ANY
    multiplier: Decimal | None = None
    benefits: str = ""


@dataclass(frozen=True, slots=True)
class LadderData:
    """All tiers, the lowest first, and how they are climbed."""

    tiers: Sequence[TierData]
    window: str
    grace_days: int


@dataclass(frozen=True, slots=True)
class Trial:
    """What another ladder would do to the people that were looked at.

    Attributes:
        rows: name of each tier, the highest first, people now and then; the last row, with an empty
            name, are those in no tier.
        up, down: how many would move.
        looked_at: people; ``is_all`` says whether there are no others.
    """

    rows: list[tuple[str, int, int]]
    up: int
    down: int
    looked_at: int
    is_all: bool


@transaction.atomic
def save_ladder(data: LadderData, *, actor: str) -> list[Tier]:
    """Make the tiers as they are wanted; everybody is decided anew in the background.

    What moves somebody then is a change of the rules and no deed of theirs: it is history, from
    which no flow starts. A repeat changes nothing.

    Args:
        data: all tiers; those that it does not name any more go.
        actor: e-mail address of who decides.

    Raises:
        Invalid: a tier cannot be like this; ``fields`` says which by its place.
    """
    check_ladder(data)
    ensure_program()
    program = Program.objects.select_for_update(no_key=True).get()
    known = {tier.pk: tier for tier in list_tiers()}
    before = _describe(_read(program, list(known.values())))
    if before == (after := _describe(data)):
        return list(known.values())
    kept = {tier.id for tier in data.tiers if tier.id in known}
    Tier.objects.exclude(pk__in=kept).delete()
    Tier.objects.update(rank=F("rank") + _ASIDE)
    tiers = [_write(one, rank, known) for rank, one in enumerate(data.tiers, start=1)]
    program.tier_window = data.window
    program.grace_days = data.grace_days
    program.tier_cursor = 0
    program.save(update_fields=["tier_window", "grace_days", "tier_cursor"])
    audit.record("tiers.updated", "program", program.pk, before=before, after=after, actor=actor)
    return tiers


@transaction.atomic
def install_default(*, actor: str) -> list[Tier]:
    """Begin with the tiers New, Regular and VIP; they can be changed like any others.

    Raises:
        Conflict: there are tiers already.
    """
    ensure_program()
    Program.objects.select_for_update(no_key=True).get()
    if Tier.objects.exists():
        raise Conflict("There are tiers already.")
    minor = 10 ** money.exponent(get_tenant(current_tenant_id()).currency)
    tiers = (
        TierData(None, "New", benefits="Points on every order."),
        TierData(
            None,
            "Regular",
            min_spend_minor=150 * minor,
            min_orders=3,
            benefits="A small gift on their birthday and early news of the sale.",
        ),
        TierData(
            None,
            "VIP",
            min_spend_minor=500 * minor,
            min_orders=8,
            benefits="Free delivery, early access to what is new, and somebody to write to.",
        ),
    )
    return save_ladder(LadderData(tiers, TierWindow.ROLLING, 30), actor=actor)


def read_ladder() -> LadderData:
    """Return the ladder as it is now."""
    return _read(Program.objects.first() or Program(), list_tiers())


def try_ladder(data: LadderData) -> Trial:
    """Say who would move under another ladder; writes nothing.

    Raises:
        Invalid: a tier cannot be like this.
    """
    check_ladder(data)
    now = clock.now()
    accounts = PointsAccount.objects.order_by("-profile_id")
    owners = sorted(accounts.values_list("profile_id", flat=True)[: SAMPLE + 1])
    is_all = len(owners) <= SAMPLE
    owners = owners[-SAMPLE:]
    steps = [_step(one, rank) for rank, one in enumerate(data.tiers, start=1)]
    # Trying says where people belong; days of grace only put that off.
    rules = replace(build_rules(steps, data.window, 0), placed_upto=0)
    was: Counter[str] = Counter()
    then: Counter[str] = Counter()
    moves: Counter[str] = Counter()
    names = {tier.pk: tier.name for tier in list_tiers()}
    for one in measure(rules, owners, now):
        step = stand(replace(one, falls_at=None), rules, now).step
        was[names.get(one.tier_id or 0, "")] += 1
        then[step.name if step else ""] += 1
        rank = step.rank if step else 0
        if step != rules.find(one.tier_id):
            moves[direction_of(one.rank, rank, 0)] += 1
    listed = [step.name for step in reversed(steps)]
    listed += [name for name in names.values() if name not in listed]
    rows = [(name, was[name], then[name]) for name in [*listed, ""]]
    up = moves["up"]
    return Trial(rows, up, moves["down"] + moves["left"], len(owners), is_all)


def check_ladder(data: LadderData) -> None:
    """Refuse a ladder that cannot be.

    Raises:
        Invalid: ``fields`` says why by ``tiers.PLACE.FIELD``, ``window`` or ``grace_days``.
    """
    fields = {}
    if data.window not in TierWindow.values:
        fields["window"] = "is none of the windows"
    if not 0 <= data.grace_days <= MAX_GRACE_DAYS:
        fields["grace_days"] = f"is not from 0 to {MAX_GRACE_DAYS}"
    if len(data.tiers) > MOST_TIERS:
        fields["tiers"] = f"are more than {MOST_TIERS}"
    for place, one in enumerate(data.tiers):
        fields |= {f"tiers.{place}.{name}": words for name, words in _flaws(one).items()}
    steps = [_step(one, rank) for rank, one in enumerate(data.tiers, start=1)]
    if not fields and (flaw := find_flaw(steps)):
        fields[f"tiers.{flaw[0]}.name"] = flaw[1]
    if fields:
        raise Invalid("The tiers cannot be like this.", fields=fields)


def _flaws(one: TierData) -> dict[str, str]:
    flaws = {}
    if not one.name.strip() or len(one.name.strip()) > MAX_NAME:
        flaws["name"] = f"must have 1 to {MAX_NAME} characters"
    if len(one.benefits) > MAX_BENEFITS:
        flaws["benefits"] = f"is longer than {MAX_BENEFITS} characters"
    for name in ("min_spend_minor", "min_orders", "min_points"):
        asked = getattr(one, name)
        if asked is not None and asked < 1:
            flaws[name] = "must be above 0"
    if one.multiplier is not None and one.multiplier <= 0:
        flaws["multiplier"] = "must be above 0"
    if one.needs not in TierNeeds.values:
        flaws["needs"] = "is neither any nor all"
    return flaws


def _step(one: TierData, rank: int) -> Step:
    return Step(
        id=one.id or -rank,
        name=one.name.strip(),
        rank=rank,
        min_spend_minor=one.min_spend_minor,
        min_orders=one.min_orders,
        min_points=one.min_points,
        needs=one.needs,
        multiplier=one.multiplier,
    )


def _write(one: TierData, rank: int, known: dict[int, Tier]) -> Tier:
    tier = known.get(one.id or 0) or Tier()
    tier.name, tier.rank = one.name.strip(), rank
    tier.min_spend_minor, tier.min_orders = one.min_spend_minor, one.min_orders
    tier.min_points, tier.needs = one.min_points, one.needs
    tier.multiplier, tier.benefits = one.multiplier, one.benefits.strip()
    tier.save()
    return tier


def _read(program: Program, tiers: Sequence[Tier]) -> LadderData:
    listed = [
        TierData(
            id=tier.pk,
            name=tier.name,
            min_spend_minor=tier.min_spend_minor,
            min_orders=tier.min_orders,
            min_points=tier.min_points,
            needs=tier.needs,
            multiplier=tier.multiplier,
            benefits=tier.benefits,
        )
        for tier in tiers
    ]
    return LadderData(listed, program.tier_window, program.grace_days)


def _describe(data: LadderData) -> dict[str, Any]:
    """Return what the audit trail keeps."""
    tiers = []
    for one in data.tiers:
        said = asdict(replace(one, name=one.name.strip(), benefits=one.benefits.strip()))
        said["multiplier"] = one.multiplier and f"{one.multiplier.normalize():f}"
        tiers.append(said)
    return {"tiers": tiers, "window": str(data.window), "grace_days": data.grace_days}
