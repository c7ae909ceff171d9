"""Live membership: what events change is decided at once, for the changed profiles only."""

from collections.abc import Collection, Mapping, Sequence

from django.db import transaction

from crm.types import EventRef
from kernel import clock
from segments.choices import Cause
from segments.domain.definitions import events_named, fields_named
from segments.fields import KNOWN_FIELDS
from segments.queries.conditions import list_definitions
from segments.services.memberships import decide_memberships, of_profiles
from segments.services.rfm import score_changed
from segments.services.upkeep import lock_upkeep, note_changed
from segments.types import ChangeCause

_FIGURES = frozenset(
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
_ALWAYS = _FIGURES | {
    "Profile Created",
    "Profile Updated",
    "Consent Changed",
    "Suppression Changed",
    "Tags Changed",
}
_SITE = frozenset({"Engagement", "Site and cart", "Where they came from"})
_MOVED: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(("Message Opened", "Message Clicked"), frozenset({"Engagement"})),
    **dict.fromkeys(("Points Earned", "Points Reversed"), frozenset({"Loyalty"})),
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


@transaction.atomic(savepoint=False)
def refresh_for_events(refs: list[EventRef]) -> None:
    """Score and decide anew the profiles in a batch of events.

    Entries and exits become events themselves, which this handler does not hear. A repeat finds
    no difference and writes nothing.

    Args:
        refs: events of the active tenant; those without a profile, and those that no definition
            depends on, are left out.
    """
    causes = _causes(_touching(refs))
    if not causes:
        return
    now = clock.now()
    upkeep = lock_upkeep()
    history = {key for key, cause in causes.items() if cause.is_history}
    moved = {ref.profile_id for ref in refs if ref.name in _FIGURES}
    score_changed([key for key in sorted(causes) if key in moved], now, history_ids=history)
    decide_memberships(
        of_profiles(sorted(causes)), now, cause=ChangeCause(Cause.EVENT), causes=causes
    )
    buyers = {ref.profile_id for ref in refs if ref.name == "Order Placed"}
    cause = Cause.IMPORT if history else Cause.REFERENCE
    note_changed(upkeep, len(buyers), cause=cause, now=now)


def counted_names(names: Collection[str]) -> set[str]:
    """Return those of some names of events that a definition counts."""
    return events_named(list_definitions().values()).intersection(names)


def _touching(refs: Sequence[EventRef]) -> list[EventRef]:
    """Return the events that can change a membership."""
    if all(ref.name in _ALWAYS for ref in refs):
        return list(refs)
    trees = list_definitions().values()
    counted = events_named(trees)
    groups = {KNOWN_FIELDS[name].group for name in fields_named(trees)}
    return [
        ref
        for ref in refs
        if ref.name in _ALWAYS or ref.name in counted or groups & _MOVED.get(ref.name, frozenset())
    ]


def _causes(refs: Sequence[EventRef]) -> dict[int, ChangeCause]:
    """Return for each profile the newest event of its batch, live ones before history."""
    newest: dict[int, EventRef] = {}
    for ref in refs:
        if ref.profile_id is None:
            continue
        known = newest.setdefault(ref.profile_id, ref)
        if (not ref.is_backfill, ref.event_id) > (not known.is_backfill, known.event_id):
            newest[ref.profile_id] = ref
    return {key: _cause(ref) for key, ref in newest.items()}


def _cause(ref: EventRef) -> ChangeCause:
    if ref.name == "Profile Merged":
        word = Cause.MERGE
    else:
        word = Cause.IMPORT if ref.is_backfill else Cause.EVENT
    return ChangeCause(word, ref.event_id, ref.name, ref.is_backfill)
