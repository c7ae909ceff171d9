"""Good customers: thanked by a person for a large order, and asked to bring a friend."""

from dataclasses import replace
from typing import Any, Final

from flows.library import base, parts, steps

FRIEND: Final = base.Gift("bring_a_friend", "For a friend", percent=15, days=60, prefix="FRIEND")

NOTE: Final = base.Mail(
    "library_personal_thanks",
    "Personal thank you",
    base.SERVICE_CLASS,
    "Thank you{% if person.first_name != '' %}, {{ person.first_name }}{% endif %}",
    "A few personal words about your order.",
    (
        parts.words(
            parts.HELLO,
            "I saw your order {{ order.number }} come in and wanted to write to you myself. Thank "
            "you for trusting us with it.",
            "I keep an eye on it until it is with you. Is there anything you wish for, a date or "
            "a word on the parcel? Just reply, this comes straight to me.",
            "Warm regards<br />{{ sender.name }}",
        ),
    ),
)
BEST_NOTE: Final = replace(
    NOTE, key="library_personal_thanks_2", name="Personal thank you to the best"
)

ASK: Final = base.Mail(
    "library_referral_ask",
    "Champions: bring a friend",
    base.PROMOTIONAL,
    "Who would like this as much as you do?",
    "A code to pass on: 15% off for a friend.",
    (
        parts.heading("Who would like this as much as you do?"),
        parts.words(
            parts.HELLO,
            "You are one of the people who keep {{ store.name }} going, and you told us that you "
            "are happy. May we ask for something?",
            "If somebody comes to mind who would like what we do, forward this email to them. The "
            "code below is for your friend: 15% off the first order.",
        ),
        parts.coupon("15% off for your friend", "Show your friend the shop"),
        parts.reviews("You could also tell them"),
    ),
    coupon=FRIEND.key,
)

_THRESHOLD: Final = 200


def _note(trigger: dict[str, Any], bound: base.Bound, *, of_best: bool) -> dict[str, Any]:
    """Return the definition for the best customers, or for all others; asked once, at the order."""
    return steps.flow(
        trigger,
        {
            "who": steps.split(
                steps.in_segment(bound.segment("vip")),
                yes="hour" if of_best else "other",
                no="other" if of_best else "hour",
            ),
            "hour": steps.delay(1, "hours", "note"),
            "note": steps.message(BEST_NOTE if of_best else NOTE, "card"),
            "card": steps.task(
                "Write a card by hand and put it into the parcel", done="done", over="over"
            ),
            "done": steps.end("mail and card"),
            "over": steps.end("mail without a card"),
            "other": steps.end("thanked by the other flow, or not at all"),
        },
        reentry={"policy": "every_time"},
        exit_on=[{"event": "Order Cancelled", "same": ["order_id"]}],
    )


def _large_order(bound: base.Bound) -> dict[str, Any]:
    total = {"property": "total", "is": ">=", "value": _THRESHOLD}
    return _note({**steps.ORDER, "filter": [total]}, bound, of_best=False)


def _best_customer(bound: base.Bound) -> dict[str, Any]:
    return _note(steps.ORDER, bound, of_best=True)


def _referral(bound: base.Bound) -> dict[str, Any]:
    segment = bound.segment("happy_champions")
    return steps.flow(
        {"segment": segment, "on": "enter"},
        {
            "enjoy": steps.delay(2, "days", "still", until_time="10:00"),
            "still": steps.split(steps.in_segment(segment), yes="ask", no="changed"),
            "ask": steps.message(ASK, "asked", coupon=bound.coupon(FRIEND.key)),
            "asked": steps.end("asked"),
            "changed": steps.end("not the moment any more"),
        },
        reentry={"policy": "after", "n": 180, "unit": "days"},
    )


LARGE_ORDER: Final = base.LibraryFlow(
    key="thank_large_order",
    name="Thank you for a large order",
    rows=("F22",),
    group=base.LOYALTY,
    icon="gift",
    description=f"An order of {_THRESHOLD} or more: a short mail without pictures from the person "
    "who writes for you, and a task to put a card into the parcel. Set the sum in the trigger.",
    build=_large_order,
    messages=(NOTE,),
    segments=("vip",),
)
BEST_CUSTOMER: Final = base.LibraryFlow(
    key="thank_best_customer",
    name="Thank you, best customers",
    rows=("F22",),
    group=base.LOYALTY,
    icon="star",
    description="Any order of the tenth of your buyers with the highest revenue: the same "
    "personal mail and card, whatever they spend this time.",
    build=_best_customer,
    messages=(BEST_NOTE,),
    segments=("vip",),
)
REFERRAL: Final = base.LibraryFlow(
    key="referral_ask",
    name="Bring a friend",
    rows=("F28",),
    group=base.LOYALTY,
    icon="people",
    description="Champions who just gave good stars or praised your support are asked to bring a "
    "friend, with a code to pass on. At most twice a year, and not while anything is open.",
    build=_referral,
    messages=(ASK,),
    needs=(
        base.Need(
            base.EVENT,
            "Review Submitted",
            "Connect your review tool, or switch on the review request: good stars are the moment "
            "to ask.",
        ),
    ),
    segments=("happy_champions",),
    coupons=(FRIEND,),
)
FLOWS: Final = (LARGE_ORDER, BEST_CUSTOMER, REFERRAL)
