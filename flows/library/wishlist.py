"""What people put on their wish list: after a while, once it is cheaper, before it is gone."""

from typing import Any, Final

from flows.library.base import (
    EVENT,
    PRICES,
    PROMOTIONAL,
    SHOPPING,
    STOCK,
    Bound,
    LibraryFlow,
    Mail,
    Need,
)
from flows.library.parts import heading, items, only, picked, words
from flows.library.steps import delay, end, flow, message
from flows.library.stock import BOUGHT_LIKE_IT, tell_once

_GONE: Final = (
    *BOUGHT_LIKE_IT,
    {"event": "Product Removed from Wishlist", "same": ["product_id"]},
)
_WISHED: Final = Need(
    EVENT,
    "Product Added to Wishlist",
    "Let the shop, or POST /api/v1/events/, tell what people put on their wish list.",
)
_FEW: Final = only("low_stock_left", words("Only {{ low_stock_left }} left."))

STILL_WISHED: Final = Mail(
    key="library_wishlist",
    name="Wish list, a week later",
    message_class=PROMOTIONAL,
    subject="Still on your wish list",
    preheader="Shall it stay a wish?",
    parts=(
        heading("Shall it stay a wish?"),
        words("A week ago you put this on your wish list. It is here whenever you are:"),
        items(label="Have a look"),
        _FEW,
        picked("Others like these with it", 2),
    ),
)
WISH_CHEAPER: Final = Mail(
    key="library_wishlist_price",
    name="Wish list, cheaper",
    message_class=PROMOTIONAL,
    subject="Something on your wish list costs less now",
    preheader="A good moment to grant yourself a wish.",
    parts=(
        heading("A wish that costs less"),
        words(
            "It was <s>{{ event.before }}</s>, and now it is "
            "<strong>{{ event.after }} {{ event.currency }}</strong>:",
        ),
        items(label="Grant it"),
        _FEW,
    ),
)
WISH_LOW: Final = Mail(
    key="library_wishlist_low",
    name="Wish list, nearly gone",
    message_class=PROMOTIONAL,
    subject="Nearly gone: something on your wish list",
    preheader="We would not want you to miss it.",
    parts=(
        heading("Before it is gone"),
        words("There is not much left of something that you wished for:"),
        items(label="Take it"),
        _FEW,
    ),
)


def _build_reminder(bound: Bound) -> dict[str, Any]:
    del bound
    return flow(
        {"event": "Product Added to Wishlist"},
        {
            "week": delay(7, "days", "say", until_time="10:00"),
            "say": message(STILL_WISHED, "end", about="items"),
            "end": end("reminded"),
        },
        reentry={"policy": "keyed", "property": "product_id", "again": True},
        exit_on=list(_GONE),
        goal=_GONE[0],
    )


def _build_price(bound: Bound) -> dict[str, Any]:
    del bound
    trigger = {"by": 5, "unit": "percent", "audience": "wished", "within_days": 90}
    return tell_once({"price_drop": trigger}, WISH_CHEAPER, _GONE)


def _build_low(bound: Bound) -> dict[str, Any]:
    del bound
    trigger = {"pieces": 5, "audience": "wished", "within_days": 90}
    return tell_once({"low_stock": trigger}, WISH_LOW, _GONE)


REMINDER: Final = LibraryFlow(
    key="wishlist",
    name="Wish list reminder",
    rows=("F32",),
    group=SHOPPING,
    icon="star",
    description="Reminds people of what has been on their wish list for a week. Buying it, or "
    "taking it off the list, ends it.",
    build=_build_reminder,
    messages=(STILL_WISHED,),
    needs=(_WISHED,),
)
WISH_PRICE: Final = LibraryFlow(
    key="wishlist_price",
    name="Wish list, price drop",
    rows=("F32",),
    group=SHOPPING,
    icon="tag",
    description="Tells people that something on their wish list got at least 5 percent cheaper.",
    build=_build_price,
    messages=(WISH_CHEAPER,),
    needs=(_WISHED, Need(PRICES, "", "Connect a store that tells prices.")),
)
WISH_STOCK: Final = LibraryFlow(
    key="wishlist_low_stock",
    name="Wish list, nearly sold out",
    rows=("F32",),
    group=SHOPPING,
    icon="store",
    description="Tells people that no more than five are left of something on their wish list.",
    build=_build_low,
    messages=(WISH_LOW,),
    needs=(_WISHED, Need(STOCK, "", "Connect a store that tells what is in stock.")),
)
FLOWS: Final = (REMINDER, WISH_PRICE, WISH_STOCK)
