"""Checkouts: a cart whose shopper is known is a checkout that was started, and no order."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from crm.types import CustomerRecord, EventRecord
from stores.platforms.bigcommerce.reading import LONG_AGO, moment, read_address, reference
from stores.platforms.fields import Json, child, children, identifier, text
from stores.types import Delivery, StoreContext, Translation

NOBODY_YET: Final = "The cart names nobody yet"
ITEMS: Final = ("physical_items", "digital_items", "custom_items")
MAX_ITEMS: Final = 50


def translate_checkout(payload: Json, delivery: Delivery, store: StoreContext) -> Translation:
    """Read a checkout; a cart counts once, however often it changes."""
    cart, billing = child(payload, "cart"), child(payload, "billing_address")
    who = CustomerRecord(
        external_id=reference(cart, "customer_id"),
        version_at=LONG_AGO,
        email=text(billing, "email") or text(cart, "email"),
        phone=text(billing, "phone"),
        first_name=text(billing, "first_name"),
        last_name=text(billing, "last_name"),
        address=read_address(billing),
    )
    if not (who.external_id or who.email):
        return Translation(ignored=NOBODY_YET)
    items = [item for name in ITEMS for item in children(child(cart, "line_items"), name)]
    if not items:
        return Translation(ignored="The cart is empty")
    return Translation(
        [
            EventRecord(
                name="Checkout Started",
                occurred_at=moment(payload, "updated_time") or delivery.arrived_at,
                customer=who,
                properties=_describe(payload, cart, items, store),
                dedupe_key=f"bigcommerce-checkout:{store.store_id}:{identifier(payload)}",
            )
        ]
    )


def _describe(
    payload: Json, cart: Json, items: list[Json], store: StoreContext
) -> Mapping[str, Any]:
    coupons = [text(each, "code") for each in children(payload, "coupons")]
    return {
        "checkout_id": identifier(payload),
        "currency": text(child(cart, "currency"), "code") or store.currency,
        "value": _number(payload, "grand_total"),
        "coupon": ", ".join(code for code in coupons if code),
        "products": [
            {
                "product_id": reference(item, "product_id"),
                "variant": reference(item, "variant_id"),
                "sku": text(item, "sku"),
                "name": text(item, "name"),
                "price": _number(item, "list_price"),
                "quantity": _number(item, "quantity"),
                "url": text(item, "url"),
                "image_url": text(item, "image_url"),
            }
            for item in items[:MAX_ITEMS]
        ],
    }


def _number(payload: Json, name: str) -> float:
    try:
        return float(Decimal(text(payload, name) or "0"))
    except (InvalidOperation, OverflowError):
        return 0.0
