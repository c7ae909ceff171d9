"""Somebody looks at the same help again and again: a tutorial answers before they ask."""

from typing import Any, Final

from flows.library.base import BEHAVIOURAL, EVENT, SERVICE, Bound, LibraryFlow, Mail, Need
from flows.library.parts import HELLO, bullets, button, heading, questions, words
from flows.library.steps import delay, end, flow, happened, message

PATH: Final = "how-to"
"""Part of the address of pages that explain something."""
TIMES: Final = 3
DAYS: Final = 7

TUTORIAL: Final = Mail(
    key="library_how_to",
    name="Tutorial",
    message_class=BEHAVIOURAL,
    subject="Stuck? Here is how it works",
    preheader="Step by step, and a person to ask.",
    parts=(
        heading("Here is how it works."),
        words(
            HELLO,
            "you have looked at our instructions a few times this week. That is usually our "
            "fault, not yours. So here is the short version:",
        ),
        bullets(
            "<strong>Take your time with the first use.</strong> Most of what goes wrong goes "
            "wrong there.",
            "<strong>A little is enough.</strong> You can always add more, and hardly ever take "
            "it back.",
            "<strong>Not as it should be after three days?</strong> Then something else is the "
            "matter, and we would like to hear of it.",
        ),
        button(
            "Read it step by step",
            "{% if event contains 'url' and event.url != '' %}{{ event.url }}"
            "{% else %}{{ store.url }}{% endif %}",
        ),
        questions("Others asked"),
        words("Still stuck? Reply to this email and tell us where. A person answers."),
    ),
)


def _build(bound: Bound) -> dict[str, Any]:
    del bound
    again = happened(
        "Page Viewed",
        days=DAYS,
        count=TIMES,
        where=[{"property": "path", "is": "contains", "value": PATH}],
    )
    return flow(
        {
            "event": "Page Viewed",
            "filter": [{"property": "path", "is": "contains", "value": PATH}],
        },
        {
            "hour": delay(1, "hours", "tutorial"),
            "tutorial": message(TUTORIAL, "end"),
            "end": end("explained"),
        },
        reentry={"policy": "after", "n": 30, "unit": "days"},
        entry_filter=again,
        exit_on=[{"event": "Ticket Opened"}],
    )


FLOW: Final = LibraryFlow(
    key="how_to",
    name="Tutorial after repeated visits",
    rows=("F18",),
    group=SERVICE,
    icon="info",
    description="Sends a tutorial to whoever looks at pages with “how-to” in their address three "
    "times within 7 days. Change the address in the trigger and in the filter to yours.",
    build=_build,
    messages=(TUTORIAL,),
    needs=(
        Need(
            EVENT,
            "Page Viewed",
            "Install the tracking snippet, so that pages tell of visits.",
        ),
    ),
)
