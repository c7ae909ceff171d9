"""What a real WooCommerce 11 sent, through the real endpoint, and every object of its REST API."""

import base64
import json
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from crm.models import Order, OrderLine, Product, Profile, Refund, Variant
from stores.models import InboxDelivery
from stores.services.connections import rotate_secret
from tests.support.woocommerce import FakeWooShop

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls("stores.public_urls")]

SENT = ("x-wc-webhook-", "content-type", "user-agent")
OF_SECTION = {
    "orders": "order.updated",
    "customers": "customer.updated",
    "products": "product.updated",
    "coupons": "coupon.updated",
}


@pytest.fixture(autouse=True)
def no_bell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stores.services.filing.ring_soon", lambda kind, tenant: None)


def replay(woo: FakeWooShop, captured: dict[str, Any]) -> list[int]:
    rotate_secret(woo.store.store_id, secret=captured["webhook_secret"])
    statuses = []
    for request in captured["requests"]:
        headers = {
            name: value
            for name, value in request["headers"].items()
            if name.lower().startswith(SENT)
        }
        answer = woo.client.generic(
            "POST",
            woo.path,
            base64.b64decode(request["body_b64"]),
            content_type=headers.pop("Content-Type", "application/json"),
            headers=headers,
        )
        statuses.append(answer.status_code)
    return statuses


@transaction.atomic
def outcomes() -> list[tuple[str, str, str]]:
    rows = InboxDelivery.objects.order_by("topic", "pk")
    return [(row.topic, row.status, row.reason) for row in rows.defer("body")]


@pytest.mark.parametrize("rounds", [1, 2])
def test_what_a_real_shop_sent_ends_as_it_is_there(
    woo: FakeWooShop, conformance_data: Path, rounds: int
) -> None:
    path = conformance_data / "woocommerce" / "webhooks_real_11.0.1.json"
    captured = json.loads(path.read_text("utf-8"))
    for _ in range(rounds):
        assert set(replay(woo, captured)) == {HTTPStatus.OK}
    woo.drain()

    found = outcomes()
    assert [each for each in found if each[1] == "quarantined"] == []
    assert [topic for topic, status, _ in found if status == "ignored"] == [
        *[""] * 11,
        "coupon.created",
    ]
    with transaction.atomic():
        bought, binned = Order.objects.order_by("external_id")
        assert (bought.gross_minor, bought.currency, bought.state) == (
            5508,
            "EUR",
            "partially_refunded",
        )
        assert (bought.discount_minor, bought.shipping_minor) == (530, 490)
        assert [refund.amount_minor for refund in Refund.objects.all()] == [1000]
        assert list(
            OrderLine.objects.filter(order=bought)
            .order_by("position")
            .values_list("sku", "quantity", "unit_price_minor", "discount_minor", "total_minor")
        ) == [("TEE-1", 2, 2199, 440, 3958), ("SYI-BLK", 1, 900, 90, 810)]
        assert (binned.state, binned.is_counted) == ("cancelled", False)
        assert {product.title: product.deleted_at for product in Product.objects.all()} == {
            "Premium Quality Tee": None,
            "Ship Your Idea": None,
        }
        assert set(Variant.objects.values_list("sku", "price_minor")) == {
            ("TEE-1", 1999),
            ("SYI-BLK", 900),
            ("SYI-GRN", 950),
        }
        people = {profile.email: profile for profile in Profile.objects.all()}
    assert set(people) == {"zoe.muller+crm@example.com", "Guest.Buyer@Example.com"}
    zoe = people["zoe.muller+crm@example.com"]
    assert (zoe.last_name, zoe.city, zoe.country) == ("Müller-Lüdenscheidt", "Köln", "DE")
    assert zoe.properties == {"newsletter_consent": "yes"}


def objects_of(found: Any) -> list[dict[str, Any]]:
    """Return the objects of a documented answer: one, a list, or a batch."""
    if isinstance(found, list):
        return [each for each in found if isinstance(each, dict)]
    batch = [*found.get("create", ()), *found.get("update", ())]
    return batch or [found]


def test_every_documented_object_is_read(woo: FakeWooShop, conformance_data: Path) -> None:
    folder = conformance_data / "woocommerce"
    documented = json.loads((folder / "rest_v3_docs_examples.json").read_text("utf-8"))
    real = json.loads((folder / "rest_v3_real_11.0.1.json").read_text("utf-8"))
    sent = [
        (topic, each)
        for section, topic in OF_SECTION.items()
        for example in documented[section]
        for each in objects_of(example["json"])
        if "download_id" not in each
    ]
    sent += [
        (f"{name.partition('_')[0]}.updated", each)
        for name, each in real.items()
        if name.partition("_")[0] in {"order", "customer", "product", "coupon"}
    ]
    assert len(sent) > 30
    for topic, each in sent:
        assert woo.deliver(topic, each) == HTTPStatus.OK
    woo.drain()
    assert [each for each in outcomes() if each[1] == "quarantined"] == []
