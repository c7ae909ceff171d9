"""Which object of Magento is read by what, and what is known of an event before it is checked."""

import hmac
import re
import secrets
from collections.abc import Callable, Mapping
from typing import Final

from crm.types import OrderDeletionRecord, ProductRecord
from stores.platforms.fields import Json, identifier, read_object
from stores.platforms.magento import customers, events, orders, products
from stores.platforms.magento.objects import GONE
from stores.types import Delivery, DeliveryHead, StoreContext, Translation

Translate = Callable[[Json, Delivery, StoreContext], Translation]

SECRET_BYTES: Final = 16
CLIENT: Final = re.compile(rb'"recipient_client_id"\s*:\s*"([\w-]{1,100})"')
TYPE: Final = re.compile(rb'"type"\s*:\s*"(?:com\.adobe\.commerce\.)?([\w.-]{1,150})"')
EVENT_ID: Final = re.compile(rb'"(?:event_id|eventid)"\s*:\s*"([\w-]{1,100})"')
KEPT: Final = (*events.KEY_PATHS, *events.KEY_PATHS.values(), "x-adobe-event-id")
NOT_FETCHED: Final = "The store was disconnected before this was fetched; connect it, then retry"
NOT_USED: Final = "Events of this kind are not used, or this one names nothing"
READ: Final[dict[str, Translate]] = {
    "order": orders.translate_order,
    "customer": customers.translate_customer,
    "product": products.translate_product,
}


class Magento:
    """The platform as the inbox sees it."""

    def read_head(self, found: Mapping[str, str], body: bytes) -> DeliveryHead:
        """Read the headers, and of the body the names of the event and of its kind."""
        kept = {name: each for name in KEPT if (each := _header(found, name))}
        kind, named, client = TYPE.search(body), EVENT_ID.search(body), CLIENT.search(body)
        return DeliveryHead(
            delivery_id=named[1].decode() if named else kept.get("x-adobe-event-id", ""),
            topic=kind[1].decode() if kind else "",
            signature=client[1].decode() if client else "",
            triggered_at=None,
            headers=kept,
        )

    def is_signed(self, secret: str, body: bytes, head: DeliveryHead) -> bool:
        """Say whether an event carries signatures and is meant for this client.

        Whether Adobe made them is checked before anything is read (`events.is_genuine`).
        """
        is_meant = hmac.compare_digest(secret.encode(), head.signature.encode())
        return is_meant and any(name in head.headers for name in events.KEY_PATHS)

    def make_secret(self) -> str:
        """Nobody's client id: without one no event is taken."""
        return secrets.token_hex(SECRET_BYTES)

    def translate(self, delivery: Delivery, store: StoreContext) -> Translation:
        """Read an object that was fetched; of an event itself, say why nothing was.

        Raises:
            Untranslatable: the body cannot be read.
        """
        payload = read_object(delivery.body)
        if translate := READ.get(delivery.topic):
            return translate(payload, delivery, store)
        at = delivery.arrived_at
        if delivery.topic == "order" + GONE:
            return Translation([OrderDeletionRecord(identifier(payload), at)])
        if delivery.topic == "product" + GONE:
            return Translation([ProductRecord(identifier(payload), at, is_deleted=True)])
        if delivery.topic == "customer" + GONE:
            return Translation(ignored="The customer is deleted, and keeps the profile")
        return Translation(ignored=NOT_FETCHED if events.name_object(payload) else NOT_USED)


def _header(headers: Mapping[str, str], name: str) -> str:
    found = headers.get(name) or ""
    return found.replace("\x00", "").strip()[: events.MAX_LENGTH]
