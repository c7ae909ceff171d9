"""A threshold is crossed: a regular, a VIP, or another tier. Each welcome comes once."""

from typing import Any, Final

from flows.library.base import BEHAVIOURAL, EVENT, LOYALTY, Bound, LibraryFlow, Mail, Need
from flows.library.parts import (
    HELLO,
    bullets,
    button,
    heading,
    only,
    picked,
    points,
    words,
)
from flows.library.steps import delay, end, flow, in_segment, message, tell

REGULAR: Final = Mail(
    key="library_regular",
    name="Welcome, regular",
    message_class=BEHAVIOURAL,
    subject="You are a regular now",
    preheader="Two orders in, you get a little more from us.",
    parts=(
        heading("Welcome to our regulars."),
        words(
            HELLO,
            "once can be chance. Twice is a choice, and we are glad you made it. From today on you "
            "are one of our regulars, and that means:",
        ),
        bullets(
            "<strong>Your questions first.</strong> Reply to any of our emails, and you go to the "
            "front of the queue.",
            "<strong>New things early.</strong> You hear of them before everybody else does.",
            "<strong>No fuss.</strong> If something is not right, we put it right, no form to "
            "fill in.",
        ),
        button("Visit {{ store.name }}"),
    ),
)
VIP: Final = Mail(
    key="library_vip",
    name="Welcome, VIP",
    message_class=BEHAVIOURAL,
    subject="{% if person.first_name != '' %}{{ person.first_name }}, you{% else %}You{% endif %} "
    "are a VIP",
    preheader="One of few. Here is what comes with it.",
    parts=(
        heading("Welcome to the VIPs."),
        words(
            HELLO,
            "you are one of the customers we could not do without. We would like you to feel it:",
        ),
        bullets(
            "<strong>First pick.</strong> What is scarce is offered to you before others.",
            "<strong>A person, not a queue.</strong> Reply to this email, and somebody who knows "
            "your orders answers.",
            "<strong>Things made for you.</strong> Some products are for VIPs alone.",
        ),
        picked("Chosen for you"),
    ),
)
TIER: Final = Mail(
    key="library_tier",
    name="A new tier",
    message_class=BEHAVIOURAL,
    subject="Welcome to {{ event.to }}",
    preheader="You have come up a tier. Here is what you get from now on.",
    parts=(
        heading("Welcome to {{ event.to }}."),
        words(
            HELLO,
            "{% if event.from == '' %}you have your first tier: {{ event.to }}."
            "{% else %}you have come up from {{ event.from }} to {{ event.to }}.{% endif %} "
            "Whatever comes with it is yours from now on, on every order.",
        ),
        only(
            "loyalty.benefits != ''",
            words("<strong>What it brings:</strong> {{ loyalty.benefits }}"),
        ),
        points("See what you can do with them"),
        words("Questions about your tier? Reply to this email."),
    ),
)


def _welcome(segment: str, said: Mail) -> dict[str, Any]:
    """Return a flow that welcomes whoever enters a segment, once for ever."""
    return flow(
        {"segment": segment},
        {
            "hour": delay(1, "hours", "say"),
            "say": message(said, "end"),
            "end": end("welcomed"),
        },
        reentry={"policy": "once"},
        entry_filter=in_segment(segment),
    )


def _build_regular(bound: Bound) -> dict[str, Any]:
    return _welcome(bound.segment("repeat"), REGULAR)


def _build_vip(bound: Bound) -> dict[str, Any]:
    return _welcome(bound.segment("vip"), VIP)


def _build_tier(bound: Bound) -> dict[str, Any]:
    del bound
    is_up = {"property": "direction", "is": "in", "value": ["up", "joined"]}
    return tell(
        {"event": "Loyalty Tier Changed", "filter": [is_up]},
        message(TIER, "end"),
        "welcomed",
        reentry={"policy": "keyed", "property": "to"},
    )


_ORDERS: Final = Need(EVENT, "Order Placed", "Connect a store, so that orders come in.")
REGULARS: Final = LibraryFlow(
    key="regular_welcome",
    name="Welcome, regulars",
    rows=("F12",),
    group=LOYALTY,
    icon="user",
    description="Tells customers once, with their second order, that they are regulars now and "
    "what that brings.",
    build=_build_regular,
    messages=(REGULAR,),
    needs=(_ORDERS,),
    segments=("repeat",),
)
VIPS: Final = LibraryFlow(
    key="vip_welcome",
    name="Welcome, VIPs",
    rows=("F12",),
    group=LOYALTY,
    icon="star",
    description="Tells customers once that they are among your best, and what that brings.",
    build=_build_vip,
    messages=(VIP,),
    needs=(_ORDERS,),
    segments=("vip",),
)
TIERS: Final = LibraryFlow(
    key="tier_upgrade",
    name="Tier upgrade",
    rows=("F12",),
    group=LOYALTY,
    icon="arrow-up",
    description="Welcomes everybody to the loyalty tier they come up to, once for each tier.",
    build=_build_tier,
    messages=(TIER,),
    needs=(
        Need(
            EVENT,
            "Loyalty Tier Changed",
            "Set up tiers under Loyalty; people then move as they buy.",
        ),
    ),
)
FLOWS: Final = (REGULARS, VIPS, TIERS)
