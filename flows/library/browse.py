"""Products that were looked at and left."""

from typing import Any, Final

from flows.library import parts as p
from flows.library.base import (
    BEHAVIOURAL,
    EVENT,
    PRODUCTS,
    SHOPPING,
    Bound,
    LibraryFlow,
    Mail,
    Need,
)
from flows.library.steps import (
    ORDER,
    delay,
    end,
    every,
    flow,
    happened,
    is_field,
    message,
    split,
)

_LOOKED: Final = "You get this email because you looked around at {{ store.name }}."

ONCE: Final = Mail(
    "browse_once",
    "Looked at a product",
    BEHAVIOURAL,
    "Still curious?",
    "What you looked at, and a few things like it.",
    (
        p.heading("A second look?"),
        p.words(
            p.HELLO, "You looked at this a few hours ago. Here it is again, without the search."
        ),
        p.items("", "See it"),
        p.picked("You may also like"),
    ),
    reason=_LOOKED,
)
OFTEN: Final = Mail(
    "browse_often",
    "Looked around a few times",
    BEHAVIOURAL,
    "Still making up your mind?",
    "What people say of it, and the answers to what they asked.",
    (
        p.heading("Still making up your mind?"),
        p.words(
            p.HELLO,
            "You looked around in our shop a few times lately. If something holds you up, these"
            " may help. Or simply reply and ask.",
        ),
        p.items("", "See it"),
        p.reviews(),
        p.questions("What others asked"),
    ),
    reason=_LOOKED,
)
TIMES: Final = 3
"""So many looks within a week are more than a passing one."""


def build(bound: Bound) -> dict[str, Any]:
    """Return the definition: four hours after the first look, once in 7 days at the most."""
    del bound
    return flow(
        {"event": "Product Viewed"},
        {
            "hours": delay(4, "hours", "often"),
            "often": split(happened("Product Viewed", days=7, count=TIMES), yes="back", no="once"),
            "back": message(OFTEN, "done"),
            "once": message(ONCE, "done"),
            "done": end("shown once more"),
        },
        reentry={"policy": "after", "n": 7, "unit": "days"},
        entry_filter=every(
            is_field("last_carted_at", "not_in_the_last", {"hours": 24}),
            is_field("last_order_at", "not_in_the_last", {"hours": 24}),
        ),
        exit_on=[{"event": "Product Added"}, {"event": "Checkout Started"}, ORDER],
        goal=ORDER,
    )


FLOW: Final = LibraryFlow(
    key="browse_abandonment",
    name="Browse abandonment",
    rows=("F6",),
    group=SHOPPING,
    icon="eye",
    description="Shows what somebody looked at once more, four hours later, if nothing went into"
    " the cart; who looked three times in a week gets answers instead. Once a week at most.",
    build=build,
    messages=(ONCE, OFTEN),
    needs=(
        Need(
            EVENT,
            "Product Viewed",
            "Put the script of Patron on your site, or let your site send it.",
        ),
        Need(
            PRODUCTS,
            "",
            "Sync your catalogue, so that mails show names, pictures and prices.",
        ),
    ),
)
