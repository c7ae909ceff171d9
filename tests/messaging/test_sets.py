"""Sets: looked at at once, claimed a few at a time, so that a no counts up to the last moment."""

import itertools
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from crm.services.erasure import erase_profiles
from kernel.batches import Deadline
from messaging.channels.base import (
    ChannelDeferred,
    ChannelRejected,
    ChannelUnavailable,
    Handed,
    OutcomeUnknown,
    SenderRefused,
)
from messaging.channels.email_smtp import SmtpChannel, account_from_url
from messaging.channels.sets import Answer
from messaging.channels.smtp_pool import SmtpPool
from messaging.choices import MessageClass
from messaging.models import ChannelAccount, Message
from messaging.services import sending, tokens
from messaging.services.pacing import Pace
from messaging.services.queueing import queue_messages
from messaging.types import OutgoingEmail, RecipientToken
from tenants.models import Tenant
from tests.factories.messaging import make_recipient, make_template, new_message
from tests.messaging.test_email_smtp import outgoing
from tests.support.lanes import lane_over
from tests.support.smtp import SmtpServer

LATER = float("inf")


class Listening:
    """Takes every mail, and does something at one of them."""

    def __init__(self, at: int, act: Any) -> None:
        self.sent: list[str] = []
        self._at = at
        self._act = act

    def send(self, mail: OutgoingEmail) -> Handed:
        self.sent.append(mail.to_address)
        if len(self.sent) == self._at:
            self._act()
        return Handed()


@pytest.mark.covers("M1")
def test_a_one_click_unsubscribe_during_a_run_stops_what_is_not_claimed(
    shop: Tenant, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "FRESH_SECONDS", LATER)  # the first request of a run is slow
    monkeypatch.setattr(sending, "HAND_OVER_SECONDS", LATER)
    template = make_template()
    people = [make_recipient() for _ in range(25)]
    queue_messages([new_message(person, template) for person in people])
    last = Message.objects.order_by("pk").last()
    assert last is not None
    link = tokens.unsubscribe_url(RecipientToken(shop.pk, last.profile_id, last.pk))

    def unsubscribe() -> None:
        answer = client.post("/u/" + link.rpartition("/u/")[2], {"List-Unsubscribe": "One-Click"})
        assert answer.status_code == 200

    server = Listening(at=3, act=unsubscribe)
    sending.send_set(lane_over(server), size=50)

    assert server.sent == [person.email for person in people[:-1]]
    last.refresh_from_db()
    assert (last.status, last.claim_id) == ("pending", None)
    sending.send_set(lane_over(server), size=50)
    last.refresh_from_db()
    assert (last.status, last.reason) == ("skipped", "no_consent")
    assert len(server.sent) == 24


def test_what_is_taken_back_during_a_run_is_not_handed_over(shop: Tenant) -> None:
    template = make_template()
    queue_messages([new_message(make_recipient(), template) for _ in range(15)])
    server = Listening(
        at=1, act=lambda: Message.objects.filter(status="pending").update(status="skipped")
    )

    sending.send_set(lane_over(server), size=50)

    assert len(server.sent) == sending.BATCH_SIZE
    assert Message.objects.filter(status="sent").count() == sending.BATCH_SIZE
    assert Message.objects.filter(status="skipped").count() == 5


def test_mails_about_orders_leave_before_marketing_that_was_due_earlier(shop: Tenant) -> None:
    news = make_template()
    receipt = make_template("receipt", MessageClass.TRANSACTIONAL)
    buyer = make_recipient()
    queue_messages([new_message(make_recipient(), news) for _ in range(12)])
    queue_messages([new_message(buyer, receipt)])
    server = Listening(at=0, act=None)

    sending.send_batch(lane_over(server))

    assert len(server.sent) == 10
    assert server.sent[0] == buyer.email


def test_several_mails_over_one_connection_each_get_their_own_answer(smtp: SmtpServer) -> None:
    smtp.answers["bad@example.com"] = "550 No such user"
    smtp.answers["busy@example.com"] = "450 Mailbox busy"
    names = ["one", "bad", "two", "busy", "three"]
    channel = SmtpChannel(account_from_url(smtp.url))

    answers = channel.send_all([outgoing(f"{name}@example.com") for name in names], until=LATER)
    channel.close()

    kinds = [type(answer) for answer in answers]
    assert kinds == [Handed, ChannelRejected, Handed, ChannelDeferred, Handed]
    assert smtp.recipients == ["one@example.com", "two@example.com", "three@example.com"]


def test_a_server_that_does_not_pipeline_is_waited_for(smtp: SmtpServer) -> None:
    smtp.pipelining = False
    smtp.answers["bad@example.com"] = "550 No such user"
    channel = SmtpChannel(account_from_url(smtp.url))

    answers = channel.send_all(
        [outgoing("bad@example.com"), outgoing("good@example.com")], until=LATER
    )
    channel.close()

    assert [type(answer) for answer in answers] == [ChannelRejected, Handed]


def test_a_server_that_closes_leaves_the_rest_untouched(smtp: SmtpServer) -> None:
    smtp.answers["last@example.com"] = "421 Closing"
    names = ["one", "last", "two"]
    channel = SmtpChannel(account_from_url(smtp.url))

    answers = channel.send_all([outgoing(f"{name}@example.com") for name in names], until=LATER)

    assert [type(answer) for answer in answers] == [Handed, ChannelUnavailable, ChannelUnavailable]
    assert smtp.recipients == ["one@example.com"]


def test_a_server_that_hangs_up_after_the_content_leaves_few_in_doubt(smtp: SmtpServer) -> None:
    smtp.is_deaf_after_data = True
    channel = SmtpChannel(account_from_url(smtp.url))

    answers = channel.send_all([outgoing() for _ in range(5)], until=LATER)

    assert [type(answer) for answer in answers] == [OutcomeUnknown] * 2 + [ChannelUnavailable] * 3
    assert len(smtp.raw) == 2


class TimeIsUpError(Exception):
    """What ends a worker's time in the middle of a conversation."""


def interrupt(channel: SmtpChannel, reply: int) -> None:
    """Let the time of a worker end while it waits for one of the answers from now on."""
    connection, _ = channel.reach()
    said, count = connection.getreply, itertools.count(1)

    def getreply() -> tuple[int, bytes]:
        if next(count) == reply:
            raise TimeIsUpError
        return said()

    connection.getreply = getreply  # type: ignore[method-assign]


def test_an_interrupted_conversation_keeps_its_answers_and_gives_nobody_the_mail_of_another(
    smtp: SmtpServer,
) -> None:
    channel = SmtpChannel(account_from_url(smtp.url))
    interrupt(channel, reply=8)  # three to each announcement and one to each mail: of the second
    names = ["one", "two", "three"]

    answers = channel.send_all([outgoing(f"{name}@example.com") for name in names], until=LATER)
    later = channel.send_all([outgoing("four@example.com")], until=LATER)
    channel.close()

    assert [type(answer) for answer in answers] == [Handed, TimeIsUpError, type(None)]
    assert [type(answer) for answer in later] == [Handed]
    assert smtp.recipients == ["one@example.com", "two@example.com", "four@example.com"]


def test_a_single_mail_that_is_interrupted_leaves_its_connection_to_nobody(
    smtp: SmtpServer,
) -> None:
    channel = SmtpChannel(account_from_url(smtp.url))
    interrupt(channel, reply=2)
    with pytest.raises(TimeIsUpError):
        channel.send(outgoing("one@example.com"))

    assert channel.send(outgoing("two@example.com")) == Handed()
    channel.close()
    assert smtp.recipients == ["two@example.com"]


@pytest.mark.parametrize(
    ("answer", "is_account_fault"),
    [
        ("550 5.4.5 Daily sending quota exceeded", True),
        ("553 Sender address rejected: not owned by user", True),
        ("530 Authentication required", True),
        ("451 4.7.1 Too many mails from you", False),
    ],
)
@pytest.mark.parametrize("pipelining", [True, False])
def test_a_no_to_the_sender_is_no_fault_of_any_mail(
    smtp: SmtpServer, answer: str, is_account_fault: bool, pipelining: bool
) -> None:
    smtp.sender_answer = answer
    smtp.pipelining = pipelining
    channel = SmtpChannel(account_from_url(smtp.url))

    answers = channel.send_all([outgoing(), outgoing()], until=LATER)

    assert [type(each) for each in answers] == [ChannelUnavailable] * 2
    assert [each.is_account_fault for each in answers] == [is_account_fault] * 2  # type: ignore[union-attr]
    assert str(answers[0]) == answer
    assert smtp.raw == []


@pytest.mark.covers("M9")
@pytest.mark.parametrize("pipelining", [True, False])
def test_a_no_to_a_sender_that_a_rule_chose_is_a_no_to_its_mail_alone(
    smtp: SmtpServer, pipelining: bool
) -> None:
    smtp.sender_answers["paris@ada-soap.example"] = "553 Sender address rejected"
    smtp.pipelining = pipelining
    channel = SmtpChannel(account_from_url(smtp.url))
    paris = replace(outgoing(), from_address="paris@ada-soap.example", is_sender_chosen=True)

    answers = channel.send_all([outgoing(), paris, paris, outgoing()], until=LATER)
    channel.close()

    assert [type(each) for each in answers] == [Handed, SenderRefused, SenderRefused, Handed]
    assert str(answers[1]) == "553 Sender address rejected"
    assert len(smtp.raw) == 2


@pytest.mark.parametrize("answer", ["550 5.4.5 Daily sending quota exceeded", "421 Closing"])
def test_a_quota_concerns_every_sender(smtp: SmtpServer, answer: str) -> None:
    smtp.sender_answer = answer
    channel = SmtpChannel(account_from_url(smtp.url))
    chosen = replace(outgoing(), is_sender_chosen=True)

    answers = channel.send_all([chosen, chosen], until=LATER)

    assert [type(each) for each in answers] == [ChannelUnavailable] * 2


def test_a_quota_that_is_found_out_about_with_the_mail_itself_fails_no_mail(
    shop: Tenant, smtp: SmtpServer
) -> None:
    smtp.data_answer = "550 5.4.5 Daily user sending limit exceeded"
    queue_messages([new_message(make_recipient(), make_template()) for _ in range(3)])

    sending.send_due(Deadline(seconds=None))

    rows = Message.objects.values_list("status", "attempts")
    assert list(rows) == [("pending", 0)] * 3
    assert ChannelAccount.objects.get().paused_reason.startswith("The provider refuses the account")


class FakeLine:
    """Answers with its own number, as slowly as it is told."""

    def __init__(self, number: int, fastest: float) -> None:
        self.number = number
        self.fastest = fastest

    def send(self, mail: OutgoingEmail) -> Handed:
        return Handed(f"{self.number}: {mail.to_address}")

    def send_all(self, mails: Any, *, until: float) -> list[Answer]:
        return [self.send(mail) for mail in mails]

    def close(self) -> None:
        pass


@pytest.mark.parametrize(("fastest", "lines"), [(0.001, [0, 0, 0, 0, 0]), (0.05, [0, 1, 0, 1, 0])])
def test_a_server_far_away_gets_several_connections(fastest: float, lines: list[int]) -> None:
    made = iter(range(2))
    pool = SmtpPool(lambda: FakeLine(next(made), fastest), connections=2)
    mails = [outgoing(f"p{number}@example.com") for number in range(5)]

    first = pool.send_all(mails, until=LATER)
    answers = pool.send_all(mails, until=LATER)

    assert first == [Handed(f"0: p{number}@example.com") for number in range(5)]
    assert answers == [
        Handed(f"{line}: p{number}@example.com") for number, line in enumerate(lines)
    ]


class CappedLine(FakeLine):
    """One of those that a server allows no connection to but for the first of them."""

    def send_all(self, mails: Any, *, until: float) -> list[Answer]:
        if self.number:
            return [ChannelUnavailable("421 too many connections")] * len(mails)
        return super().send_all(mails, until=until)


def test_a_server_that_caps_connections_gets_the_rest_over_those_it_has() -> None:
    made = iter(range(3))
    pool = SmtpPool(lambda: CappedLine(next(made), 0.05), connections=3)
    mails = [outgoing(f"p{number}@example.com") for number in range(6)]
    pool.send_all(mails, until=LATER)

    answers = pool.send_all(mails, until=LATER)
    again = pool.send_all(mails, until=LATER)

    assert answers == again == [Handed(f"0: p{number}@example.com") for number in range(6)]


def test_a_set_that_grew_stale_while_it_was_looked_at_is_looked_at_again(
    shop: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    template = make_template()
    queue_messages([new_message(make_recipient(), template) for _ in range(12)])
    monkeypatch.setattr(sending, "FRESH_SECONDS", -1.0)
    server, pace = Listening(at=0, act=None), Pace()

    first = sending.send_set(lane_over(server), size=50, pace=pace)
    sent = list(server.sent)
    shrunk = pace.set_size
    sending.send_set(lane_over(server), size=10, pace=pace)

    assert (first.done, first.goes_on, sent) == (0, True, [])
    assert shrunk == 12
    assert len(server.sent) == 10  # ten are claimed however long it took
    assert pace.set_size == 12


def test_claims_grow_with_how_fast_messages_leave() -> None:
    pace = Pace()
    sizes = []
    for seconds in (0.01, 0.0005, 1.0):
        pace.note(50, seconds)
        pace.end_set(50, 0.1)
        sizes.append((pace.claim_size, pace.set_size))
    assert sizes == [(20, 250), (20, 250), (10, 250)]
    pace.end_set(50, 60.0)
    assert (pace.claim_size, pace.set_size) == (10, 150)
    assert [len(few) for few in pace.split([None] * 25)] == [10, 10, 5]  # type: ignore[list-item]


def test_outcomes_wait_for_a_merge_before_they_lock_a_message(
    shop: Tenant,
) -> None:
    queue_messages([new_message(make_recipient(), make_template())])

    with CaptureQueriesContext(connection) as asked:
        sending.send_batch(lane_over(Listening(at=0, act=None)))

    words = [query["sql"] for query in asked.captured_queries]
    people = next(place for place, sql in enumerate(words) if "FOR KEY SHARE" in sql)
    messages = next(place for place, sql in enumerate(words) if "done.provider_id" in sql)
    assert people < messages


def test_the_whole_path_sends_each_mail_once_over_one_connection(
    shop: Tenant, smtp: SmtpServer
) -> None:
    template = make_template()
    people = [make_recipient() for _ in range(60)]
    queue_messages([new_message(person, template) for person in people])

    assert sending.send_due(Deadline(seconds=None)) == 60

    assert smtp.recipients == [person.email for person in people]


def test_who_is_erased_during_a_run_gets_nothing_and_is_not_named_again(shop: Tenant) -> None:
    template = make_template("receipt", MessageClass.TRANSACTIONAL)
    people = [make_recipient() for _ in range(15)]
    queue_messages([new_message(person, template) for person in people])
    server = Listening(at=1, act=lambda: erase_profiles([people[-1].pk]))

    sending.send_set(lane_over(server), size=50)
    sending.send_set(lane_over(Listening(at=99, act=int)), size=50)

    last = Message.objects.get(profile_id=people[-1].pk)
    assert people[-1].email not in server.sent
    assert (last.status, last.reason, last.address) == ("skipped", "profile_erased", "")
