"""After the first order the way to the second one, and company for those who come back."""

from typing import Any, Final

from flows.library import base, parts, steps

GIFT: Final = base.Gift("second_order", "Second order", percent=10, days=14, prefix="AGAIN")

HELLO: Final = base.Mail(
    "library_second_hello",
    "Second order: getting to know you",
    base.PROMOTIONAL,
    "Glad you found us{% if person.first_name != '' %}, {{ person.first_name }}{% endif %}",
    "What others buy next, and how to reach us.",
    (
        parts.heading("Glad you found us"),
        parts.words(
            parts.HELLO,
            "Your first order from {{ store.name }} has been with you for a while. We hope you "
            "like it.",
            "If anything is on your mind, reply to this email. And if you wonder what goes well "
            "with it, here is what others took next:",
        ),
        parts.picked("Goes well with it"),
        parts.reviews(),
    ),
)
OFFER: Final = base.Mail(
    "library_second_offer",
    "Second order: a code",
    base.PROMOTIONAL,
    "10% off your second order",
    "A code of your own, good for 14 days.",
    (
        parts.heading("Shall we go for a second one?"),
        parts.words(
            parts.HELLO,
            "The second order is the one that makes regulars. This code is yours alone, and it "
            "takes 10% off whatever you choose.",
        ),
        parts.coupon("10% off your second order", "Choose something"),
        parts.picked(),
    ),
    coupon=GIFT.key,
)
REMINDER: Final = base.Mail(
    "library_second_reminder",
    "Second order: the code ends soon",
    base.PROMOTIONAL,
    "Your 10% are still here, for a few days",
    "The same code as last week; it ends soon.",
    (
        parts.heading("Your code ends soon"),
        parts.words(
            parts.HELLO,
            "We kept your code. Once it has ended, it is gone, and we write no more about it.",
        ),
        parts.coupon("10% off your second order", "Use it now"),
        parts.products("best", 4, "What others love"),
    ),
    coupon=GIFT.key,
)
WELCOME_BACK: Final = base.Mail(
    "library_repeat_thanks",
    "Repeat buyers: thank you",
    base.PROMOTIONAL,
    "You came back. Thank you",
    "This is what regulars know.",
    (
        parts.heading("You came back. Thank you"),
        parts.words(
            parts.HELLO,
            "Of all the shops you could have ordered from, you chose {{ store.name }} again. "
            "That means a lot to us.",
        ),
        parts.bullets(
            "Reply to any of our emails: a person reads it.",
            "Tell us what you miss, and we look for it.",
            "Choose what we write to you about, and how often, at the foot of this email.",
        ),
        parts.reviews("What other regulars say"),
    ),
)
DISCOVER: Final = base.Mail(
    "library_repeat_discover",
    "Repeat buyers: something new to try",
    base.PROMOTIONAL,
    "Something you have not tried yet",
    "Picked from what you like.",
    (
        parts.heading("Something you have not tried yet"),
        parts.words(parts.HELLO, "You know your favourites by now. These are for the next time:"),
        parts.picked(),
        parts.products("new", 2, "Just arrived"),
    ),
)
ANSWERS: Final = base.Mail(
    "library_repeat_answers",
    "Repeat buyers: questions and answers",
    base.PROMOTIONAL,
    "Good to know: what people ask us most",
    "Answers from our team, nothing to buy.",
    (
        parts.heading("What people ask us most"),
        parts.words(
            parts.HELLO,
            "No offer today. Only what helps to get the most out of what you have. Is your "
            "question missing? Reply, and we answer it.",
        ),
        parts.questions("You asked, we answered"),
        parts.reviews("How others use it"),
    ),
)


def _second(bound: base.Bound) -> dict[str, Any]:
    coupon = bound.coupon(GIFT.key)
    return steps.flow(
        steps.ORDER,
        {
            "settle": steps.delay(10, "days", "hello", until_time="10:00"),
            "hello": steps.message(HELLO, "think"),
            "think": steps.delay(11, "days", "offer", until_time="10:00"),
            "offer": steps.message(OFFER, "week", coupon=coupon),
            "week": steps.delay(7, "days", "reminder", until_time="10:00"),
            "reminder": steps.message(REMINDER, "last", coupon=coupon),
            "last": steps.delay(7, "days", "over"),
            "over": steps.end("no second order yet"),
        },
        reentry={"policy": "once"},
        entry_filter=steps.is_field("order_count", "=", 1),
        goal=steps.ORDER,
        exit_on=[
            steps.ORDER,
            {"event": "Order Cancelled", "same": ["order_id"]},
            {"event": "Return Initiated", "same": ["order_id"]},
        ],
    )


def _repeat(bound: base.Bound) -> dict[str, Any]:
    del bound
    return steps.flow(
        steps.ORDER,
        {
            "settle": steps.delay(5, "days", "thanks", until_time="10:00"),
            "thanks": steps.message(WELCOME_BACK, "pause"),
            "pause": steps.delay(16, "days", "discover", until_time="10:00"),
            "discover": steps.message(DISCOVER, "rest"),
            "rest": steps.delay(21, "days", "answers", until_time="10:00"),
            "answers": steps.message(ANSWERS, "over"),
            "over": steps.end("the third mail was the last step"),
        },
        reentry={"policy": "after", "n": 90, "unit": "days"},
        entry_filter=steps.is_field("order_count", ">=", 2),
    )


SECOND: Final = base.LibraryFlow(
    key="second_purchase",
    name="Second purchase",
    rows=("F31",),
    group=base.AFTER,
    icon="gift",
    description="Three mails after the first order: what goes with it, a code of their own, and "
    "a reminder of it. Whoever orders a second time leaves at once and gets no more of it.",
    build=_second,
    messages=(HELLO, OFFER, REMINDER),
    coupons=(GIFT,),
)
REPEAT: Final = base.LibraryFlow(
    key="repeat_nurture",
    name="Repeat buyers",
    rows=("F31",),
    group=base.LOYALTY,
    icon="people",
    description="Three mails without an offer for people with two orders or more: a thank you, "
    "something new to try, and answers. At most once in 90 days.",
    build=_repeat,
    messages=(WELCOME_BACK, DISCOVER, ANSWERS),
)
FLOWS: Final = (SECOND, REPEAT)
