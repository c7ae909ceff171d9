"""How often people usually enter a flow, by what starts it."""

from collections.abc import Mapping
from typing import Any, Final

from flows.domain.graph import EventTrigger, SegmentTrigger, Trigger
from flows.domain.starts import TIER_CHANGED, DateTrigger, ManualTrigger, Repeats

OF_ORDERS: Final = (
    "Order Placed",
    "Order Fulfilled",
    "Order Delivered",
    "Order Cancelled",
    "Order Refunded",
    "Shipment Delayed",
    "Return Initiated",
    "Return Updated",
    "Return Completed",
)
"""Events that know their ``order_id``."""
OF_ONE_ORDER: Final = {"same": ["order_id"], "timeout": {"n": 10, "unit": "days"}}
"""How one of them is waited for after another: of the same order, and until parcels have come."""
_OF_BROWSING: Final = (
    "Checkout Started",
    "Cart Updated",
    "Cart Viewed",
    "Product Added",
    "Product Viewed",
    "Products Searched",
    "Page Viewed",
)
_EVERY_TIME: Final = {"policy": "every_time"}
_WEEKLY: Final = {"policy": "after", "n": 7, "unit": "days"}
_BY_VARIANT: Final = {"policy": "keyed", "property": "variant_id", "again": True}

BY_EVENT: Final[Mapping[str, Mapping[str, Any]]] = {
    **dict.fromkeys(OF_ORDERS, _EVERY_TIME),
    "Cart Abandoned": {"policy": "keyed", "property": "cart_id"},
    **dict.fromkeys(_OF_BROWSING, _WEEKLY),
    "Review Submitted": _EVERY_TIME,
    "Ticket Resolved": _EVERY_TIME,
    TIER_CHANGED: {"policy": "keyed", "property": "to"},
}
"""The ``reentry`` of flows that an event starts which comes again to the same person."""
BY_KEY: Final[Mapping[str, Mapping[str, Any]]] = {
    "date": _EVERY_TIME,
    "price_drop": _BY_VARIANT,
    "low_stock": _BY_VARIANT,
    "back_in_stock": _BY_VARIANT,
    "refill": _EVERY_TIME,
    "new_product": _WEEKLY,
    "manual": _EVERY_TIME,
}
"""The same for triggers that are no event, by the key that they are written under."""


def comes_again(trigger: Trigger) -> bool:
    """Say whether what starts a flow happens to one person again and again."""
    match trigger:
        case EventTrigger(event=event):
            return event in BY_EVENT
        case DateTrigger(repeats=repeats):
            return repeats is not Repeats.ONCE
        case SegmentTrigger() | ManualTrigger():
            return False
        case _:
            return True
