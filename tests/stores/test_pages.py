import json
from http import HTTPStatus

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.html import escape

from crm.services.stores import StoreData, create_store
from kernel import clock
from stores import queries
from stores.choices import DeliveryStatus
from stores.models import InboxDelivery
from stores.platforms.guides import GUIDES
from stores.queries import PAGE_SIZE, DeliveryFilter
from tenants.choices import Role
from tenants.models import Tenant
from tests.factories.tenants import sign_in

pytestmark = pytest.mark.django_db

REASON = "total_price: '12,50' is not an amount; write 12.50"


@pytest.fixture
def store_id(tenant: Tenant) -> int:
    return create_store(StoreData(name="Ada Shopify", platform="shopify")).pk


@pytest.fixture
def client(tenant: Tenant) -> Client:
    return sign_in(tenant)


def deliver(
    store_id: int,
    name: str,
    status: str = DeliveryStatus.APPLIED,
    *,
    topic: str = "orders/create",
    reason: str = "",
    body: bytes = b'{"id": 1}',
) -> int:
    return InboxDelivery.objects.create(
        store_id=store_id,
        delivery_id=name,
        topic=topic,
        status=status,
        reason=reason,
        body=body,
        headers={"shopify-shop-domain": "ada.example"},
        received_at=clock.now(),
    ).pk


def url(name: str, *arguments: int) -> str:
    return reverse(f"stores:{name}", args=["ada-soap", *arguments])


def text(client: Client, address: str, **headers: str) -> str:
    answer = client.get(address, headers=headers)
    assert answer.status_code == HTTPStatus.OK
    return answer.content.decode()


def test_without_a_store_the_page_says_how_to_connect_one(tenant: Tenant, client: Client) -> None:
    page = text(client, url("list"))
    assert "No store yet" in page
    assert url("connect") in page


def test_somebody_who_may_not_connect_is_told_who_can(tenant: Tenant) -> None:
    page = text(sign_in(tenant, Role.ANALYST), url("list"))
    assert "An owner or admin can connect the shop" in page
    assert url("connect") not in page


def test_the_list_shows_state_and_counts(store_id: int, client: Client) -> None:
    deliver(store_id, "a")
    deliver(store_id, "b", DeliveryStatus.QUARANTINED, reason=REASON)
    deliver(store_id, "c", DeliveryStatus.PENDING)
    page = text(client, url("list"))
    assert "Ada Shopify" in page
    assert "1 · oldest" in " ".join(page.split())
    assert f"{url('detail', store_id)}?status=quarantined" in page


def test_counts_stop_at_a_ceiling(store_id: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "COUNT_CEILING", 2)
    for number in range(4):
        deliver(store_id, f"d{number}")
    (store,) = queries.list_store_health()
    assert store.counts == {"pending": 0, "applied": 2, "ignored": 0, "quarantined": 0}
    assert (store.waiting_since, store.lag_seconds, store.is_late) == (None, 0, False)


def test_deliveries_are_filtered(store_id: int, client: Client) -> None:
    deliver(store_id, "good-one")
    deliver(store_id, "bad-one", DeliveryStatus.QUARANTINED, reason=REASON)
    deliver(store_id, "cart-one", DeliveryStatus.IGNORED, topic="carts/create")

    page = text(client, url("detail", store_id) + "?status=quarantined")
    assert "bad-one" in page
    assert "good-one" not in page
    page = text(client, url("detail", store_id) + "?topic=carts/create")
    assert "cart-one" in page
    assert "bad-one" not in page
    page = text(client, url("detail", store_id) + "?q=good-one")
    assert "good-one" in page
    assert "cart-one" not in page
    assert "No delivery matches" in text(client, url("detail", store_id) + "?q=nothing")


def test_filters_that_no_database_can_hold_are_left_out(store_id: int, client: Client) -> None:
    page = reverse("stores:detail", args=["ada-soap", store_id])
    assert client.get(f"{page}?q=%00&topic=%00").status_code == HTTPStatus.OK
    retry = reverse("stores:retry_store", args=["ada-soap", store_id])
    assert client.post(retry, {"topic": "\x00"}).status_code == HTTPStatus.FOUND


def test_an_htmx_request_gets_the_deliveries_alone(store_id: int, client: Client) -> None:
    page = text(client, url("detail", store_id), **{"HX-Request": "true"})
    assert page.lstrip().startswith('<section id="deliveries"')
    assert "<html" not in page


def test_pages_lead_forth_and_back(store_id: int) -> None:
    ids = [deliver(store_id, f"d{number}") for number in range(PAGE_SIZE + 3)]
    wanted = DeliveryFilter(store_id)
    first = queries.list_deliveries(wanted)
    assert [row.pk for row in first.rows] == ids[:2:-1]
    assert (first.next, first.previous) == (ids[3], None)
    second = queries.list_deliveries(wanted, after=first.next)
    assert [row.pk for row in second.rows] == ids[2::-1]
    assert (second.next, second.previous) == (None, ids[2])
    back = queries.list_deliveries(wanted, before=second.previous)
    assert [row.pk for row in back.rows] == [row.pk for row in first.rows]
    assert (back.next, back.previous) == (ids[3], None)


def test_a_delivery_shows_reason_headers_and_payload(store_id: int, client: Client) -> None:
    row = deliver(
        store_id, "bad-one", DeliveryStatus.QUARANTINED, reason="currency <b>", body=b'{"a": "<i>"}'
    )
    page = text(client, url("delivery", row))
    assert "currency &lt;b&gt;" in page
    assert "&quot;a&quot;: &quot;&lt;i&gt;&quot;" in page
    assert "ada.example" in page
    assert url("retry", row) in page


def test_a_payload_that_is_no_json_is_shown_as_text(store_id: int) -> None:
    row = InboxDelivery.objects.get(pk=deliver(store_id, "x", body=b'{"id": \xff'))
    payload = queries.read_payload(row)
    assert payload.content == '{"id": �'
    assert (payload.size, payload.is_cut) == (8, False)


def test_a_long_payload_is_cut(store_id: int) -> None:
    body = json.dumps({"pad": "x" * queries.SHOWN_BYTES}).encode()
    payload = queries.read_payload(InboxDelivery.objects.get(pk=deliver(store_id, "x", body=body)))
    assert payload.is_cut is True
    assert len(payload.content) == queries.SHOWN_BYTES


def test_a_quarantined_delivery_is_retried(store_id: int, client: Client) -> None:
    row = deliver(store_id, "bad-one", DeliveryStatus.QUARANTINED, reason=REASON)
    answer = client.post(url("retry", row), follow=True)
    assert "The delivery waits again" in answer.content.decode()
    found = InboxDelivery.objects.get(pk=row)
    assert (found.status, found.reason, found.attempts) == ("pending", "", 1)
    answer = client.post(url("retry", row), follow=True)
    assert "Nothing to do" in answer.content.decode()
    assert InboxDelivery.objects.get(pk=row).attempts == 1


def test_all_quarantined_deliveries_of_a_topic_are_retried(store_id: int, client: Client) -> None:
    deliver(store_id, "a", DeliveryStatus.QUARANTINED)
    deliver(store_id, "b", DeliveryStatus.QUARANTINED, topic="refunds/create")
    deliver(store_id, "c")
    answer = client.post(url("retry_store", store_id), {"topic": "refunds/create"}, follow=True)
    assert "1 deliveries of Ada Shopify wait again" in answer.content.decode()
    found = dict(InboxDelivery.objects.values_list("delivery_id", "status"))
    assert found == {"a": "quarantined", "b": "pending", "c": "applied"}


def test_an_analyst_may_look_and_not_retry(store_id: int, tenant: Tenant) -> None:
    row = deliver(store_id, "bad-one", DeliveryStatus.QUARANTINED, reason=REASON)
    analyst = sign_in(tenant, Role.ANALYST)
    assert url("retry", row) not in text(analyst, url("delivery", row))
    assert analyst.post(url("retry", row)).status_code == HTTPStatus.FORBIDDEN
    assert analyst.post(url("retry_store", store_id)).status_code == HTTPStatus.FORBIDDEN
    assert InboxDelivery.objects.get(pk=row).status == "quarantined"


def test_a_store_is_connected_on_the_page_and_its_secret_shown_once(
    tenant: Tenant, client: Client
) -> None:
    data = {"name": "Shop UK", "url": "uk.example", "currency": "gbp", "secret": ""}
    answer = client.post(url("connect"), data)
    assert answer.status_code == HTTPStatus.CREATED
    assert answer.headers["Cache-Control"].startswith("max-age=0, no-cache")
    with transaction.atomic():
        (store,) = queries.list_store_health()
    assert (store.name, store.url, store.currency) == ("Shop UK", "https://uk.example", "GBP")
    assert store.webhook_url in answer.content.decode()


@pytest.mark.parametrize("platform", list(GUIDES))
def test_each_platform_has_a_page_that_connects_it(
    tenant: Tenant, client: Client, platform: str
) -> None:
    address = f"{url('connect')}?platform={platform}"
    page = text(client, address)
    assert escape(GUIDES[platform].lacks) in page
    guide = GUIDES[platform]
    needed = {each.name: "x" for each in guide.credentials} if guide.makes_webhooks else {}
    needed |= {"secret": "s"} if guide.needs_secret else {}
    answer = client.post(address, {"name": "Mine", "currency": "GBP", **needed})
    assert answer.status_code == HTTPStatus.CREATED
    with transaction.atomic():
        (store,) = queries.list_store_health()
    assert (store.platform, store.platform_name) == (platform, GUIDES[platform].label)
    assert f"/webhooks/{platform}/" in store.webhook_url
    connected = answer.content.decode()
    assert (store.webhook_url in connected) is not guide.makes_webhooks
    assert guide.makes_webhooks or all(topic in connected for topic in guide.topics)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"name": "Ada Shopify"}, "There is a store named"),
        ({"currency": "QQQ"}, "Write a currency code such as GBP."),
        ({"name": ""}, "This field is required."),
    ],
)
def test_what_is_wrong_with_the_form_is_said(
    store_id: int, client: Client, changes: dict[str, str], expected: str
) -> None:
    answer = client.post(url("connect"), {"name": "X", "currency": "GBP", **changes})
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert expected in answer.content.decode()
    assert len(queries.list_stores()) == 1


def test_the_cost_of_the_list_does_not_depend_on_the_stores(store_id: int, client: Client) -> None:
    deliver(store_id, "a")
    with CaptureQueriesContext(connection) as one:
        text(client, url("list"))
    for number in range(10):
        create_store(StoreData(name=f"S{number}", platform="shopify"))
    with CaptureQueriesContext(connection) as many:
        text(client, url("list"))
    assert len(one) == len(many)
