"""A worker that is killed between two answers of the mail server."""

import json
import os
import signal
from collections import Counter
from collections.abc import Iterator

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.db import connections, transaction

from kernel import clock
from kernel.batches import Deadline
from kernel.secrets import encrypt
from kernel.tenancy import tenant_scope
from messaging.channels import email_smtp
from messaging.choices import MessageClass
from messaging.models import ChannelAccount, Message
from messaging.services.queueing import queue_messages
from messaging.services.senders import ensure_default_sender
from messaging.services.sending import BATCH_SIZE, send_due
from tenants.models import Tenant
from tests.factories.messaging import make_recipient, make_template, new_message
from tests.support.smtp import SmtpServer

MESSAGES = 40
KILLED_AT = 23
"""The mail whose answer the worker does not live to hear."""


class KillingServer(SmtpServer):
    """Takes mails, and kills a process in the middle of one conversation."""

    victim = 0

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        answer = await super().handle_DATA(server, session, envelope)
        if self.victim and len(self.raw) == KILLED_AT:
            os.kill(self.victim, signal.SIGKILL)
        return answer


@pytest.fixture
def killer() -> Iterator[KillingServer]:
    server = KillingServer()
    server.start()
    yield server
    for channel in email_smtp._local.__dict__.pop("channels", {}).values():
        channel.close()
    server.stop()


def send_in_a_child(tenant: Tenant, server: KillingServer) -> int:
    """Send in a process of its own and return how it ended; the server kills it."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.read(reader, 1)  # until the server knows whom to kill
            for connection in connections.all():
                connection.connection = None  # the parent's; not to be closed
            with tenant_scope(tenant.pk):
                send_due(Deadline(seconds=None))
        finally:
            os._exit(0)
    server.victim = pid
    os.write(writer, b"x")
    _, status = os.waitpid(pid, 0)
    server.victim = 0
    os.close(reader)
    os.close(writer)
    return os.waitstatus_to_exitcode(status)


def make_merchant(server: KillingServer, message_class: MessageClass) -> Tenant:
    """Store a tenant whose messages wait to leave over the server."""
    tenant = Tenant.objects.create(
        name="Ada Soap", slug="ada-soap", currency="GBP", timezone="Europe/London"
    )
    with tenant_scope(tenant.pk), transaction.atomic():
        ensure_default_sender()
        ChannelAccount.objects.create(
            channel="email",
            provider="smtp",
            name="Test",
            credentials_encrypted=encrypt(json.dumps({"url": server.url})),
            is_default=True,
        )
        template = make_template("note", message_class)
        queue_messages([new_message(make_recipient(), template) for _ in range(MESSAGES)])
    return tenant


@pytest.mark.django_db(transaction=True)
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize("message_class", [MessageClass.PROMOTIONAL, MessageClass.TRANSACTIONAL])
def test_a_killed_worker_leaves_few_in_doubt_and_none_unaccounted(
    transactional_db: None, killer: KillingServer, message_class: MessageClass
) -> None:
    tenant = make_merchant(killer, message_class)

    assert send_in_a_child(tenant, killer) == -signal.SIGKILL
    assert len(killer.raw) == KILLED_AT

    with tenant_scope(tenant.pk):
        with transaction.atomic():
            doubtful = Message.objects.filter(status="sending").update(due_at=clock.now())
        send_due(Deadline(seconds=None))
        with transaction.atomic():
            rows = list(Message.objects.values("message_id", "status", "is_resend", "address"))

    assert doubtful == BATCH_SIZE
    mails = Counter(str(mail["Message-ID"]) for mail in killer.mails)
    twice = {key for key, number in mails.items() if number > 1}
    if message_class == MessageClass.PROMOTIONAL:
        assert Counter(row["status"] for row in rows) == {"sent": 30, "unknown": 10}
        assert twice == set()
    else:
        assert {row["status"] for row in rows} == {"sent"}
        assert max(mails.values()) == 2
        assert twice <= {row["message_id"] for row in rows if row["is_resend"]}
        assert set(mails) == {row["message_id"] for row in rows}
