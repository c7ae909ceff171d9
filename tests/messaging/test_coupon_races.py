"""Many workers at once, and workers that die: no code is given to two people, and none is lost."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Lock

import pytest
from django.db import connection, transaction

from kernel import clock
from kernel.batches import Deadline
from kernel.tenancy import tenant_scope
from messaging.channels.base import ChannelRejected, Handed
from messaging.models import CouponCode, Message
from messaging.services import sending
from messaging.services.checks import find_differences
from messaging.services.coupon_claims import settle_codes
from messaging.services.queueing import queue_messages
from messaging.services.senders import ensure_default_sender
from messaging.types import OutgoingEmail
from tenants.models import Tenant
from tests.factories.coupons import coupon_template, make_pool
from tests.factories.messaging import make_recipient, new_message
from tests.support.lanes import lane_over

PEOPLE, WORKERS = 24, 6


class Killed(BaseException):
    """The worker died."""


class Channel:
    """Takes what it gets, refuses every n-th address, or lets the worker die."""

    def __init__(self, *, refuses: int = 0, dies: bool = False) -> None:
        self.sent: list[OutgoingEmail] = []
        self._refuses = refuses
        self._dies = dies
        self._seen = 0
        self._lock = Lock()

    def send(self, mail: OutgoingEmail) -> Handed:
        with self._lock:
            self._seen += 1
            if self._refuses and self._seen % self._refuses == 0:
                raise ChannelRejected("550 no such user")
            self.sent.append(mail)
        if self._dies:
            raise Killed
        return Handed()


@pytest.fixture
def merchant(transactional_db: None) -> Tenant:
    tenant = Tenant.objects.create(
        name="Ada Soap", slug="ada-soap", currency="GBP", timezone="Europe/London"
    )
    with tenant_scope(tenant.pk), transaction.atomic():
        ensure_default_sender()
    return tenant


def work(tenant: Tenant, channel: Channel) -> None:
    """Let several workers send until nothing is left."""

    def one(_: int) -> None:
        try:
            with tenant_scope(tenant.pk):
                while sending.send_batch(lane_over(channel)):
                    pass
        finally:
            connection.close()

    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(one, range(WORKERS)))


def codes_in(channel: Channel) -> Counter[str]:
    return Counter(mail.content.text.split("code ")[1].split()[0] for mail in channel.sent)


def queue(tenant: Tenant, message_class: str, codes: int, each: int = 1) -> None:
    with tenant_scope(tenant.pk), transaction.atomic():
        coupon = make_pool([f"C{number}" for number in range(codes)])
        template = coupon_template(
            coupon, message_class=message_class, text="Your code {{ coupon.code }} waits"
        )
        people = [make_recipient() for _ in range(PEOPLE)]
        queue_messages([new_message(person, template) for person in people for _ in range(each)])


@pytest.mark.covers("M12")
def test_many_workers_give_each_code_once_and_what_was_refused_again(merchant: Tenant) -> None:
    queue(merchant, "promotional", PEOPLE)
    channel = Channel(refuses=4)
    work(merchant, channel)
    given = codes_in(channel)
    assert (len(given), max(given.values())) == (18, 1)
    with tenant_scope(merchant.pk), transaction.atomic():
        settle_codes(clock.now())
        assert dict(Counter(CouponCode.objects.values_list("status", flat=True))) == {
            "sent": 18,
            "released": 6,
        }
        held = dict(CouponCode.objects.filter(status="sent").values_list("profile_id", "code"))
        assert (len(held), set(held.values())) == (18, set(given))
        assert find_differences() == []
        template = Message.objects.filter(status="sent")[0].template
        queue_messages([new_message(make_recipient(), template) for _ in range(6)])
    again = Channel()
    work(merchant, again)
    assert set(codes_in(again)) | set(given) == {f"C{number}" for number in range(PEOPLE)}
    assert not set(codes_in(again)) & set(given)


def test_one_person_in_many_batches_has_one_code(merchant: Tenant) -> None:
    queue(merchant, "transactional", PEOPLE, each=5)
    channel = Channel()
    work(merchant, channel)
    given = codes_in(channel)
    assert (len(given), set(given.values())) == (PEOPLE, {5})
    by_person: dict[str, set[str]] = {}
    for mail in channel.sent:
        by_person.setdefault(mail.to_address, set()).add(mail.content.text)
    assert {len(texts) for texts in by_person.values()} == {1}


def test_more_people_than_codes_are_stopped_and_none_gets_what_another_has(
    merchant: Tenant,
) -> None:
    queue(merchant, "promotional", 10)
    channel = Channel()
    work(merchant, channel)
    with tenant_scope(merchant.pk):
        with transaction.atomic():
            Message.objects.filter(status="pending").update(due_at=clock.now())
        work(merchant, channel)
        with transaction.atomic():
            told = Counter(Message.objects.values_list("status", "reason"))
    assert codes_in(channel) == {f"C{number}": 1 for number in range(10)}
    assert told == {("sent", ""): 10, ("skipped", "no_coupon"): PEOPLE - 10}


@pytest.mark.parametrize("message_class", ["promotional", "transactional"])
def test_a_worker_that_dies_after_the_call_leaves_the_code_with_its_person(
    merchant: Tenant, message_class: str
) -> None:
    with tenant_scope(merchant.pk):
        with transaction.atomic():
            coupon = make_pool(["A1", "B2"])
            template = coupon_template(
                coupon, message_class=message_class, text="Your code {{ coupon.code }} waits"
            )
            queue_messages([new_message(make_recipient(), template)])
        dying = Channel(dies=True)
        with pytest.raises(Killed):
            sending.send_batch(lane_over(dying))
        with transaction.atomic():
            Message.objects.update(due_at=clock.now())
        sending.settle_unknown(clock.now())
        settle_codes(clock.now())
        again = Channel()
        sending.send_batch(lane_over(again))
        sending.send_due(Deadline(seconds=None))
        with transaction.atomic():
            stands = dict(CouponCode.objects.values_list("code", "status"))
            assert find_differences() == []
    assert stands == {"A1": "sent", "B2": "available"}
    assert len(again.sent) == (0 if message_class == "promotional" else 1)
    assert set(codes_in(again)) <= {"A1"}
