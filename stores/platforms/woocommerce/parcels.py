"""Parcels, as plugins for shipment tracking note them in the meta data of an order.

WooCommerce itself knows none. "Shipment Tracking" and "Advanced Shipment Tracking" keep them under
one key and alike.
"""

from datetime import UTC, datetime
from typing import Final

from crm.types import OrderRecord, ShipmentRecord
from stores.platforms.fields import Json, children, text

META_KEY: Final = "_wc_shipment_tracking_items"
_LATEST: Final = 4_102_444_800
"""2100, in seconds since 1970."""
_STATES: Final = {"delivered": "delivered", "shipped": "shipped", "1": "shipped"}


def read_parcels(payload: Json, order: OrderRecord) -> list[ShipmentRecord]:
    """Return the parcels of an order; one without a number and an id is passed over."""
    noted = [item for item in children(payload, "meta_data") if text(item, "key") == META_KEY]
    found = [parcel for item in noted for parcel in children(item, "value")]
    read = [_read(parcel, order) for parcel in found]
    return [parcel for parcel in read if parcel is not None]


def _read(parcel: Json, order: OrderRecord) -> ShipmentRecord | None:
    number = text(parcel, "tracking_number")
    name = text(parcel, "tracking_id") or number
    if not name:
        return None
    carrier = text(parcel, "custom_tracking_provider") or text(parcel, "tracking_provider")
    return ShipmentRecord(
        external_id=f"{order.external_id}:{name}"[:255],
        version_at=order.version_at,
        order_external_id=order.external_id,
        status=_STATES.get(text(parcel, "status_shipped").lower(), "shipped"),
        carrier=carrier,
        tracking_number=number,
        tracking_url=text(parcel, "custom_tracking_link") or text(parcel, "tracking_link"),
        shipped_at=_moment(text(parcel, "date_shipped")),
    )


def _moment(found: str) -> datetime | None:
    """Return a time of seconds since 1970; anything else is none."""
    seconds = int(found) if found.isdecimal() and len(found) < 12 else 0  # noqa: PLR2004 digits
    return datetime.fromtimestamp(seconds, UTC) if 0 < seconds < _LATEST else None
