"""The bell: what waits, what a member put aside, and when it comes back."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from django.test import Client

from analytics.models import Dismissal
from analytics.queries.attention import find_item, list_attention, list_notices
from analytics.services.dismissals import dismiss
from analytics.services.rollups import rebuild_rollups
from crm.models import Store
from crm.services.stores import StoreData
from kernel import clock
from kernel.tenancy import tenant_scope
from messaging.choices import MessageStatus, SkipReason
from messaging.models import ChannelAccount, Message, Sender, SendingDomain
from segments.models import Segment
from segments.services.segments import update_segment
from stores.choices import DeliveryStatus
from stores.models import InboxDelivery
from stores.services.connections import connect_store
from tenants.choices import Role
from tenants.models import Tenant
from tests.factories.crm import apply, make_store, order
from tests.factories.messaging import make_recipient, make_template, queue_message
from tests.factories.segments import make_segment
from tests.factories.tenants import sign_in

URL = "/t/ada-soap/notices/"


@pytest.fixture
def shop(tenant: Tenant) -> Store:
    return make_store()


def quarantine(store: Store, number: int) -> None:
    InboxDelivery.objects.create(
        store=store,
        delivery_id=str(number),
        topic="orders/create",
        body=b"{}",
        status=DeliveryStatus.QUARANTINED,
    )


def titles(items: Sequence[object]) -> list[str]:
    return [getattr(item, "title") for item in items]  # noqa: B009 any kind of item


def read(client: Client, path: str = "") -> str:
    answer = client.get(f"{URL}{path}")
    assert answer.status_code == 200
    return answer.content.decode()


def test_nothing_waits_and_the_bell_is_silent(tenant: Tenant) -> None:
    client = sign_in(tenant)
    assert "Nothing needs you" in read(client)
    assert "notice-count" not in read(client, "count/")


def test_the_bell_counts_and_each_thing_says_what_to_do(shop: Store, tenant: Tenant) -> None:
    quarantine(shop, 1)
    ChannelAccount.objects.create(
        channel="email", name="Mail", is_paused=True, paused_reason="Too many bounces"
    )
    client = sign_in(tenant)
    badge = " ".join(read(client, "count/").split())
    assert 'data-tone="bad">2<' in badge
    assert "things need you" in badge
    text = read(client, "panel/")
    assert text.index("Email is paused") < text.index("1 quarantined delivery")
    assert f"/t/ada-soap/stores/{shop.pk}/?status=quarantined" in text
    assert "Read the reasons" in text
    assert "/t/ada-soap/messages/?status=waiting" in text


def test_a_segment_that_took_too_long_is_named_and_what_to_do(tenant: Tenant) -> None:
    orders = {"field": "order_count", "is": ">=", "value": 1}
    slow, quick = make_segment(orders, "Slow"), make_segment(orders, "Quick")
    Segment.objects.filter(pk=slow.pk).update(stopped_at=clock.now())
    Segment.objects.filter(pk=quick.pk).update(stopped_at=clock.now(), stopped_seconds=60)
    make_segment(orders, "Fine")
    client = sign_in(tenant)
    found = list_attention()
    assert titles(found) == ["Counting “Quick” was stopped", "Counting “Slow” was stopped"]
    assert "longer than a minute for people who had just changed" in found[0].text
    assert "longer than five minutes" in found[1].text
    page = read(client)
    assert f"/t/ada-soap/segments/{slow.pk}/" in page
    assert "Ask for less or for a shorter time" in page

    update_segment(slow.pk, name="Slow", definition={**orders, "value": 2})
    Segment.objects.filter(pk=quick.pk).update(archived_at=clock.now())

    assert list_attention() == []


def test_a_domain_that_fails_leads_to_what_waits_for_it(tenant: Tenant) -> None:
    Sender.objects.create(name="Ada", email="ada@soap.example", is_default=True)
    domain = SendingDomain.objects.create(
        domain="soap.example",
        selector="a",
        dkim_key_encrypted="",
        dkim_public="",
        check_due_at=clock.now(),
        created_at=clock.now(),
    )
    assert titles(list_attention()) == []
    wrong = {"state": "wrong", "known": "wrong", "words": "There is another key."}
    SendingDomain.objects.filter(pk=domain.pk).update(findings={"dkim": wrong})
    [item] = list_attention()
    assert (item.title, item.tone) == ("DKIM of soap.example fails", "bad")
    waiting = queue_message(make_recipient(email="ada@example.com"), make_template())
    Message.objects.filter(pk=waiting.pk).update(reason=SkipReason.SENDER_DNS)
    page = sign_in(tenant).get(f"/t/ada-soap/messages/{item.query}").content.decode()
    assert f"/messages/{waiting.pk}/" in page


def test_messages_that_failed_lead_to_those_alone(tenant: Tenant) -> None:
    failed = queue_message(make_recipient(email="ada@example.com"), make_template())
    Message.objects.filter(pk=failed.pk).update(status=MessageStatus.FAILED)
    other = queue_message(make_recipient(email="bea@example.com"), make_template(key="other"))
    [item] = [item for item in list_attention() if item.key == "messages.failed"]
    page = sign_in(tenant).get(f"/t/ada-soap/messages/{item.query}").content.decode()
    assert f"/messages/{failed.pk}/" in page
    assert f"/messages/{other.pk}/" not in page


def test_what_was_put_aside_comes_back_once_it_changes(shop: Store, tenant: Tenant) -> None:
    quarantine(shop, 1)
    client = sign_in(tenant)
    key = f"store.quarantined:{shop.pk}"
    answer = client.post(f"{URL}aside/", {"key": key}, headers={"HX-Request": "true"})
    assert answer.headers["HX-Trigger"] == '{"notices": true}'
    assert "Bring back" in answer.content.decode()
    assert "notice-count" not in read(client, "count/")
    assert "Nothing needs you" in client.get("/t/ada-soap/home/attention/").content.decode()
    quarantine(shop, 2)
    assert "2 quarantined deliveries" in client.get("/t/ada-soap/home/attention/").content.decode()
    assert "notice-count" in read(client, "count/")


def test_what_one_member_put_aside_others_still_see(shop: Store, tenant: Tenant) -> None:
    quarantine(shop, 1)
    [item] = list_attention()
    dismiss(1, item.key, item.mark)
    assert titles(list_notices(1).fresh) == []
    assert titles(list_notices(1).seen) == ["1 quarantined delivery"]
    assert titles(list_notices(2).fresh) == ["1 quarantined delivery"]


def test_it_is_brought_back_by_hand(shop: Store, tenant: Tenant) -> None:
    quarantine(shop, 1)
    client = sign_in(tenant)
    key = f"store.quarantined:{shop.pk}"
    assert client.post(f"{URL}aside/", {"key": key}).status_code == 302
    assert client.post(f"{URL}aside/", {"key": key, "back": "1"}).status_code == 302
    assert not Dismissal.objects.exists()


def test_what_does_not_wait_cannot_be_put_aside(tenant: Tenant) -> None:
    assert sign_in(tenant).post(f"{URL}aside/", {"key": "x" * 5000}).status_code == 302
    assert not Dismissal.objects.exists()


def test_another_tenants_things_are_theirs(shop: Store, other_tenant: Tenant) -> None:
    quarantine(shop, 1)
    with tenant_scope(other_tenant.pk):
        assert list_attention() == []
        assert find_item(f"store.quarantined:{shop.pk}") is None


@pytest.mark.parametrize(("orders_a_day", "is_named"), [(5, True), (4, False)])
def test_a_busy_store_that_falls_silent_is_named(
    tenant: Tenant, orders_a_day: int, is_named: bool
) -> None:
    connected = connect_store(StoreData(name="Soap", platform="shopify"))
    store = Store.objects.get(pk=connected.store_id)
    now = clock.now()
    records = [
        order(
            f"{day}-{number}",
            email=f"{number}@example.com",
            ordered_at=now - timedelta(days=day),
            version_at=now,
        )
        for day in range(2, 30)
        for number in range(orders_a_day)
    ]
    apply(store, *records, now=now)
    rebuild_rollups()
    delivery = InboxDelivery.objects.create(
        store=store,
        delivery_id="1",
        topic="orders/create",
        body=b"{}",
        status=DeliveryStatus.APPLIED,
    )
    InboxDelivery.objects.filter(pk=delivery.pk).update(received_at=now - timedelta(hours=30))
    found = [item for item in list_attention() if item.key.startswith("store.silent")]
    assert titles(found) == (["Soap has been silent for 30 hours"] if is_named else [])


def test_every_member_may_look(shop: Store, tenant: Tenant) -> None:
    quarantine(shop, 1)
    assert "1 quarantined delivery" in read(sign_in(tenant, Role.ANALYST), "panel/")
