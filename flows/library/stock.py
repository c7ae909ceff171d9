"""Something is back, got cheaper or runs low: told to those who wanted it, while it lasts."""

from typing import Any, Final

from flows.library.base import (
    EVENT,
    PRICES,
    PROMOTIONAL,
    SERVICE_CLASS,
    SHOPPING,
    STOCK,
    Bound,
    LibraryFlow,
    Mail,
    Need,
)
from flows.library.parts import HELLO, button, heading, items, only, picked, words
from flows.library.steps import delay, duration, end, flow, message, tell

BOUGHT_IT: Final = (
    {
        "event": "Order Placed",
        "same": [{"property": "variant_ids", "trigger": "variant_id"}],
    },
    {"event": "Order Placed", "same": [{"property": "skus", "trigger": "sku"}]},
)
"""Ends the run of whoever buys the very variant, by its id at the store or by its SKU."""
BOUGHT_LIKE_IT: Final = (
    {
        "event": "Order Placed",
        "same": [{"property": "product_ids", "trigger": "product_id"}],
    },
    {"event": "Order Placed", "same": [{"property": "skus", "trigger": "sku"}]},
)
"""Likewise of whoever buys the product, in any variant."""
_FEW: Final = only(
    "low_stock_left",
    words("<strong>Only {{ low_stock_left }} left</strong>, and you are not the only one to know."),
)
_KEPT: Final = only(
    "vip_exclusive", words("It is kept for our best customers, and you are one of them.")
)
_LATER: Final = only(
    "backordered_until",
    words("You can order it now; it leaves us on {{ backordered_until | day }}."),
)
_THE_ITEM: Final = (
    "{% if event contains 'title' and event.title != '' %}{{ event.title }}"
    "{% else %}What you wanted{% endif %}"
)
_STOCK: Final = Need(STOCK, "", "Connect a store that tells what is in stock.")
_VIEWS: Final = Need(
    EVENT, "Product Viewed", "Install the tracking snippet, so that product pages tell of visits."
)
_CARTS: Final = Need(
    EVENT, "Product Added", "Install the tracking snippet, so that carts tell what is in them."
)

BACK: Final = Mail(
    key="library_back_in_stock",
    name="Back in stock",
    message_class=SERVICE_CLASS,
    subject=f"{_THE_ITEM} is back",
    preheader="You asked us to tell you. It may not last.",
    reason="You get this email because you asked {{ store.name }} to tell you when it is back.",
    parts=(
        heading("It is back."),
        words(HELLO, "you asked us to tell you, and here it is:"),
        items(label="Get it"),
        _FEW,
        _KEPT,
        _LATER,
    ),
)
STILL: Final = Mail(
    key="library_still_in_stock",
    name="Still in stock",
    message_class=SERVICE_CLASS,
    subject=f"{_THE_ITEM} is still here",
    preheader="The last word from us about it.",
    reason="You get this email because you asked {{ store.name }} to tell you when it is back.",
    parts=(
        heading("Still here, for now."),
        words(
            "Two days ago we told you that it is back. It still is, and this is the last time that "
            "we mention it.",
        ),
        items(label="Get it"),
        _FEW,
    ),
)
CHEAPER: Final = Mail(
    key="library_price_drop",
    name="Price drop",
    message_class=PROMOTIONAL,
    subject=f"{_THE_ITEM} now costs less",
    preheader="You had an eye on it.",
    parts=(
        heading("It costs less now."),
        words(
            "You had an eye on it, so you should know first: the price went from "
            "<s>{{ event.before }}</s> to <strong>{{ event.after }} {{ event.currency }}</strong>.",
        ),
        items(label="Have a look"),
        _FEW,
        picked("Goes well with it", 2),
    ),
)
NEARLY_GONE: Final = Mail(
    key="library_low_stock",
    name="Nearly sold out",
    message_class=PROMOTIONAL,
    subject=f"{_THE_ITEM} is nearly gone",
    preheader="It is still in your cart.",
    parts=(
        heading("Nearly gone."),
        words("You put this into your cart and have not bought it. There is not much left of it:"),
        items(label="Take it"),
        _FEW,
        _KEPT,
        button("Back to the shop"),
    ),
)


def _build_back(bound: Bound) -> dict[str, Any]:
    del bound
    hour = duration(1, "hours")
    return flow(
        {"event": "Back In Stock Requested"},
        {
            "wait": {
                "type": "wait_stock",
                "variant": "variant_id",
                "tranche": 3,
                "first": "best",
                "timeout": duration(180, "days"),
                "on_stock": "back",
                "on_timeout": "over",
            },
            "back": message(BACK, "days", about="items"),
            "days": delay(2, "days", "again"),
            "again": {
                "type": "wait_stock",
                "variant": "variant_id",
                "tranche": 3,
                "timeout": hour,
                "on_stock": "still",
                "on_timeout": "gone",
            },
            "still": message(STILL, "told", about="items"),
            "told": end("told twice"),
            "gone": end("sold out again"),
            "over": end("it did not come back in 180 days"),
        },
        reentry={"policy": "keyed", "property": "variant_id", "again": True},
        exit_on=[
            *BOUGHT_IT,
            {"event": "Back In Stock Cancelled", "same": ["variant_id"]},
        ],
        goal=BOUGHT_IT[0],
    )


def tell_once(
    trigger: dict[str, Any], said: Mail, leavers: tuple[dict[str, Any], ...]
) -> dict[str, Any]:
    """Return the definition of one mail about goods, for who has not bought them meanwhile.

    Args:
        trigger: of the flow.
        said: the mail.
        leavers: events that end it, the first of which is the goal.
    """
    node = message(said, "end", about="items")
    return tell(trigger, node, exit_on=list(leavers), goal=leavers[0])


def _build_price(bound: Bound) -> dict[str, Any]:
    del bound
    trigger = {"by": 10, "unit": "percent", "audience": "viewed", "within_days": 30}
    return tell_once({"price_drop": trigger}, CHEAPER, BOUGHT_LIKE_IT)


def _build_low(bound: Bound) -> dict[str, Any]:
    del bound
    trigger = {"pieces": 5, "audience": "cart", "within_days": 14}
    return tell_once({"low_stock": trigger}, NEARLY_GONE, BOUGHT_LIKE_IT)


BACK_IN_STOCK: Final = LibraryFlow(
    key="back_in_stock",
    name="Back in stock",
    rows=("F24", "F25"),
    group=SHOPPING,
    icon="store",
    description="The waiting list: whoever asks for a sold-out variant hears within a minute when "
    "it is back, best customers first, in tranches while it lasts. Buying it takes them off, and "
    "so do 180 days.",
    build=_build_back,
    messages=(BACK, STILL),
    needs=(
        Need(
            EVENT,
            "Back In Stock Requested",
            "Let the shop, or POST /api/v1/events/, tell who asks for which variant_id.",
        ),
        _STOCK,
    ),
)
PRICE_DROP: Final = LibraryFlow(
    key="price_drop",
    name="Price drop",
    rows=("F25",),
    group=SHOPPING,
    icon="tag",
    description="Tells people who looked at a product in the last 30 days that it got at least 10 "
    "percent cheaper. Not while it is sold out.",
    build=_build_price,
    messages=(CHEAPER,),
    needs=(Need(PRICES, "", "Connect a store that tells prices."), _VIEWS),
)
LOW_STOCK: Final = LibraryFlow(
    key="low_stock",
    name="Nearly sold out",
    rows=("F25",),
    group=SHOPPING,
    icon="cart",
    description="Tells people who put a product into their cart, and did not buy it, that no more "
    "than five are left.",
    build=_build_low,
    messages=(NEARLY_GONE,),
    needs=(_STOCK, _CARTS),
)
FLOWS: Final = (BACK_IN_STOCK, PRICE_DROP, LOW_STOCK)
