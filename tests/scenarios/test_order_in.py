"""An order comes in: it is seen at once, and nobody else's flood delays what follows from it."""

import json
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import pytest
from django.db import transaction
from django.urls import reverse

from config.provisioning import provision_tenant
from crm.models import Profile
from crm.services.stores import StoreData
from kernel import work
from kernel.scope import tenant_scope
from kernel.secrets import encrypt
from kernel.work import drain_tenant, work_off
from messaging.channels import email_smtp
from messaging.models import ChannelAccount, Message
from stores.models import InboxDelivery
from stores.services import inbox
from stores.services.connections import connect_store
from tenants.models import Tenant
from tests.factories.tenants import call_with, make_key, sign_in
from tests.support.shopify import FakeShop, simple_order
from tests.support.smtp import SmtpServer

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def smtp() -> Iterator[SmtpServer]:
    server = SmtpServer()
    server.start()
    yield server
    for channel in email_smtp._local.__dict__.pop("channels", {}).values():
        channel.close()
    server.stop()


def open_for_business(tenant: Tenant, smtp: SmtpServer) -> None:
    """Install what every tenant starts with, and send through the server of the test."""
    provision_tenant(tenant.pk)
    with tenant_scope(tenant.pk), transaction.atomic():
        ChannelAccount.objects.create(
            channel="email",
            provider="smtp",
            name="Test server",
            credentials_encrypted=encrypt(json.dumps({"url": smtp.url})),
            is_default=True,
        )


@pytest.mark.covers("P1")
def test_an_order_is_on_the_profile_after_one_drain_of_the_inbox(
    shop: FakeShop, tenant: Tenant, broker: object
) -> None:
    assert shop.deliver("orders/create", simple_order(7), "d-1") == HTTPStatus.OK

    assert shop.drain() == 1

    with transaction.atomic():
        person = Profile.objects.get()
    page = sign_in(tenant).get(reverse("crm:profile_orders", args=["ada-soap", person.pk]))
    assert "#7" in page.content.decode()
    assert "£12.50" in page.content.decode()
    timeline = call_with(make_key(tenant)).get(f"/api/v1/profiles/{person.pk}/timeline/").json()
    assert "Order Placed" in [event["name"] for event in timeline["results"]]


def test_what_was_queued_for_a_store_is_not_sent_once_the_app_is_removed(
    shop: FakeShop, tenant: Tenant, smtp: SmtpServer, broker: object
) -> None:
    open_for_business(tenant, smtp)
    pause(is_paused=True)
    assert shop.deliver("orders/create", simple_order(7), "d-1") == HTTPStatus.OK
    drain_tenant(tenant.pk)
    assert shop.deliver("app/uninstalled", {"id": 1}, "d-2") == HTTPStatus.OK
    drain_tenant(tenant.pk)

    pause(is_paused=False)
    drain_tenant(tenant.pk)

    with transaction.atomic():
        message = Message.objects.get()
    assert (message.status, message.reason) == ("skipped", "store_uninstalled")
    assert message.detail == "Ada Shopify"
    assert smtp.received == {}
    page = sign_in(tenant).get(reverse("stores:detail", args=["ada-soap", shop.store.store_id]))
    assert "The app was removed from this shop" in page.content.decode()


@transaction.atomic
def pause(*, is_paused: bool) -> None:
    ChannelAccount.objects.update(is_paused=is_paused)


@dataclass
class OneBatch:
    """A turn that is over after its first batch."""

    looks: int = 0

    @property
    def passed(self) -> bool:
        self.looks += 1
        return self.looks > 1


class Worker:
    """A single worker that takes the tasks of all queues in the order in which they were rung."""

    def __init__(self) -> None:
        self.queue: deque[tuple[str, int]] = deque()
        self.turns: list[tuple[str, int]] = []
        self._kinds = {kind.task: name for name, kind in work.work_kinds().items()}

    def send_task(self, task: str, args: list[int], **options: Any) -> None:
        """Take the place of the broker's queues."""
        self.queue.append((self._kinds[task], args[0]))

    def take_turn(self) -> None:
        turn = self.queue.popleft()
        self.turns.append(turn)
        work_off(*turn)


def turns_between(turns: list[tuple[str, int]], tenant_id: int) -> list[list[tuple[str, int]]]:
    """Return the turns that others took before each turn of a tenant."""
    found: list[list[tuple[str, int]]] = [[]]
    for turn in turns:
        if turn[1] == tenant_id:
            found.append([])
        else:
            found[-1].append(turn)
    return found


@transaction.atomic
def waiting() -> int:
    return InboxDelivery.objects.filter(status="pending").count()


@pytest.mark.covers("O7")
def test_a_flood_of_one_tenant_lets_the_mail_of_another_pass(
    shop: FakeShop,
    tenant: Tenant,
    other_tenant: Tenant,
    smtp: SmtpServer,
    broker: object,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Between two turns of a tenant another one gets at most one turn of each kind of work."""
    for each in (tenant, other_tenant):
        open_for_business(each, smtp)
    with tenant_scope(other_tenant.pk):
        store = connect_store(StoreData(name="Basho", platform="shopify", currency="JPY"))
    other = FakeShop(store, shop.client)
    worker = Worker()
    monkeypatch.setattr(inbox, "BATCH_SIZE", 5)
    monkeypatch.setattr(work, "Deadline", OneBatch)
    monkeypatch.setattr("kernel.work.celery.send_task", worker.send_task)
    monkeypatch.setattr("stores.services.filing.ring_soon", work.ring_now)

    for number in range(100):
        assert shop.deliver("orders/create", simple_order(number), f"d-{number}") == HTTPStatus.OK
    assert other.deliver("orders/create", simple_order(777), "d-777") == HTTPStatus.OK
    assert list(worker.queue) == [("inbox", tenant.pk), ("inbox", other_tenant.pk)]
    while "shopper777@example.com" not in smtp.received:
        worker.take_turn()

    assert worker.turns[:2] == [("inbox", tenant.pk), ("inbox", other_tenant.pk)]
    for between in turns_between(worker.turns, other_tenant.pk):
        assert len(between) == len(set(between))
    assert waiting() == 100 - 5 * worker.turns.count(("inbox", tenant.pk)) == 70

    while worker.queue:
        worker.take_turn()
    assert waiting() == 0
    assert sum(smtp.received.values()) == 101
