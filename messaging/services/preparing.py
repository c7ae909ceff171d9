"""Looks at due messages of one channel and gets them ready: gates, rendering, links.

Nothing is claimed here. What a gate stopped is written; what is ready stays pending until it is
claimed, a few at a time (`messaging.services.claiming`), so that a crash leaves it as it was.
"""

import json
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction

from crm.choices import Channel
from kernel.arrays import columns
from kernel.sql import count_sql, run_sql
from messaging.choices import URGENT, MessageStatus, SkipReason
from messaging.gates import one_batch
from messaging.queries import sending
from messaging.queries.devices import with_devices
from messaging.services.choosing import with_senders
from messaging.services.gating import Asked, Stop, ask_gates
from messaging.services.lanes import Lane
from messaging.services.marking import address_test
from messaging.services.rates import Rates, book_turns, find_rates
from messaging.services.stops import find_stopped
from messaging.services.warm_ups import Running, find_running, hold_back
from messaging.services.writers.base import Ready
from messaging.services.writing import write_messages
from messaging.types import PendingMessage

_SOON = timedelta(minutes=5)
_STOPPED = "ids statuses reasons details gates addresses dues"


@dataclass(frozen=True, slots=True)
class Prepared:
    """What one worker looked at.

    Attributes:
        claim_id: under which what is ready will be claimed.
        at: when the gates were asked.
        seen_count: messages looked at, those that a gate stopped included.
        ready: messages to hand over.
        trails: what each gate said, by message id.
        rates: how fast messages may leave.
        started: the same moment by `time.monotonic`.
        warming: the plans by which the sender warms up; None where there is none.
    """

    claim_id: UUID
    at: datetime
    seen_count: int
    ready: list[Ready]
    trails: dict[int, list[dict[str, Any]]]
    rates: Rates = field(default_factory=Rates)
    started: float = field(default_factory=time.monotonic)
    warming: Running | None = None


@transaction.atomic
def prepare_set(
    lane: Lane, *, size: int, now: datetime, only: Collection[int] | None = None
) -> Prepared:
    """Ask the gates for due messages of the active tenant and render what passes.

    Args:
        lane: only messages of its channel.
        size: the most messages looked at.
        now: aware.
        only: those of these ids among them; None for all.

    Returns:
        The set; nothing seen means that nothing was due.
    """
    with one_batch():
        return _prepare(lane, size, now, only)


@transaction.atomic
def list_due(lane: Lane, *, size: int, now: datetime) -> list[PendingMessage]:
    """Return the messages that `prepare_set` would look at."""
    return _list_due(lane.channel, uuid4(), size=size, now=now)


@transaction.atomic
def end_broken(reasons: Mapping[int, str], messages: Sequence[PendingMessage]) -> None:
    """End messages that cannot be got ready, by id, each with its reason.

    Args:
        reasons: why, by message id.
        messages: those, and maybe others.
    """
    stops = {
        message_id: Stop(MessageStatus.SKIPPED.value, SkipReason.RENDER_ERROR.value, reason[:500])
        for message_id, reason in reasons.items()
    }
    trails = {message_id: [_no("render", stop.detail)] for message_id, stop in stops.items()}
    _record_stops(messages, stops, trails)


def _prepare(lane: Lane, size: int, now: datetime, only: Collection[int] | None) -> Prepared:
    claim_id = uuid4()
    started = time.monotonic()
    messages = _list_due(lane.channel, claim_id, size=size, now=now)
    if only is not None:
        messages = [message for message in messages if message.id in only]
    if not messages:
        return Prepared(claim_id, now, 0, [], {}, started=started)
    stopped = find_stopped(messages, now)
    rest = [message for message in messages if message.id not in stopped]
    rates = find_rates(lane, rest, now)
    asked = ask_gates([message for message in rest if message.id not in rates.held], now)
    warming = find_running(lane, now)
    if warming is not None:
        hold_back(warming, asked, now)
    ready = write_messages(lane.channel, asked, now)
    stops = {**asked.stops, **_let_wait(rates), **stopped}
    trails = {message.id: _trail_of(message.id, asked, rates) for message in rest}
    trails |= {message_id: [_no("stop", stop.detail)] for message_id, stop in stopped.items()}
    _record_stops(messages, stops, trails)
    book_turns(rates, now)
    return Prepared(claim_id, now, len(messages), ready, trails, rates, started, warming)


def _let_wait(rates: Rates) -> dict[int, Stop]:
    """Return the stops of what has to wait for its turn; its gates are asked then."""
    return {
        message_id: Stop(
            MessageStatus.PENDING.value, SkipReason.RATE.value, verdict.detail, verdict.wait_until
        )
        for message_id, verdict in rates.held.items()
    }


def _trail_of(message_id: int, asked: Asked, rates: Rates) -> list[dict[str, Any]]:
    held = rates.held.get(message_id)
    if held is None:
        return asked.trail(message_id)
    return [_no("rate", held.detail)]


def _no(gate: str, detail: str) -> dict[str, Any]:
    return {"gate": gate, "passed": False, "detail": detail}


def _list_due(channel: str, claim_id: UUID, *, size: int, now: datetime) -> list[PendingMessage]:
    rows = run_sql(
        "messaging.list_due_messages",
        channel=channel,
        urgent=list(URGENT),
        batch=size,
        now=now,
        soon=now + _SOON,
    )
    recipients = sending.find_recipients({row.profile_id for row in rows})
    if channel == Channel.PUSH:
        recipients = with_devices(recipients)
    messages = [address_test(_pending(row, recipients[row.profile_id], claim_id)) for row in rows]
    return with_senders(messages) if channel == Channel.EMAIL else messages


def _pending(row: Any, recipient: Any, claim_id: UUID) -> PendingMessage:
    return PendingMessage(
        id=row.id,
        key=row.key,
        profile=recipient,
        channel=row.channel,
        message_class=row.message_class,
        template_id=row.template_id,
        flow_id=row.flow_id,
        flow_run_id=row.flow_run_id,
        node_id=row.node_id,
        context=json.loads(row.context),
        planned_at=row.planned_at,
        message_id=row.message_id,
        attempts=row.attempts,
        is_resend=row.is_resend,
        claim_id=claim_id,
        created_at=row.created_at,
    )


def _record_stops(
    messages: Sequence[PendingMessage],
    stops: Mapping[int, Stop],
    trails: Mapping[int, list[dict[str, Any]]],
) -> None:
    rows = []
    for message in messages:
        stop = stops.get(message.id)
        if stop is not None:
            rows.append(
                (
                    message.id,
                    stop.status,
                    stop.reason,
                    stop.detail,
                    trails[message.id],
                    message.address,
                    stop.wait_until,
                )
            )
    if rows:
        count_sql("messaging.record_stops", **columns(_STOPPED, rows))
