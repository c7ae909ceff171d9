"""Who reacts to which event. Read this file to learn what an event sets off.

Keys are event names; values are services that take a batch of reactions of the active tenant
(`crm.types.EventRef`), in the order in which they run. A batch may be handled twice, so each
handler is idempotent; each runs in a transaction that also moves on the reaction rows it has
done, so none is forgotten. `TOGETHER` says which neighbours share one.

``*`` stands for every other event that a site, an app or the API tells of. What visitors do whom
nobody knows sets nothing off, but for an order that a browser tells of: it may show who they are.
"""

_FACTS = "crm.services.facts.refresh_for_events"
_POINTS = "loyalty.services.accrual.post_for_events"
_TIERS = "loyalty.services.tiers.evaluate_for_events"
_CARTS = "crm.services.carts.refresh_for_events"
_HINTS = "crm.services.order_hints.keep_for_events"
_JOIN = "crm.services.order_hints.join_for_events"
_WRITES = "stores.services.wishing.wish_for_events"
_OUTGOING = "stores.services.outgoing.queue_for_events"
_SEGMENTS = "segments.services.live.refresh_for_events"
_FLOWS = "flows.services.enrolment.enrol_for_events"
_EXITS = "flows.services.exits.exit_for_events"
_STOCK = "flows.services.waiting.wake_for_stock"
_WANTED = "flows.services.wanted.note_goods"

EVENT_HANDLERS: dict[str, tuple[str, ...]] = {
    "Order Placed": (_FACTS, _POINTS, _CARTS, _WRITES, _OUTGOING, _SEGMENTS, _EXITS, _FLOWS, _JOIN),
    "Order Updated": (_FACTS, _POINTS, _WRITES, _OUTGOING, _SEGMENTS),
    "Order Cancelled": (_FACTS, _POINTS, _WRITES, _OUTGOING, _SEGMENTS, _EXITS, _FLOWS),
    "Order Refunded": (_FACTS, _POINTS, _WRITES, _OUTGOING, _SEGMENTS, _EXITS, _FLOWS),
    "Order Fulfilled": (_OUTGOING, _SEGMENTS, _EXITS, _FLOWS),
    "Profile Created": (_FACTS, _CARTS, _WRITES, _OUTGOING, _SEGMENTS),
    "Order Delivered": (_FACTS, _OUTGOING, _SEGMENTS, _EXITS, _FLOWS),
    "Shipment Delayed": (_FACTS, _OUTGOING, _SEGMENTS, _EXITS, _FLOWS),
    "Return Initiated": (_FACTS, _OUTGOING, _SEGMENTS, _EXITS, _FLOWS),
    "Return Updated": (_FACTS, _OUTGOING, _SEGMENTS, _EXITS, _FLOWS),
    "Return Completed": (_FACTS, _OUTGOING, _SEGMENTS, _EXITS, _FLOWS),
    "Review Submitted": (_FACTS, _OUTGOING, _SEGMENTS, _EXITS, _FLOWS),
    "Review Updated": (_FACTS, _SEGMENTS),
    "Ticket Opened": (_FACTS, _OUTGOING, _SEGMENTS, _EXITS, _FLOWS),
    "Ticket Reopened": (_FACTS, _OUTGOING, _SEGMENTS, _EXITS, _FLOWS),
    "Ticket Resolved": (_FACTS, _OUTGOING, _SEGMENTS, _EXITS, _FLOWS),
    "Profile Updated": (_WRITES, _OUTGOING, _SEGMENTS),
    "Profile Merged": (_FACTS, _TIERS, _CARTS, _WRITES, _OUTGOING, _SEGMENTS),
    "Consent Changed": (_WRITES, _OUTGOING, _SEGMENTS, _EXITS, _FLOWS),
    "Suppression Changed": (_WRITES, _OUTGOING, _SEGMENTS),
    "Push Device Changed": (_SEGMENTS,),
    "Tags Changed": (_WRITES, _OUTGOING, _SEGMENTS, _EXITS, _FLOWS),
    "Import Undone": (_FACTS, _TIERS, _WRITES, _SEGMENTS),
    "Price Dropped": (_OUTGOING, _WANTED),
    "Back In Stock": (_OUTGOING, _STOCK, _WANTED),
    "Stock Low": (_WANTED,),
    "Product Published": (_WANTED,),
    "Note Added": (_SEGMENTS,),
    "Task Finished": (_SEGMENTS, _EXITS, _FLOWS),
    "Segment Entered": (_EXITS, _FLOWS, _WRITES, _OUTGOING),
    "Segment Exited": (_EXITS, _FLOWS, _WRITES, _OUTGOING),
    "RFM Group Changed": (_WRITES, _OUTGOING, _SEGMENTS, _EXITS, _FLOWS),
    "Message Sent": (_OUTGOING, _SEGMENTS),
    "Message Opened": (_FACTS, _OUTGOING, _SEGMENTS, _EXITS),
    "Message Clicked": (_FACTS, _OUTGOING, _SEGMENTS, _EXITS),
    "Message Delivered": (_OUTGOING, _SEGMENTS),
    "Message Bounced": (_OUTGOING, _SEGMENTS, _EXITS, _FLOWS),
    "Message Complained": (_OUTGOING, _SEGMENTS, _EXITS, _FLOWS),
    "Message Unsubscribed": (_OUTGOING, _SEGMENTS, _EXITS, _FLOWS),
    "Form Submitted": (_OUTGOING, _SEGMENTS, _EXITS, _FLOWS),
    "Points Earned": (_WRITES, _OUTGOING, _SEGMENTS, _EXITS, _FLOWS),
    "Points Reversed": (_WRITES, _OUTGOING, _SEGMENTS),
    "Loyalty Tier Changed": (_WRITES, _OUTGOING, _SEGMENTS, _EXITS, _FLOWS),
    "Points Activated": (_WRITES, _OUTGOING, _SEGMENTS, _EXITS, _FLOWS),
    "Points Expiring": (_OUTGOING, _SEGMENTS, _EXITS, _FLOWS),
    "Points Expired": (_WRITES, _OUTGOING, _SEGMENTS, _EXITS, _FLOWS),
    "Early Access Opened": (_SEGMENTS, _EXITS, _FLOWS),
    "Data Requested": (_SEGMENTS,),
    "Page Viewed": (_SEGMENTS, _EXITS, _FLOWS),
    "Screen Viewed": (_SEGMENTS, _EXITS, _FLOWS),
    "Page Left": (_SEGMENTS,),
    "Product Viewed": (_FACTS, _SEGMENTS, _EXITS, _FLOWS),
    "Products Searched": (_FACTS, _SEGMENTS, _EXITS, _FLOWS),
    "Product Added": (_FACTS, _CARTS, _SEGMENTS, _EXITS, _FLOWS),
    "Product Removed": (_CARTS, _SEGMENTS, _EXITS, _FLOWS),
    "Cart Viewed": (_CARTS, _SEGMENTS, _EXITS, _FLOWS),
    "Cart Updated": (_CARTS, _SEGMENTS, _EXITS, _FLOWS),
    "Checkout Started": (_FACTS, _CARTS, _OUTGOING, _SEGMENTS, _EXITS, _FLOWS),
    "Cart Abandoned": (_OUTGOING, _SEGMENTS, _EXITS, _FLOWS),
    "Order Completed": (_CARTS, _SEGMENTS, _EXITS, _FLOWS, _HINTS, _JOIN),
    "*": (_SEGMENTS, _EXITS, _FLOWS),
}

IMPLIED: dict[str, tuple[str, ...]] = {"Profile Created": ("Order Placed",)}
"""First events of new people that set off nothing beside another one of their batch, by name: who
hears them looks at the profile alone, and hears the other one too. Most come with an order."""

IDLE_IN_HISTORY: dict[str, str] = {
    _WRITES: "stores.queries.has_open_lanes",
    _OUTGOING: "",
    _EXITS: "flows.queries.people.has_active_runs",
    _FLOWS: "",
    _WANTED: "",
    _JOIN: "crm.queries.visitors.has_order_hints",
}
"""Handlers that history passes by: always, or unless this function of the active tenant says that
they may have something to do. It is asked when they would have their turn."""

TOGETHER: tuple[tuple[str, ...], ...] = (
    (_FACTS, _POINTS, _TIERS, _CARTS, _WRITES, _OUTGOING),
    (_EXITS, _FLOWS),
)
"""Handlers that follow each other in one transaction: claimed once, moved on once.

They take their locks in one order, the profiles first. Segments stand alone: they hold the
tenant's row of upkeep, and others take that row before profiles.
"""
