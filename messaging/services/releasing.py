"""Lets messages that wait for a record of their sender's domain go on."""

from datetime import datetime

from django.db import transaction

from kernel.tenancy import current_tenant_id
from kernel.work import ring
from messaging.choices import MessageStatus, SkipReason
from messaging.models import Message


@transaction.atomic(savepoint=False)
def release_waiting(now: datetime) -> int:
    """Make what waits for the records of a domain due now; every gate is asked again.

    Returns:
        Messages that may go on.
    """
    waiting = Message.objects.filter(status=MessageStatus.PENDING, reason=SkipReason.SENDER_DNS)
    released = waiting.filter(due_at__gt=now).update(due_at=now)
    if released:
        ring("messages", current_tenant_id())
    return released
