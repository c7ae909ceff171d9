"""Messages that the limits are asked about, and what was sent before."""

from datetime import datetime, timedelta
from itertools import count
from typing import Any

from django.db import transaction

from crm.models import (
    Profile,
)
from messaging.choices import MessageStatus
from messaging.domain.limits import (
    Limits,
)
from messaging.models import FrequencyRule, Message, Template
from messaging.services.limits import RuleData, add_rule, save_limits
from messaging.services.queueing import queue_messages
from tests.factories.messaging import new_message
from tests.support.lanes import claim_batch

ADA = "ada@example.com"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
numbers = count(1)


def send(person: Profile, template: Template, **fields: Any) -> Message:
    """Queue a message of now and let the gates be asked."""
    message = queue(person, template, **fields)
    return ask(message)


def queue(person: Profile, template: Template, **fields: Any) -> Message:
    channel = fields.pop("channel", "email")
    new = new_message(person, template, **fields)
    with transaction.atomic():
        queue_messages([new])
        Message.objects.filter(key=new.key).update(channel=channel)
        return Message.objects.get(key=new.key)


def ask(message: Message, at: datetime | None = None) -> Message:
    """Have the gates asked for one message, whatever waits beside it."""
    message.refresh_from_db()
    claim_batch(message.channel, size=10, now=at or message.due_at)
    message.refresh_from_db()
    return message


def left(person: Profile, template: Template, at: datetime, channel: str = "email") -> None:
    """Let a message have left."""
    Message.objects.create(
        key=f"left:{next(numbers)}",
        profile=person,
        template=template,
        channel=channel,
        message_class=template.message_class,
        status=MessageStatus.SENT,
        claimed_at=at,
        sent_at=at,
    )


def said(message: Message, gate: str) -> str:
    """Return what a gate said of a message."""
    return next(str(one["detail"]) for one in message.gates or [] if one["gate"] == gate)


def set_limits(**parts: Any) -> None:
    save_limits(Limits(**parts), actor=ADA)


def cap(max_n: int = 2, days: int = 30, **fields: Any) -> FrequencyRule:
    values = {"message_class": "promotional", "channel": "", "audience": "all", **fields}
    return add_rule(RuleData(max_n=max_n, window=days * DAY, **values), actor=ADA)
