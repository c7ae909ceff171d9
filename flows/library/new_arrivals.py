"""What is new goes to those who care for its category."""

from typing import Any, Final

from flows.library import base, parts, steps

ARRIVED: Final = base.Mail(
    "library_new_arrival",
    "New in a category that they like",
    base.PROMOTIONAL,
    "New: {{ event.title }}",
    "You are among the first to see it.",
    (
        parts.heading("New in {{ event.category }}"),
        parts.words(
            parts.HELLO,
            "You like {{ event.category }}, so we thought of you: this has just come in.",
        ),
        parts.items(label="Have a look"),
        parts.products("new", 4, "Also new"),
    ),
)


def _build(bound: base.Bound) -> dict[str, Any]:
    del bound
    return steps.flow(
        {"new_product": {"audience": "either", "within_days": 180}},
        {
            "tell": steps.message(ARRIVED, "told", about="items"),
            "told": steps.end("told"),
        },
        reentry={"policy": "after", "n": 7, "unit": "days"},
    )


FLOW: Final = base.LibraryFlow(
    key="new_arrivals",
    name="New arrivals",
    rows=("F33",),
    group=base.LOYALTY,
    icon="tag",
    description="When a product is published, a mail to those who bought of its category or "
    "looked at it in the last 180 days. At most once a week for each person.",
    build=_build,
    messages=(ARRIVED,),
    needs=(base.Need(base.PRODUCTS, "", "Connect your shop, so that new products are known."),),
)
