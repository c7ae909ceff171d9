"""Carts that were left: the recovery by history, and the test of when and how to write."""

from typing import Any, Final

from flows.library import parts as p
from flows.library.base import (
    BEHAVIOURAL,
    CHANNEL,
    CODES,
    EVENT,
    FLOW_OFF,
    PRODUCTS,
    REVIEWS,
    SHOPPING,
    START,
    Bound,
    Gift,
    LibraryFlow,
    Mail,
    Need,
    Text,
)
from flows.library.steps import (
    ORDER,
    ab_split,
    branches,
    channel,
    delay,
    end,
    flow,
    in_segment,
    is_field,
    message,
    task,
    wait_opened,
)

_LEFT: Final = "You get this email because you left something in your cart at {{ store.name }}."
_BACK: Final = "Back to your cart"

NEW: Final = Mail(
    "cart_new",
    "Cart, first purchase",
    BEHAVIOURAL,
    "You left something in your cart",
    "It is still there. And here is what people ask before they buy.",
    (
        p.heading("Still thinking it over?"),
        p.words(
            p.HELLO,
            "Your cart at {{ store.name }} is just as you left it. Take it up when it suits you.",
        ),
        p.items(),
        p.button(_BACK, p.CART),
        p.reviews("What people say who bought before you"),
        p.questions("What others asked first"),
        p.words("Something unclear? Reply to this email. A person answers."),
    ),
    reason=_LEFT,
)
MEMBER: Final = Mail(
    "cart_member",
    "Cart, customer",
    BEHAVIOURAL,
    "Your cart is waiting{% if person.first_name != '' %}, {{ person.first_name }}{% endif %}",
    "One press and you are back where you stopped. Your points come along.",
    (
        p.heading("Pick up where you stopped"),
        p.words(p.HELLO, "Good to see you again. We kept your cart for you."),
        p.items(),
        p.button(_BACK, p.CART),
        p.points(),
        p.small("Your order earns points again, as always."),
    ),
    reason=_LEFT,
)
VIP: Final = Mail(
    "cart_vip",
    "Cart, best customers",
    BEHAVIOURAL,
    "{% if person.first_name != '' %}{{ person.first_name }}, shall{% else %}Shall{% endif %}"
    " I keep this for you?",
    "Your cart, and something to say thank you with.",
    (
        p.words(
            p.HELLO,
            "I saw that you left a few things in your cart, and I wanted to make sure that nothing"
            " went wrong. If it did, reply to this email and I will sort it out for you myself.",
        ),
        p.items(),
        p.coupon("For you, with our thanks", "Use it on your cart"),
        p.button(_BACK, p.CART),
        p.words("Warm regards,<br>{{ sender.name }}"),
    ),
    coupon="thanks",
    reason=_LEFT,
)
REMINDER: Final = Text(
    "cart_sms",
    "Cart, text message",
    BEHAVIOURAL,
    "{{ store.name }}: your cart is still here. Take it up where you left it: " + p.CART,
)
THANKS: Final = Gift("thanks", "Cart, best customers", percent=10, days=3, prefix="CART")


def build(bound: Bound) -> dict[str, Any]:
    """Return the definition: mail by history, a text to who did not open it, a call for the best.

    The event comes once a cart lay for an hour, and a cart starts it once.
    """
    return flow(
        {"event": "Cart Abandoned"},
        {
            "history": branches(
                ("Best customers", in_segment(bound.segment("vip")), "vip"),
                ("Bought before", is_field("order_count", ">=", 1), "member"),
                otherwise="new",
            ),
            "new": message(NEW, "new_opened"),
            "new_opened": wait_opened("new", 24, opened="read", unopened="reach"),
            "member": message(MEMBER, "member_opened"),
            "member_opened": wait_opened("member", 24, opened="read", unopened="reach"),
            "reach": channel(("sms", "text"), otherwise="unread", message_class=BEHAVIOURAL),
            "text": message(REMINDER, "reminded"),
            "vip": message(VIP, "vip_opened", coupon=bound.coupon("thanks")),
            "vip_opened": wait_opened("vip", 24, opened="vip_day", unopened="vip_reach"),
            "vip_reach": channel(
                ("sms", "vip_text"), otherwise="vip_day", message_class=BEHAVIOURAL
            ),
            "vip_text": message(REMINDER, "vip_day"),
            "vip_day": delay(1, "days", "call"),
            "call": task(
                "Call about the cart they left. Is anything unclear?",
                done="called",
                over="not_called",
            ),
            "called": end("your team called"),
            "not_called": end("nobody called"),
            "read": end("read the mail"),
            "unread": end("not reached by text"),
            "reminded": end("the text was the last step"),
        },
        reentry={"policy": "keyed", "property": "cart_id"},
        exit_on=[ORDER],
        goal=ORDER,
    )


_ABANDONED: Final = Need(
    EVENT,
    "Cart Abandoned",
    "Connect your store, or let your site send Product Added and Checkout Started.",
)
_SMS: Final = Need(
    CHANNEL,
    "sms",
    "Connect an account under Settings, Channels; without it only the email goes out.",
    is_optional=True,
)

FLOW: Final = LibraryFlow(
    key="cart_recovery",
    name="Cart recovery",
    rows=("F3", "F4"),
    group=START,
    icon="cart",
    description="Writes an hour after a cart was left, to newcomers, customers and your best ones"
    " each in their own words; texts who did not open it within a day. An order ends it at once."
    " Remove the task if you do not call people.",
    build=build,
    messages=(NEW, MEMBER, VIP, REMINDER),
    needs=(
        _ABANDONED,
        _SMS,
        Need(
            CODES,
            "",
            "Switch on discount codes at your store, or upload codes to the coupon.",
            is_optional=True,
        ),
        Need(
            REVIEWS,
            "",
            "Connect your review tool; without reviews the mail for newcomers goes without proof.",
            is_optional=True,
        ),
    ),
    segments=("vip",),
    coupons=(THANKS,),
)

PLAIN: Final = Mail(
    "cart_plain",
    "Cart, plain words",
    BEHAVIOURAL,
    "Did something go wrong with your order?",
    "Your cart is still there. Reply if you need a hand.",
    (
        p.words(
            p.HELLO,
            "You had something in your cart at {{ store.name }} and then left. If something did not"
            " work, or you were not sure, just reply: a person reads this.",
            f'Your cart is still there: <a href="{p.CART}">take it up again</a>.',
            "{{ sender.name }}",
        ),
    ),
    reason=_LEFT,
)
GRID: Final = Mail(
    "cart_grid",
    "Cart, with products",
    BEHAVIOURAL,
    "You left something in your cart",
    "Here it is, and what goes well with it.",
    (
        p.heading("Your cart is waiting"),
        p.items(),
        p.button(_BACK, p.CART),
        p.picked("You may also like"),
    ),
    reason=_LEFT,
)


def build_test(bound: Bound) -> dict[str, Any]:
    """Return the definition of the test: two delays by two looks, the best by revenue stays."""
    del bound
    return flow(
        {"event": "Cart Abandoned"},
        {
            "test": ab_split(
                ("1 hour, plain", 25, "plain_soon"),
                ("1 hour, products", 25, "grid_soon"),
                ("4 hours, plain", 25, "plain_wait"),
                ("4 hours, products", 25, "grid_wait"),
                find_winner="revenue",
            ),
            "plain_soon": message(PLAIN, "done"),
            "grid_soon": message(GRID, "done"),
            "plain_wait": delay(3, "hours", "plain_late"),
            "plain_late": message(PLAIN, "done"),
            "grid_wait": delay(3, "hours", "grid_late"),
            "grid_late": message(GRID, "done"),
            "done": end("written to"),
        },
        reentry={"policy": "keyed", "property": "cart_id"},
        exit_on=[ORDER],
        goal=ORDER,
    )


TEST: Final = LibraryFlow(
    key="cart_timing",
    name="Cart timing test",
    rows=("F5",),
    group=SHOPPING,
    icon="split",
    description="Finds out when and how your carts come back: after one hour or four, in plain"
    " words or with products. Once each way reached 500 people, the one that earns most per person"
    " stays.",
    build=build_test,
    messages=(PLAIN, GRID),
    needs=(
        _ABANDONED,
        Need(
            FLOW_OFF,
            "cart_recovery",
            "Pause Cart recovery while the test runs: both would write about the same cart.",
        ),
        Need(
            PRODUCTS,
            "",
            "Sync your catalogue, so that the mail shows what goes with the cart.",
            is_optional=True,
        ),
    ),
)
