"""Which topic is read by what. A topic that is not listed is filed and ignored."""

import secrets
from collections.abc import Callable, Mapping
from typing import Final

from stores.platforms.fields import Json, read_object
from stores.platforms.shopify import (
    carts,
    customers,
    fulfillments,
    headers,
    inventory,
    orders,
    privacy,
    products,
    returns,
)
from stores.platforms.shopify.refunds import translate_refund
from stores.types import Delivery, DeliveryHead, StoreContext, Translation

Translate = Callable[[Json, Delivery, StoreContext], Translation]

SECRET_BYTES: Final = 32

TOPICS: Final[dict[str, Translate]] = {
    "orders/create": orders.translate_order,
    "orders/updated": orders.translate_order,
    "orders/paid": orders.translate_order,
    "orders/cancelled": orders.translate_order,
    "orders/fulfilled": orders.translate_order,
    "orders/partially_fulfilled": orders.translate_order,
    "orders/delete": orders.translate_order_deletion,
    "customers/create": customers.translate_customer,
    "customers/update": customers.translate_customer,
    "customers/enable": customers.translate_customer,
    "customers/disable": customers.translate_customer,
    "customers_email_marketing_consent/update": customers.translate_email_consent,
    "customers_marketing_consent/update": customers.translate_sms_consent,
    "products/create": products.translate_product,
    "products/update": products.translate_product,
    "products/delete": products.translate_product_deletion,
    "variants/in_stock": inventory.translate_variant_stock,
    "variants/out_of_stock": inventory.translate_variant_stock,
    "inventory_levels/connect": inventory.translate_level,
    "inventory_levels/update": inventory.translate_level,
    "inventory_levels/disconnect": inventory.translate_level_end,
    "inventory_items/create": inventory.translate_item,
    "inventory_items/update": inventory.translate_item,
    "carts/create": carts.translate_cart,
    "carts/update": carts.translate_cart,
    "checkouts/create": carts.translate_checkout,
    "checkouts/update": carts.translate_checkout,
    "refunds/create": translate_refund,
    "fulfillments/create": fulfillments.translate_fulfillment,
    "fulfillments/update": fulfillments.translate_fulfillment,
    "fulfillment_events/create": fulfillments.translate_tracking,
    "returns/request": returns.translate_return,
    "returns/approve": returns.translate_return,
    "returns/decline": returns.translate_return,
    "returns/cancel": returns.translate_return,
    "returns/close": returns.translate_return,
    "returns/reopen": returns.translate_return,
    "returns/process": returns.translate_return,
    "app/uninstalled": privacy.translate_uninstall,
    "customers/data_request": privacy.translate_data_request,
    "customers/redact": privacy.translate_erasure,
    "shop/redact": privacy.translate_shop_erasure,
}
REASONS: Final = {
    "checkouts/delete": "A checkout that is gone is left like any other cart",
    "orders/edited": "The edited order itself follows as orders/updated",
    "fulfillment_events/delete": "What a carrier said stays in the history",
    "returns/update": "Which lines a return lost changes nothing here; its state has own topics",
    "inventory_items/delete": "What was left of a deleted item is told by its product",
    "customers/delete": "A deleted customer keeps the profile; erasure has its own topic",
}
"""Why some topics are filed and change nothing."""


class Shopify:
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
            unused = f"Topic {delivery.topic or '(none)'} is not used yet"
            return Translation(ignored=REASONS.get(delivery.topic, unused))
        return translate(read_object(delivery.body), delivery, store)
