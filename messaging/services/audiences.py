"""Queues one message to many people, chunk by chunk: the way in for campaigns."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from crm.services.ids import lock_people
from kernel import clock
from kernel.arrays import array
from kernel.sql import count_sql
from kernel.tenancy import current_tenant_id
from kernel.work import ring
from messaging.services.writing import WRITERS

CHUNK: Final = 20_000
"""People that are queued in one transaction; what is held of them grows with this alone."""


@dataclass(frozen=True, slots=True)
class Mailing:
    """What everybody of an audience gets.

    Attributes:
        key: once for ever within the tenant, such as ``campaign:12:email``; somebody gets one
            message of it.
        channel: a `crm.choices.Channel` word.
        message_class: a `messaging.choices.MessageClass` word.
        due_at: aware; not before. Who is written to at another time is another chunk.
        context: as that of `messaging.types.NewMessage`.
    """

    key: str
    channel: str
    message_class: str
    template_id: int
    due_at: datetime
    flow_id: int | None = None
    campaign_id: int | None = None
    node_id: str = ""
    context: Mapping[str, Any] = field(default_factory=dict)


def queue_audience(mailing: Mailing, profile_ids: Collection[int]) -> int:
    """Queue a mailing to some people in the surrounding transaction.

    The caller keeps in the same transaction how far it came (the last id of a chunk), and goes on
    there after a crash; a chunk that is queued again queues nothing. Who was merged meanwhile,
    before or after one of the two was queued, gets one message, as the winner. Gates are asked when
    the messages are due, and say for everybody who gets none why.

    Args:
        mailing: what they get.
        profile_ids: of the active tenant, `CHUNK` at most for memory's sake; unknown ones are left
            out.

    Returns:
        Messages that are really new.

    Raises:
        ValueError: a channel that nobody writes for.
        TenantScopeError: no scope, or no transaction, is open.
    """
    if mailing.channel not in WRITERS:
        raise ValueError(f"nothing can be sent on {mailing.channel}")
    queued = count_sql(
        "messaging.queue_audience",
        now=clock.now(),
        profile_ids=array(lock_people(profile_ids)),
        key=mailing.key,
        channel=mailing.channel,
        message_class=mailing.message_class,
        template_id=mailing.template_id,
        flow_id=mailing.flow_id,
        campaign_id=mailing.campaign_id,
        node_id=mailing.node_id,
        context=json.dumps(dict(mailing.context), default=str),
        due_at=mailing.due_at,
    )
    if queued:
        ring("messages", current_tenant_id())
    return queued
