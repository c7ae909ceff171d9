"""The three privacy topics, and the end of a connection."""

from crm.types import DataRequestRecord, EraseRecord, StoreClosedRecord
from stores.platforms.fields import Json, child, text
from stores.types import Delivery, StoreContext, Translation


def translate_data_request(payload: Json, delivery: Delivery, store: StoreContext) -> Translation:
    """Read customers/data_request: somebody asks what is stored of them."""
    customer = child(payload, "customer")
    request = DataRequestRecord(
        request_id=text(child(payload, "data_request"), "id"),
        external_id=text(customer, "id"),
        email=text(customer, "email"),
    )
    return Translation([request])


def translate_erasure(payload: Json, delivery: Delivery, store: StoreContext) -> Translation:
    """Read customers/redact: somebody asks to be forgotten."""
    customer = child(payload, "customer")
    return Translation(
        [
            EraseRecord(
                external_id=text(customer, "id"),
                email=text(customer, "email"),
                phone=text(customer, "phone"),
            )
        ]
    )


def translate_uninstall(payload: Json, delivery: Delivery, store: StoreContext) -> Translation:
    """Read app/uninstalled: the merchant removed the app."""
    return Translation([StoreClosedRecord(occurred_at=delivery.arrived_at)])


def translate_shop_erasure(payload: Json, delivery: Delivery, store: StoreContext) -> Translation:
    """Read shop/redact: 48 hours after the removal everything of the shop goes."""
    return Translation([StoreClosedRecord(occurred_at=delivery.arrived_at, erase=True)])
