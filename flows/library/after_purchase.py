"""What follows the confirmation of an order: its way, a review, what goes with it, a refill."""

from typing import Any, Final

from flows.library import parts as p
from flows.library.base import (
    AFTER,
    BEHAVIOURAL,
    CODES,
    EVENT,
    FLAG,
    FLOW_ON,
    PROMOTIONAL,
    SERVICE_CLASS,
    Bound,
    Gift,
    LibraryFlow,
    Mail,
    Need,
)
from flows.library.review_request import STARS
from flows.library.steps import (
    NOT_AT_TILL,
    delay,
    duration,
    end,
    flow,
    in_segment,
    is_field,
    message,
    split,
    started_with,
    wait_event,
)
from messaging.choices import ASKS_FOR_REVIEW

_ORDERED: Final = "You get this email because you ordered from {{ store.name }}."
_TIPS: Final = p.words(
    "Until it arrives: keep this email, it names everything you ordered. If an address or a size is"
    " wrong, reply now, and we change what can still be changed.",
)

SHIPPED: Final = Mail(
    "order_shipped",
    "Order, on its way",
    SERVICE_CLASS,
    "Your order {{ order.number }} is on its way",
    "It left our house. What is inside, and what to know until then.",
    (
        p.heading("It is on its way"),
        p.words(p.HELLO, "Your parcel has left us and should reach you within the next days."),
        p.order_lines("In the parcel"),
        _TIPS,
    ),
    reason=_ORDERED,
)
PACKING: Final = Mail(
    "order_packing",
    "Order, being packed",
    SERVICE_CLASS,
    "A word on your order {{ order.number }}",
    "We are getting it ready. You need to do nothing.",
    (
        p.heading("We are getting it ready"),
        p.words(p.HELLO, "Your order has not left us yet, and we have not forgotten it."),
        p.order_lines("What you ordered"),
        _TIPS,
    ),
    reason=_ORDERED,
)
REVIEW: Final = Mail(
    "order_review",
    "Order, how was it?",
    BEHAVIOURAL,
    "How do you like it{% if person.first_name != '' %}, {{ person.first_name }}{% endif %}?",
    "Two minutes of yours help the next person decide.",
    (
        p.heading("How do you like it?"),
        p.words(
            p.HELLO,
            "You have had your order for a few days now. If all is well, one press on a star, and a"
            " few honest words on the next page, help others to choose.",
        ),
        STARS,
        p.order_lines("What you can write about"),
        p.words(
            "Something is not as it should be? Please do not review it yet: reply to this email,"
            " and we put it right first.",
        ),
    ),
    reason=_ORDERED,
    tags=(ASKS_FOR_REVIEW,),
)
GOES_WITH: Final = Mail(
    "order_goes_with",
    "Order, what goes with it",
    PROMOTIONAL,
    "What goes well with your order",
    "Chosen by what people like you took next.",
    (
        p.heading("Goes well with yours"),
        p.words(p.HELLO, "People who bought what you did often came back for one of these."),
        p.picked(""),
    ),
)
GOES_WITH_CODE: Final = Mail(
    "order_goes_with_code",
    "Order, what goes with it, for regulars",
    PROMOTIONAL,
    "For you, because you came back",
    "What goes with your order, and a code that is good for five days.",
    (
        p.heading("Thank you for coming back"),
        p.words(p.HELLO, "This was not your first order, and we notice. These go well with it."),
        p.picked(""),
        p.coupon("A thank-you, good for five days", "Use it now"),
    ),
    coupon="regulars",
)
REFILL: Final = Mail(
    "order_refill",
    "Order, time for a refill",
    BEHAVIOURAL,
    "Running low?",
    "It has been a while since your order. Here is what it was.",
    (
        p.heading("Running low?"),
        p.words(p.HELLO, "By our reckoning, what you ordered may be nearly used up."),
        p.order_lines("What you had"),
        p.button("Order it again"),
        p.small("Still plenty left? Then simply ignore this one."),
    ),
    reason=_ORDERED,
)
NEW_THINGS: Final = Mail(
    "order_new_things",
    "Order, what is new since",
    PROMOTIONAL,
    "New since your last visit",
    "What came in since you were here.",
    (
        p.heading("New since you were here"),
        p.words(p.HELLO, "The shelves have changed a little since your order. Have a look."),
        p.products("new", title="Just in"),
        p.button("See everything new"),
    ),
)
REGULARS: Final = Gift("regulars", "Thank-you for regulars", percent=10, days=5, prefix="AGAIN")


def build(bound: Bound) -> dict[str, Any]:
    """Return the definition; day 0 is the confirmation, a flow of its own.

    Whether a refill is due is asked of this very order, whatever else somebody bought.

    A delivery that nobody tells of is taken to have come ten days after the second look. At the
    earliest the second mail to sell leaves on day 16, the last one on day 46: what was ordered
    later than that is another order.
    """
    same = {"same": ["order_id"]}
    return flow(
        {"event": "Order Placed", "filter": [NOT_AT_TILL]},
        {
            "two_days": delay(2, "days", "left"),
            "left": wait_event(
                {"event": "Order Fulfilled", **same},
                {"event": "Order Delivered", **same},
                timeout=duration(1, "days"),
                since="start",
                on_event="there",
                on_timeout="packing",
            ),
            "there": wait_event(
                {"event": "Order Delivered", **same},
                timeout=duration(1, "minutes"),
                since="start",
                on_event="tried",
                on_timeout="shipped",
            ),
            "shipped": message(SHIPPED, "arrived"),
            "packing": message(PACKING, "arrived"),
            "arrived": wait_event(
                {"event": "Order Delivered", **same},
                timeout=duration(10, "days"),
                since="start",
                on_event="tried",
                on_timeout="happy",
            ),
            "tried": delay(7, "days", "happy"),
            "happy": split(in_segment(bound.segment("unhappy")), yes="week", no="review"),
            "review": message(REVIEW, "week"),
            "week": delay(7, "days", "again"),
            "again": split(_ordered_within(15), yes="newer", no="regular"),
            "regular": split(is_field("order_count", ">=", 2), yes="with_code", no="without"),
            "with_code": message(GOES_WITH_CODE, "month", coupon=bound.coupon("regulars")),
            "without": message(GOES_WITH, "month"),
            "month": delay(30, "days", "still"),
            "still": split(_ordered_within(45), yes="newer", no="used_up"),
            "used_up": split(
                started_with("product_flags", "contains", "consumable"),
                yes="refill",
                no="new_things",
            ),
            "refill": message(REFILL, "done"),
            "new_things": message(NEW_THINGS, "done"),
            "newer": end("ordered again; the newer order goes on"),
            "done": end("went all the way"),
        },
        reentry={"policy": "every_time"},
        exit_on=[
            {"event": "Order Cancelled", **same},
            {"event": "Order Refunded", **same},
            {"event": "Return Initiated", **same},
        ],
    )


def _ordered_within(days: int) -> dict[str, Any]:
    return is_field("last_order_at", "in_the_last", {"days": days})


FLOW: Final = LibraryFlow(
    key="after_purchase",
    name="After the purchase",
    rows=("F7",),
    group=AFTER,
    icon="order",
    description="Goes on where the confirmation ends: where the order is after two days, a review"
    " a week after it arrived, what goes with it after another, and a refill or what is new after"
    " six weeks. Asks once for a review of an order, and nobody who is unhappy. Leaves out what was"
    " bought at the till.",
    build=build,
    messages=(SHIPPED, PACKING, REVIEW, GOES_WITH, GOES_WITH_CODE, REFILL, NEW_THINGS),
    needs=(
        Need(
            FLOW_ON,
            "post_purchase",
            "Switch on the post-purchase confirmation, which is the mail of day 0.",
        ),
        Need(
            EVENT,
            "Order Delivered",
            "Connect what tells of deliveries; without it the review is asked for after two weeks.",
            is_optional=True,
        ),
        Need(
            FLAG,
            "consumable",
            "Mark what is used up under Catalog, so that its buyers get a refill mail.",
            is_optional=True,
        ),
        Need(
            CODES,
            "",
            "Switch on discount codes at your store, or upload codes to the coupon.",
            is_optional=True,
        ),
    ),
    segments=("unhappy",),
    coupons=(REGULARS,),
)
