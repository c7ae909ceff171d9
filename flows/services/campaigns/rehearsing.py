"""The dry run of a campaign: every check is asked for its whole audience now; nothing is written.

What is held back at a moment, such as in quiet hours, counts as sent later. A template that lacks
a value for somebody, and the rates of providers, show at the moment of sending alone. What messages
cost is that of the first template, rendered for a made-up reader.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from django.db import transaction

from flows.domain.campaigns.cells import REST, draw_cells
from flows.domain.campaigns.plan import Plan
from flows.domain.lots import BUCKETS, draw_bucket
from flows.errors import PlanError
from flows.models import Campaign
from flows.queries.campaigns.content import find_coupons, find_templates
from flows.services.campaigns.asking import ask_people
from flows.services.campaigns.audience import count_people, list_ids
from flows.services.campaigns.checking import read_plan
from kernel import clock
from kernel.tenancy import current_tenant_id
from messaging.choices import MessageStatus
from messaging.services.costing import Cost, estimate_sending
from messaging.services.writing import find_coupons as find_coupons_of
from messaging.types import PendingMessage
from tenants.queries import get_tenant

SET: Final = 5_000
MOST_ASKED: Final = 20_000
"""Of a larger audience so many are asked, drawn by lot, and the counts are scaled."""


@dataclass(frozen=True, slots=True)
class Coupons:
    """Codes that a campaign gives out; ``left`` is None where there is one for everybody.

    Attributes:
        needed: one for each message that would be sent and whose reader sees the coupon, in one of
            the templates at least.
        left: codes that can be given out now, at most 10,000 are counted.
    """

    name: str
    needed: int
    left: int | None

    @property
    def is_short(self) -> bool:
        """Whether somebody would get no code."""
        return self.left is not None and self.left < self.needed


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What would become of a campaign that were sent now.

    Attributes:
        audience: people in it.
        asked: for how many of them the checks were asked; fewer than the audience: drawn by lot,
            and every other figure is scaled.
        held_out: who would get nothing, by lot.
        sent: who would get it, those who would wait for a while included.
        waiting: of those, who would wait, by reason.
        skipped: who would not get it, by reason.
        cost: of its messages, on channels on which each has a price; None where none was entered.
        hours: that it takes by its throttle; None without one.
    """

    audience: int
    asked: int
    held_out: int
    sent: int
    waiting: dict[str, int] = field(default_factory=dict)
    skipped: dict[str, int] = field(default_factory=dict)
    coupons: list[Coupons] = field(default_factory=list)
    cost: Cost | None = None
    hours: float | None = None

    @property
    def is_scaled(self) -> bool:
        """Whether not everybody was asked."""
        return self.asked < self.audience


@transaction.atomic
def rehearse(campaign: Campaign) -> Rehearsal:
    """Ask every check for the audience of a campaign as it is now, in sets; write nothing."""
    plan = _plan_of(campaign)
    people = count_people(campaign, plan)
    share = min(BUCKETS, -(-MOST_ASKED * BUCKETS // max(people, 1)))
    asker, after = _Asker(campaign, plan), 0
    while ids := list_ids(campaign, plan, after=after, limit=SET):
        after = ids[-1]
        asker.ask([each for each in ids if draw_bucket("rehearsal", campaign.pk, each) < share])
    return asker.conclude(people)


class _Asker:
    """Asks the gates set by set and counts what they say."""

    def __init__(self, campaign: Campaign, plan: Plan) -> None:
        self._campaign = campaign
        self._plan = plan
        self._everything = get_tenant(current_tenant_id()).holdout
        self._templates = find_templates(campaign.template_ids)
        self._asked = 0
        self._held_out = 0
        self._passed = 0
        self._addresses: list[str] = []
        self._wanting: Counter[int] = Counter()
        self._waiting: Counter[str] = Counter()
        self._skipped: Counter[str] = Counter()

    def ask(self, ids: Sequence[int]) -> None:
        """Ask about some people of the audience."""
        salt = (current_tenant_id(), self._campaign.pk)
        variants = max(1, len(self._campaign.template_ids))
        cells = draw_cells(self._plan, variants, salt, ids, everything=self._everything)
        treated = [each for each, cell in zip(ids, cells, strict=True) if cell >= REST]
        self._asked += len(ids)
        self._held_out += len(ids) - len(treated)
        template = self._templates.get(next(iter(self._campaign.template_ids), 0))
        messages, said = ask_people(self._campaign, template, treated, clock.now())
        self._passed += len(said.passed)
        held = {key for key, stop in said.stops.items() if stop.status == MessageStatus.PENDING}
        going = [each for each in messages if each.id not in said.stops or each.id in held]
        self._addresses += [message.address for message in going]
        self._count_coupons(going)
        for stop in said.stops.values():
            is_held = stop.status == MessageStatus.PENDING
            (self._waiting if is_held else self._skipped)[stop.reason] += 1

    def conclude(self, people: int) -> Rehearsal:
        """Return the counts for the whole audience."""
        factor = people / self._asked if self._asked else 1.0

        def scaled(count: int) -> int:
            return round(count * factor)

        sent = scaled(self._passed + self._waiting.total())
        throttle = self._plan.throttle
        return Rehearsal(
            audience=people,
            asked=self._asked,
            held_out=scaled(self._held_out),
            sent=sent,
            waiting={reason: scaled(count) for reason, count in self._waiting.most_common()},
            skipped={reason: scaled(count) for reason, count in self._skipped.most_common()},
            coupons=[
                Coupons(name, scaled(self._wanting[coupon_id]), left)
                for coupon_id, name, left in find_coupons([*self._templates], [*self._wanting])
            ],
            cost=self._cost(factor),
            hours=None if throttle is None else people / throttle.rate(people),
        )

    def _cost(self, factor: float) -> Cost | None:
        template_id = next(iter(self._campaign.template_ids), None)
        if template_id is None:
            return None
        return estimate_sending(template_id, self._campaign.channel, self._addresses, factor)

    def _count_coupons(self, going: Sequence[PendingMessage]) -> None:
        """Count who would be given codes, whichever of the templates they get."""
        channel, wanting = self._campaign.channel, set[tuple[int, int]]()
        for template in self._templates.values():
            if template.channel == channel:
                own = [each._replace(template_id=template.id) for each in going]
                wanting |= set(find_coupons_of(channel, own, clock.now()).items())
        self._wanting.update(coupon_id for _, coupon_id in wanting)


def _plan_of(campaign: Campaign) -> Plan:
    try:
        return read_plan(campaign)
    except PlanError:
        return Plan(holdout=0)
