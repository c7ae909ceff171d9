"""The long win-back: 60, 90 and 120 days, then now and then, or peace."""

from typing import Any, Final

from flows.library import parts as p
from flows.library.base import (
    CODES,
    FLOW_OFF,
    PROMOTIONAL,
    RETURN,
    Bound,
    Gift,
    LibraryFlow,
    Mail,
    Need,
)
from flows.library.steps import (
    ORDER,
    act,
    branches,
    delay,
    end,
    flow,
    in_segment,
    is_field,
    message,
    split,
)

_MISSED: Final = (
    "{% if person.first_name != '' %}{{ person.first_name }}, it{% else %}It{% endif %}"
)

ONE_TIMER: Final = Mail(
    "stages_one_timer",
    "Win-back 60 days, one order",
    PROMOTIONAL,
    _MISSED + " has been two months",
    "What people take with their second order.",
    (
        p.heading("It has been two months"),
        p.words(
            p.HELLO,
            "You ordered from us once, and we would love to know how it went. Reply if something"
            " was missing. And if all was well, this is what people choose next.",
        ),
        p.picked("Often the second choice"),
        p.button("See what is new"),
    ),
)
REGULAR: Final = Mail(
    "stages_regular",
    "Win-back 60 days, regulars",
    PROMOTIONAL,
    "We noticed that you were away",
    "Your points are waiting, and so are a few new things.",
    (
        p.heading("You were away for a while"),
        p.words(p.HELLO, "You used to come by more often. A lot is new since then."),
        p.points("Use your points"),
        p.products("new", title="New since you were here"),
    ),
)
BEST: Final = Mail(
    "stages_best",
    "Win-back 60 days, best customers",
    PROMOTIONAL,
    "A personal word{% if person.first_name != '' %}, {{ person.first_name }}{% endif %}",
    "You are one of the people this shop lives by.",
    (
        p.words(
            p.HELLO,
            "You are one of the people this shop lives by, and I see that you have not been here"
            " for two months. Did we do something wrong? Reply and tell me, I read it myself.",
            "If life was just busy, this is for you.",
        ),
        p.coupon("With our thanks", "Use it now"),
        p.words("Warm regards,<br>{{ sender.name }}"),
    ),
    coupon="best",
)
BETWEEN: Final = Mail(
    "stages_between",
    "Win-back 90 days",
    PROMOTIONAL,
    "What you missed at {{ store.name }}",
    "Three months in one mail.",
    (
        p.heading("Three months in one mail"),
        p.words(p.HELLO, "Here is what others liked most while you were away."),
        p.products("best", title="Liked most"),
    ),
)
STRONG: Final = Mail(
    "stages_strong",
    "Win-back 120 days, an offer",
    PROMOTIONAL,
    "We would like you back",
    "Our best offer, good for a week.",
    (
        p.heading("We would like you back"),
        p.words(
            p.HELLO,
            "Four months are a long time. So here is the best that we can do, once and for a week.",
        ),
        p.coupon("Come back with this", "Use it now"),
        p.picked("Picked for you"),
        p.small("No interest any more? One click below, and we leave you in peace."),
    ),
    coupon="back",
)
NOW_AND_THEN: Final = Mail(
    "stages_now_and_then",
    "Win-back, now and then",
    PROMOTIONAL,
    "A short hello from {{ store.name }}",
    "Only what is really new.",
    (
        p.heading("A short hello"),
        p.words(p.HELLO, "We only write to you now and then. This is new:"),
        p.products("new", title=""),
    ),
)
THANKS: Final = Gift("best", "Win-back, best customers", percent=15, days=14, prefix="DEAR")
BACK: Final = Gift("back", "Win-back, 120 days", percent=15, days=7, prefix="BACK")
ASLEEP: Final = "asleep"
"""Tag of who read nothing for months: leave them out of campaigns."""


def build(bound: Bound) -> dict[str, Any]:
    """Return the definition; the stage of 90 days is off until the merchant switches it on."""
    away = is_field("days_since_last_order", ">=", 110)
    reads = is_field("last_engaged_at", "in_the_last", {"days": 60})
    ten = {"until_time": "10:00"}
    return flow(
        {"segment": bound.segment("at_risk")},
        {
            "morning": delay(0, "hours", "past", **ten),
            "past": branches(
                ("Best customers", in_segment(bound.segment("vip")), "best"),
                ("Regulars", is_field("order_count", ">=", 2), "regular"),
                otherwise="one_timer",
            ),
            "best": message(BEST, "month", coupon=bound.coupon("best")),
            "regular": message(REGULAR, "month"),
            "one_timer": message(ONE_TIMER, "month"),
            "month": delay(30, "days", "between", **ten),
            "between": message(BETWEEN, "second_month", state="off"),
            "second_month": delay(30, "days", "away", **ten),
            "away": split(away, yes="strong", no="back"),
            "strong": message(STRONG, "last_look", coupon=bound.coupon("back")),
            "last_look": delay(14, "days", "reads", **ten),
            "reads": split(reads, yes="pause", no="asleep"),
            "pause": delay(60, "days", "now_and_then", **ten),
            "now_and_then": message(NOW_AND_THEN, "once_more"),
            "once_more": {"type": "goto", "target": "later", "max_visits": 4, "otherwise": "done"},
            "later": delay(14, "days", "reads", **ten),
            "asleep": act("tag", "rests", add=[ASLEEP]),
            "rests": end("read nothing for months; tagged"),
            "back": end("ordered meanwhile"),
            "done": end("written to now and then for a year"),
        },
        reentry={"policy": "after", "n": 60, "unit": "days"},
        exit_on=[ORDER],
        goal=ORDER,
    )


FLOW: Final = LibraryFlow(
    key="win_back_stages",
    name="Win-back in stages",
    rows=("F11",),
    group=RETURN,
    icon="return",
    description="Writes after 60 days by what somebody bought before, and with your best offer"
    " after 120; a mail after 90 days is ready and off. Who still reads hears from you now and"
    " then; who does not is tagged “asleep”, so that you leave them out.",
    build=build,
    messages=(ONE_TIMER, REGULAR, BEST, BETWEEN, STRONG, NOW_AND_THEN),
    needs=(
        Need(
            FLOW_OFF,
            "win_back",
            "Switch off the short win-back, which writes to the same people after 60 days.",
        ),
        Need(
            CODES,
            "",
            "Switch on discount codes at your store, or upload codes to the coupons.",
        ),
    ),
    segments=("at_risk", "vip"),
    coupons=(THANKS, BACK),
)
