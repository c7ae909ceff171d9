"""Which topic is read by what. A topic that is not listed is filed and ignored."""

import secrets
from collections.abc import Callable, Mapping
from typing import Final

from stores.platforms.fields import Json, read_object
from stores.platforms.woocommerce import customers, headers, orders, products
from stores.types import Delivery, DeliveryHead, StoreContext, Translation

Translate = Callable[[Json, Delivery, StoreContext], Translation]

SECRET_BYTES: Final = 32

TOPICS: Final[dict[str, Translate]] = {
    "order.created": orders.translate_order,
    "order.updated": orders.translate_order,
    "order.restored": orders.translate_order,
    "order.deleted": orders.translate_order_deletion,
    "customer.created": customers.translate_customer,
    "customer.updated": customers.translate_customer,
    "product.created": products.translate_product,
    "product.updated": products.translate_product,
    "product.restored": products.translate_product,
    "product.deleted": products.translate_product_deletion,
}
_OF_COUPONS: Final = "Coupons are known from the orders that use them"
REASONS: Final = {
    "": (
        "WooCommerce tried the address when a webhook was saved: it works, and this carries no data"
    ),
    "customer.deleted": "A deleted customer keeps the profile; erase it there if it shall go",
    **{f"coupon.{event}": _OF_COUPONS for event in ("created", "updated", "deleted", "restored")},
}
"""Why some topics are filed and change nothing."""


class WooCommerce:
    """The platform as the inbox sees it."""

    def read_head(self, found: Mapping[str, str], body: bytes) -> DeliveryHead:
        return headers.read_head(found)

    def is_signed(self, secret: str, body: bytes, head: DeliveryHead) -> bool:
        return headers.is_signed(secret, body, head.signature)

    def make_secret(self) -> str:
        return secrets.token_hex(SECRET_BYTES)

    def translate(self, delivery: Delivery, store: StoreContext) -> Translation:
        """Read one delivery; topics that are not used are never parsed.

        Raises:
            Untranslatable: the body cannot be read.
        """
        translate = TOPICS.get(delivery.topic)
        if translate is None:
            unused = f"Topic {delivery.topic} is not used"
            return Translation(ignored=REASONS.get(delivery.topic, unused))
        payload = delivery.payload
        if payload is None:
            payload = read_object(delivery.body)
        return translate(payload, delivery, store)
