"""The confirmation of every order, which is on in every account from the beginning."""

from typing import Any, Final

from flows.library.base import START, TRANSACTIONAL, Bound, LibraryFlow, Standing
from flows.library.steps import end, flow, message

CONFIRMATION: Final = Standing("post_purchase", "Order confirmation", TRANSACTIONAL)
POST_PURCHASE: Final[dict[str, Any]] = flow(
    {"event": "Order Placed"},
    {
        "confirmation": message(CONFIRMATION, "end"),
        "end": end("confirmation queued"),
    },
    reentry={"policy": "every_time"},
    exit_on=[],
)


def build(bound: Bound) -> dict[str, Any]:
    """Return the definition; it asks for nothing that is made at installation."""
    del bound
    return POST_PURCHASE


FLOW: Final = LibraryFlow(
    key="post_purchase",
    name="Post-purchase confirmation",
    rows=("F7",),
    group=START,
    icon="order",
    description="Thanks for every order at once and says what was bought and where to get help.",
    build=build,
    messages=(CONFIRMATION,),
)
