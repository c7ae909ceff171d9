"""The first days of a new subscriber."""

from typing import Any, Final

from flows.library import parts as p
from flows.library.base import (
    CODES,
    PRODUCTS,
    PROMOTIONAL,
    START,
    Bound,
    Gift,
    LibraryFlow,
    Mail,
    Need,
)
from flows.library.steps import ORDER, branches, delay, end, flow, is_field, message

SOCIAL: Final = ("instagram", "facebook", "tiktok", "pinterest", "youtube", "snapchat")
"""Sources of a first visit that count as social networks."""
_TERMS: Final = p.small("The code is yours alone and good once, on your first order.")
_CODE: Final = p.coupon("For your first order", "Use it now")

GENERAL: Final = Mail(
    "welcome_hello",
    "Welcome, first hello",
    PROMOTIONAL,
    "Welcome to {{ store.name }}",
    "Good to have you here. A small present is inside.",
    (
        p.heading("Good to have you here"),
        p.words(
            p.HELLO,
            "Thank you for joining us. We write when there is something worth your while, and you"
            " can tell us to write less at any time.",
        ),
        _CODE,
        p.products("best", title="Where most people begin"),
        _TERMS,
    ),
    coupon="first",
)
FROM_SOCIAL: Final = Mail(
    "welcome_social",
    "Welcome, from social networks",
    PROMOTIONAL,
    "From your feed to your inbox",
    "Nice that you came over. A small present is inside.",
    (
        p.heading("Nice that you came over"),
        p.words(
            p.HELLO,
            "You found us between two posts, and here is the part that does not fit into one: who"
            " we are, what others say, and a code for your first order.",
        ),
        _CODE,
        p.reviews("What people say"),
        p.products("new", title="New in the shop"),
        _TERMS,
    ),
    coupon="first",
)
BROWSED: Final = Mail(
    "welcome_browsed",
    "Welcome, for who looked around",
    PROMOTIONAL,
    "You have a good eye{% if person.first_name != '' %}, {{ person.first_name }}{% endif %}",
    "More of what you looked at, and a code for your first order.",
    (
        p.heading("You looked around already"),
        p.words(p.HELLO, "So let us skip the tour. Here is more of what caught your eye."),
        p.picked("Liked most"),
        _CODE,
        _TERMS,
    ),
    coupon="first",
)
CUSTOMER: Final = Mail(
    "welcome_customer",
    "Welcome, for customers",
    PROMOTIONAL,
    "Now we can keep you posted",
    "You know our shop. Here is what you get from our mails.",
    (
        p.heading("Welcome to the inner circle"),
        p.words(
            p.HELLO,
            "You have bought from us before, so you know the shop. From now on you hear first what"
            " is new, and what only goes to people on this list.",
        ),
        p.picked("Picked for you"),
        p.points(),
    ),
)
STORY: Final = Mail(
    "welcome_story",
    "Welcome, what others say",
    PROMOTIONAL,
    "What people ask us before they buy",
    "And what they say afterwards.",
    (
        p.heading("Asked before, said after"),
        p.words(
            p.HELLO,
            "Most people have a question or two before they order from a new shop. Here are the"
            " answers, and the words of those who did.",
        ),
        p.questions("Before"),
        p.reviews("After", count=3),
        p.button("Look around"),
        p.small("Yours is not among them? Reply to this email and ask."),
    ),
)
LAST_CALL: Final = Mail(
    "welcome_last_call",
    "Welcome, the code ends",
    PROMOTIONAL,
    "Your code ends soon",
    "A last word about it, then we let it rest.",
    (
        p.heading("Before it ends"),
        p.words(p.HELLO, "Your code for a first order is still unused. It would be a pity."),
        _CODE,
        p.products("best", title="Easy to love"),
        _TERMS,
    ),
    coupon="first",
)
FIRST: Final = Gift("first", "Welcome, first order", percent=10, days=7, prefix="HELLO")


def build(bound: Bound) -> dict[str, Any]:
    """Return the definition: a hello by what is known of them, proof, and a last word."""
    code = {"coupon": bound.coupon("first")}
    of_category = {"property": "category", "is": "exists"}
    looked = {"event": "Product Viewed", "where": [of_category], "within": {"days": 30}}
    return flow(
        {
            "event": "Consent Changed",
            "filter": [
                {"property": "channel", "is": "=", "value": "email"},
                {"property": "state", "is": "=", "value": "subscribed"},
            ],
        },
        {
            "who": branches(
                ("Bought before", is_field("order_count", ">=", 1), "customer"),
                ("Looked around", looked, "browsed"),
                ("From social", is_field("first_touch_source", "in", list(SOCIAL)), "social"),
                otherwise="hello",
            ),
            "customer": message(CUSTOMER, "known"),
            "browsed": message(BROWSED, "two_days", **code),
            "social": message(FROM_SOCIAL, "two_days", **code),
            "hello": message(GENERAL, "two_days", **code),
            "two_days": delay(2, "days", "story"),
            "story": message(STORY, "four_days"),
            "four_days": delay(4, "days", "last_call"),
            "last_call": message(LAST_CALL, "done", **code),
            "known": end("a customer already"),
            "done": end("welcomed"),
        },
        reentry={"policy": "once"},
        exit_on=[ORDER],
        goal=ORDER,
    )


FLOW: Final = LibraryFlow(
    key="welcome",
    name="Welcome series",
    rows=("F2",),
    group=START,
    icon="mail",
    description="Begins the minute somebody subscribes: a hello that fits where they came from and"
    " what they looked at, with a code of their own; what others say after two days; a last word"
    " before the code ends. The first order ends it.",
    build=build,
    messages=(GENERAL, FROM_SOCIAL, BROWSED, CUSTOMER, STORY, LAST_CALL),
    needs=(
        Need(
            CODES,
            "",
            "Switch on discount codes at your store, or upload codes to the coupon that comes with"
            " it.",
        ),
        Need(
            PRODUCTS,
            "",
            "Sync your catalogue, so that mails show products.",
            is_optional=True,
        ),
    ),
    coupons=(FIRST,),
)
