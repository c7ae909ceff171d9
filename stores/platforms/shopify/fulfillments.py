"""Parcels."""

from datetime import datetime

from crm.types import ShipmentRecord
from stores.platforms.fields import Json, identifier, instant, text
from stores.types import Delivery, StoreContext, Translation

DELIVERED = "delivered"


def translate_fulfillment(payload: Json, delivery: Delivery, store: StoreContext) -> Translation:
    """Read fulfillments/create and update."""
    order_id = identifier(payload, "order_id")
    return Translation([read_shipment(payload, order_id, delivery.arrived_at)])


def translate_tracking(payload: Json, delivery: Delivery, store: StoreContext) -> Translation:
    """Read fulfillment_events/create: what the carrier says of a parcel."""
    status = text(payload, "status")
    happened_at = instant(payload, "happened_at") or delivery.arrived_at
    record = ShipmentRecord(
        external_id=identifier(payload, "fulfillment_id"),
        version_at=happened_at,
        order_external_id=identifier(payload, "order_id"),
        status=status,
        promised_at=instant(payload, "estimated_delivery_at"),
        delivered_at=happened_at if status == DELIVERED else None,
    )
    return Translation([record])


def read_shipment(payload: Json, order_id: str, arrived_at: datetime) -> ShipmentRecord:
    """Read a fulfilment object; it counts as delivered when the carrier says so."""
    version_at = instant(payload, "updated_at") or arrived_at
    status = text(payload, "shipment_status") or text(payload, "status")
    return ShipmentRecord(
        external_id=identifier(payload),
        version_at=version_at,
        order_external_id=order_id,
        status=status,
        carrier=text(payload, "tracking_company"),
        tracking_number=text(payload, "tracking_number"),
        tracking_url=text(payload, "tracking_url"),
        shipped_at=instant(payload, "created_at"),
        delivered_at=version_at if status == DELIVERED else None,
    )
