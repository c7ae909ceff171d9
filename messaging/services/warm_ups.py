"""Plans by which new senders warm up: what leaves today, what waits, and how plans are changed.

Promotions beyond the day's share wait until the next day at the same time, and never grow too late
by it. Everything else leaves and counts. Shares are taken at the claim, under a lock on the plan,
so that workers together never go over them.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from django.db import IntegrityError, transaction

from crm.choices import Channel
from crm.queries.engagement import find_engaged
from kernel import clock
from kernel.arrays import array, columns
from kernel.errors import Conflict, Invalid, NotFound
from kernel.formats import find_zone
from kernel.sql import count_sql, run_sql
from kernel.tenancy import current_tenant_id
from messaging.choices import LimitKind, MessageClass, SkipReason
from messaging.domain.mailboxes import group_of
from messaging.domain.warming import ENGAGED_DAYS, STEP, Plan
from messaging.models import ChannelAccount, WarmUp
from messaging.queries.warm_ups import list_running, plan_of
from messaging.services.gating import Asked, lateness_of
from messaging.services.lanes import Lane
from messaging.types import PendingMessage, Verdict
from tenants.queries import get_tenant
from tenants.services import audit

MOST_DAYS: Final = 120
MOST_MAILS: Final = 10_000_000


@dataclass(frozen=True, slots=True)
class Running:
    """The plans that count for what leaves over one account.

    Attributes:
        plans: by id of their row.
        domains: which senders a plan counts for, by its id; empty: those of every domain.
        today: of the merchant's calendar.
        zone: of that calendar.
    """

    plans: Mapping[int, Plan]
    domains: Mapping[int, str]
    today: date
    zone: str

    def of(self, message: PendingMessage) -> list[int]:
        """Return the ids of the plans that a message counts for."""
        own = message.sender.domain if message.sender is not None else ""
        return [row_id for row_id in self.plans if self.domains[row_id] in ("", own)]


def find_running(lane: Lane, now: datetime) -> Running | None:
    """Return the plans for the mails of a lane; None where there is none, as is usual."""
    if lane.channel != Channel.EMAIL:
        return None
    rows = list_running()
    if not rows:
        return None
    zone = get_tenant(current_tenant_id()).timezone
    today = now.astimezone(find_zone(zone)).date()
    account = (LimitKind.ACCOUNT.value, str(lane.account_id or ""))
    plans = {
        row.pk: plan_of(row)
        for row in rows
        if row.kind == LimitKind.DOMAIN or (row.kind, row.name) == account
    }
    plans = {row_id: plan for row_id, plan in plans.items() if not plan.is_through(today)}
    domains = {row.pk: row.name if row.kind == LimitKind.DOMAIN else "" for row in rows}
    return Running(plans, domains, today, zone) if plans else None


def hold_back(running: Running, asked: Asked, now: datetime) -> None:
    """Let the promotions wait that the day has no room for, who takes most interest last."""
    promotions = [
        message
        for message in asked.passed
        if message.message_class == MessageClass.PROMOTIONAL and running.of(message)
    ]
    if not promotions:
        return
    room = _find_room(running)
    ranks = _rank({message.profile.id for message in promotions}, now)
    verdicts: dict[int, Verdict] = {}
    for message in sorted(promotions, key=lambda one: (ranks[one.profile.id], one.id)):
        mailbox = group_of(message.address)
        turn_at = message.planned_at + _step_of(message) * ranks[message.profile.id]
        if now < turn_at:
            words = "people who take more interest go first"
            verdicts[message.id] = Verdict(passed=False, detail=words, wait_until=turn_at)
        elif _has_room(room, running, message):
            for row_id in running.of(message):
                room[row_id, mailbox] -= 1
        else:
            verdicts[message.id] = _tomorrow(message, running, mailbox, now)
    asked.note_gate("warm_up", SkipReason.WARM_UP, verdicts)


def admit(running: Running, messages: Sequence[PendingMessage]) -> set[int]:
    """Return the ids of those that the day has room for, with the plans locked until they count.

    Inside the transaction that claims them, before any message is locked.
    """
    _lock_plans(running)
    room = _find_room(running)
    admitted = set()
    for message in messages:
        mailbox = group_of(message.address)
        if message.message_class == MessageClass.PROMOTIONAL:
            if not _has_room(room, running, message):
                continue
            for row_id in running.of(message):
                room[row_id, mailbox] -= 1
        admitted.add(message.id)
    return admitted


def count_mails(running: Running, messages: Sequence[PendingMessage]) -> None:
    """Count the mails that were claimed, of every class."""
    _count(running, messages, each=1)


def give_back_mails(running: Running, messages: Sequence[PendingMessage]) -> None:
    """Count the mails no more that were claimed and not handed over.

    Inside the caller's transaction, after its messages were written.
    """
    _lock_plans(running)
    _count(running, messages, each=-1)


def _lock_plans(running: Running) -> None:
    rows = WarmUp.objects.select_for_update(no_key=True).filter(pk__in=sorted(running.plans))
    list(rows.order_by("pk"))


def _count(running: Running, messages: Sequence[PendingMessage], *, each: int) -> None:
    taken: Counter[tuple[int, str]] = Counter()
    for message in messages:
        for row_id in running.of(message):
            taken[row_id, group_of(message.address)] += each
    rows = [
        (row_id, running.today, mailbox, count)
        for (row_id, mailbox), count in sorted(taken.items())
    ]
    if rows:
        count_sql("messaging.count_warm_up", **columns("plans days mailboxes counts", rows))


@transaction.atomic
def start_plan(kind: str, name: str, *, first: int, last: int, days: int, actor: str) -> WarmUp:
    """Start the warm-up of a domain or account, today.

    Raises:
        Invalid: nothing of that name, or numbers that make no plan.
        Conflict: one is running already.
    """
    name = name.strip().lower()
    _check(kind, name, first, last, days)
    values = {"kind": kind, "name": name, "first": first, "last": last, "days": days}
    try:
        with transaction.atomic():
            row = WarmUp.objects.create(started_on=_today(), **values)
    except IntegrityError as exc:
        raise Conflict("A warm-up of it is running already. End that one first.") from exc
    audit.record("warm_up.started", "warm_up", row.pk, after=values, actor=actor)
    return row


@transaction.atomic
def pause_plan(plan_id: int, *, actor: str) -> None:
    """Let the volume stay where it is; a plan that is paused stays so.

    Raises:
        NotFound: no such plan is running.
    """
    row = _lock(plan_id)
    if row.paused_on is not None:
        return
    WarmUp.objects.filter(pk=row.pk).update(paused_on=_today())
    audit.record("warm_up.paused", "warm_up", row.pk, after=_named(row), actor=actor)


@transaction.atomic
def resume_plan(plan_id: int, *, actor: str) -> None:
    """Let the volume grow again, from where it was.

    Raises:
        NotFound: no such plan is running.
    """
    row = _lock(plan_id)
    if row.paused_on is None:
        return
    days = row.paused_days + max((_today() - row.paused_on).days, 0)
    WarmUp.objects.filter(pk=row.pk).update(paused_on=None, paused_days=days)
    audit.record("warm_up.resumed", "warm_up", row.pk, after=_named(row), actor=actor)


@transaction.atomic
def end_plan(plan_id: int, *, actor: str) -> None:
    """End a warm-up: nothing is held back for it any more, from the next day of each message on.

    Raises:
        NotFound: no such plan is running.
    """
    row = _lock(plan_id)
    WarmUp.objects.filter(pk=row.pk).update(ended_at=clock.now())
    audit.record("warm_up.ended", "warm_up", row.pk, before=_named(row), actor=actor)


def _find_room(running: Running) -> Counter[tuple[int, str]]:
    """Return what is used already, below zero, by plan and provider of mailboxes."""
    rows = run_sql(
        "messaging.find_warm_up_use", plans=array(sorted(running.plans)), day=running.today
    )
    return Counter({(row.plan_id, row.mailbox): -row.used for row in rows})


def _has_room(
    room: Mapping[tuple[int, str], int], running: Running, message: PendingMessage
) -> bool:
    mailbox = group_of(message.address)
    return all(
        running.plans[row_id].share(mailbox, running.today) + room[row_id, mailbox] > 0
        for row_id in running.of(message)
    )


def _rank(profile_ids: set[int], now: datetime) -> dict[int, int]:
    """Return how soon each person has their turn: 0 who took an interest lately, then 1, then 2."""
    ranks = dict.fromkeys(profile_ids, len(ENGAGED_DAYS))
    for rank, days in reversed(list(enumerate(ENGAGED_DAYS))):
        ranks |= dict.fromkeys(find_engaged(profile_ids, now - timedelta(days=days)), rank)
    return ranks


def _step_of(message: PendingMessage) -> timedelta:
    """Return how much later each step has its turn: the last one well before it is too late."""
    limit = lateness_of(message)
    if limit is None:
        return STEP
    return max(min(STEP, limit / (len(ENGAGED_DAYS) + 1)), timedelta(0))


def _tomorrow(message: PendingMessage, running: Running, mailbox: str, now: datetime) -> Verdict:
    zone = find_zone(running.zone)
    local = message.planned_at.astimezone(zone)
    day = now.astimezone(zone).date() + timedelta(days=1)
    at = datetime.combine(day, local.time(), zone).astimezone(now.tzinfo)
    plans = [running.plans[row_id] for row_id in running.of(message)]
    share = min(plan.share(mailbox, running.today) for plan in plans)
    words = f"the {share:,} mails of this day for such mailboxes have left"
    return Verdict(passed=False, detail=words, wait_until=at)


def _check(kind: str, name: str, first: int, last: int, days: int) -> None:
    if kind == LimitKind.DOMAIN:
        is_known = "." in name
    else:
        is_number = name.isascii() and name.isdigit() and len(name) < 19  # noqa: PLR2004 bigint
        accounts = ChannelAccount.objects.filter(channel=Channel.EMAIL, removed_at=None)
        is_known = (
            kind == LimitKind.ACCOUNT and is_number and accounts.filter(pk=int(name)).exists()
        )
    if not is_known:
        raise Invalid("There is nothing of that name.", fields={"name": "Choose one of the list."})
    if not 2 <= days <= MOST_DAYS:  # noqa: PLR2004 a first and a last day
        raise Invalid("Too short or too long.", fields={"days": f"From 2 to {MOST_DAYS} days."})
    if not 1 <= first <= last <= MOST_MAILS:
        text = "The last day has as many mails as the first or more."
        raise Invalid(text, fields={"last": text})


def _lock(plan_id: int) -> WarmUp:
    rows = WarmUp.objects.select_for_update(no_key=True)
    row = rows.filter(pk=plan_id, ended_at=None).first()
    if row is None:
        raise NotFound("There is no such plan.")
    return row


def _named(row: WarmUp) -> dict[str, str]:
    return {"kind": row.kind, "name": row.name}


def _today() -> date:
    zone = find_zone(get_tenant(current_tenant_id()).timezone)
    return clock.now().astimezone(zone).date()
