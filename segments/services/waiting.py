"""Events that wait to be worked off: whoever decides somebody first tells in their place.

Facts and orders are written before segments hear of an event. A decision for another reason then
finds the difference that the event is about to tell of; it must not pass in silence.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Final

from crm.services.events import handlers_of
from kernel.arrays import columns
from segments.domain.definitions import Node, events_named, fields_named
from segments.fields import KNOWN_FIELDS

HANDLER: Final = "segments.services.live.refresh_for_events"
"""As `config.event_handlers` names it."""
FIGURES: Final = frozenset(
    {
        "Order Placed",
        "Order Updated",
        "Order Cancelled",
        "Order Refunded",
        "Profile Merged",
        "Import Undone",
    }
)
"""Events that can move what buyers are scored on."""
ALWAYS: Final = FIGURES | {
    "Profile Created",
    "Profile Updated",
    "Consent Changed",
    "Suppression Changed",
    "Push Device Changed",
    "Tags Changed",
}
"""Events that can change a membership whatever the definitions are."""
_SITE: Final = frozenset({"Engagement", "Site and cart", "Where they came from"})
_MOVED: Final[Mapping[str, frozenset[str]]] = {
    **dict.fromkeys(("Message Opened", "Message Clicked"), frozenset({"Engagement"})),
    **dict.fromkeys(
        (
            "Points Earned",
            "Points Reversed",
            "Points Activated",
            "Points Expired",
            "Loyalty Tier Changed",
        ),
        frozenset({"Loyalty"}),
    ),
    **dict.fromkeys(
        (
            "Order Fulfilled",
            "Order Delivered",
            "Shipment Delayed",
            "Return Initiated",
            "Return Updated",
            "Return Completed",
            "Review Submitted",
            "Review Updated",
            "Ticket Opened",
            "Ticket Reopened",
            "Ticket Resolved",
        ),
        frozenset({"Service"}),
    ),
    **dict.fromkeys(
        (
            "Page Viewed",
            "Screen Viewed",
            "Product Viewed",
            "Products Searched",
            "Product Added",
            "Product Removed",
            "Cart Viewed",
            "Cart Updated",
            "Cart Abandoned",
            "Checkout Started",
            "Order Completed",
        ),
        _SITE,
    ),
}
"""Groups of fields that an event moves; other events matter to who counts them alone."""


def events_heard(trees: Collection[Node]) -> set[str]:
    """Return the names of the events that can change a membership of some definitions."""
    groups = {KNOWN_FIELDS[name].group for name in fields_named(trees)}
    moving = {name for name, moved in _MOVED.items() if moved & groups}
    return {*ALWAYS, *moving, *events_named(trees)}


def heard_columns(trees: Collection[Node]) -> dict[str, str]:
    """Return the names of `events_heard` and at which stage segments hear of each, as arrays."""
    return columns("heard places", list(_places(sorted(events_heard(trees)))))


def _places(names: Iterable[str]) -> Iterable[tuple[str, int]]:
    for name in names:
        handlers = handlers_of(name)
        if HANDLER in handlers:
            yield name, handlers.index(HANDLER)
