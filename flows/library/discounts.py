"""A discount for everybody but the best customers, who get something better."""

from typing import Any, Final

from flows.library.base import (
    CODES,
    EVENT,
    PROMOTIONAL,
    RETURN,
    Bound,
    Gift,
    LibraryFlow,
    Mail,
    Need,
)
from flows.library.parts import HELLO, button, coupon, heading, picked, words
from flows.library.steps import ORDER, delay, end, flow, in_segment, message

OFFER: Final = Mail(
    key="library_guarded_offer",
    name="A while ago, with a discount",
    message_class=PROMOTIONAL,
    subject="Something to come back for",
    preheader="A code of your own, good for two weeks.",
    coupon="guarded",
    parts=(
        heading("Something to come back for"),
        words(HELLO, "your last order is a while ago. Here is a little push:"),
        coupon("For your next order", "Use it now"),
        picked("You might like"),
    ),
)
FIRST_PICK: Final = Mail(
    key="library_guarded_best",
    name="A while ago, first pick",
    message_class=PROMOTIONAL,
    subject="Before anybody else sees it",
    preheader="Put aside for you.",
    parts=(
        heading("Put aside for you"),
        words(
            HELLO,
            "you have an eye for the good things, so here is what is new before we show it to "
            "everybody. Reply to this email if we shall put something aside for you.",
        ),
        picked("First pick"),
        button("Have a look"),
    ),
)


def _build(bound: Bound) -> dict[str, Any]:
    lapsing = bound.segment("lapse_risk")
    return flow(
        {"segment": lapsing},
        {
            "day": delay(1, "days", "guard", until_time="10:00"),
            "guard": {
                "type": "discount_guard",
                "segment": bound.segment("vip"),
                "yes": "best",
                "no": "offer",
            },
            "best": message(FIRST_PICK, "end"),
            "offer": message(OFFER, "end"),
            "end": end("written to"),
        },
        reentry={"policy": "after", "n": 90, "unit": "days"},
        entry_filter=in_segment(lapsing),
        exit_on=[ORDER],
        goal=ORDER,
    )


FLOW: Final = LibraryFlow(
    key="guarded_discount",
    name="Discount, but not for VIPs",
    rows=("F17",),
    group=RETURN,
    icon="ticket",
    description="Gives repeat customers who stay away for 60 days a code, and your VIPs a first "
    "look instead: they buy without a discount.",
    build=_build,
    messages=(OFFER, FIRST_PICK),
    needs=(
        Need(EVENT, "Order Placed", "Connect a store, so that orders come in."),
        Need(CODES, "", "Connect a store that takes codes, or add codes to the coupon yourself."),
    ),
    segments=("lapse_risk", "vip"),
    coupons=(Gift("guarded", "Come back", percent=10, days=14, prefix="BACK"),),
)
