"""Sends a failed message once more, when somebody asks for it."""

from django.db import transaction

from kernel import clock
from kernel.errors import Conflict, NotFound
from kernel.tenancy import current_tenant_id
from kernel.work import ring
from messaging.choices import MessageStatus
from messaging.models import Message
from messaging.services.deliveries import note_deliveries
from tenants.services import audit


@transaction.atomic
def retry_failed(message_id: int, *, actor: str) -> None:
    """Let a failed message wait again, due now, with all its tries; every gate is asked again.

    Only ``failed`` is certain: the mail server said no, or nothing was handed over. An unknown
    outcome may have arrived, and a skipped message has a reason that would hold again. The key and
    the Message-ID stay, and lateness still counts from when it was planned.

    Args:
        message_id: of the message.
        actor: e-mail address of who asks.

    Raises:
        NotFound: there is no such message.
        Conflict: it has not failed, or somebody else has just retried it.
    """
    found = Message.objects.select_for_update(no_key=True).filter(pk=message_id).first()
    if found is None:
        raise NotFound("There is no such message.")
    if found.status != MessageStatus.FAILED:
        raise Conflict("Only a failed message can be sent once more.")
    before = {"status": found.status, "reason": found.reason, "attempts": found.attempts}
    Message.objects.filter(pk=message_id).update(
        status=MessageStatus.PENDING,
        reason="",
        detail="",
        attempts=0,
        due_at=clock.now(),
        claim_id=None,
    )
    note_deliveries([message_id])
    audit.record(
        "message.retried",
        "message",
        message_id,
        before=before,
        after={"status": MessageStatus.PENDING.value},
        actor=actor,
    )
    ring("messages", current_tenant_id())
