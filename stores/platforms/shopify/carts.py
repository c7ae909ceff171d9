"""Carts, and checkouts that are not orders yet.

A cart names nobody; the checkout that it becomes carries its token. What is in it is told once by
each, and is one cart of one shopper here.
"""

from collections.abc import Sequence

from crm.types import CartItemData, CartRecord
from stores.errors import Untranslatable
from stores.platforms.fields import Json, child, children, currency, instant, money, text, whole
from stores.platforms.shopify.customers import read_customer
from stores.types import Delivery, StoreContext, Translation

BOUGHT = "The checkout became an order, which comes by itself"


def translate_checkout(payload: Json, delivery: Delivery, store: StoreContext) -> Translation:
    """Read checkouts/create and checkouts/update."""
    if text(payload, "completed_at"):
        return Translation(ignored=BOUGHT)
    token, code = text(payload, "token"), currency(payload, "currency", store.currency)
    if not token:
        raise Untranslatable("token is missing")
    version_at = instant(payload, "updated_at") or delivery.arrived_at
    customer = child(payload, "customer")
    return Translation(
        [
            CartRecord(
                external_id=token,
                version_at=version_at,
                started_at=instant(payload, "created_at") or version_at,
                currency=code,
                items=[_read_item(item, code) for item in children(payload, "line_items")],
                customer=read_customer(customer, version_at) if text(customer, "id") else None,
                email=text(payload, "email"),
                phone=text(payload, "phone"),
                is_checkout=True,
                total_minor=money(payload, "total_price", code, required=True),
                url=text(payload, "abandoned_checkout_url"),
                cart_id=_bare(text(payload, "cart_token")),
            )
        ]
    )


def translate_cart(payload: Json, delivery: Delivery, store: StoreContext) -> Translation:
    """Read carts/create and carts/update, which word amounts in the shop's currency."""
    token = _bare(text(payload, "token") or text(payload, "id"))
    if not token:
        raise Untranslatable("token is missing")
    version_at = instant(payload, "updated_at") or delivery.arrived_at
    lines = children(payload, "line_items")
    code = _currency_of(lines, store)
    return Translation(
        [
            CartRecord(
                external_id=token,
                version_at=version_at,
                started_at=instant(payload, "created_at") or version_at,
                currency=code,
                items=[_read_item(item, code) for item in lines],
                total_minor=_total(lines, code),
                cart_id=token,
            )
        ]
    )


def _bare(token: str) -> str:
    """Return the token of a cart without the key that some places add to it."""
    return token.partition("?")[0]


def _total(lines: Sequence[Json], code: str) -> int | None:
    if not all(text(item, "line_price") for item in lines):
        return None
    return sum(money(item, "line_price", code) for item in lines)


def _currency_of(lines: Sequence[Json], store: StoreContext) -> str:
    """Return the currency that the lines of a cart name; the cart itself names none."""
    first = child(child(lines[0], "line_price_set"), "shop_money") if lines else {}
    return currency(first, "currency_code", store.currency)


def _read_item(item: Json, code: str) -> CartItemData:
    return CartItemData(
        title=text(item, "title") or text(item, "presentment_title"),
        quantity=whole(item, "quantity"),
        price_minor=money(item, "price", code),
        sku=text(item, "sku"),
        product_external_id=text(item, "product_id"),
        variant_external_id=text(item, "variant_id"),
    )
