"""Who reacts to which event. Read this file to learn what an event sets off.

Keys are event names; values are services that take a batch of reactions of the active tenant
(`crm.types.EventRef`), in the order in which they run. A batch may be handled twice, so each
handler is idempotent; each runs in a transaction that also moves on the reaction rows it has
done, so none is forgotten. `TOGETHER` says which neighbours share one.
"""

_FACTS = "crm.services.facts.refresh_for_events"
_POINTS = "loyalty.services.accrual.post_for_events"
_SEGMENTS = "segments.services.live.refresh_for_events"
_FLOWS = "flows.services.enrolment.enrol_for_events"
_EXITS = "flows.services.exits.exit_for_events"

EVENT_HANDLERS: dict[str, tuple[str, ...]] = {
    "Order Placed": (_FACTS, _POINTS, _SEGMENTS, _EXITS, _FLOWS),
    "Order Updated": (_FACTS, _POINTS, _SEGMENTS),
    "Order Cancelled": (_FACTS, _POINTS, _SEGMENTS),
    "Order Refunded": (_FACTS, _POINTS, _SEGMENTS),
    "Order Fulfilled": (_FLOWS,),
    "Profile Created": (_FACTS, _SEGMENTS),
    "Profile Updated": (_SEGMENTS,),
    "Profile Merged": (_FACTS, _SEGMENTS),
    "Consent Changed": (_SEGMENTS,),
    "Tags Changed": (_SEGMENTS,),
    "Import Undone": (_FACTS, _SEGMENTS),
    "Note Added": (),
    "Segment Entered": (_EXITS, _FLOWS),
    "Segment Exited": (),
    "RFM Group Changed": (_FLOWS,),
    "Message Sent": (),
    "Message Opened": (_FACTS,),
    "Message Clicked": (_FACTS,),
    "Message Unsubscribed": (),
    "Points Earned": (),
    "Points Reversed": (),
}

TOGETHER: tuple[tuple[str, ...], ...] = ((_FACTS, _POINTS), (_EXITS, _FLOWS))
"""Handlers that follow each other in one transaction: claimed once, moved on once.

They take their locks in one order, the profiles first. Segments stand alone: they hold the
tenant's row of upkeep, and others take that row before profiles.
"""
