"""Checkouts of Shopify that are no orders yet."""

from datetime import UTC, datetime
from typing import Any

import pytest

from crm.types import CartItemData, CartRecord
from tests.stores.test_shopify import ARRIVED, reason, records, translate

CHECKOUT: dict[str, Any] = {
    "token": "tok-1",
    "cart_token": "cart-1",
    "email": "ada@example.com",
    "created_at": "2026-05-08T10:00:00+02:00",
    "updated_at": "2026-05-08T10:05:00+02:00",
    "completed_at": None,
    "currency": "GBP",
    "phone": None,
    "customer": {"id": 7, "email": "ada@example.com", "first_name": "Ada"},
    "abandoned_checkout_url": "https://ada-soap.example/checkouts/tok-1/recover?key=k",
    "total_price": "13.00",
    "line_items": [
        {
            "title": "Lemon soap",
            "variant_title": "Large",
            "sku": "SOAP-L",
            "quantity": 2,
            "price": "6.50",
            "product_id": 11,
            "variant_id": 12,
        }
    ],
}


def test_a_checkout_says_what_is_in_it_and_where_it_can_be_taken_up() -> None:
    [cart] = records("checkouts/update", CHECKOUT)
    assert isinstance(cart, CartRecord)
    assert (cart.external_id, cart.cart_id) == ("tok-1", "cart-1")
    assert cart.started_at == datetime(2026, 5, 8, 8, 0, tzinfo=UTC)
    assert cart.version_at == datetime(2026, 5, 8, 8, 5, tzinfo=UTC)
    assert (cart.currency, cart.total_minor, cart.is_checkout) == ("GBP", 1300, True)
    assert cart.url == "https://ada-soap.example/checkouts/tok-1/recover?key=k"
    assert cart.customer is not None
    assert (cart.customer.external_id, cart.email) == ("7", "ada@example.com")
    assert cart.items == [
        CartItemData(
            title="Lemon soap",
            quantity=2,
            price_minor=650,
            sku="SOAP-L",
            product_external_id="11",
            variant_external_id="12",
        )
    ]


def test_a_checkout_without_times_and_customer_is_one_all_the_same() -> None:
    bare = {"token": "tok-1", "total_price": "0.00", "line_items": []}
    [cart] = records("checkouts/create", bare)
    assert isinstance(cart, CartRecord)
    assert (cart.started_at, cart.version_at, cart.currency) == (ARRIVED, ARRIVED, "GBP")
    assert (cart.customer, cart.email, cart.items) == (None, "", [])


def line_of_cart(**changes: Any) -> dict[str, Any]:
    money = {"shop_money": {"amount": "13.00", "currency_code": "EUR"}}
    found = {
        "id": 12,
        "title": "Lemon soap - Large",
        "sku": "SOAP-L",
        "quantity": 2,
        "price": "6.50",
        "line_price": "13.00",
        "line_price_set": money,
        "product_id": 11,
        "variant_id": 12,
    }
    return {**found, **changes}


@pytest.mark.parametrize("topic", ["carts/create", "carts/update"])
def test_a_cart_says_what_is_in_it_and_which_one_it_is(topic: str) -> None:
    times = {"created_at": "2026-05-08T07:55:00Z", "updated_at": "2026-05-08T07:58:00Z"}
    said = {"id": "cart-1", "token": "cart-1?key=k", **times, "line_items": [line_of_cart()]}
    [cart] = records(topic, said)
    assert isinstance(cart, CartRecord)
    assert (cart.external_id, cart.cart_id) == ("cart-1", "cart-1")
    assert (cart.currency, cart.total_minor, cart.is_checkout) == ("EUR", 1300, False)
    assert (cart.customer, cart.email) == (None, "")
    assert cart.version_at == datetime(2026, 5, 8, 7, 58, tzinfo=UTC)
    assert [(item.title, item.quantity, item.price_minor) for item in cart.items] == [
        ("Lemon soap - Large", 2, 650)
    ]


def test_a_cart_that_was_emptied_and_one_of_a_deleted_product_are_read() -> None:
    [empty] = records("carts/update", {"token": "cart-1", "line_items": []})
    assert isinstance(empty, CartRecord)
    assert (empty.items, empty.currency, empty.version_at) == ([], "GBP", ARRIVED)
    gone = line_of_cart(product_id=None, variant_id=None, line_price=None)
    [cart] = records("carts/update", {"token": "cart-1", "line_items": [gone]})
    assert isinstance(cart, CartRecord)
    assert cart.total_minor is None
    assert [(item.title, item.product_external_id) for item in cart.items] == [
        ("Lemon soap - Large", "")
    ]
    assert reason("carts/create", {"line_items": []}) == "token is missing"


def test_a_checkout_that_is_deleted_is_passed_over() -> None:
    assert translate("checkouts/delete", {"id": "1", "line_items": []}).ignored


def test_a_checkout_that_became_an_order_is_passed_over() -> None:
    done = {**CHECKOUT, "completed_at": "2026-05-08T10:06:00+02:00"}
    assert translate("checkouts/update", done).ignored.startswith("The checkout became an order")


def test_what_cannot_be_read_says_why() -> None:
    assert reason("checkouts/update", {**CHECKOUT, "token": ""}) == "token is missing"
    wrong = reason("checkouts/update", {**CHECKOUT, "total_price": "12,50"})
    assert wrong == "total_price: '12,50' is not an amount; write 12.50"
