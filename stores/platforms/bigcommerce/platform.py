"""How BigCommerce signs and names its webhooks, and which object is read by what."""

import re
import secrets
from collections.abc import Callable, Mapping
from typing import Final

from stores.platforms import standard_webhooks
from stores.platforms.bigcommerce import carts, customers, naming, orders, products
from stores.platforms.bigcommerce.objects import GONE
from stores.platforms.fields import Json, child, read_object, text
from stores.types import Delivery, DeliveryHead, StoreContext, Translation

Translate = Callable[[Json, Delivery, StoreContext], Translation]

SECRET_BYTES: Final = 32
READ: Final[dict[str, Translate]] = {
    naming.ORDER: orders.translate_order,
    naming.CUSTOMER: customers.translate_customer,
    naming.SUBSCRIBER: customers.translate_subscriber,
    naming.PRODUCT: products.translate_product,
    naming.CHECKOUT: carts.translate_checkout,
    naming.ORDER + GONE: orders.translate_gone,
    naming.PRODUCT + GONE: products.translate_gone,
}
IGNORED: Final = {
    naming.CUSTOMER + GONE: "The customer is deleted, and keeps the profile; erase it there if "
    "it shall go",
    naming.SUBSCRIBER + GONE: "The subscriber is deleted; BigCommerce does not tell who it was",
    naming.CHECKOUT + GONE: "The cart is gone",
}
NOT_FETCHED: Final = "The store was disconnected before this was fetched; connect it, then retry"
_HEAD_BYTES: Final = 64 * 1024
_SCOPE: Final = re.compile(rb'"scope"\s*:\s*"(store/[A-Za-z/]{1,100})"')


class BigCommerce:
    """The platform as the inbox sees it."""

    def read_head(self, found: Mapping[str, str], body: bytes) -> DeliveryHead:
        """Read the headers, and the scope of the body for the list of deliveries."""
        named = _SCOPE.search(body, 0, _HEAD_BYTES)
        return standard_webhooks.read_head(found, named[1].decode() if named else "")

    def is_signed(self, secret: str, body: bytes, head: DeliveryHead) -> bool:
        """The key is the client secret as it is written, whatever it looks like."""
        return standard_webhooks.is_signed([secret.encode()], body, head)

    def make_secret(self) -> str:
        return secrets.token_hex(SECRET_BYTES)

    def translate(self, delivery: Delivery, store: StoreContext) -> Translation:
        """Read an object that was fetched; of a webhook itself, say why nothing was.

        Raises:
            Untranslatable: the body cannot be read.
        """
        if reason := IGNORED.get(delivery.topic):
            return Translation(ignored=reason)
        if translate := READ.get(delivery.topic):
            return translate(read_object(delivery.body), delivery, store)
        notice = read_object(delivery.body)
        scope = text(notice, "scope")
        if reason := naming.explain_unused(scope):
            return Translation(ignored=reason)
        if naming.name_object(scope, child(notice, "data")):
            return Translation(ignored=NOT_FETCHED)
        return Translation(ignored=f"Scope {scope or '(none)'} is not used, or names nothing")
