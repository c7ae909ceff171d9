"""What is pulled and what is pushed must mean the same."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from crm.types import CustomerRecord, OrderRecord, ProductRecord, Record
from stores.errors import PullUnavailable
from stores.platforms import PLATFORMS
from stores.platforms.fields import Json
from stores.platforms.shopify.bulk import split_groups, take
from stores.platforms.shopify.shapes import (
    shape_customer,
    shape_order,
    shape_product,
    shape_refund,
)
from stores.types import Delivery, StoreContext
from tests.support.payloads import load_payload

ARRIVED = datetime(2026, 5, 8, 12, 0, tzinfo=UTC)
STORE = StoreContext(store_id=1, platform="shopify", currency="GBP", timezone="Europe/London")


def read(topic: str, payload: Json, source: str = "sync") -> list[Record]:
    headers = {"shopify-shop-domain": "ada.myshopify.com"} if source == "webhook" else {}
    delivery = Delivery(
        id=1,
        topic=topic,
        source=source,
        headers=headers,
        body=json.dumps(payload).encode(),
        triggered_at=None,
        received_at=ARRIVED,
    )
    return list(PLATFORMS["shopify"].translate(delivery, STORE).records)


def pushed_order(**changes: Any) -> dict[str, Any]:
    """As shops of 2026 word it: the customer inside is without tags and consent."""
    payload = load_payload("shopify/order", **changes)
    for name in ("tags", "email_marketing_consent", "sms_marketing_consent"):
        del payload["customer"][name]
    payload["payment_gateway_names"] = ["shopify_payments"]
    payload["order_status_url"] = "https://ada-soap.example/orders/1/authenticate"
    return payload


def shaped_order(**changes: Any) -> dict[str, Any]:
    node = load_payload("shopify/graph_order", **changes)
    refunds = {each["id"]: shaped_refund(each) for each in node["refunds"]}
    return shape_order(node, node["lineItems"], refunds)


def shaped_refund(node: dict[str, Any]) -> dict[str, Any]:
    connections = ("orderAdjustments", "refundShippingLines")
    paged = {**node, **{name: {"nodes": node[name]} for name in connections}}
    return shape_refund(paged, node["refundLineItems"], node["transactions"])


def test_an_order_that_is_pulled_is_the_one_that_is_pushed() -> None:
    pushed = read("orders/updated", pushed_order(), "webhook")
    assert read("orders/updated", shaped_order()) == pushed
    assert len(pushed) == 3


def test_a_guest_is_the_same_guest() -> None:
    pushed = pushed_order()
    pushed["customer"] = None
    assert read("orders/updated", shaped_order(customer=None)) == read(
        "orders/updated", pushed, "webhook"
    )


@pytest.mark.parametrize(
    ("shown", "parcels", "state"),
    [
        ("FULFILLED", True, "fulfilled"),
        ("PARTIALLY_FULFILLED", True, "partial"),
        ("RESTOCKED", False, "restocked"),
        ("UNFULFILLED", True, ""),
        ("ON_HOLD", True, "partial"),
        ("IN_PROGRESS", False, ""),
    ],
)
def test_states_of_an_order_are_those_of_webhooks(shown: str, parcels: bool, state: str) -> None:
    changes: dict[str, Any] = {} if parcels else {"fulfillments": []}
    order = read("orders/updated", shaped_order(displayFulfillmentStatus=shown, **changes))[0]
    assert isinstance(order, OrderRecord)
    assert order.fulfillment_status == state


def test_a_refund_in_the_currency_of_the_shopper_keeps_what_it_is_worth() -> None:
    node = load_payload("shopify/graph_order")
    paid = node["refunds"][0]["transactions"][0]["amountSet"]
    paid["presentmentMoney"] = {"amount": "11.7", "currencyCode": "EUR"}
    node["refunds"][0]["transactions"].pop()
    pushed = pushed_order()
    refund = pushed["refunds"][0]
    refund["transactions"] = [
        {"kind": "refund", "status": "success", "amount": "11.70", "currency": "EUR"}
    ]
    refund["refund_line_items"][0] |= {
        "subtotal_set": {"shop_money": {"amount": "25.98", "currency_code": "GBP"}},
        "total_tax_set": {"shop_money": {"amount": "0.00", "currency_code": "GBP"}},
    }
    refunds = {each["id"]: shaped_refund(each) for each in node["refunds"]}
    pulled = read("orders/updated", shape_order(node, node["lineItems"], refunds))
    assert pulled == read("orders/updated", pushed, "webhook")
    assert (pulled[1].currency, pulled[1].amount_minor) == ("EUR", 1170)  # type: ignore[union-attr]
    assert pulled[1].base_amount_minor == 2598  # type: ignore[union-attr]


def test_a_customer_is_the_same_and_brings_metafields() -> None:
    node = load_payload("shopify/graph_customer")
    pushed = pushed_order()["customer"] | {
        "tags": "Oils, vip",
        "email_marketing_consent": {
            "state": "subscribed",
            "opt_in_level": "confirmed_opt_in",
            "consent_updated_at": "2026-01-02T09:05:00Z",
        },
        "sms_marketing_consent": {
            "state": "unsubscribed",
            "opt_in_level": "single_opt_in",
            "consent_updated_at": "2026-02-01T08:00:00Z",
        },
    }
    pulled = read("customers/update", shape_customer(node, []))
    assert pulled == read("customers/update", pushed, "webhook")

    metafields = [
        {"namespace": "custom", "key": "skin", "value": "dry"},
        {"namespace": "patron", "key": "rfm", "value": "Champions"},
    ]
    customer = read("customers/update", shape_customer(node, metafields))[0]
    assert isinstance(customer, CustomerRecord)
    assert customer.properties == {"custom.skin": "dry"}


def test_a_product_is_the_same_and_says_whether_it_is_counted() -> None:
    node = load_payload("shopify/graph_product")
    pushed = load_payload("shopify/product")
    for variant, item, policy, keeper in zip(
        pushed["variants"], (701, 702), ("deny", "continue"), ("shopify", None), strict=True
    ):
        variant |= {
            "inventory_item_id": item,
            "inventory_policy": policy,
            "inventory_management": keeper,
        }
    pulled = read("products/update", shape_product(node, node["variants"], "ada.myshopify.com"))
    assert pulled == read("products/update", pushed, "webhook")
    product = pulled[0]
    assert isinstance(product, ProductRecord)
    assert product.url == "https://ada.myshopify.com/products/rosehip-night-oil"


def lines(*objects: Any) -> bytes:
    return b"".join(json.dumps(each).encode() + b"\n" for each in objects)


def test_a_stretch_of_a_file_ends_where_its_last_object_begins() -> None:
    first = lines({"id": "a"}, {"id": "a1", "__parentId": "a"})
    body = first + lines({"id": "b"}, {"id": "b1", "__parentId": "b"})
    groups, end = split_groups(body[:-5], is_last=False)
    assert [(each.node["id"], [one["id"] for one in each.inside]) for each in groups] == [
        ("a", ["a1"])
    ]
    assert end == len(first)
    groups, _ = split_groups(body, is_last=True)
    assert [each.start for each in groups] == [0, len(first)]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"id": "a"', "a line is not JSON"),
        (b"[1]\n", "a line is not an object"),
        (lines({"id": "a"}, {"id": "b1", "__parentId": "b"}), "not below what it belongs to"),
    ],
)
def test_a_broken_file_is_not_half_read(body: bytes, reason: str) -> None:
    with pytest.raises(PullUnavailable, match=reason):
        split_groups(body, is_last=True)


def test_a_page_holds_so_many_refunds_but_always_one_object() -> None:
    body = lines(*({"id": str(place), "refunds": [{}, {}, {}]} for place in range(4)))
    groups, _ = split_groups(body, is_last=True)
    assert len(take(groups, most=400, most_refunds=7)) == 2
    assert len(take(groups, most=400, most_refunds=1)) == 1
    assert len(take(groups, most=3, most_refunds=100)) == 3
