import json
from datetime import UTC, datetime
from typing import Any

import pytest

from crm.types import ProductRecord
from stores.platforms.magento.orders import translate_order
from stores.platforms.magento.products import translate_product
from stores.types import Delivery, StoreContext
from tests.support.payloads import load_payload

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
STORE = StoreContext(1, "magento", "GBP", "Europe/London")


def read(payload: dict[str, Any]) -> Any:
    delivery = Delivery(1, "order", "sync", {}, json.dumps(payload).encode(), None, NOON)
    return translate_order(payload, delivery, STORE).records


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"state": "pending_payment", "total_paid": None}, ("pending", "", False)),
        ({"state": "complete"}, ("paid", "fulfilled", False)),
        ({"state": "canceled", "total_paid": 0}, ("pending", "", True)),
        ({"state": "closed", "total_refunded": 62.9}, ("refunded", "", False)),
        ({"state": "processing", "total_refunded": 5}, ("partially_refunded", "", False)),
    ],
)
def test_states_are_read(changes: dict[str, Any], expected: tuple[Any, ...]) -> None:
    record = read({"order": load_payload("magento/order", **changes)})[0]
    found = record.financial_status, record.fulfillment_status, record.cancelled_at is not None
    assert found == expected


def test_an_order_in_another_currency_is_worth_what_the_books_say() -> None:
    told = {
        "order_currency_code": "EUR",
        "base_currency_code": "GBP",
        "grand_total": 100,
        "base_grand_total": 80,
    }
    memo = {"entity_id": 1, "grand_total": 25, "base_grand_total": 20, "items": []}
    cancelled = {**memo, "entity_id": 2, "state": 3}
    record, refund = read(
        {"order": load_payload("magento/order", **told), "creditmemos": [memo, cancelled]}
    )
    assert (record.currency, record.gross_minor) == ("EUR", 10000)
    assert (record.base_currency, record.base_gross_minor) == ("GBP", 8000)
    assert (refund.amount_minor, refund.base_amount_minor) == (2500, 2000)


def test_a_bundle_is_one_line_worth_its_parts() -> None:
    parts = [
        {
            "item_id": 2,
            "parent_item_id": 1,
            "row_total": 20,
            "discount_amount": 2,
            "qty_ordered": 1,
        },
        {
            "item_id": 3,
            "parent_item_id": 1,
            "row_total": 10,
            "discount_amount": 0,
            "qty_ordered": 2,
        },
    ]
    whole = {"item_id": 1, "product_id": 5, "product_type": "bundle", "sku": "SET", "row_total": 0}
    whole["qty_ordered"] = 1
    (line,) = read({"order": load_payload("magento/order", items=[whole, *parts])})[0].lines
    assert (line.sku, line.quantity, line.total_minor, line.discount_minor) == ("SET", 1, 2800, 200)


def test_prices_without_tax_stay_without() -> None:
    item = {"item_id": 1, "product_id": 5, "qty_ordered": 1.5, "original_price": 10, "price": 10}
    item |= {"price_incl_tax": 12, "row_total": 15, "row_total_incl_tax": 18}
    (line,) = read({"order": load_payload("magento/order", items=[item])})[0].lines
    assert (line.quantity, line.total_minor) == (2, 1500)


@pytest.mark.parametrize(
    ("dates", "price"),
    [
        ({}, 900),
        ({"special_from_date": "2026-05-05 00:00:00"}, 1200),
        ({"special_to_date": "2026-05-03 00:00:00"}, 1200),
        ({"special_to_date": "2026-05-04 00:00:00"}, 900),
    ],
)
def test_a_special_price_holds_on_its_days(dates: dict[str, str], price: int) -> None:
    told = {"special_price": "9.00", **dates}
    custom = [{"attribute_code": code, "value": value} for code, value in told.items()]
    payload = load_payload("magento/simple", visibility=4, custom_attributes=custom)
    delivery = Delivery(1, "product", "sync", {}, b"", None, NOON)
    (record,) = translate_product(payload, delivery, STORE).records
    assert isinstance(record, ProductRecord)
    assert record.variants[0].price_minor == price


def test_a_part_alone_is_no_product() -> None:
    delivery = Delivery(1, "product", "sync", {}, b"", None, NOON)
    found = translate_product(load_payload("magento/simple"), delivery, STORE)
    assert found.ignored == "A variant is told of with the product that it belongs to"
