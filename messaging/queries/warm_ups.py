"""Plans by which new senders warm up, as the sending and the page see them."""

from dataclasses import dataclass
from datetime import date

from crm.choices import Channel
from messaging.choices import LimitKind
from messaging.domain.mailboxes import GROUPS
from messaging.domain.warming import Plan
from messaging.models import ChannelAccount, Sender, SendingDomain, WarmUp, WarmUpDay


@dataclass(frozen=True, slots=True)
class BoxUse:
    """How much of a day's share for one provider of mailboxes is used."""

    label: str
    used: int
    share: int


@dataclass(frozen=True, slots=True)
class PlanRow:
    """One plan as its page shows it.

    Attributes:
        number: which day of it it is.
        volume: mails of this day.
        used: of them that left.
        milestones: day of the plan and its mails, a few of them.
    """

    row: WarmUp
    title: str
    number: int
    volume: int
    used: int
    boxes: list[BoxUse]
    milestones: list[tuple[int, int]]


def list_running() -> list[WarmUp]:
    """Return the plans that nobody ended; those whose days are over are among them."""
    return list(WarmUp.objects.filter(ended_at=None).order_by("pk"))


def plan_of(row: WarmUp) -> Plan:
    """Return a plan as it is reckoned with."""
    return Plan(row.first, row.last, row.days, row.started_on, row.paused_on, row.paused_days)


def list_plans(today: date) -> list[PlanRow]:
    """Return the plans that limit anything today, with what they let through."""
    rows = [row for row in list_running() if not plan_of(row).is_through(today)]
    used: dict[int, dict[str, int]] = {}
    days = WarmUpDay.objects.filter(plan_id__in=[row.pk for row in rows], day=today)
    for plan_id, mailbox, count in days.values_list("plan_id", "mailbox", "used"):
        used.setdefault(plan_id, {})[mailbox] = count
    names = dict(list_candidates())
    return [
        _plan_row(row, names.get(f"{row.kind}:{row.name}", row.name), used.get(row.pk, {}), today)
        for row in rows
    ]


def list_candidates() -> list[tuple[str, str]]:
    """Return the domains and accounts that a plan can be for: ``kind:name`` and words."""
    domains = sorted(
        set(SendingDomain.objects.values_list("domain", flat=True))
        | {email.rpartition("@")[2] for email in Sender.objects.values_list("email", flat=True)}
    )
    accounts = ChannelAccount.objects.filter(channel=Channel.EMAIL, removed_at=None)
    return [
        *((f"{LimitKind.DOMAIN.value}:{name}", name) for name in domains),
        *(
            (f"{LimitKind.ACCOUNT.value}:{row.pk}", f"the account {row.name}")
            for row in accounts.order_by("name", "pk")
        ),
    ]


def _plan_row(row: WarmUp, title: str, used: dict[str, int], today: date) -> PlanRow:
    plan = plan_of(row)
    marks = sorted({1, *range(7, plan.days, 7), plan.days})
    return PlanRow(
        row=row,
        title=title,
        number=plan.number(today),
        volume=plan.volume(today),
        used=sum(used.values()),
        boxes=[
            BoxUse(label, used.get(mailbox, 0), plan.share(mailbox, today))
            for mailbox, label in GROUPS.items()
        ],
        milestones=[(mark, plan.volume_of(mark)) for mark in marks],
    )
