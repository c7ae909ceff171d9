"""Days that come round each year: the birthday, and the first order."""

from typing import Any, Final

from flows.library.base import (
    CODES,
    EVENT,
    LOYALTY,
    PROMOTIONAL,
    PROPERTY,
    Bound,
    Gift,
    LibraryFlow,
    Mail,
    Need,
)
from flows.library.parts import button, coupon, heading, picked, words
from flows.library.steps import ORDER, end, flow, message

_NAME: Final = "{% if person.first_name != '' %}, {{ person.first_name }}{% endif %}"
_YEARS: Final = "{% if event.years == 1 %}One year{% else %}{{ event.years }} years{% endif %}"
_EVERY: Final = {"policy": "every_time"}

EARLY: Final = Mail(
    key="library_birthday_gift",
    name="Birthday, a week before",
    message_class=PROMOTIONAL,
    subject="Your birthday present is here early",
    preheader="So that it is with you on the day.",
    coupon="birthday",
    parts=(
        heading("A week to go"),
        words(
            "Your birthday is around the corner, and presents that come late are half the fun. "
            "So here is ours now: choose something, and it is with you on the day.",
        ),
        coupon("Your birthday present", "Choose something"),
        picked("You might like"),
    ),
)
WISHES: Final = Mail(
    key="library_birthday",
    name="Birthday, on the day",
    message_class=PROMOTIONAL,
    subject=f"Happy birthday{_NAME}!",
    preheader="All the best from all of us. Your present is still waiting.",
    coupon="birthday",
    parts=(
        heading(f"Happy birthday{_NAME}!"),
        words(
            "All of us at {{ store.name }} wish you a wonderful day, and a year that is kind to "
            "you.",
        ),
        coupon("Your present is still waiting", "Unwrap it"),
    ),
)
LAST: Final = Mail(
    key="library_birthday_reminder",
    name="Birthday, three days after",
    message_class=PROMOTIONAL,
    subject="Your birthday present is still yours",
    preheader="It would be a pity to let it go.",
    coupon="birthday",
    parts=(
        heading("Do not forget your present"),
        words(
            "We hope it was a lovely day. If you have not used your present yet, it is still good."
        ),
        coupon("Still yours", "Use it now"),
    ),
)
YEARS: Final = Mail(
    key="library_anniversary",
    name="Anniversary of the first order",
    message_class=PROMOTIONAL,
    subject=f"{_YEARS} with you",
    preheader="Thank you. This one is on us.",
    coupon="anniversary",
    parts=(
        heading(f"{_YEARS}. Thank you."),
        words(
            "On this day {% if event.years == 1 %}a year{% else %}{{ event.years }} years"
            "{% endif %} ago you ordered from us for the first time. You could have gone anywhere, "
            "and you came back to us.",
        ),
        coupon("To the next one", "Use it now"),
        button("See what is new"),
    ),
)


def _build_birthday(bound: Bound) -> dict[str, Any]:
    del bound
    trigger = {
        "property": "birthday",
        "offset": {"n": 7, "unit": "days", "direction": "before"},
        "repeats": "yearly",
        "at": "09:00",
        "timezone": "profile",
    }
    return flow(
        {"date": trigger},
        {
            "early": message(EARLY, "day"),
            "day": {
                "type": "wait_date",
                "date": {"event": "date"},
                "at": "09:00",
                "next": "wishes",
                "past": "end",
            },
            "wishes": message(WISHES, "later"),
            "later": {
                "type": "wait_date",
                "date": {"event": "date"},
                "offset": {"n": 3, "unit": "days", "direction": "after"},
                "at": "09:00",
                "next": "last",
                "past": "end",
            },
            "last": message(LAST, "end"),
            "end": end("the birthday is over"),
        },
        reentry=_EVERY,
        exit_on=[ORDER],
        goal=ORDER,
    )


def _build_anniversary(bound: Bound) -> dict[str, Any]:
    del bound
    trigger = {
        "property": "first_order_at",
        "repeats": "yearly",
        "at": "10:00",
        "timezone": "profile",
    }
    return flow(
        {"date": trigger},
        {"years": message(YEARS, "end"), "end": end("congratulated")},
        reentry=_EVERY,
        exit_on=[ORDER],
        goal=ORDER,
    )


BIRTHDAY: Final = LibraryFlow(
    key="birthday",
    name="Birthday",
    rows=("F13",),
    group=LOYALTY,
    icon="gift",
    description="A present with a code of their own a week before the birthday, wishes on the day "
    "and a reminder three days after, by everybody's own clock. An order ends it.",
    build=_build_birthday,
    messages=(EARLY, WISHES, LAST),
    needs=(
        Need(
            PROPERTY,
            "birthday",
            "Ask for the birthday in a form or import it as the property birthday, such as "
            "1990-05-12, or 05-12 without the year.",
        ),
        Need(CODES, "", "Connect a store that takes codes, or add codes to the coupon yourself."),
    ),
    coupons=(Gift("birthday", "Birthday present", percent=15, days=21, prefix="BDAY"),),
)
ANNIVERSARY: Final = LibraryFlow(
    key="anniversary",
    name="Anniversary of the first order",
    rows=("F13",),
    group=LOYALTY,
    icon="calendar",
    description="Thanks customers each year on the day of their first order, with a code of their "
    "own.",
    build=_build_anniversary,
    messages=(YEARS,),
    needs=(
        Need(EVENT, "Order Placed", "Connect a store, so that orders come in."),
        Need(CODES, "", "Connect a store that takes codes, or add codes to the coupon yourself."),
    ),
    coupons=(Gift("anniversary", "Anniversary present", percent=10, days=14, prefix="YEAR"),),
)
FLOWS: Final = (BIRTHDAY, ANNIVERSARY)
