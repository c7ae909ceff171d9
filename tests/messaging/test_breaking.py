"""An account is left alone while nothing gets through, and tried again with one message."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from analytics.queries.attention import list_attention
from kernel import clock
from kernel.batches import Deadline
from messaging.channels.base import ChannelDeferred, ChannelUnavailable, Handed, SenderRefused
from messaging.domain.breaker import Answers, Health, judge
from messaging.models import AccountHealth, ChannelAccount, Message
from messaging.queries.usage import find_rivals
from messaging.services import sending
from messaging.services.accounts import resume_account
from messaging.services.breaking import note_answers, read_answers
from messaging.services.outcomes import Outcomes
from messaging.services.preparing import _list_due
from messaging.services.queueing import queue_messages
from messaging.types import OutgoingEmail
from tenants.models import AuditEntry, Tenant
from tests.factories.messaging import make_recipient, make_template, new_message
from tests.support.lanes import lane_over
from tests.support.smtp import SmtpServer

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
TAKEN = Answers(taken=10, errors=0)
DOWN = Answers(taken=0, errors=0, fault="nobody there")


def drain() -> int:
    return sending.send_due(Deadline(seconds=None))


def queue(count: int) -> None:
    template = make_template()
    queue_messages([new_message(make_recipient(), template) for _ in range(count)])


def test_faults_in_a_row_open_it_and_one_success_between_them_does_not() -> None:
    health = Health()
    for _ in range(4):
        health = judge(health, DOWN, NOW)
        assert health.is_closed
    health = judge(health, TAKEN, NOW)
    assert health == Health()
    for _ in range(5):
        health = judge(health, DOWN, NOW)

    assert health.open_until == NOW + timedelta(minutes=1)
    assert health.reason == "Nothing could be handed over 5 times in a row: nobody there"


def test_each_try_that_fails_is_followed_by_a_longer_pause() -> None:
    health = Health(openings=1, open_until=NOW, reason="down")
    pauses = []
    for _ in range(4):
        health = judge(health, DOWN, NOW)
        assert health.open_until is not None
        pauses.append((health.open_until - NOW) / timedelta(minutes=1))

    assert pauses == [5, 15, 60, 60]
    assert judge(health, TAKEN, NOW) == Health()


def test_an_account_that_is_refused_is_left_alone_at_once() -> None:
    refused = Answers(taken=0, errors=0, fault="535 bad password", is_account_fault=True)

    assert judge(Health(), refused, NOW).reason == (
        "The provider refuses the account: 535 bad password"
    )


@pytest.mark.parametrize(("taken", "is_closed"), [(0, False), (30, True)])
def test_errors_within_a_minute_open_it_unless_more_got_through(
    taken: int, is_closed: bool
) -> None:
    health = judge(Health(), Answers(taken=taken, errors=10), NOW)
    assert health.is_closed
    health = judge(health, Answers(taken=0, errors=10), NOW + timedelta(seconds=30))

    assert health.is_closed is is_closed
    later = judge(health, Answers(taken=0, errors=10), NOW + timedelta(seconds=90))
    assert later.is_closed is is_closed


def test_an_account_works_that_refuses_the_sender_of_a_rule() -> None:
    message: Any = SimpleNamespace(attempts=0)
    outcomes = Outcomes(NOW)
    outcomes.note(message, SenderRefused("553 unknown"))

    answers = read_answers(outcomes)

    assert answers == Answers(taken=1, errors=0)
    assert judge(Health(openings=2, open_until=NOW), answers, NOW) == Health()
    assert [(item.status, item.tries) for item in outcomes.items] == [("pending", 1)]


@pytest.mark.covers("M1")
def test_a_server_that_is_down_is_left_alone_and_tried_with_one_message(
    shop: Tenant, smtp: SmtpServer, noon: time_machine.Traveller
) -> None:
    queue(30)
    smtp.stop()
    for _ in range(5):
        drain()
        noon.shift(sending.UNAVAILABLE_PAUSE)

    account = ChannelAccount.objects.get()
    assert account.is_paused
    assert account.paused_until == clock.now() + timedelta(seconds=30)
    assert [item.key for item in list_attention()] == ["channel.paused:email"]
    assert drain() == 0

    noon.shift(timedelta(seconds=30))
    tried = Message.objects.exclude(detail="").count()
    drain()
    assert AccountHealth.objects.get().open_until == clock.now() + timedelta(minutes=5)
    assert Message.objects.exclude(detail="").count() <= tried + 1

    smtp.start()
    noon.shift(timedelta(minutes=5))
    assert drain() == 30
    account.refresh_from_db()
    assert (account.is_paused, account.paused_reason) == (False, "")
    assert len(set(smtp.recipients)) == len(smtp.recipients) == 30
    actions = AuditEntry.objects.order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["channel.left_alone", "channel.left_alone", "channel.works_again"]


def test_a_member_can_resume_it_at_once(
    shop: Tenant, smtp: SmtpServer, noon: time_machine.Traveller
) -> None:
    queue(3)
    smtp.stop()
    for _ in range(5):
        drain()
        noon.shift(sending.UNAVAILABLE_PAUSE)
    smtp.start()

    resume_account(ChannelAccount.objects.get().pk, actor="ada@example.com")

    assert drain() == 3


def test_what_a_member_paused_stays_paused(shop: Tenant, smtp: SmtpServer) -> None:
    ChannelAccount.objects.update(is_paused=True)
    AccountHealth.objects.create(channel="email", faults=5, open_until=clock.now())
    queue(2)

    assert drain() == 0
    assert smtp.recipients == []


def test_the_installations_own_server_is_left_alone_per_tenant(shop: Tenant) -> None:
    class Down:
        calls = 0

        def send(self, mail: OutgoingEmail) -> Handed:
            self.calls += 1
            raise ChannelUnavailable("nobody there")

    queue(60)
    server = Down()
    for _ in range(5):
        sending.send_batch(lane_over(server))

    assert server.calls == 5
    health = AccountHealth.objects.get()
    assert (health.account_id, health.faults, health.openings) == (0, 0, 1)


def test_messages_that_are_put_off_one_after_the_other_open_it_too(shop: Tenant) -> None:
    class Busy:
        def send(self, mail: OutgoingEmail) -> Handed:
            raise ChannelDeferred("450 try later")

    queue(40)
    sending.send_set(lane_over(Busy()), size=50)

    assert AccountHealth.objects.get().reason == (
        "20 messages were put off or lost within a minute."
    )
    assert Message.objects.filter(attempts=1).count() == 20


def test_an_account_that_was_left_alone_is_tried_with_one_message_whatever_gates_stop(
    shop: Tenant, smtp: SmtpServer
) -> None:
    """The ten before it are stopped by a gate, and say nothing of the account."""
    template = make_template()
    people = [make_recipient(email_consent="unsubscribed") for _ in range(10)]
    queue_messages([new_message(one, template) for one in people])
    queue(12)
    account = ChannelAccount.objects.get()
    AccountHealth.objects.create(
        channel="email", account_id=account.pk, openings=1, open_until=clock.now(), reason="down"
    )
    smtp.stop()

    drain()

    assert Message.objects.exclude(detail="").filter(status="pending").count() == 1
    assert AccountHealth.objects.get().openings == 2


def test_being_asked_to_send_less_is_no_fault(shop: Tenant) -> None:
    class Throttled:
        def send(self, mail: OutgoingEmail) -> Handed:
            raise ChannelUnavailable("429 slow down", is_throttle=True)

    queue(60)
    for _ in range(6):
        sending.send_batch(lane_over(Throttled()))

    assert not AccountHealth.objects.exclude(faults=0, open_until=None).exists()


def test_mail_that_waits_for_the_installations_server_keeps_no_other_channel_waiting(
    shop: Tenant,
) -> None:
    ChannelAccount.objects.all().delete()
    person = make_recipient(phone="+447700900001", sms_consent="subscribed")
    template = make_template()
    queue_messages([new_message(person, template), new_message(person, template, channel="sms")])
    now = clock.now()
    assert [row.channel for row in _list_due("sms", uuid4(), size=5, now=now)] == []
    assert len(find_rivals([person.pk], now + timedelta(minutes=10))[person.pk]) == 2

    AccountHealth.objects.create(channel="email", open_until=now + timedelta(hours=1))

    assert [row.channel for row in _list_due("sms", uuid4(), size=5, now=now)] == ["sms"]
    rivals = find_rivals([person.pk], now + timedelta(minutes=10))[person.pk]
    assert [rival.channel for rival in rivals] == ["sms"]


def test_who_counts_answers_and_who_resumes_lock_in_one_order(shop: Tenant) -> None:
    """Otherwise a resume beside a hand-over that fails could end in a deadlock."""
    account = ChannelAccount.objects.get()
    outcomes = Outcomes(clock.now(), fault=ChannelUnavailable("down", is_account_fault=True))

    with CaptureQueriesContext(connection) as seen:
        note_answers("email", account.pk, outcomes)
        resume_account(account.pk, actor="ada@example.com")

    touched = [
        "health" if "messaging_accounthealth" in query["sql"] else "account"
        for query in seen
        if "FOR NO KEY UPDATE" in query["sql"] or query["sql"].startswith("DELETE")
    ]
    assert touched == ["account", "health", "account", "health"]
