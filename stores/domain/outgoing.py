"""Webhooks that go out: what they are called, when they are tried again, how they are signed."""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

TYPES: Final[dict[str, str]] = {
    "order.placed": "Order Placed",
    "order.updated": "Order Updated",
    "order.cancelled": "Order Cancelled",
    "order.refunded": "Order Refunded",
    "order.fulfilled": "Order Fulfilled",
    "order.delivered": "Order Delivered",
    "shipment.delayed": "Shipment Delayed",
    "return.initiated": "Return Initiated",
    "return.updated": "Return Updated",
    "return.completed": "Return Completed",
    "review.submitted": "Review Submitted",
    "ticket.opened": "Ticket Opened",
    "ticket.reopened": "Ticket Reopened",
    "ticket.resolved": "Ticket Resolved",
    "cart.abandoned": "Cart Abandoned",
    "checkout.started": "Checkout Started",
    "profile.created": "Profile Created",
    "profile.updated": "Profile Updated",
    "profile.merged": "Profile Merged",
    "consent.changed": "Consent Changed",
    "suppression.changed": "Suppression Changed",
    "tags.changed": "Tags Changed",
    "form.submitted": "Form Submitted",
    "segment.entered": "Segment Entered",
    "segment.exited": "Segment Exited",
    "rfm_group.changed": "RFM Group Changed",
    "message.sent": "Message Sent",
    "message.delivered": "Message Delivered",
    "message.bounced": "Message Bounced",
    "message.complained": "Message Complained",
    "message.opened": "Message Opened",
    "message.clicked": "Message Clicked",
    "message.unsubscribed": "Message Unsubscribed",
    "points.earned": "Points Earned",
    "points.reversed": "Points Reversed",
    "loyalty_tier.changed": "Loyalty Tier Changed",
    "points.activated": "Points Activated",
    "points.expiring": "Points Expiring",
    "points.expired": "Points Expired",
    "product.price_dropped": "Price Dropped",
    "product.back_in_stock": "Back In Stock",
}
"""Event name by the type that webhooks carry: the one table between the two."""
TYPE_OF: Final = {name: type_ for type_, name in TYPES.items()}
TEST_TYPE: Final = "webhook.test"
FLOW_TYPE: Final = "flow.reached"
"""A flow tells one endpoint that somebody came to a step of it."""

DELAYS: Final = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
"""How long after each failed try the next one follows; after the last of them nothing is tried."""
JITTER_SHARE: Final = 0.1
MAX_PATIENCE: Final = timedelta(hours=24)
"""The longest that an endpoint may ask to be left alone."""
MAX_BODY: Final = 20 * 1024
"""Bytes of a body at most; what is longer leaves out the event's properties."""


def next_try(tries: int, now: datetime, delivery_id: int) -> datetime | None:
    """Return when a delivery is tried again after so many failed tries; None: never.

    A tenth more at most is added, other for each delivery, so that what failed together does not
    come back together.
    """
    if tries > len(DELAYS):
        return None
    delay = DELAYS[tries - 1]
    share = int(hashlib.sha256(f"{delivery_id}:{tries}".encode()).hexdigest()[:8], 16) / 2**32
    return now + delay * (1 + JITTER_SHARE * share)


def sign(secrets: Sequence[bytes], message_id: str, at: datetime, body: bytes) -> str:
    """Return what ``webhook-signature`` says: one signature per key (Standard Webhooks).

    Args:
        secrets: keys as bytes, the present one first.
        message_id: of ``webhook-id``.
        at: of the try; ``webhook-timestamp`` says it in whole seconds.
        body: as it is posted.
    """
    content = f"{message_id}.{int(at.timestamp())}.".encode() + body
    return " ".join(
        "v1," + base64.b64encode(hmac.digest(key, content, "sha256")).decode() for key in secrets
    )
