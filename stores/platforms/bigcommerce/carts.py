"""Carts, each with the checkout that it may have become; neither is an order."""

from typing import Final

from crm.types import CartItemData, CartRecord, CustomerRecord
from stores.platforms.bigcommerce.reading import LONG_AGO, moment, read_address, reference
from stores.platforms.fields import (
    Json,
    child,
    children,
    currency,
    identifier,
    money,
    text,
    whole,
)
from stores.types import Delivery, StoreContext, Translation

ITEMS: Final = ("physical_items", "digital_items", "custom_items")


def translate_checkout(payload: Json, delivery: Delivery, store: StoreContext) -> Translation:
    """Read a checkout; there is one to every cart, and it is begun once an address is given."""
    cart, billing = child(payload, "cart"), child(payload, "billing_address")
    code = currency(child(cart, "currency"), "code", store.currency)
    version_at = moment(payload, "updated_time") or delivery.arrived_at
    email = text(billing, "email") or text(cart, "email")
    return Translation(
        [
            CartRecord(
                external_id=identifier(payload),
                version_at=version_at,
                started_at=moment(payload, "created_time") or version_at,
                currency=code,
                items=[
                    _read_item(item, code)
                    for name in ITEMS
                    for item in children(child(cart, "line_items"), name)
                ],
                customer=_read_shopper(cart, billing, email),
                email=email,
                phone=text(billing, "phone"),
                is_checkout=bool(text(billing, "email")),
                total_minor=money(payload, "grand_total", code),
            )
        ]
    )


def _read_shopper(cart: Json, billing: Json, email: str) -> CustomerRecord | None:
    external_id = reference(cart, "customer_id")
    if not (external_id or email):
        return None
    return CustomerRecord(
        external_id=external_id,
        version_at=LONG_AGO,
        email=email,
        phone=text(billing, "phone"),
        first_name=text(billing, "first_name"),
        last_name=text(billing, "last_name"),
        address=read_address(billing),
    )


def _read_item(item: Json, code: str) -> CartItemData:
    return CartItemData(
        title=text(item, "name"),
        quantity=whole(item, "quantity"),
        price_minor=money(item, "list_price", code),
        sku=text(item, "sku"),
        product_external_id=reference(item, "product_id"),
        variant_external_id=reference(item, "variant_id"),
        url=text(item, "url"),
        image_url=text(item, "image_url"),
    )
