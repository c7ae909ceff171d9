"""Pauses, resumes and cancels messages that wait; the claim asks before each hand-over.

A pause or a cancellation is one row, whatever it is of. From its commit on no claim takes what it
covers (`claim_ready`), so that what a worker holds already, a few messages, still leaves.
The messages themselves follow in batches: what is paused is set aside by whoever looks at it, what
is resumed is let go, and what is cancelled ends, by `work_off_stops`.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import F, Func, Q, QuerySet, Value
from django.db.models.functions import Greatest, Least

from crm.domain.channels import CHANNEL_LABELS
from kernel import clock
from kernel.arrays import array
from kernel.batches import Deadline
from kernel.errors import Conflict, Invalid, NotFound
from kernel.formats import format_time
from kernel.sql import run_sql
from kernel.tenancy import current_tenant_id
from kernel.work import ring
from messaging.choices import MessageStatus, SkipReason, StopKind, StopScope
from messaging.domain.stops import CLASSES, is_covered, is_pause, say_pause
from messaging.models import Message, SendingStop, Template
from messaging.panels import find_campaign, list_flows
from messaging.queries.stops import covered, find_pause, list_open_stops, without
from messaging.services.gates.holding import ask_again
from messaging.services.gating import Stop
from messaging.services.rates import free_turns
from messaging.types import PendingMessage, Verdict
from tenants.domain.actions import describe_actor
from tenants.queries import get_tenant
from tenants.services import audit

BATCH: Final = 1_000
ASKED_AGAIN: Final = timedelta(hours=6)
"""A message that is paused is looked at now and then, whatever becomes of the pause."""
GRACE: Final = timedelta(minutes=1)
"""How long a cancellation also stops what was queued before it and is committed after it."""


@transaction.atomic
def pause_messages(scope: str, target: str = "", *, reason: str = "", actor: str) -> SendingStop:
    """Let messages wait until somebody resumes them; those that are queued later wait as well.

    Args:
        scope: a `StopScope` word.
        target: id of the flow or template, or the channel; empty where the scope needs none.
        reason: for the merchant; may be empty.
        actor: who pauses them.

    Raises:
        Invalid: no such scope or channel.
        NotFound: the tenant has no such flow or template.
        Conflict: they are paused already.
    """
    label = _name_target(scope, target)
    stop, is_new = SendingStop.objects.get_or_create(
        kind=StopKind.PAUSE,
        scope=scope,
        target=target,
        is_open=True,
        defaults={
            "label": label,
            "reason": reason.strip()[:500],
            "actor": actor,
            "created_at": clock.now(),
        },
    )
    if not is_new:
        raise Conflict(f"They are paused already, by {describe_actor(stop.actor)}.")
    audit.record("messages.paused", "stop", stop.pk, after=_shown(stop), actor=actor)
    return stop


@transaction.atomic
def resume_messages(stop_id: int, *, actor: str) -> SendingStop:
    """End a pause: what waits because of it goes on, and every gate is asked again.

    Raises:
        NotFound: the tenant has no such pause.
        Conflict: somebody else has just ended it, or it is that of a campaign, which goes on
            as a whole (`resume_campaign_messages`).
    """
    stop = _lock(stop_id)
    if stop is None or not is_pause(stop.kind):
        raise NotFound("There is no such pause.")
    if stop.scope == StopScope.CAMPAIGN:
        raise Conflict("Resume the campaign on its own page.")
    return _resume(stop, actor)


@transaction.atomic
def resume_campaign_messages(campaign_id: int, *, actor: str) -> SendingStop | None:
    """End the pause of a campaign's messages, for whoever lets the campaign go on.

    Returns:
        None where they were not paused.
    """
    found = find_pause(StopScope.CAMPAIGN.value, str(campaign_id))
    stop = _lock(found.pk) if found is not None else None
    return _resume(stop, actor) if stop is not None and stop.is_open else None


def _resume(stop: SendingStop, actor: str) -> SendingStop:
    if not stop.is_open:
        raise Conflict("Somebody else has resumed them already.")
    stop.is_open, stop.has_work = False, True
    stop.ended_by, stop.ended_at = actor, clock.now()
    stop.save(update_fields=["is_open", "has_work", "ended_by", "ended_at"])
    audit.record("messages.resumed", "stop", stop.pk, before=_shown(stop), actor=actor)
    ring("stops", current_tenant_id())
    return stop


@transaction.atomic
def cancel_messages(scope: str, target: str = "", *, reason: str = "", actor: str) -> SendingStop:
    """End all messages of a scope that wait now; a pause of them stays for those that come later.

    Raises:
        Invalid: no such scope or channel.
        NotFound: the tenant has no such flow or template.
    """
    stop = SendingStop.objects.create(
        kind=StopKind.CANCEL,
        scope=scope,
        target=target,
        label=_name_target(scope, target),
        reason=reason.strip()[:500],
        actor=actor,
        created_at=clock.now(),
        has_work=True,
    )
    audit.record("messages.cancelled", "stop", stop.pk, after=_shown(stop), actor=actor)
    ring("stops", current_tenant_id())
    return stop


def find_stopped(messages: Sequence[PendingMessage], now: datetime) -> dict[int, Stop]:
    """Return what becomes of the messages of a set that somebody paused or cancelled.

    Inside the caller's transaction, which a resume waits for where a pause holds anything.
    """
    stops = list_open_stops()
    if not stops:
        return {}
    found = {message.id: _first(stops, message) for message in messages}
    pauses = {stop.pk for stop in found.values() if stop and is_pause(stop.kind)}
    if pauses:
        rows = run_sql("messaging.lock_stops", ids=array(sorted(pauses)))
        still = {row.id for row in rows}
        stops = [stop for stop in stops if stop.pk in still or not is_pause(stop.kind)]
        found = {message.id: _first(stops, message) for message in messages}
    by_id = {message.id: message for message in messages}
    zone = get_tenant(current_tenant_id()).timezone
    return {
        message_id: _hold(by_id[message_id], stop, now) if is_pause(stop.kind) else _end(stop, zone)
        for message_id, stop in found.items()
        if stop is not None
    }


def work_off_stops(deadline: Deadline) -> int:
    """Let go what was resumed, and end what was cancelled, for the active tenant.

    Args:
        deadline: when to stop; what is left is rung for again.

    Returns:
        Messages that were let go or cancelled.
    """
    done = 0
    with transaction.atomic():
        rows = SendingStop.objects.filter(has_work=True).order_by("pk")
        stop_ids = list(rows.values_list("pk", flat=True))
    for stop_id in stop_ids:
        while moved := _work_off(stop_id, clock.now()):
            done += moved
            if deadline.passed:
                return done
    return done


@transaction.atomic
def _work_off(stop_id: int, now: datetime) -> int:
    """Move one batch of messages; a stop of which nothing is left is done."""
    stop = _lock(stop_id)
    if stop is None or not stop.has_work:
        return 0
    waiting = Message.objects.filter(covered(stop.scope, stop.target))
    moved = _release(stop, waiting, now) if is_pause(stop.kind) else _cancel(stop, waiting, now)
    if moved:
        SendingStop.objects.filter(pk=stop.pk).update(done_count=F("done_count") + moved)
        ring("messages", current_tenant_id())
    return moved


def _release(stop: SendingStop, waiting: QuerySet[Message], now: datetime) -> int:
    """Make what one pause held due again, unless another one holds it too.

    What a campaign was to send is planned for now: it is not late by a pause of the campaign.
    """
    others = [other for other in list_open_stops() if is_pause(other.kind)]
    is_free = without(others)
    times: dict[str, Func] = {"due_at": Least(F("planned_at"), Value(now))}
    if stop.scope == StopScope.CAMPAIGN:
        if others:  # what those go on holding is planned anew as well, once
            is_free |= Q(planned_at__lt=stop.ended_at or now)
        times["planned_at"] = Greatest(F("planned_at"), Value(now))
    held = waiting.filter(is_free, status=MessageStatus.PENDING, reason=SkipReason.HELD)
    moved = _take(held).update(**times, reason="", detail="")
    if not moved and not held.exists():
        _finish(stop, now)
    return moved


def _cancel(stop: SendingStop, waiting: QuerySet[Message], now: datetime) -> int:
    """End what waits; what a worker holds just now may come back, and is looked for until then."""
    queued = waiting.filter(created_at__lte=stop.created_at)
    zone = get_tenant(current_tenant_id()).timezone
    end = _end(stop, zone)
    moved = _take(queued.filter(status=MessageStatus.PENDING)).update(
        status=end.status, reason=end.reason, detail=end.detail
    )
    free_turns(now)
    is_over = now - stop.created_at >= GRACE
    open_ones = queued.filter(status__in=[MessageStatus.PENDING, MessageStatus.SENDING])
    if not moved and is_over and not open_ones.exists():
        _finish(stop, now)
    return moved


def _take(rows: QuerySet[Message]) -> QuerySet[Message]:
    """Lock a batch; what a worker holds at this moment is left for the next one."""
    locked = rows.select_for_update(no_key=True, skip_locked=True).values_list("pk", flat=True)
    return Message.objects.filter(pk__in=list(locked[:BATCH]))


def _finish(stop: SendingStop, now: datetime) -> None:
    SendingStop.objects.filter(pk=stop.pk).update(
        is_open=False, has_work=False, ended_at=stop.ended_at or now
    )


def _first(stops: Sequence[SendingStop], message: PendingMessage) -> SendingStop | None:
    """Return what stops a message: a cancellation, else the pause of its campaign, else another."""
    own = [stop for stop in stops if is_covered(stop.scope, stop.target, message)]
    for stop in own:
        is_queued = message.created_at is not None and message.created_at <= stop.created_at
        if not is_pause(stop.kind) and is_queued:
            return stop
    pauses = [stop for stop in own if is_pause(stop.kind)]
    of_campaign = [stop for stop in pauses if stop.scope == StopScope.CAMPAIGN]
    return next(iter(of_campaign or pauses), None)


def _hold(message: PendingMessage, stop: SendingStop, now: datetime) -> Stop:
    words = say_pause(stop.actor, stop.reason)
    if stop.scope == StopScope.CAMPAIGN:  # goes on as a whole, however long that takes
        wait_until = now + ASKED_AGAIN
        return Stop(MessageStatus.PENDING.value, SkipReason.HELD.value, words, wait_until)
    verdict = ask_again(message, now, ASKED_AGAIN, Verdict(passed=False, detail=words))
    is_late = verdict.wait_until is None
    status = MessageStatus.SKIPPED if is_late else MessageStatus.PENDING
    reason = SkipReason.TOO_LATE if is_late else SkipReason.HELD
    return Stop(status.value, reason.value, verdict.detail, verdict.wait_until)


def _end(stop: SendingStop, zone: str) -> Stop:
    words = f"by {describe_actor(stop.actor)}, {format_time(stop.created_at, zone)}"
    detail = f"{words}: {stop.reason}" if stop.reason else words
    return Stop(MessageStatus.CANCELLED.value, SkipReason.CANCELLED.value, detail)


def _lock(stop_id: int) -> SendingStop | None:
    return SendingStop.objects.select_for_update(no_key=True).filter(pk=stop_id).first()


def _name_target(scope: str, target: str) -> str:
    """Return what a target is called.

    Raises:
        Invalid: no such scope or channel.
        NotFound: the tenant has no such flow or template.
    """
    if scope in CLASSES and not target:
        return ""
    if scope not in StopScope.values or scope in CLASSES:
        raise Invalid("Say which messages.", fields={"scope": "Choose one of the list."})
    name = CHANNEL_LABELS.get(target, "") if scope == StopScope.CHANNEL else _find(scope, target)
    if not name:
        raise NotFound("There is nothing of that kind.")
    return name


def _find(scope: str, target: str) -> str:
    """Return the name of a flow or template; empty where the tenant has no such one."""
    target_id = int(target) if target.isascii() and target.isdigit() else 0
    if scope == StopScope.FLOW:
        return list_flows().get(target_id, "")
    if scope == StopScope.CAMPAIGN:
        return find_campaign(target_id)
    names = Template.objects.filter(pk=target_id).values_list("name", flat=True)
    return names.first() or ""


def _shown(stop: SendingStop) -> dict[str, str]:
    return {
        "scope": stop.scope,
        "target": stop.label or stop.target,
        "reason": stop.reason,
    }
