"""Shops of four platforms whose orders are compared with ours, worded alike for the tests."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
import time_machine
from django.db import transaction

from crm.models import Order
from crm.services.stores import StoreData
from kernel import clock
from kernel.batches import Deadline
from stores.models import StoreDay
from stores.platforms.shopify import tokens
from stores.services.auditing import check_now, drain_audits
from stores.services.connections import connect_store
from stores.types import ConnectedStore
from tests.support import bigcommerce_api, magento_api, shopify_api, woocommerce_api
from tests.support.payloads import load_payload
from tests.support.shopify_objects import graph_order, money

NOW = datetime(2026, 5, 6, 9, 0, tzinfo=UTC)
"""A Wednesday."""
CHANGED = NOW - timedelta(hours=1)
FOREVER = Deadline(seconds=None)
Make = Callable[[int, datetime, str], dict[str, Any]]


@dataclass
class Shop:
    """One connected shop and what it knows."""

    platform: str
    api: Any
    store: ConnectedStore
    make: Make
    number: str

    @property
    def orders(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.api.objects["orders"]
        return found

    def put(self, number: int, at: datetime, total: str = "10.00", **changes: Any) -> None:
        """Let the shop know an order, in the place of one of that number."""
        self.drop(number)
        self.orders.append({**self.make(number, at, total), **changes})

    def drop(self, number: int) -> None:
        """Delete an order for good."""
        self.orders[:] = [each for each in self.orders if str(each[self.number]) != str(number)]

    def compare(self, traveller: time_machine.Traveller) -> dict[date, StoreDay]:
        """Compare the last week, waiting as often as the shop asks for it; return the days."""
        check_now(self.store.store_id)
        for _ in range(60):
            drain_audits(FOREVER)
            found = days()
            waiting = [row.due_at for row in found.values() if row.status == "due"]
            if not waiting:
                return found
            traveller.move_to(max(min(waiting), clock.now()))
        raise AssertionError([row.detail for row in days().values()])


@transaction.atomic
def days() -> dict[date, StoreDay]:
    return {row.day: row for row in StoreDay.objects.all()}


@transaction.atomic
def totals() -> dict[str, tuple[int, bool]]:
    """Return what each order is worth and whether it counts."""
    rows = Order.objects.order_by("external_id")
    return {row.external_id: (row.gross_minor, row.is_counted) for row in rows}


def told(row: StoreDay) -> tuple[str, int | None, int | None, int | None, int | None]:
    return (row.status, row.our_count, row.our_minor, row.their_count, row.their_minor)


def kinds(row: StoreDay) -> dict[str, tuple[str, bool]]:
    return {one["id"]: (one["kind"], one["is_mended"]) for one in row.differences}


def connect(platform: str, request: pytest.FixtureRequest) -> Shop:
    """Connect a shop of a platform; its stand-in is a fixture."""
    fixture, make, number = SHOPS[platform]
    api = request.getfixturevalue(fixture)
    url = "https://soap.example" if platform == "bigcommerce" else api.url
    data = StoreData(name="Ada Shop", platform=platform, url=url, currency="GBP")
    made = connect_store(data, credentials=_credentials(platform, api))
    if platform == "shopify":
        tokens._cache.clear()
        api.filled_at = clock.now()
    return Shop(platform, api, made, make, number)


def _credentials(platform: str, api: Any) -> dict[str, str]:
    if platform == "bigcommerce":
        return {"api_path": api.path, "access_token": bigcommerce_api.TOKEN}
    known = {
        "shopify": {"access_token": shopify_api.TOKEN},
        "woocommerce": {
            "consumer_key": woocommerce_api.KEY,
            "consumer_secret": woocommerce_api.SECRET,
        },
        "magento": magento_api.FOUR,
    }
    return known[platform]


def _shopify(number: int, at: datetime, total: str) -> dict[str, Any]:
    placed, changed = (each.isoformat().replace("+00:00", "Z") for each in (at, CHANGED))
    return graph_order(
        number,
        createdAt=placed,
        processedAt=placed,
        updatedAt=changed,
        totalPriceSet=money(total),
    )


def _woocommerce(number: int, at: datetime, total: str) -> dict[str, Any]:
    placed, changed = (each.isoformat()[:19] for each in (at, CHANGED))
    return load_payload(
        "woocommerce/order",
        id=number,
        number=str(number),
        customer_id=0,
        billing={"email": f"shopper{number}@example.com", "country": "GB", "first_name": "S"},
        refunds=[],
        date_created=placed,
        date_created_gmt=placed,
        date_modified=changed,
        date_modified_gmt=changed,
        total=total,
        currency="GBP",
        status="completed",
    )


def _bigcommerce(number: int, at: datetime, total: str) -> dict[str, Any]:
    found = load_payload(
        "bigcommerce/order",
        id=number,
        customer_id=0,
        coupon_discount="0.0000",
        date_created=format_datetime(at),
        date_modified=format_datetime(CHANGED),
        total_inc_tax=f"{total}00",
    )
    found["billing_address"]["email"] = f"shopper{number}@example.com"
    return found


def _magento(number: int, at: datetime, total: str) -> dict[str, Any]:
    return load_payload(
        "magento/order",
        entity_id=number,
        increment_id=f"{number:09}",
        customer_id=None,
        customer_is_guest=1,
        customer_email=f"shopper{number}@example.com",
        created_at=at.isoformat(" ")[:19],
        updated_at=CHANGED.isoformat(" ")[:19],
        grand_total=total,
        base_grand_total=total,
    )


SHOPS: dict[str, tuple[str, Make, str]] = {
    "shopify": ("shopify_api", _shopify, "legacyResourceId"),
    "woocommerce": ("woo_api", _woocommerce, "id"),
    "bigcommerce": ("big_api", _bigcommerce, "id"),
    "magento": ("mage_api", _magento, "entity_id"),
}
