import base64
import hmac
import io
import json
from datetime import timedelta
from http import HTTPStatus
from typing import Any
from wsgiref.util import setup_testing_defaults

import psycopg
import pytest
import time_machine
from django.db import transaction
from django.test import override_settings

from config.wsgi import application
from kernel import clock
from kernel.postgres import edge
from kernel.tenancy import tenant_scope
from stores.models import Connection, InboxDelivery
from stores.services.connections import forget_connections, rotate_secret
from tenants.models import AccessToken, Tenant
from tests.support.shopify import FakeShop, sign

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls("stores.public_urls")]

ORDER = json.dumps({"id": 5001, "note": "Grüße, 12 €"}).encode()


@pytest.fixture(autouse=True)
def quiet_broker(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """What was rung for."""
    rings: list[tuple[str, int]] = []
    monkeypatch.setattr(
        "stores.services.filing.ring_soon", lambda kind, tenant: rings.append((kind, tenant))
    )
    return rings


@transaction.atomic
def rows() -> list[InboxDelivery]:
    return list(InboxDelivery.objects.order_by("pk"))


def test_a_signed_delivery_is_filed_as_it_came(
    shop: FakeShop, tenant: Tenant, quiet_broker: list[tuple[str, int]]
) -> None:
    assert shop.deliver("orders/create", ORDER, "d-1") == HTTPStatus.OK

    (row,) = rows()
    assert bytes(row.body) == ORDER
    assert (row.topic, row.delivery_id, row.status) == ("orders/create", "d-1", "pending")
    assert row.store_id == shop.store.store_id
    assert row.triggered_at is not None
    assert row.triggered_at.isoformat() == "2026-05-04T10:00:00+00:00"
    assert row.headers["shopify-shop-domain"] == "ada-soap.example"
    assert quiet_broker == [("inbox", tenant.pk)]


def test_a_repeat_is_acknowledged_and_not_filed_again(shop: FakeShop) -> None:
    assert shop.deliver("orders/create", ORDER, "d-1") == HTTPStatus.OK
    assert shop.deliver("orders/create", ORDER, "d-1") == HTTPStatus.OK
    assert len(rows()) == 1


def test_ten_thousand_repeats_are_one_row(shop: FakeShop) -> None:
    for _ in range(300):
        assert shop.deliver("orders/create", ORDER, "d-1") == HTTPStatus.OK
    repeat = """
        INSERT INTO stores_inboxdelivery
            (tenant_id, store_id, delivery_id, topic, headers, body, received_at)
        SELECT %(tenant_id)s, %(store_id)s, 'd-1', 'orders/create', '{}', '\\x7b7d', now()
        FROM generate_series(1, 9700)
        ON CONFLICT (tenant_id, store_id, delivery_id) DO NOTHING
    """
    tenant_id = AccessToken.objects.get().tenant_id
    edge.write_once(repeat, {"store_id": shop.store.store_id}, tenant_id=tenant_id)
    assert len(rows()) == 1


def test_without_an_id_equal_bodies_are_one_delivery(shop: FakeShop) -> None:
    assert shop.deliver("orders/create", ORDER) == HTTPStatus.OK
    assert shop.deliver("orders/create", ORDER) == HTTPStatus.OK
    assert shop.deliver("orders/updated", ORDER) == HTTPStatus.OK
    assert [row.topic for row in rows()] == ["orders/create", "orders/updated"]


def test_a_wrong_signature_is_refused_and_nothing_is_filed(
    shop: FakeShop, quiet_broker: list[tuple[str, int]]
) -> None:
    assert shop.deliver("orders/create", ORDER, "d-1", secret="other") == HTTPStatus.UNAUTHORIZED
    assert shop.post(ORDER, {"X-Shopify-Topic": "orders/create"}) == HTTPStatus.UNAUTHORIZED
    odd = {"X-Shopify-Hmac-Sha256": "Ünïcödé"}
    assert shop.post(ORDER, odd) == HTTPStatus.UNAUTHORIZED
    assert rows() == []
    assert quiet_broker == []


def test_one_changed_byte_breaks_the_signature(shop: FakeShop) -> None:
    headers = {"X-Shopify-Hmac-Sha256": sign(shop.store.secret, ORDER)}
    assert shop.post(ORDER + b" ", headers) == HTTPStatus.UNAUTHORIZED
    assert rows() == []


def test_newer_header_names_are_read(shop: FakeShop) -> None:
    headers = {
        "Shopify-Topic": "orders/create",
        "Shopify-Hmac-Sha256": sign(shop.store.secret, ORDER),
        "Shopify-Webhook-Id": "event-1",
    }
    assert shop.post(ORDER, headers) == HTTPStatus.OK
    assert [(row.delivery_id, row.topic) for row in rows()] == [("event-1", "orders/create")]


@pytest.mark.parametrize("path", ["/webhooks/shopify/unknown/", "/webhooks/nosuch/{token}/"])
def test_an_unknown_address_is_404(shop: FakeShop, path: str) -> None:
    token = shop.path.split("/")[3]
    headers = {"X-Shopify-Hmac-Sha256": sign(shop.store.secret, ORDER)}
    assert shop.post(ORDER, headers, path=path.format(token=token)) == HTTPStatus.NOT_FOUND
    assert rows() == []


def test_a_revoked_token_is_404(shop: FakeShop) -> None:
    AccessToken.objects.update(revoked_at=clock.now())
    assert shop.deliver("orders/create", ORDER, "d-1") == HTTPStatus.NOT_FOUND


def test_get_is_not_allowed(shop: FakeShop) -> None:
    answer = shop.client.get(shop.path)
    assert answer.status_code == HTTPStatus.METHOD_NOT_ALLOWED
    assert answer.headers["Allow"] == "POST"


def test_six_megabytes_are_refused_by_their_announcement(shop: FakeShop) -> None:
    body = b"x" * (6 * 1024 * 1024)
    assert shop.deliver("orders/create", body, "d-1") == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    assert rows() == []


def test_five_megabytes_are_taken(shop: FakeShop) -> None:
    assert shop.deliver("orders/create", b"x" * (5 * 1024 * 1024), "d-1") == HTTPStatus.OK
    assert [len(row.body) for row in rows()] == [5 * 1024 * 1024]


def test_the_old_secret_holds_for_one_hour(shop: FakeShop) -> None:
    with time_machine.travel("2026-05-04T10:00:00Z", tick=False) as traveller:
        fresh = rotate_secret(shop.store.store_id)
        assert shop.deliver("orders/create", ORDER, "old") == HTTPStatus.OK
        assert shop.deliver("orders/create", ORDER, "new", secret=fresh) == HTTPStatus.OK
        traveller.shift(timedelta(minutes=61))
        forget_connections()
        assert shop.deliver("orders/create", ORDER, "late") == HTTPStatus.UNAUTHORIZED
        assert shop.deliver("orders/create", ORDER, "now", secret=fresh) == HTTPStatus.OK
    assert [row.delivery_id for row in rows()] == ["old", "new", "now"]


def test_a_secret_outside_ascii_signs(shop: FakeShop) -> None:
    rotate_secret(shop.store.store_id, secret="schlüssel-鍵")
    assert shop.deliver("orders/create", ORDER, "d-1", secret="schlüssel-鍵") == HTTPStatus.OK


def test_secrets_lie_encrypted(shop: FakeShop) -> None:
    with transaction.atomic():
        kept = Connection.objects.get().secret_encrypted
    assert shop.store.secret not in kept


def test_the_database_away_asks_for_a_repeat(
    shop: FakeShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert shop.deliver("orders/create", ORDER, "d-1") == HTTPStatus.OK
    edge.close_connections()

    def refuse(*args: Any, **kwargs: Any) -> None:
        raise psycopg.OperationalError("connection refused")

    with monkeypatch.context() as patch:
        patch.setattr(psycopg, "connect", refuse)
        assert shop.deliver("orders/create", ORDER, "d-2") == HTTPStatus.SERVICE_UNAVAILABLE
    assert shop.deliver("orders/create", ORDER, "d-2") == HTTPStatus.OK
    assert [row.delivery_id for row in rows()] == ["d-1", "d-2"]


def test_a_broken_connection_is_replaced(shop: FakeShop) -> None:
    assert shop.deliver("orders/create", ORDER, "d-1") == HTTPStatus.OK
    [kept] = edge._idle
    kept.pgconn.finish()
    assert shop.deliver("orders/create", ORDER, "d-2") == HTTPStatus.OK
    assert len(rows()) == 2


def test_another_tenant_sees_nothing(shop: FakeShop, other_tenant: Tenant) -> None:
    assert shop.deliver("orders/create", ORDER, "d-1") == HTTPStatus.OK
    with tenant_scope(other_tenant.pk):
        assert rows() == []


def test_the_wsgi_entry_answers_without_middleware(shop: FakeShop) -> None:
    seen: list[str] = []
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": shop.path,
        "CONTENT_LENGTH": str(len(ORDER)),
        "HTTP_X_SHOPIFY_HMAC_SHA256": sign(shop.store.secret, ORDER),
        "HTTP_X_SHOPIFY_WEBHOOK_ID": "raw-1",
        "HTTP_X_SHOPIFY_TOPIC": "orders/create",
        "wsgi.input": io.BytesIO(ORDER),
    }
    setup_testing_defaults(environ)

    with override_settings(ROOT_URLCONF="stores.public_urls"):
        answer = application(environ, lambda status, headers, *_: seen.append(status))
        assert b"".join(answer) == b""
    assert seen == ["200 OK"]
    assert [row.delivery_id for row in rows()] == ["raw-1"]


@pytest.mark.parametrize("vector", ["test_secret_key"])
def test_signatures_of_shopifys_own_libraries_hold(vector: str) -> None:
    body = b'{"foo": "bar"}'
    expected = base64.b64encode(hmac.new(vector.encode(), body, "sha256").digest()).decode()
    assert expected == "B23tXN681gZ0qIWNRrgtzBE9XSDo5yaUu6wfmhu3a7g="
    assert sign(vector, body) == expected
