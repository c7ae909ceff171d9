"""Shopify's words about stock: levels by place, items, and variants that ran out or came back."""

from datetime import UTC, datetime
from typing import Any

import pytest

from crm.types import ProductRecord, StockRecord
from stores.errors import Untranslatable
from tests.stores.test_shopify import ARRIVED, records, translate

TOLD = datetime(2026, 5, 4, 10, 0, tzinfo=UTC)
LEVEL: dict[str, Any] = {
    "inventory_item_id": 9007199254740993,
    "location_id": 7,
    "available": 12,
    "updated_at": "2026-05-04T12:00:00+02:00",
}


@pytest.mark.parametrize("topic", ["inventory_levels/update", "inventory_levels/connect"])
@pytest.mark.parametrize(("said", "available"), [(12, 12), (-3, -3), (0, 0), (None, None)])
def test_a_level_is_of_an_item_at_a_place(topic: str, said: int | None, available: int) -> None:
    assert records(topic, {**LEVEL, "available": said}) == [
        StockRecord(
            version_at=TOLD,
            item_external_id="9007199254740993",
            location_external_id="7",
            available=available,
        )
    ]


def test_a_place_that_lets_go_of_an_item_has_none() -> None:
    payload = {"inventory_item_id": 5, "location_id": 7}
    assert records("inventory_levels/disconnect", payload) == [
        StockRecord(version_at=ARRIVED, item_external_id="5", location_external_id="7")
    ]


def test_an_item_says_whether_it_is_counted() -> None:
    payload = {"id": 5, "tracked": False, "updated_at": "2026-05-04T10:00:00Z"}
    assert records("inventory_items/update", payload) == [
        StockRecord(version_at=TOLD, item_external_id="5", is_tracked=False)
    ]


def test_a_variant_that_ran_out_tells_its_total() -> None:
    payload = {
        "id": 8,
        "product_id": 1,
        "inventory_quantity": 0,
        "inventory_policy": "continue",
        "updated_at": "2026-05-04T10:00:00Z",
    }
    assert records("variants/out_of_stock", payload) == [
        StockRecord(version_at=TOLD, variant_external_id="8", available=0, policy="continue")
    ]


def test_a_product_tells_stock_policy_and_item_of_its_variants() -> None:
    variant = {"id": 8, "inventory_quantity": 4, "inventory_policy": "deny"}
    payload = {
        "id": 1,
        "updated_at": "2026-05-04T10:00:00Z",
        "variants": [
            {**variant, "inventory_item_id": 5, "inventory_management": "shopify"},
            {**variant, "inventory_policy": "strange", "inventory_management": None},
            variant,
        ],
    }
    [product] = records("products/update", payload)
    assert isinstance(product, ProductRecord)
    found = [
        (each.inventory_quantity, each.inventory_policy, each.inventory_item, each.is_tracked)
        for each in product.variants
    ]
    assert found == [(4, "deny", "5", True), (4, "", "", False), (4, "deny", "", None)]


@pytest.mark.parametrize("broken", [{"available": 1.5}, {"inventory_item_id": None}])
def test_a_level_that_cannot_be_read_says_why(broken: dict[str, Any]) -> None:
    with pytest.raises(Untranslatable):
        translate("inventory_levels/update", {**LEVEL, **broken})
