"""News of a parcel: it leaves, it arrives, or it is late. They go to everybody who bought."""

from typing import Any, Final

from flows.library.base import EVENT, SERVICE, TRANSACTIONAL, Bound, LibraryFlow, Mail, Need
from flows.library.parts import HELLO, Part, button, heading, only, order_lines, words
from flows.library.steps import NOT_AT_TILL, end, flow, message

_HAS_LINK: Final = "event contains 'tracking_url' and event.tracking_url != ''"
_CARRIER: Final = (
    "{% if event contains 'carrier' and event.carrier != '' %} with {{ event.carrier }}{% endif %}"
)
_EVERY: Final = {"policy": "every_time"}


def _follow(label: str) -> Part:
    return only(_HAS_LINK, button(label, "{{ event.tracking_url }}"))


SHIPPED: Final = Mail(
    key="library_shipped",
    name="Shipping update",
    message_class=TRANSACTIONAL,
    subject="Order {{ order.number }} is on its way",
    preheader="It has just left us. Follow it to your door.",
    parts=(
        heading("It is on its way."),
        words(
            HELLO,
            f"your parcel has just left us{_CARRIER}. You need to do nothing but be at home, or "
            "ask a neighbour who likes you.",
        ),
        _follow("Follow your parcel"),
        only(
            "event contains 'promised_at'",
            words("Expected by {{ event.promised_at | date: '%-d %B' }}."),
        ),
        order_lines("What you ordered"),
        words("If you ordered several things, they may come in more than one parcel."),
    ),
)
DELIVERED: Final = Mail(
    key="library_delivered",
    name="Delivery confirmation",
    message_class=TRANSACTIONAL,
    subject="Order {{ order.number }} has arrived",
    preheader="Not there? Reply, and we find it.",
    parts=(
        heading("It is there."),
        words(
            HELLO,
            "the carrier tells us that your parcel was delivered. We hope that everything in it "
            "is as you imagined.",
            "Can you not find it, or is something missing or broken? Reply to this email, with a "
            "picture if you can. A person reads it and puts it right.",
        ),
        words('Not what you wanted? <a href="{{ return_url }}">Send it back</a>.'),
        order_lines("In your order"),
    ),
)
LATE: Final = Mail(
    key="library_late",
    name="Delay, apology",
    message_class=TRANSACTIONAL,
    subject="Order {{ order.number }} is late, and we are sorry",
    preheader="We noticed before you had to ask. This is what happens now.",
    parts=(
        heading("Your parcel is late. We are sorry."),
        words(
            HELLO,
            "we promised you a parcel"
            "{% if event contains 'promised_at' %} by "
            "{{ event.promised_at | date: '%-d %B' }}{% endif %}, and it has not arrived. "
            "That is not what you paid for.",
            f"We are asking the carrier{_CARRIER.replace(' with ', ', ')} where it is. You need "
            "to do nothing; your order is safe, and should the parcel be lost, we send it again or "
            "give you your money back, whichever you like better.",
        ),
        _follow("See where it is"),
        words("Do you need it by a certain day? Reply to this email, and we find a way."),
        order_lines("In your order"),
    ),
)


def _tell(event: str, said: Mail, reason: str) -> dict[str, Any]:
    """Return a flow that sends one message of an order at once, unless that was cancelled."""
    return flow(
        {"event": event, "filter": [NOT_AT_TILL]},
        {"say": message(said, "end"), "end": end(reason)},
        reentry=_EVERY,
        exit_on=[{"event": "Order Cancelled", "same": ["order_id"]}],
    )


def _build_shipped(bound: Bound) -> dict[str, Any]:
    del bound
    return _tell("Order Fulfilled", SHIPPED, "told that it left")


def _build_delivered(bound: Bound) -> dict[str, Any]:
    del bound
    return _tell("Order Delivered", DELIVERED, "told that it arrived")


def _build_late(bound: Bound) -> dict[str, Any]:
    del bound
    said = _tell("Shipment Delayed", LATE, "apologised")
    return said | {
        "exit_on": [*said["exit_on"], {"event": "Order Delivered", "same": ["order_id"]}]
    }


SHIPPING: Final = LibraryFlow(
    key="shipping_update",
    name="Shipping update",
    rows=("F14",),
    group=SERVICE,
    icon="truck",
    description="Tells everybody that their parcel has left, with the link to follow it, also "
    "those who get no marketing. Not those who bought at the till.",
    build=_build_shipped,
    messages=(SHIPPED,),
    needs=(
        Need(
            EVENT,
            "Order Fulfilled",
            "Let your store, or POST /api/v1/shipments/, tell when a parcel leaves.",
        ),
    ),
)
DELIVERY: Final = LibraryFlow(
    key="delivery_confirmation",
    name="Delivery confirmation",
    rows=("F14",),
    group=SERVICE,
    icon="check",
    description="Tells everybody that their parcel has arrived, and whom to ask if it has not.",
    build=_build_delivered,
    messages=(DELIVERED,),
    needs=(
        Need(
            EVENT,
            "Order Delivered",
            "Let your store, or POST /api/v1/shipments/, tell when a parcel arrives.",
        ),
    ),
)
DELAY: Final = LibraryFlow(
    key="delay_alert",
    name="Delay alert",
    rows=("F15",),
    group=SERVICE,
    icon="clock",
    description="Apologises once for each parcel when the promised day passes or the carrier "
    "reports a delay, before the customer has to ask. Your team sees it on the profile.",
    build=_build_late,
    messages=(LATE,),
    needs=(
        Need(
            EVENT,
            "Order Fulfilled",
            "Let your store, or POST /api/v1/shipments/, tell of parcels with promised_at.",
        ),
    ),
)
FLOWS: Final = (SHIPPING, DELIVERY, DELAY)
