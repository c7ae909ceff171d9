"""What a webhook is about. Its body carries an id and no data.

The scope says only whether it is of use; the ids say what to ask for, since BigCommerce words some
events of one thing by the id of another (an address by its own, a shipment by its order).
"""

import re
from dataclasses import dataclass
from typing import Final

from stores.platforms.fields import Json, child, text


@dataclass(frozen=True, slots=True)
class Named:
    """An object of the shop; ``kind`` is one of `KINDS`."""

    kind: str
    id: str


ORDER: Final = "order"
CUSTOMER: Final = "customer"
SUBSCRIBER: Final = "subscriber"
PRODUCT: Final = "product"
CHECKOUT: Final = "checkout"
KINDS: Final = (PRODUCT, CUSTOMER, SUBSCRIBER, ORDER, CHECKOUT)

SCOPES: Final = (
    "store/order/*",
    "store/shipment/*",
    "store/customer/*",
    "store/customer/address/*",
    "store/subscriber/*",
    "store/product/*",
    "store/sku/*",
    "store/cart/*",
    "store/cart/lineItem/*",
)
"""What BigCommerce is asked to tell; a star is everything of one level."""

_ID: Final = re.compile(r"[A-Za-z0-9-]{1,64}")
_UNUSED: Final = {
    "store/order/message": "What is written about an order is not kept",
    "store/order/transaction": "Payments are known from the orders that they pay",
    "store/customer/deleted": "A deleted customer keeps the profile; erase it there if it shall go",
    "store/customer/payment": "Stored cards are nothing that is kept",
    "store/customer/channel": "Which channel somebody signs in to is not kept",
    "store/subscriber/deleted": "BigCommerce tells no address of a deleted subscriber; somebody "
    "who unsubscribes is told of as changed",
    "store/category": "Categories are known from the products in them",
    "store/cart/converted": "What became of the cart is told by its order",
    "store/cart/deleted": "A deleted cart is nothing that is kept",
    "store/information": "The settings of the shop are not read",
}
"""How scopes begin that are filed and change nothing, and why."""


def name_object(scope: str, data: Json) -> Named | None:
    """Return what a webhook is about; None where its scope is not used, or it names nothing."""
    if explain_unused(scope):
        return None
    for kind, found in (
        (ORDER, _order(scope, data)),
        (CUSTOMER, _customer(scope, data)),
        (SUBSCRIBER, text(data, "id") if scope.startswith("store/subscriber/") else ""),
        (PRODUCT, _product(scope, data)),
        (CHECKOUT, _cart(scope, data)),
    ):
        if _ID.fullmatch(found):
            return Named(kind, found)
    return None


def explain_unused(scope: str) -> str:
    """Return why a scope is not used; empty for one that is, or that is not known."""
    return next((reason for begin, reason in _UNUSED.items() if scope.startswith(begin)), "")


def _order(scope: str, data: Json) -> str:
    if scope.startswith("store/shipment/"):
        return text(data, "orderId") or text(data, "order_id")
    return text(data, "id") if scope.startswith("store/order/") else ""


def _customer(scope: str, data: Json) -> str:
    if not scope.startswith("store/customer/"):
        return ""
    return text(child(data, "address"), "customer_id") or text(data, "id")


def _product(scope: str, data: Json) -> str:
    if scope.startswith("store/sku/"):
        inside = text(child(data, "sku"), "product_id")
        return inside or text(child(data, "inventory"), "product_id")
    return text(data, "id") if scope.startswith("store/product/") else ""


def _cart(scope: str, data: Json) -> str:
    if not scope.startswith("store/cart/"):
        return ""
    return text(data, "cartId") or text(data, "id")
