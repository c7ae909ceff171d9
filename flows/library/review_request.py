"""Asking for a review once the parcel had time to be opened, and what becomes of the answer."""

from typing import Any, Final

from flows.library import base, parts, steps
from messaging.choices import ASKS_FOR_REVIEW

LOOKED_AFTER: Final = "answer looked after"
"""Tag of the mail that makes a bad answer good, so that no other flow does it again."""
STARS: Final = parts.Part(
    '<mj-text align="left" padding="8px 0 4px">'
    + "".join(
        f'<a href="{{{{ rate_url }}}}?score={stars}" style="display:inline-block;'
        "margin:0 8px 8px 0;padding:12px 14px;border:1px solid currentColor;border-radius:8px;"
        "font-size:16px;"
        f'line-height:1;text-decoration:none;white-space:nowrap">{stars}&nbsp;★</a>'
        for stars in range(1, 6)
    )
    + "</mj-text>"
)
"""One link for each number of stars; they lead to the page that keeps the answer."""
FIRST: Final = "{{ order.lines.first.title | default: 'your order' }}"
PROMPT: Final = (
    "{% assign flags = order.lines.first.flags %}"
    "{% if flags contains 'technical' %}Is it set up, and does it do what you bought it for?"
    "{% elsif flags contains 'consumable' %}How do you like it: the scent, the taste, the feel?"
    "{% elsif flags contains 'high_value' %}Is it made as well as you hoped, now that you have it "
    "in your hands?"
    "{% else %}Is it what you hoped for?{% endif %}"
)
"""The question that fits what was bought."""

REQUEST: Final = base.Mail(
    "library_review_request",
    "Review request",
    base.BEHAVIOURAL,
    f"How is {FIRST}?",
    "One press on a star is all it takes.",
    (
        parts.heading(f"How is {FIRST}?"),
        parts.words(parts.HELLO, f"You have had it for a few days now. {PROMPT}"),
        STARS,
        parts.small("1 is bad, 5 is wonderful. You can add a few words on the next page."),
        parts.words(
            "Is something wrong with it? Just reply to this email, and a person looks after it.",
        ),
    ),
    tags=(ASKS_FOR_REVIEW,),
)
SORRY: Final = base.Mail(
    "library_review_sorry",
    "Bad review: we make it good",
    base.SERVICE_CLASS,
    "We are sorry. Let us make it good",
    "Somebody of us gets in touch with you.",
    (
        parts.heading("We are sorry"),
        parts.words(
            parts.HELLO,
            f"Thank you for telling us openly what you think of {FIRST}. This is not what we want "
            "you to have.",
            "Somebody of our team looks at your order {{ order.number }} now and gets in touch "
            "with you. If you would rather say more at once, just reply to this email.",
        ),
    ),
    tags=(LOOKED_AFTER,),
)
PUBLISH: Final = base.Mail(
    "library_review_publish",
    "Good review: may others read it?",
    base.SERVICE_CLASS,
    "May others read what you said?",
    "Your words help somebody who is still making up their mind.",
    (
        parts.heading("Thank you for your stars"),
        parts.words(
            parts.HELLO,
            f"We are glad that you like {FIRST}. Somebody who looks at it now would love to read "
            "that from you.",
            "May we show it? You say under which name, and you can change every word.",
        ),
        parts.button("Show my review", "{{ rate_url }}"),
    ),
)

_TRANSIT_DAYS: Final = 7
"""How long a parcel takes at the most where nobody tells that it arrived."""
_OF_ORDER: Final = ("Order Cancelled", "Order Refunded", "Return Initiated")
_BAD: Final = {"property": "rating", "is": "<=", "value": 2}
_GOOD: Final = {"property": "rating", "is": ">=", "value": 4}
_KEPT: Final = {"property": "is_consented", "is": "=", "value": False}
"""They said on our page that others may not read it; other tools ask for themselves."""


def _answer(*tests: dict[str, Any]) -> dict[str, Any]:
    """Return a review of the very order that was asked about, which passes tests."""
    return {"event": "Review Submitted", "same": ["order_id"], "filter": list(tests)}


def _look(answer: dict[str, Any], *, yes: str, no: str) -> steps.Node:
    """Return a choice by whether such an answer came: a wait as short as can be."""
    return steps.wait_event(
        answer,
        timeout=steps.duration(1, "minutes"),
        since="start",
        on_event=yes,
        on_timeout=no,
    )


def _build(bound: base.Bound) -> dict[str, Any]:
    del bound
    return steps.flow(
        {"event": "Order Fulfilled"},
        {
            "arrival": steps.wait_event(
                {"event": "Order Delivered", "same": ["order_id"]},
                timeout=steps.duration(_TRANSIT_DAYS, "days"),
                since="start",
                on_event="unpack",
                on_timeout="unpack",
            ),
            "unpack": steps.delay(5, "days", "trouble"),
            "trouble": steps.split(
                steps.some(
                    steps.is_field("has_open_ticket", "=", value=True),
                    steps.is_field("has_open_return", "=", value=True),
                ),
                yes="not_now",
                no="ask",
            ),
            "ask": steps.message(REQUEST, "answer"),
            "answer": steps.wait_event(
                _answer(),
                timeout=steps.duration(14, "days"),
                on_event="bad",
                on_timeout="silent",
            ),
            "bad": _look(_answer(_BAD), yes="sorry", no="good"),
            "good": _look(_answer(_GOOD, _KEPT), yes="publish", no="heard"),
            "sorry": steps.message(SORRY, "support"),
            "support": steps.task(
                "Make it good: they gave one or two stars",
                done="settle",
                over="open",
                days=14,
            ),
            "settle": steps.act("answer_reviews", "settled"),
            "publish": steps.message(PUBLISH, "asked"),
            "not_now": steps.end("something is open with them"),
            "silent": steps.end("no answer"),
            "heard": steps.end("three stars, or nothing to ask for"),
            "settled": steps.end("settled by support"),
            "open": steps.end("support did not get to it"),
            "asked": steps.end("asked to publish"),
        },
        reentry={"policy": "keyed", "property": "order_id"},
        exit_on=[{"event": name, "same": ["order_id"]} for name in _OF_ORDER],
    )


FLOW: Final = base.LibraryFlow(
    key="review_request",
    name="Review request",
    rows=("F8",),
    group=base.AFTER,
    icon="star",
    description="Five days after the parcel arrived, asks how the product is, in words that fit "
    "it. Good stars: asks whether others may read them. Bad ones: a mail that says sorry and a "
    "task for your team, and no promotions until it is settled. One request for each order, of "
    "all flows together.",
    build=_build,
    messages=(REQUEST, SORRY, PUBLISH),
    needs=(
        base.Need(
            base.EVENT,
            "Order Fulfilled",
            "Let your shop, or a shipping tool, tell when parcels leave.",
        ),
        base.Need(
            base.EVENT,
            "Order Delivered",
            "Let a shipping tool tell when parcels arrive; without it the request leaves "
            f"{_TRANSIT_DAYS + 5} days after the parcel did.",
            is_optional=True,
        ),
    ),
)
