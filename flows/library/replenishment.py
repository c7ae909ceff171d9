"""A word before what somebody bought runs out."""

from typing import Any, Final

from flows.library import base, parts, steps

RUNS_OUT: Final = base.Mail(
    "library_refill",
    "Refill: it runs out soon",
    base.BEHAVIOURAL,
    "Time for more {{ event.title }}?",
    "By our reckoning it is nearly used up.",
    (
        parts.heading("Time for more?"),
        parts.words(
            parts.HELLO,
            "You bought {% if event.quantity and event.quantity != 1 %}{{ event.quantity }} × "
            "{% endif %}{{ event.title }} some time ago. By how long it lasts for others, there "
            "are only a few days left in it.",
        ),
        parts.items(label="Order it again"),
        parts.small(
            "Still enough? Then there is nothing to do. We write once about each order, and not at "
            "all where you have bought it again."
        ),
    ),
)
_AGAIN: Final = {
    **steps.ORDER,
    "same": [{"property": "product_ids", "trigger": "product_id"}],
}
"""An order with the very product that runs out."""


def _build(bound: base.Bound) -> dict[str, Any]:
    del bound
    return steps.flow(
        {"refill": {"percent": 80}},
        {
            "runs_out": steps.message(RUNS_OUT, "again", about="items"),
            "again": steps.wait_event(
                _AGAIN,
                timeout=steps.duration(21, "days"),
                on_event="bought",
                on_timeout="over",
            ),
            "bought": steps.end("bought again"),
            "over": steps.end("not bought again"),
        },
        reentry={"policy": "every_time"},
        goal=_AGAIN,
        exit_on=[_AGAIN, {"event": "Order Cancelled", "same": ["order_id"]}],
    )


FLOW: Final = base.LibraryFlow(
    key="replenishment",
    name="Refill",
    rows=("F9", "F10"),
    group=base.AFTER,
    icon="refresh",
    description="When 80% of what somebody bought is used up, a mail with the product. How long a "
    "piece lasts is the median between orders of it by the same person, from 20 re-orders on; else "
    "what you say on the page of the product. Two pieces last twice as long, and whoever buys it "
    "again hears nothing.",
    build=_build,
    messages=(RUNS_OUT,),
    needs=(
        base.Need(
            base.FLAG,
            "consumable",
            "Say which products are used up, under Products, Flags; or say on the page of a "
            "product how long it lasts.",
        ),
    ),
)
