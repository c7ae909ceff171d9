"""One message, one mail: hand-over, refusals, and what happens when nobody knows."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from email.message import EmailMessage
from threading import Lock

import pytest
import time_machine
from celery.exceptions import SoftTimeLimitExceeded
from django.db import connection, transaction

from crm.models import Event
from kernel import clock
from kernel.batches import Deadline
from kernel.tenancy import tenant_scope
from messaging.channels.base import ChannelUnavailable, Handed
from messaging.choices import MessageClass, MessageStatus
from messaging.models import ChannelAccount, Message
from messaging.services import sending
from messaging.services.queueing import queue_messages
from messaging.services.senders import ensure_default_sender
from messaging.types import OutgoingEmail
from tenants.models import Tenant
from tests.factories.messaging import make_recipient, make_template, new_message, queue_message
from tests.support.lanes import lane_over
from tests.support.smtp import SmtpServer

PROMOTIONAL = MessageClass.PROMOTIONAL
TRANSACTIONAL = MessageClass.TRANSACTIONAL


class Killed(BaseException):
    """The worker died."""


class FakeChannel:
    """Counts what it gets; may die or be down."""

    def __init__(self, *, dies: bool = False, is_down: bool = False) -> None:
        self.sent: list[OutgoingEmail] = []
        self._dies = dies
        self._is_down = is_down
        self._lock = Lock()

    def send(self, mail: OutgoingEmail) -> Handed:
        if self._is_down:
            raise ChannelUnavailable("nobody there")
        with self._lock:
            self.sent.append(mail)
        if self._dies:
            raise Killed
        return Handed()


def drain() -> int:
    return sending.send_due(Deadline(seconds=None))


def test_each_message_is_one_mail(shop: Tenant, smtp: SmtpServer) -> None:
    template = make_template()
    people = [make_recipient() for _ in range(25)]
    queue_messages([new_message(person, template) for person in people])

    assert drain() == 25
    assert drain() == 0

    assert smtp.received == {person.email: 1 for person in people}
    assert set(Message.objects.values_list("status", "attempts")) == {("sent", 1)}
    assert Event.objects.filter(name="Message Sent").count() == 25


def test_a_key_is_queued_once(shop: Tenant, smtp: SmtpServer) -> None:
    new = new_message(make_recipient(), make_template(), key="flow:1:n1:1")

    assert queue_messages([new]) == 1
    assert queue_messages([new, new]) == 0
    drain()
    assert queue_messages([new]) == 0
    drain()

    assert len(smtp.mails) == 1


def test_headers_of_a_promotional_mail(shop: Tenant, smtp: SmtpServer) -> None:
    message = queue_message(make_recipient(first_name="Zoë", last_name="Byron"), make_template())

    drain()

    [mail] = smtp.mails
    assert mail["From"] == "Ada Soap <hello@ada-soap.example>"
    assert mail["To"].addresses[0].display_name == "Zoë Byron"
    assert mail["Subject"] == "Hello Zoë"
    assert mail["Reply-To"] == "help@ada-soap.example"
    assert mail["X-Patron-Message"] == f"{shop.pk}-{message.pk}"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["List-Unsubscribe"].startswith("<http://")
    message.refresh_from_db()
    assert mail["Message-ID"] == message.message_id
    assert message.message_id.endswith("@ada-soap.example>")
    assert message.address in mail["To"]


def test_a_transactional_mail_has_no_unsubscribe_header(shop: Tenant, smtp: SmtpServer) -> None:
    queue_message(make_recipient(), make_template("receipt", TRANSACTIONAL))

    drain()

    [mail] = smtp.mails
    assert mail["List-Unsubscribe"] is None
    assert mail["List-Unsubscribe-Post"] is None


def test_names_and_subjects_cannot_add_headers_or_recipients(
    shop: Tenant, smtp: SmtpServer
) -> None:
    person = make_recipient(
        first_name='Eve"\r\nBcc: victim@example.com\r\n\r\n<script>', last_name="\nX-Evil: 1"
    )
    queue_message(person, make_template(subject="{{ person.first_name }}\r\nBcc: x@example.com"))

    drain()

    [mail] = smtp.mails
    assert smtp.received == {person.email: 1}
    assert mail["Bcc"] is None
    assert mail["X-Evil"] is None
    assert mail["Subject"] == 'Eve" Bcc: victim@example.com <script> Bcc: x@example.com'
    assert "<script>" not in _html(mail)
    assert "&lt;script&gt;" in _html(mail)


def test_a_line_that_starts_with_a_dot_arrives_whole(shop: Tenant, smtp: SmtpServer) -> None:
    text = "first\n.\n..two\nQUIT\n"
    queue_message(make_recipient(), make_template(text=text))

    drain()

    body = smtp.mails[0].get_body(("plain",))
    assert body is not None
    assert body.get_content().replace("\r\n", "\n").strip() == text.strip()


@pytest.mark.parametrize("pipelining", [True, False])
def test_a_permanent_refusal_fails_with_its_reason_and_spares_the_rest(
    shop: Tenant, smtp: SmtpServer, pipelining: bool
) -> None:
    smtp.pipelining = pipelining
    bad, good = make_recipient(), make_recipient()
    smtp.answers[bad.email] = "550 No such user"
    template = make_template()
    queue_messages([new_message(bad, template), new_message(good, template)])

    drain()

    failed = Message.objects.get(profile=bad)
    assert (failed.status, failed.reason, failed.detail) == (
        "failed",
        "rejected",
        "550 No such user",
    )
    assert smtp.received == {good.email: 1}
    assert drain() == 0


def test_a_temporary_refusal_is_tried_five_times_with_longer_pauses(
    shop: Tenant, smtp: SmtpServer, noon: time_machine.Traveller
) -> None:
    person = make_recipient()
    smtp.answers[person.email] = "451 Try again later"
    message = queue_message(person, make_template("receipt", TRANSACTIONAL))

    for minutes in (1, 5, 15, 60):
        assert drain() == 1
        message.refresh_from_db()
        assert message.status == "pending"
        assert message.due_at == clock.now() + timedelta(minutes=minutes)
        assert drain() == 0
        noon.shift(timedelta(minutes=minutes))
    drain()

    message.refresh_from_db()
    assert (message.status, message.reason, message.attempts) == ("failed", "tries_used_up", 5)
    assert message.detail == "451 Try again later"
    assert smtp.raw == []


def test_a_refusal_after_the_content_is_final_too(shop: Tenant, smtp: SmtpServer) -> None:
    smtp.data_answer = "554 Looks like spam"
    message = queue_message(make_recipient(), make_template())

    drain()

    message.refresh_from_db()
    assert (message.status, message.detail) == ("failed", "554 Looks like spam")


def test_a_server_that_is_down_costs_no_try(
    shop: Tenant, smtp: SmtpServer, noon: time_machine.Traveller
) -> None:
    smtp.stop()
    message = queue_message(make_recipient(), make_template())
    template = make_template()
    queue_messages([new_message(make_recipient(), template) for _ in range(20)])

    assert drain() == 0

    message.refresh_from_db()
    assert (message.status, message.attempts) == ("pending", 0)
    assert Message.objects.exclude(claim_id=None).count() == sending.BATCH_SIZE
    assert message.detail.startswith("ConnectionRefusedError")
    smtp.start()
    noon.shift(sending.UNAVAILABLE_PAUSE)
    drain()
    message.refresh_from_db()
    assert message.status == "sent"


def test_a_connection_the_server_closed_is_opened_again(shop: Tenant, smtp: SmtpServer) -> None:
    template = make_template("receipt", TRANSACTIONAL)
    queue_message(make_recipient(), template)
    drain()
    smtp.stop()
    smtp.start()

    queue_message(make_recipient(), template)
    drain()

    assert len(smtp.raw) == 2
    assert set(Message.objects.values_list("status", flat=True)) == {"sent"}


def test_a_paused_account_sends_nothing(shop: Tenant, smtp: SmtpServer) -> None:
    ChannelAccount.objects.update(is_paused=True)
    message = queue_message(make_recipient(), make_template())

    assert drain() == 0

    message.refresh_from_db()
    assert message.status == "pending"
    assert smtp.raw == []


@pytest.mark.parametrize(
    ("message_class", "mails", "status"), [(PROMOTIONAL, 1, "unknown"), (TRANSACTIONAL, 2, "sent")]
)
def test_a_worker_that_dies_after_the_call(
    shop: Tenant,
    smtp: SmtpServer,
    noon: time_machine.Traveller,
    message_class: MessageClass,
    mails: int,
    status: str,
) -> None:
    message = queue_message(make_recipient(), make_template("note", message_class))
    dying = FakeChannel(dies=True)
    with pytest.raises(Killed):
        sending.send_batch(lane_over(dying))

    assert drain() == 0  # the lease still holds
    noon.shift(timedelta(seconds=120))
    drain()
    noon.shift(timedelta(days=1))
    assert drain() == 0

    message.refresh_from_db()
    assert message.status == status
    assert len(dying.sent) + len(smtp.mails) == mails
    assert {mail["Message-ID"] for mail in smtp.mails} <= {dying.sent[0].message_id}
    assert message.message_id == dying.sent[0].message_id
    assert message.is_resend == (message_class == TRANSACTIONAL)
    again = "sent again" if message.is_resend else "not sent again"
    assert message.detail == f"outcome unknown, {again}"


def test_a_transactional_message_is_sent_again_only_once(
    shop: Tenant, noon: time_machine.Traveller
) -> None:
    message = queue_message(make_recipient(), make_template("receipt", TRANSACTIONAL))
    dying = FakeChannel(dies=True)
    for _ in range(3):
        try:
            sending.send_batch(lane_over(dying))
        except Killed:
            noon.shift(timedelta(seconds=120))
        sending.settle_unknown(clock.now())

    message.refresh_from_db()
    assert (message.status, message.reason) == ("unknown", "outcome_unknown")
    assert len(dying.sent) == 2


@pytest.mark.parametrize(
    ("message_class", "statuses"), [(PROMOTIONAL, ("unknown", 1)), (TRANSACTIONAL, ("unknown", 2))]
)
def test_a_server_that_hangs_up_after_the_content_leaves_the_outcome_unknown(
    shop: Tenant, smtp: SmtpServer, message_class: MessageClass, statuses: tuple[str, int]
) -> None:
    smtp.is_deaf_after_data = True
    message = queue_message(make_recipient(), make_template("note", message_class))

    drain()

    message.refresh_from_db()
    assert (message.status, len(smtp.raw)) == statuses


def test_a_slow_worker_still_knows_better_than_the_settlement(
    shop: Tenant, noon: time_machine.Traveller
) -> None:
    message = queue_message(make_recipient(), make_template())

    class Slow(FakeChannel):
        def send(self, mail: OutgoingEmail) -> Handed:
            noon.shift(timedelta(seconds=121))
            sending.settle_unknown(clock.now())
            return super().send(mail)

    sending.send_batch(lane_over(Slow()))

    message.refresh_from_db()
    assert (message.status, message.reason) == ("sent", "")


def test_a_slow_worker_does_not_overwrite_the_one_that_sent_again(
    shop: Tenant, noon: time_machine.Traveller
) -> None:
    message = queue_message(make_recipient(), make_template("receipt", TRANSACTIONAL))
    second = FakeChannel()

    class Slow(FakeChannel):
        def send(self, mail: OutgoingEmail) -> Handed:
            noon.shift(timedelta(seconds=121))
            sending.settle_unknown(clock.now())
            sending.send_batch(lane_over(second))
            raise ChannelUnavailable("too late")

    sending.send_batch(lane_over(Slow()))

    message.refresh_from_db()
    assert (message.status, message.is_resend, len(second.sent)) == ("sent", True, 1)


def test_a_channel_that_breaks_does_not_lose_the_outcomes_before_it(shop: Tenant) -> None:
    template = make_template()
    queue_messages([new_message(make_recipient(), template) for _ in range(3)])

    class Breaks(FakeChannel):
        def send(self, mail: OutgoingEmail) -> Handed:
            super().send(mail)
            if len(self.sent) == 2:
                raise RuntimeError("a fault of ours")
            return Handed()

    sending.send_batch(lane_over(Breaks()))

    assert list(Message.objects.order_by("pk").values_list("status", flat=True)) == [
        "sent",
        "unknown",
        "sent",
    ]


def test_a_worker_whose_time_is_up_records_what_it_knows_and_ends(shop: Tenant) -> None:
    template = make_template()
    queue_messages([new_message(make_recipient(), template) for _ in range(3)])

    class Slow(FakeChannel):
        def send(self, mail: OutgoingEmail) -> Handed:
            super().send(mail)
            if len(self.sent) == 2:
                raise SoftTimeLimitExceeded
            return Handed()

    channel = Slow()
    with pytest.raises(SoftTimeLimitExceeded):
        sending.send_batch(lane_over(channel))

    assert len(channel.sent) == 2
    assert list(Message.objects.order_by("pk").values_list("status", flat=True)) == [
        "sent",
        "unknown",
        "pending",
    ]


@pytest.fixture
def open_shop(transactional_db: None, django_db_setup: None) -> Iterator[Tenant]:
    """A tenant whose rows other connections see."""
    merchant = Tenant.objects.create(
        name="Ada Soap", slug="ada-soap", currency="GBP", timezone="Europe/London"
    )
    with tenant_scope(merchant.pk):
        yield merchant


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("message_class", [PROMOTIONAL, TRANSACTIONAL])
def test_ten_workers_send_each_message_once(open_shop: Tenant, message_class: MessageClass) -> None:
    with transaction.atomic():
        ensure_default_sender()
        template = make_template("note", message_class)
        people = [make_recipient() for _ in range(60)]
        queue_messages([new_message(person, template) for person in people])
        # Two more to somebody who has one: smart sending lets only one promotional through.
        queue_messages([new_message(people[0], template) for _ in range(2)])
    channel = FakeChannel()

    def work(_: int) -> None:
        try:
            with tenant_scope(open_shop.pk):
                while sending.send_batch(lane_over(channel)):
                    pass
        finally:
            connection.close()

    for _ in range(3):  # a worker ends when others hold what is left
        with ThreadPoolExecutor(10) as pool:
            list(pool.map(work, range(10)))

    keys = [mail.message_id for mail in channel.sent]
    assert len(keys) == len(set(keys))
    assert len(keys) == (60 if message_class == PROMOTIONAL else 62)
    with transaction.atomic():
        assert Message.objects.filter(status=MessageStatus.SENT).count() == len(keys)
        assert Message.objects.filter(reason="smart_sending").count() == 62 - len(keys)


def _html(mail: EmailMessage) -> str:
    body = mail.get_body(("html",))
    assert body is not None
    return str(body.get_content())
