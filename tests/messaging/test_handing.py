"""Long turns: the next claim is made while one leaves, and nobody is lost or written to twice."""

from collections import Counter
from collections.abc import Sequence
from threading import Event
from types import SimpleNamespace
from typing import Any

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext

from kernel.batches import Deadline
from messaging.channels.base import ChannelUnavailable, Handed
from messaging.channels.email_smtp import SmtpChannel, account_from_url
from messaging.channels.sets import Answer
from messaging.channels.smtp_pool import SmtpPool
from messaging.models import Message
from messaging.services import claiming, pacing, sending
from messaging.services.lanes import Lane
from messaging.services.pacing import Pace
from messaging.services.queueing import queue_messages
from messaging.services.sending import send_set
from messaging.types import OutgoingEmail
from tenants.models import Tenant
from tests.factories.messaging import make_recipient, make_template, new_message
from tests.support.lanes import lane_over
from tests.support.smtp import SmtpServer

LONG_SECONDS = 60


class Apart:
    """A server that may be talked to beside the worker's own thread; it takes every mail.

    Attributes:
        answer: what it says instead, by which hand-over of its life, counted from 0.
    """

    is_apart = True

    def __init__(self, answer: dict[int, Answer] | None = None) -> None:
        self.taken: list[list[str]] = []
        self.answer = answer or {}

    def send(self, mail: OutgoingEmail) -> Handed:
        raise AssertionError(f"{mail.to_address} was to leave with others")

    def send_all(self, mails: Sequence[Any], *, until: float) -> list[Answer]:
        number = len(self.taken)
        self.taken.append([mail.to_address for mail in mails])
        return [self.answer.get(number, Handed())] * len(mails)


def queue(count: int) -> list[str]:
    template = make_template()
    people = [make_recipient() for _ in range(count)]
    queue_messages([new_message(person, template) for person in people])
    return [person.email for person in people]


def quick(claim_size: int = 10) -> Pace:
    return Pace(claim_size=claim_size, is_quick=True)


def states() -> Counter[str]:
    return Counter(Message.objects.values_list("status", flat=True))


def count_claims(monkeypatch: pytest.MonkeyPatch, then: Any) -> None:
    """Do something after each claim of the run, told how many there were."""
    claim, seen = claiming.record_and_claim, Counter[str]()

    def counted(*args: Any) -> Any:
        found = claim(*args)
        seen["claims"] += 1
        then(seen["claims"])
        return found

    monkeypatch.setattr(sending, "record_and_claim", counted)


def test_the_next_claim_is_made_while_one_leaves(
    shop: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = queue(30)
    made = [Event() for _ in range(4)]
    count_claims(monkeypatch, lambda number: made[number - 1].set())

    class Waiting(Apart):
        def send_all(self, mails: Sequence[Any], *, until: float) -> list[Answer]:
            is_last = len(self.taken) == 2
            assert is_last or made[len(self.taken) + 1].wait(LONG_SECONDS)
            return super().send_all(mails, until=until)

    server = Waiting()
    turn = send_set(lane_over(server), size=50, pace=quick())

    assert server.taken == [people[:10], people[10:20], people[20:]]
    assert (turn.done, turn.goes_on, states()) == (30, True, {"sent": 30})


def test_a_server_that_goes_down_gets_nothing_of_what_was_claimed_meanwhile(shop: Tenant) -> None:
    people = queue(40)
    server = Apart({1: ChannelUnavailable("421 closing")})

    turn = send_set(lane_over(server), size=50, pace=quick())

    assert server.taken == [people[:10], people[10:20]]
    assert (turn.goes_on, states()) == (False, {"sent": 10, "pending": 30})
    waiting = Message.objects.filter(status="pending").order_by("pk")
    assert [row.detail for row in waiting] == ["421 closing"] * 20 + [""] * 10
    assert {row.attempts for row in waiting} == {0}


def test_what_waited_too_long_behind_a_claim_is_given_back_and_asked_again(
    shop: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = queue(30)
    monkeypatch.setattr(sending, "HELD_SECONDS", -1.0)
    server = Apart()

    turns = [send_set(lane_over(server), size=50, pace=quick()) for _ in range(3)]

    assert server.taken == [people[:10], people[10:20], people[20:]]
    assert [(turn.done, turn.goes_on) for turn in turns] == [(10, True)] * 3
    assert states() == {"sent": 30}
    assert set(Message.objects.values_list("attempts", flat=True)) == {1}


def test_the_end_of_the_workers_time_loses_no_outcome_of_what_leaves_meanwhile(
    shop: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = queue(30)

    def end(number: int) -> None:
        if number == 3:
            raise SoftTimeLimitExceeded

    count_claims(monkeypatch, end)
    server = Apart()

    with pytest.raises(SoftTimeLimitExceeded):
        send_set(lane_over(server), size=50, pace=quick())

    assert server.taken == [people[:10], people[10:20]]
    sent = Message.objects.filter(status="sent").values_list("address", flat=True)
    assert set(sent) == set(people[:20])


def lose_database(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """Let the second claim of the run come to nothing."""
    claim, seen = claiming.record_and_claim, Counter[str]()

    def interrupted(*args: Any) -> Any:
        seen["claims"] += 1
        if seen["claims"] == 2:
            raise error
        return claim(*args)

    monkeypatch.setattr(sending, "record_and_claim", interrupted)


@pytest.mark.covers("M1")
def test_a_database_that_is_away_while_a_claim_leaves_forgets_no_mail(
    shop: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = queue(30)
    server = Apart()
    # as in a worker, which has no transaction open around its own
    monkeypatch.setattr(sending, "connection", SimpleNamespace(in_atomic_block=False))
    lose_database(monkeypatch, OperationalError("the server is restarting"))

    turn = send_set(lane_over(server), size=50, pace=quick())

    assert (turn.done, turn.goes_on, server.taken) == (10, False, [people[:10]])
    assert states() == {"sent": 10, "pending": 20}

    send_set(lane_over(server), size=50, pace=quick())

    assert server.taken == [people[:10], people[10:20], people[20:]]
    assert states() == {"sent": 30}


@pytest.mark.parametrize("error", [OperationalError("deadlock"), RuntimeError("ours")])
def test_an_error_of_the_claim_ahead_is_raised_once_what_left_is_recorded(
    shop: Tenant, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    people = queue(30)
    server = Apart()
    lose_database(monkeypatch, error)

    with pytest.raises(type(error)):
        send_set(lane_over(server), size=50, pace=quick())

    assert server.taken == [people[:10]]
    assert states() == {"sent": 10, "pending": 20}
    sent = Message.objects.filter(status="sent").values_list("address", flat=True)
    assert set(sent) == set(people[:10])


@pytest.mark.parametrize("is_quick", [True, False])
def test_a_worker_whose_time_is_up_before_a_claim_leaves_gives_it_back(
    shop: Tenant, is_quick: bool
) -> None:
    queue(20)

    def end() -> Any:
        raise SoftTimeLimitExceeded

    with pytest.raises(SoftTimeLimitExceeded):
        send_set(Lane("email", None, end), size=50, pace=Pace(is_quick=is_quick))

    assert states() == {"pending": 20}
    assert set(Message.objects.values_list("attempts", flat=True)) == {0}


def test_a_fault_of_ours_leaves_every_mail_of_its_claim_open(shop: Tenant) -> None:
    class Broken(Apart):
        def send_all(self, mails: Sequence[Any], *, until: float) -> list[Answer]:
            super().send_all(mails, until=until)
            raise RuntimeError("ours")

    queue(20)
    send_set(lane_over(Broken()), size=50, pace=quick())

    assert states() == {"unknown": 20}


def test_everybody_gets_one_mail_over_a_real_connection(shop: Tenant, smtp: SmtpServer) -> None:
    people = queue(60)
    channel = SmtpPool(lambda: SmtpChannel(account_from_url(smtp.url)), connections=2)

    turn = send_set(lane_over(channel), size=100, pace=quick(7))
    channel.close()

    assert turn.done == 60
    assert sorted(smtp.recipients) == sorted(people)
    assert states() == {"sent": 60}


def test_a_turn_that_is_cut_short_leaves_its_pace_to_the_next(
    shop: Tenant, smtp: SmtpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    paces: list[Pace] = []
    send = sending.send_set

    def noted(lane: Any, *, size: int, pace: Pace) -> Any:
        paces.append(pace)
        return send(lane, size=size, pace=pace)

    monkeypatch.setattr(sending, "send_set", noted)
    monkeypatch.setattr(pacing, "SET_SECONDS", 600.0)  # sets grow on any machine
    queue(70)

    done = [sending.send_due(Deadline(seconds=0)) for _ in range(2)]
    for _ in range(2):
        queue(1)
        sending.send_due(Deadline(seconds=None))

    assert done == [50, 20]
    assert [pace is paces[0] for pace in paces] == [True, True, True, True, False, False]
    assert len(smtp.recipients) == 72


def test_a_claim_costs_the_same_statements_for_many_messages_as_for_few(shop: Tenant) -> None:
    counts = []
    for number in (5, 60):
        queue(number)
        with CaptureQueriesContext(connection) as asked:
            send_set(lane_over(Apart()), size=100, pace=Pace(claim_size=100))
        counts.append(len(asked.captured_queries))

    assert counts[0] == counts[1]
    assert counts[0] <= 38
