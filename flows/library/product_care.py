"""What people need to know of what they bought, by what kind of product it is."""

from typing import Any, Final

from flows.library import base, parts, steps

_BOUGHT: Final = (
    "{% for line in order.lines %}{% if line.flags contains 'FLAG' %}<li>"
    '{% if line.url != "" %}<a href="{{ line.url }}">{{ line.title }}</a>'
    "{% else %}{{ line.title }}{% endif %}</li>{% endif %}{% endfor %}"
)


def _bought(flag: str) -> parts.Part:
    """Return the lines of the order that are of a kind, each with its page."""
    lines = _BOUGHT.replace("FLAG", flag)
    return parts.Part(f'<mj-text><ul style="margin:0;padding-left:20px">{lines}</ul></mj-text>')


SETUP: Final = base.Mail(
    "library_setup_guide",
    "Technical products: setup guide",
    base.SERVICE_CLASS,
    "Set up in a few minutes",
    "Step by step, so that it works from the first day on.",
    (
        parts.heading("Set up in a few minutes"),
        parts.words(parts.HELLO, "This is what you ordered and what it takes to start it:"),
        _bought("technical"),
        parts.bullets(
            "Unpack everything and keep the box until it runs.",
            "Read the first page of the leaflet before you plug it in.",
            "Charge or connect it fully once, then switch it on.",
            "Register it on its page, so that your warranty counts from today.",
        ),
        parts.words(
            "Does it not do what it should? Reply to this email and say what you see. A person "
            "answers, often with the one thing that helps."
        ),
    ),
)
CHECK_IN: Final = base.Mail(
    "library_setup_check_in",
    "Technical products: is it working?",
    base.SERVICE_CLASS,
    "Is everything working?",
    "A short question a week after your order.",
    (
        parts.heading("Is everything working?"),
        parts.words(
            parts.HELLO,
            "A week ago you ordered this from us:",
        ),
        _bought("technical"),
        parts.words(
            "If it runs as you like it, there is nothing to do. If not, reply with a word on what "
            "is missing: we would rather help now than have it lie in a drawer.",
        ),
        parts.questions("What others asked"),
    ),
)
CARE: Final = base.Mail(
    "library_care_guide",
    "High value: care guide",
    base.SERVICE_CLASS,
    "So that you have it for many years",
    "A few minutes of care now and then.",
    (
        parts.heading("So that you have it for many years"),
        parts.words(parts.HELLO, "You chose something that lasts. This is how it stays so:"),
        _bought("high_value"),
        parts.bullets(
            "Keep it dry, and away from heat and strong sun.",
            "Clean it with a soft cloth; no solvents.",
            "Keep the receipt with it: {{ order.number }}, {{ order.ordered_at | day }}.",
            "Send it to us before you repair anything yourself.",
        ),
        parts.words("Questions about material or repair? Reply to this email."),
    ),
)

_OF_ORDER: Final = [
    {"event": name, "same": ["order_id"]}
    for name in ("Order Cancelled", "Order Refunded", "Return Initiated")
]


def _order_with(flag: str) -> dict[str, Any]:
    return {
        **steps.ORDER,
        "filter": [{"property": "product_flags", "is": "contains", "value": flag}],
    }


def _technical(bound: base.Bound) -> dict[str, Any]:
    del bound
    return steps.flow(
        _order_with("technical"),
        {
            "arrive": steps.delay(2, "days", "guide"),
            "guide": steps.message(SETUP, "use"),
            "use": steps.delay(5, "days", "trouble"),
            "trouble": steps.split(
                steps.is_field("has_open_ticket", "=", value=True), yes="helped", no="check_in"
            ),
            "check_in": steps.message(CHECK_IN, "over"),
            "helped": steps.end("support is at it already"),
            "over": steps.end("the check-in was the last step"),
        },
        reentry={"policy": "every_time"},
        exit_on=_OF_ORDER,
    )


def _high_value(bound: base.Bound) -> dict[str, Any]:
    del bound
    return steps.flow(
        _order_with("high_value"),
        {
            "arrive": steps.delay(3, "days", "care"),
            "care": steps.message(CARE, "over"),
            "over": steps.end("the guide was the last step"),
        },
        reentry={"policy": "every_time"},
        exit_on=_OF_ORDER,
    )


TECHNICAL: Final = base.LibraryFlow(
    key="technical_setup",
    name="Technical products: setup",
    rows=("F9",),
    group=base.AFTER,
    icon="settings",
    description="For orders with a technical product: a setup guide on day 2, and on day 7 the "
    "question whether it works. Ends when the order is cancelled, refunded or sent back.",
    build=_technical,
    messages=(SETUP, CHECK_IN),
    needs=(
        base.Need(
            base.FLAG,
            "technical",
            "Say which products are technical: Products, Flags.",
        ),
    ),
)
HIGH_VALUE: Final = base.LibraryFlow(
    key="high_value_care",
    name="High-value products: care guide",
    rows=("F9",),
    group=base.AFTER,
    icon="star",
    description="For orders with a high-value product: on day 3 how to care for it. Ends when the "
    "order is cancelled, refunded or sent back.",
    build=_high_value,
    messages=(CARE,),
    needs=(
        base.Need(
            base.FLAG,
            "high_value",
            "Say which products are of high value: Products, Flags.",
        ),
    ),
)
FLOWS: Final = (TECHNICAL, HIGH_VALUE)
