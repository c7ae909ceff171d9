"""Claims due messages of one channel and gets them ready: gates, rendering, links.

One transaction. What is committed as ``sending`` is about to be handed over by this worker; a crash
before the commit leaves the rows as they were.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction

from crm.choices import Channel
from kernel.arrays import columns
from kernel.sql import count_sql, run_sql
from messaging.choices import MessageStatus
from messaging.queries import sending
from messaging.queries.devices import with_devices
from messaging.services.gating import Asked, ask_gates
from messaging.services.marking import address_test
from messaging.services.writers.base import Ready
from messaging.services.writing import write_messages
from messaging.types import PendingMessage

LEASE = timedelta(seconds=120)
"""How long a worker may take over one batch before its outcome counts as unknown."""
_SOON = timedelta(minutes=5)
_CHECKED = "ids statuses reasons details gates addresses subjects message_ids parts dues"


@dataclass(frozen=True, slots=True)
class Batch:
    """What one worker holds.

    Attributes:
        claimed_count: messages taken, those that a gate stopped included.
        ready: messages to hand over, all with one claim id.
    """

    claim_id: UUID
    claimed_count: int
    ready: list[Ready]


@transaction.atomic
def prepare_batch(channel: str, *, size: int, now: datetime) -> Batch:
    """Claim due messages of the active tenant, ask the gates and render what passes.

    Args:
        channel: only messages of this channel.
        size: the most messages taken.
        now: aware.

    Returns:
        The batch; nothing claimed means that nothing was due or others hold it.
    """
    claim_id = uuid4()
    messages = _claim(channel, claim_id, size=size, now=now)
    if not messages:
        return Batch(claim_id, 0, [])
    asked = ask_gates(messages, now)
    ready = write_messages(channel, asked, now)
    _record(messages, asked, ready)
    return Batch(claim_id, len(messages), ready)


def _claim(channel: str, claim_id: UUID, *, size: int, now: datetime) -> list[PendingMessage]:
    rows = run_sql(
        "messaging.claim_messages",
        channel=channel,
        claim_id=claim_id,
        batch=size,
        now=now,
        soon=now + _SOON,
        lease_until=now + LEASE,
    )
    recipients = sending.find_recipients({row.profile_id for row in rows})
    if channel == Channel.PUSH:
        recipients = with_devices(recipients)
    claimed = [address_test(_pending(row, recipients[row.profile_id], claim_id)) for row in rows]
    return sorted(claimed, key=lambda message: (message.planned_at, message.id))


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
    )


def _record(messages: Sequence[PendingMessage], asked: Asked, ready: Sequence[Ready]) -> None:
    written = {item.message.id: item for item in ready}
    rows = []
    for message in messages:
        stop = asked.stops.get(message.id)
        own = written.get(message.id)
        resent = "outcome unknown, sent again" if message.is_resend else ""
        rows.append(
            (
                message.id,
                stop.status if stop else MessageStatus.SENDING.value,
                stop.reason if stop else "",
                stop.detail if stop else resent,
                asked.trail(message.id),
                own.address if own else message.address,
                own.subject if own else "",
                own.message_id if own else "",
                own.parts if own else 1,
                stop.wait_until if stop else None,
            )
        )
    count_sql("messaging.record_checks", **columns(_CHECKED, rows))
