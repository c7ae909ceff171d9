import base64
import hmac
import json
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from http import HTTPStatus
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from crm.models import Order, Product, Profile, Refund, Return, Review, Shipment, Ticket
from crm.services.stores import StoreData
from kernel.postgres.edge import close_connections
from stores.models import InboxDelivery
from stores.platforms import standard_webhooks
from stores.platforms.custom.platform import TOPICS, Custom
from stores.platforms.guides import GUIDES
from stores.services.connections import connect_store, forget_connections, rotate_secret
from stores.types import ConnectedStore
from tenants.models import Tenant
from tests.support.shopify import FakeShop

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls("stores.public_urls")]

AT = "2026-05-04T10:00:00Z"
BUYER = {"external_id": "c-1", "email": "ada@example.com", "first_name": "Ada"}
ORDER = {
    "external_id": "1001",
    "ordered_at": AT,
    "currency": "GBP",
    "total": "24.90",
    "shipping": 4.9,
    "profile": BUYER,
    "lines": [{"sku": "SOAP", "title": "Soap", "quantity": 2, "unit_price": 10}],
}
REFUND = {
    "external_id": "r-1",
    "order_external_id": "1001",
    "refunded_at": "2026-05-05T10:00:00Z",
    "currency": "GBP",
    "amount": "4.90",
}
PRODUCT = {"external_id": "p-1", "title": "Soap", "variants": [{"external_id": "v-1"}]}


@pytest.fixture(autouse=True)
def no_bell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stores.services.filing.ring_soon", lambda kind, tenant: None)


@pytest.fixture
def store(transactional_db: None, tenant: Tenant) -> Iterator[ConnectedStore]:
    forget_connections()
    yield connect_store(StoreData(name="Own shop", platform="custom"))
    forget_connections()
    close_connections()


class OwnShop(FakeShop):
    def send(self, kind: str, data: Any, name: str, *, secret: str = "", at: str = AT) -> int:
        body = json.dumps({"type": kind, "timestamp": at, "data": data}).encode()
        stamp = "1777888800"
        key = base64.b64decode((secret or self.store.secret).removeprefix("whsec_"))
        digest = hmac.digest(key, f"{name}.{stamp}.".encode() + body, "sha256")
        headers = {
            "webhook-id": name,
            "webhook-timestamp": stamp,
            "webhook-signature": f"v1,AAAA v1,{base64.b64encode(digest).decode()}",
        }
        return self.post(body, headers)


@pytest.fixture
def own(store: ConnectedStore, client: Client) -> OwnShop:
    return OwnShop(store, client)


@transaction.atomic
def rows() -> list[tuple[str, str, str]]:
    found = InboxDelivery.objects.order_by("pk")
    return list(found.values_list("topic", "status", "reason"))


def test_the_secret_is_shown_as_the_standard_writes_it(store: ConnectedStore) -> None:
    assert store.secret.startswith("whsec_")
    assert len(base64.b64decode(store.secret.removeprefix("whsec_"), validate=True)) == 32


def test_every_kind_is_taken_as_the_rest_api_takes_it(own: OwnShop) -> None:
    assert own.send("refund.upserted", REFUND, "d-1") == HTTPStatus.OK
    assert own.send("order.upserted", ORDER, "d-2") == HTTPStatus.OK
    assert own.send("customer.updated", {**BUYER, "city": "London"}, "d-3") == HTTPStatus.OK
    assert own.send("product.created", PRODUCT, "d-4") == HTTPStatus.OK
    own.drain()

    assert [(topic, status) for topic, status, _ in rows()] == [
        ("refund.upserted", "applied"),
        ("order.upserted", "applied"),
        ("customer.updated", "applied"),
        ("product.created", "applied"),
    ]
    with transaction.atomic():
        order = Order.objects.get()
        assert (order.external_id, order.gross_minor, order.shipping_minor) == ("1001", 2490, 490)
        assert (order.state, order.refunded_minor) == ("partially_refunded", 490)
        assert order.source_version_at == datetime(2026, 5, 4, 10, 0, tzinfo=UTC)
        assert Profile.objects.get().city == "London"
        assert Product.objects.get().title == "Soap"
        assert Refund.objects.get().amount_minor == 490


def test_what_happens_after_the_sale_is_taken_too(own: OwnShop) -> None:
    told = {"order_external_id": "1001", "external_id": "x-1"}
    own.send("ticket.upserted", {**told, "subject": "Hello", "profile": BUYER}, "d-1")
    own.send("return.created", {**told, "items": [{"sku": "SOAP", "quantity": 1}]}, "d-2")
    own.send("order.upserted", ORDER, "d-3")
    own.send("shipment.updated", {**told, "status": "shipped"}, "d-4")
    own.send("review.upserted", {**told, "rating": 4, "profile": BUYER}, "d-5")
    own.send("review.upserted", {**told, "rating": 6}, "d-6")
    own.drain()

    assert [status for _, status, _ in rows()] == [*["applied"] * 5, "quarantined"]
    with transaction.atomic():
        order = Order.objects.get()
        assert Ticket.objects.get().profile_id == order.profile_id
        assert (Return.objects.get().order_id, Return.objects.get().status) == (
            order.pk,
            "requested",
        )
        assert (Shipment.objects.get().state, Review.objects.get().rating) == ("shipped", 4)


def test_a_repeat_changes_nothing_and_an_older_version_neither(own: OwnShop) -> None:
    own.send("order.upserted", ORDER, "d-1")
    own.send("order.upserted", ORDER, "d-1")
    own.send("order.upserted", {**ORDER, "total": "1.00"}, "d-2", at="2026-05-03T10:00:00Z")
    own.drain()
    assert len(rows()) == 2
    with transaction.atomic():
        assert Order.objects.get().gross_minor == 2490


def test_what_breaks_a_rule_is_quarantined_with_the_field(own: OwnShop) -> None:
    own.send("order.upserted", {**ORDER, "total": "12,50", "currency": "GBP"}, "comma")
    own.send("order.upserted", {**ORDER, "currency": "XQZ"}, "currency")
    own.send("order.upserted", [ORDER], "list")
    own.send("customer.upserted", {"first_name": "Ada"}, "nobody")
    own.send("cart.upserted", {}, "cart")
    own.drain()
    assert [reason for _, _, reason in rows()] == [
        "total: This value does not match the required pattern.",
        "'XQZ' is not an ISO 4217 currency.",
        "data is missing, or not a JSON object",
        "email: Give one of external_id, email, phone.",
        f"Type cart.upserted is not known; write {', '.join(TOPICS)}",
    ]
    with transaction.atomic():
        assert Order.objects.count() == 0


def test_a_wrong_signature_is_refused(own: OwnShop) -> None:
    other = Custom().make_secret()
    assert own.send("order.upserted", ORDER, "d-1", secret=other) == HTTPStatus.UNAUTHORIZED
    assert own.post(b'{"type": "order.upserted"}', {}) == HTTPStatus.UNAUTHORIZED
    assert rows() == []


def test_a_changed_secret_has_the_same_form(own: OwnShop) -> None:
    fresh = rotate_secret(own.store.store_id)
    assert fresh.startswith("whsec_")
    assert own.send("order.upserted", ORDER, "d-1", secret=fresh) == HTTPStatus.OK
    assert own.send("order.upserted", ORDER, "d-2") == HTTPStatus.OK


def test_the_published_vector_of_the_standard_holds() -> None:
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    body = b'{"test": 2432232314}'
    signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": signature,
    }
    head = Custom().read_head(headers, body)
    assert Custom().is_signed(secret, body, head)
    assert not Custom().is_signed(secret, body + b" ", head)


def test_a_secret_without_prefix_is_a_key_or_the_base64_of_one() -> None:
    assert standard_webhooks.keys_of("not base64!") == [b"not base64!"]
    assert standard_webhooks.keys_of("YWJj") == [b"YWJj", b"abc"]
    assert standard_webhooks.keys_of("whsec_YWJj") == [b"abc"]


def test_the_example_of_the_page_delivers_an_order(
    own: OwnShop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def post(request: urllib.request.Request) -> Any:
        assert request.full_url == own.store.webhook_url
        assert isinstance(request.data, bytes)
        status = own.post(request.data, dict(request.header_items()))
        return SimpleNamespace(status=status)

    monkeypatch.setattr(urllib.request, "urlopen", post)
    example = GUIDES["custom"].example.format(
        address=own.store.webhook_url, secret=own.store.secret, currency="GBP"
    )
    exec(example, {})  # noqa: S102 it is ours, and meant to be run
    assert capsys.readouterr().out == "200\n"
    own.drain()
    assert rows() == [("order.upserted", "applied", "")]
