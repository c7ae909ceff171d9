"""Pausing, resuming and cancelling at any moment: nothing is lost, and nothing is sent twice."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Lock
from uuid import uuid4

import pytest
import time_machine
from django.db import connection, transaction
from django.test import Client

from flows.models import Campaign
from kernel import clock
from kernel.batches import Deadline
from kernel.errors import Conflict, NotFound
from kernel.tenancy import tenant_scope
from messaging.channels.base import ChannelDeferred, Handed
from messaging.choices import MessageClass, StopScope
from messaging.domain.stops import is_covered
from messaging.models import ChannelAccount, Message, RateLimit, SendingStop
from messaging.queries.stops import covered
from messaging.services import sending
from messaging.services.accounts import pause_account
from messaging.services.audiences import Mailing, queue_audience
from messaging.services.preparing import _list_due
from messaging.services.queueing import queue_messages
from messaging.services.rate_limits import set_limit
from messaging.services.senders import ensure_default_sender
from messaging.services.stops import (
    GRACE,
    cancel_messages,
    pause_messages,
    resume_campaign_messages,
    resume_messages,
    work_off_stops,
)
from messaging.types import OutgoingEmail
from tenants.choices import Role
from tenants.models import AuditEntry, Tenant
from tests.factories.messaging import make_recipient, make_template, new_message
from tests.factories.tenants import make_member
from tests.support.lanes import claim_due, lane_over
from tests.support.smtp import SmtpServer

ADA = "ada@example.com"
WORKERS = 4


def drain() -> int:
    """Let workers go on until nothing is left to do."""
    done = 0
    while found := work_off_stops(Deadline(None)) + sending.send_due(Deadline(None)):
        done += found
    return done


def states() -> Counter[tuple[str, str]]:
    return Counter(Message.objects.values_list("status", "reason"))


@pytest.mark.covers("M2")
def test_what_is_paused_waits_with_its_reason_and_goes_on_once(
    shop: Tenant, smtp: SmtpServer
) -> None:
    news, receipt = make_template(), make_template("receipt", MessageClass.TRANSACTIONAL)
    stop = pause_messages("promotions", reason="Wrong price", actor=ADA)
    people = [make_recipient() for _ in range(3)]
    buyer = make_recipient()
    queue_messages([*(new_message(one, news) for one in people), new_message(buyer, receipt)])

    drain()

    assert smtp.recipients == [buyer.email]
    assert states() == {("pending", "held"): 3, ("sent", ""): 1}
    held = Message.objects.filter(reason="held")[0]
    words = f"paused by {ADA}: Wrong price"
    assert held.detail == words
    assert held.gates == [{"gate": "stop", "passed": False, "detail": words}]
    assert held.due_at == clock.now() + timedelta(hours=6)

    resume_messages(stop.pk, actor="bo@example.com")
    drain()

    assert smtp.received == Counter(one.email for one in [*people, buyer])
    assert states() == {("sent", ""): 4}
    stop.refresh_from_db()
    assert (stop.is_open, stop.has_work, stop.done_count) == (False, False, 3)
    actions = AuditEntry.objects.filter(object_type="stop").order_by("pk")
    assert list(actions.values_list("action", "actor")) == [
        ("messages.paused", ADA),
        ("messages.resumed", "bo@example.com"),
    ]


def test_what_is_paused_for_too_long_is_too_late_and_what_must_arrive_is_not(
    shop: Tenant, smtp: SmtpServer, noon: time_machine.Traveller
) -> None:
    news, receipt = make_template(), make_template("receipt", MessageClass.TRANSACTIONAL)
    stop = pause_messages("everything", actor=ADA)
    buyer = make_recipient()
    queue_messages([new_message(make_recipient(), news), new_message(buyer, receipt)])
    drain()

    noon.shift(timedelta(hours=25))
    drain()

    assert states() == {("skipped", "too_late"): 1, ("pending", "held"): 1}
    resume_messages(stop.pk, actor=ADA)
    drain()
    assert smtp.recipients == [buyer.email]


@pytest.mark.covers("M2")
@pytest.mark.parametrize("is_other", [False, True], ids=["alone", "while another pause holds"])
def test_a_campaign_that_was_paused_for_days_loses_nobody(
    shop: Tenant, smtp: SmtpServer, noon: time_machine.Traveller, *, is_other: bool
) -> None:
    template, campaign = make_template(), Campaign.objects.create(name="Spring")
    people = [make_recipient() for _ in range(3)]
    mailing = Mailing(
        key=f"campaign:{campaign.pk}:email",
        channel="email",
        message_class="promotional",
        template_id=template.pk,
        due_at=clock.now(),
        campaign_id=campaign.pk,
        context={"campaign_id": campaign.pk},
    )
    with transaction.atomic():
        queue_audience(mailing, [one.pk for one in people])
    pause_messages("campaign", str(campaign.pk), actor=ADA)
    drain()
    noon.shift(timedelta(days=2))
    drain()
    assert states() == {("pending", "held"): 3}
    assert {message.due_at for message in Message.objects.all()} == {
        clock.now() + timedelta(hours=6)
    }

    other = pause_messages("everything", actor=ADA) if is_other else None
    resume_campaign_messages(campaign.pk, actor=ADA)
    drain()
    if other is not None:
        noon.shift(timedelta(hours=20))
        drain()
        assert states() == {("pending", "held"): 3}
        resume_messages(other.pk, actor=ADA)
        drain()

    assert smtp.received == Counter(one.email for one in people)
    assert states() == {("sent", ""): 3}


def test_two_pauses_hold_until_both_are_over(shop: Tenant, smtp: SmtpServer) -> None:
    template = make_template()
    own = pause_messages("template", str(template.pk), actor=ADA)
    every = pause_messages("everything", actor=ADA)
    queue_messages([new_message(make_recipient(), template)])
    drain()

    resume_messages(every.pk, actor=ADA)
    drain()
    assert states() == {("pending", "held"): 1}
    resume_messages(own.pk, actor=ADA)
    drain()
    assert states() == {("sent", ""): 1}


def test_a_resume_lets_go_what_came_after_a_cancellation_that_is_still_open(
    shop: Tenant, smtp: SmtpServer, noon: time_machine.Traveller
) -> None:
    template = make_template()
    stop = pause_messages("everything", actor=ADA)
    queue_messages([new_message(make_recipient(), template)])
    drain()
    noon.shift(timedelta(seconds=1))
    cancel_messages("everything", actor=ADA)
    noon.shift(timedelta(seconds=1))
    later = make_recipient()
    queue_messages([new_message(later, template)])
    drain()
    assert states() == {("cancelled", "cancelled"): 1, ("pending", "held"): 1}

    resume_messages(stop.pk, actor=ADA)
    drain()

    assert smtp.recipients == [later.email]


def test_what_is_cancelled_gives_up_its_turns(
    shop: Tenant, smtp: SmtpServer, noon: time_machine.Traveller
) -> None:
    set_limit("tenant", "", 1, now=clock.now(), actor=ADA)
    template = make_template()
    queue_messages([new_message(make_recipient(), template) for _ in range(30)])
    drain()
    booked = RateLimit.objects.get(kind="tenant")
    assert booked.booked_until > clock.now() + timedelta(minutes=10)
    noon.shift(timedelta(seconds=1))

    cancel_messages("everything", actor=ADA)
    drain()

    booked.refresh_from_db()
    assert booked.booked_until == clock.now()


def test_what_is_paused_is_not_paused_again_and_nothing_unknown_is(shop: Tenant) -> None:
    stop = pause_messages("marketing", actor=ADA)
    with pytest.raises(Conflict):
        pause_messages("marketing", actor=ADA)
    with pytest.raises(NotFound):
        pause_messages("template", "999999", actor=ADA)
    resume_messages(stop.pk, actor=ADA)
    with pytest.raises(Conflict):
        resume_messages(stop.pk, actor=ADA)

    assert SendingStop.objects.count() == 1


@pytest.mark.parametrize(
    ("scope", "target", "names"),
    [
        (StopScope.EVERYTHING, "", {"news", "cart", "receipt", "flow", "sms"}),
        (StopScope.MARKETING, "", {"news", "cart", "flow", "sms"}),
        (StopScope.PROMOTIONS, "", {"news", "flow", "sms"}),
        (StopScope.FLOW, "7", {"flow"}),
        (StopScope.TEMPLATE, "template", {"cart"}),
        (StopScope.CHANNEL, "sms", {"sms"}),
    ],
)
def test_every_part_means_the_same_messages_by_a_scope(
    shop: Tenant, scope: StopScope, target: str, names: set[str]
) -> None:
    """The gate, the batches that follow and the claim each say it in their own words."""
    news, cart = make_template(), make_template("cart", MessageClass.BEHAVIOURAL)
    receipt = make_template("receipt", MessageClass.TRANSACTIONAL)
    queue_messages(
        [
            new_message(make_recipient(), news, key="news"),
            new_message(make_recipient(), cart, key="cart"),
            new_message(make_recipient(), receipt, key="receipt"),
            new_message(make_recipient(), news, key="flow", flow_id=7),
            new_message(make_recipient(phone="+447700900001"), news, key="sms", channel="sms"),
        ]
    )
    target = str(cart.pk) if target == "template" else target
    claim_id, now = uuid4(), clock.now()
    looked_at = [
        message
        for channel in ("email", "sms")
        for message in _list_due(channel, claim_id, size=50, now=now)
    ]

    by_gate = {message.key for message in looked_at if is_covered(scope, target, message)}
    by_batch = set(Message.objects.filter(covered(scope, target)).values_list("key", flat=True))
    SendingStop.objects.create(kind="pause", scope=scope, target=target, actor=ADA, created_at=now)
    taken = {
        message.key
        for channel in ("email", "sms")
        for message in claim_due(channel, size=50, now=now)
    }

    assert by_gate == by_batch == names
    assert taken == {"news", "cart", "receipt", "flow", "sms"} - names


@pytest.mark.covers("M2")
def test_what_is_cancelled_says_who_and_when_and_later_ones_go(
    shop: Tenant, smtp: SmtpServer, noon: time_machine.Traveller
) -> None:
    template = make_template()
    queue_messages([new_message(make_recipient(), template) for _ in range(2)])
    noon.shift(timedelta(seconds=1))
    stop = cancel_messages("promotions", reason="Wrong price", actor=ADA)
    noon.shift(timedelta(seconds=1))
    later = make_recipient()
    queue_messages([new_message(later, template)])
    drain()

    assert smtp.recipients == [later.email]
    assert states() == {("cancelled", "cancelled"): 2, ("sent", ""): 1}
    ended = Message.objects.filter(status="cancelled")[0]
    assert ended.detail == f"by {ADA}, 1 Jun 2026, 13:00: Wrong price"
    assert ended.outcome == "cancelled"
    stop.refresh_from_db()
    assert (stop.is_open, stop.done_count) == (True, 2)
    noon.shift(GRACE)
    drain()
    stop.refresh_from_db()
    assert (stop.is_open, stop.has_work) == (False, False)


def test_a_message_that_was_in_hand_when_it_was_cancelled_is_not_tried_again(
    shop: Tenant, noon: time_machine.Traveller
) -> None:
    class Busy:
        def send(self, mail: OutgoingEmail) -> Handed:
            cancel_messages("everything", actor=ADA)
            raise ChannelDeferred("451 later")

    queue_messages([new_message(make_recipient(), make_template())])
    noon.shift(timedelta(seconds=1))
    sending.send_batch(lane_over(Busy()))
    assert states() == {("pending", ""): 1}

    drain()

    assert states() == {("cancelled", "cancelled"): 1}


def test_a_pause_of_the_account_holds_for_the_rest_of_a_set(
    shop: Tenant, smtp: SmtpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = ChannelAccount.objects.get()
    queue_messages([new_message(make_recipient(), make_template()) for _ in range(25)])
    hand_over = sending._call

    def pause_then(*args: object) -> object:
        if not ChannelAccount.objects.get().is_paused:
            pause_account(account.pk, "", actor=ADA)
        return hand_over(*args)  # type: ignore[arg-type]  # passed on as it came

    monkeypatch.setattr(sending, "_call", pause_then)
    sending.send_due(Deadline(None))

    assert len(smtp.recipients) == 10
    assert states() == {("sent", ""): 10, ("pending", ""): 15}


class Post:
    """Takes mails, and does something once so many were taken."""

    def __init__(self, at: int, then: Callable[[], object]) -> None:
        self.sent: list[str] = []
        self.sent_before = 0
        self._at, self._then, self._lock = at, then, Lock()

    def send(self, mail: OutgoingEmail) -> Handed:
        with self._lock:
            self.sent.append(mail.to_address)
            if len(self.sent) == self._at:
                self._then()
                self.sent_before = len(self.sent)
        return Handed()


@pytest.fixture
def merchant(transactional_db: None) -> Tenant:
    tenant = Tenant.objects.create(
        name="Ada Soap", slug="ada-soap", currency="GBP", timezone="Europe/London"
    )
    with tenant_scope(tenant.pk), transaction.atomic():
        ensure_default_sender()
        template = make_template()
        queue_messages([new_message(make_recipient(), template) for _ in range(120)])
    return tenant


def work(tenant: Tenant, post: Post) -> None:
    """Let several workers send until none finds anything."""

    def one(_: int) -> None:
        try:
            with tenant_scope(tenant.pk):
                while sending.send_batch(lane_over(post)) + work_off_stops(Deadline(None)):
                    pass
        finally:
            connection.close()

    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(one, range(WORKERS)))


@pytest.mark.covers("M2")
@pytest.mark.parametrize("action", ["pause", "cancel"])
def test_running_senders_stop_at_once_and_nobody_is_lost_or_written_to_twice(
    merchant: Tenant, action: str
) -> None:
    stop = pause_messages if action == "pause" else cancel_messages
    post = Post(25, lambda: stop("promotions", actor=ADA))

    work(merchant, post)

    assert len(post.sent) <= post.sent_before + 10 * WORKERS
    assert len(post.sent) == len(set(post.sent)) < 120
    with tenant_scope(merchant.pk), transaction.atomic():
        sent = len(post.sent)
        if action == "cancel":
            assert states() == {("sent", ""): sent, ("cancelled", "cancelled"): 120 - sent}
            return
        assert states() == {("sent", ""): sent, ("pending", "held"): 120 - sent}
        resume_messages(SendingStop.objects.get().pk, actor=ADA)
    work(merchant, post)
    with tenant_scope(merchant.pk), transaction.atomic():
        assert states() == {("sent", ""): 120}
    assert len(post.sent) == len(set(post.sent)) == 120


def test_the_pages_pause_and_resume_and_say_so(shop: Tenant) -> None:
    owner = Client()
    owner.force_login(make_member(shop, Role.OWNER, ADA).user)
    queue_messages([new_message(make_recipient(), make_template())])
    base = f"/t/{shop.slug}/messages/stops/"

    answer = owner.post(f"{base}pause/", {"which": "promotions", "reason": "Wrong price"})
    assert answer["Location"] == base
    page = owner.get(base).content.decode()
    assert "Promotions" in page
    assert "Wrong price" in page
    stop = SendingStop.objects.get()
    bar = owner.get(f"{base}bar/", {"which": "everything"}).content.decode()
    assert "1 message waits" in " ".join(bar.split())
    assert "Promotions are paused" in bar
    owner.post(f"{base}{stop.pk}/resume/")
    stop.refresh_from_db()
    assert not stop.is_open
    assert owner.post(f"{base}cancel/", {"which": "template:9999999"}).status_code == 404
    assert owner.get(f"{base}bar/", {"which": "nonsense"}).status_code == 404
