"""Replaying what was applied before: it brings back what was lost, once, and starts nothing."""

import json
from datetime import timedelta

import pytest

from crm.models import Event, Order, Profile, Reaction, Store
from crm.services.checks import find_differences
from kernel import clock
from kernel.batches import Deadline
from kernel.errors import Conflict
from kernel.work import drain_tenant
from stores.models import InboxDelivery
from stores.services.inbox import drain_inbox
from stores.services.replaying import Span, count_replayable, replay_one, start_replay
from tenants.models import AuditEntry, Job, Tenant
from tenants.services import files
from tests.factories.crm import NOON
from tests.factories.samples import make_delivery, make_store
from tests.factories.tenants import sign_in
from tests.support.shopify import simple_order

ACTOR = "ada@example.com"


@pytest.fixture
def shop(tenant: Tenant) -> Store:
    return make_store(platform="shopify")


def deliver(shop: Store, topic: str, payload: object, name: str) -> None:
    body = json.dumps(payload).encode()
    make_delivery(shop, topic=topic, body=body, delivery_id=name, source="webhook")


def span(shop: Store, **fields: object) -> Span:
    now = clock.now()
    values = {"since": now - timedelta(days=1), "until": now + timedelta(days=1), **fields}
    return Span(shop.pk, **values)  # type: ignore[arg-type] # by name


@pytest.mark.covers("X10")
def test_a_replay_brings_back_what_was_lost_and_a_second_one_changes_nothing(
    shop: Store, tenant: Tenant
) -> None:
    for number in (1, 2):
        deliver(shop, "orders/create", simple_order(number), f"d-{number}")
    drain_inbox(Deadline(seconds=None))
    drain_tenant(tenant.pk)
    Order.objects.filter(external_id=str(simple_order(1)["id"])).update(
        gross_minor=1, source_hash="read wrongly", source_version_at=NOON
    )

    job = start_replay(span(shop), actor=ACTOR)
    drain_tenant(tenant.pk)

    job.refresh_from_db()
    assert (job.status, job.done) == ("done", 2)
    lines = files.locate(job.result_path).read_text().splitlines()
    assert lines[0] == "delivery,topic,received,what became of it"
    assert [line.split(",")[0::3] for line in lines[1:]] == [["d-1", "Applied"]]
    assert Order.objects.get(external_id=str(simple_order(1)["id"])).gross_minor > 1
    again = start_replay(span(shop, topic="orders/create"), actor=ACTOR)
    drain_tenant(tenant.pk)
    again.refresh_from_db()
    assert files.locate(again.result_path).read_text().splitlines() == lines[:1]
    assert Event.objects.filter(name="Order Placed").count() == 2
    assert find_differences() == []


def test_what_is_asked_for_once_is_left_out_and_nothing_starts(shop: Store, tenant: Tenant) -> None:
    deliver(shop, "orders/create", simple_order(1), "d-1")
    deliver(shop, "app/uninstalled", {"id": 1}, "d-2")
    drain_inbox(Deadline(seconds=None))
    drain_tenant(tenant.pk)
    Store.objects.filter(pk=shop.pk).update(status="connected")
    uninstalled = InboxDelivery.objects.get(delivery_id="d-2")

    assert replay_one(uninstalled.pk, actor=ACTOR).startswith("Left out: It asks for something")

    assert Store.objects.get(pk=shop.pk).status == "connected"
    assert not Reaction.objects.exists()
    assert AuditEntry.objects.get(action="delivery.replayed").object_id == str(uninstalled.pk)


def test_nothing_and_waiting_deliveries_are_refused(shop: Store, tenant: Tenant) -> None:
    deliver(shop, "orders/create", simple_order(1), "d-1")
    waiting = InboxDelivery.objects.get()
    assert count_replayable(span(shop)) == 0
    with pytest.raises(Conflict):
        start_replay(span(shop), actor=ACTOR)
    with pytest.raises(Conflict):
        replay_one(waiting.pk, actor=ACTOR)
    assert not Profile.objects.exists()
    assert not Job.objects.exists()


def test_the_page_counts_before_it_starts(shop: Store, tenant: Tenant) -> None:
    client = sign_in(tenant, "owner")
    deliver(shop, "orders/create", simple_order(1), "d-1")
    drain_inbox(Deadline(seconds=None))
    address = f"/t/{tenant.slug}/stores/{shop.pk}/replay/"

    page = client.get(address, {"from": "2020-01-01", "to": "2100-01-01"}).content.decode()
    assert "Replay 1 delivery" in page
    assert "Nothing to replay" in client.get(address, {"topic": "none"}).content.decode()
    started = client.post(address, {"from": "2020-01-01", "to": "2100-01-01"})

    assert f"/jobs/{Job.objects.get().pk}/" in started.headers["Location"]
    odd = client.get(address, {"from": "2026-02-31", "to": "9999-99-99"})
    assert odd.status_code == 200
