"""Goods that go back."""

from typing import Any, Final

from crm.types.care import ReturnRecord
from stores.platforms.fields import Json, child, children, identifier, text, whole
from stores.types import Delivery, StoreContext, Translation

_STATUSES: Final = {
    "requested": "requested",
    "open": "approved",
    "closed": "completed",
    "declined": "declined",
    "canceled": "cancelled",
    "cancelled": "cancelled",
}
NO_RETURN: Final = "The delivery names no return"


def translate_return(payload: Json, delivery: Delivery, store: StoreContext) -> Translation:
    """Read returns/request, approve, decline, cancel, close, reopen and process."""
    if not text(payload, "id"):
        return Translation(ignored=NO_RETURN)
    order_id = text(payload, "order_id") or text(child(payload, "order"), "id")
    at = delivery.arrived_at
    is_first = text(payload, "status") == "requested"
    decline = child(payload, "decline")
    record = ReturnRecord(
        external_id=identifier(payload),
        version_at=at,
        order_external_id=order_id,
        status=_STATUSES.get(text(payload, "status").lower(), ""),
        number=text(payload, "name"),
        requested_at=at if is_first else None,
        reason=text(decline, "reason").replace("_", " ").capitalize(),
        note=text(decline, "note"),
        items=[_item(item) for item in children(payload, "return_line_items")],
    )
    return Translation([record])


def _item(item: Json) -> dict[str, Any]:
    line = child(child(item, "fulfillment_line_item"), "line_item")
    found = {
        "line_key": text(line, "id"),
        "sku": text(line, "sku"),
        "title": text(line, "title"),
        "quantity": whole(item, "quantity"),
        "reason": text(item, "return_reason").replace("_", " ").capitalize(),
    }
    return {name: value for name, value in found.items() if value}
