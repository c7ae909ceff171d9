"""People who lost interest: three mails as a last chance, and then silence."""

from typing import Any, Final

from flows.library.base import PROMOTIONAL, RETURN, Bound, LibraryFlow, Mail
from flows.library.parts import HELLO, button, heading, picked, products, words
from flows.library.steps import ORDER, act, delay, end, flow, in_segment, message

_PREFER: Final = '<a href="{{ preferences_url }}">choose what you want to hear</a>'

FIRST: Final = Mail(
    key="library_last_chance_1",
    name="Last chance, first",
    message_class=PROMOTIONAL,
    subject="Do you still want to hear from us?",
    preheader="One click says yes. Silence is an answer too.",
    parts=(
        heading("Do you still want to hear from us?"),
        words(
            HELLO,
            "we have written to you for half a year, and have not heard from you. That is "
            "perfectly fine. We would just like to know whether to go on.",
        ),
        button("Yes, keep writing"),
        words(f"Or {_PREFER}: less often, or only what you care about."),
    ),
)
SECOND: Final = Mail(
    key="library_last_chance_2",
    name="Last chance, second",
    message_class=PROMOTIONAL,
    subject="What you have missed",
    preheader="A short look at what is new, in case you wondered.",
    parts=(
        heading("What you have missed"),
        words("In case you wondered what has happened here since you last looked:"),
        products("new", 4, "New since then"),
        picked("And for you"),
    ),
)
THIRD: Final = Mail(
    key="library_last_chance_3",
    name="Last chance, goodbye",
    message_class=PROMOTIONAL,
    subject="This is our last email",
    preheader="Unless you stop us.",
    parts=(
        heading("Goodbye, unless you stop us."),
        words(
            HELLO,
            "this is the last email of this kind that we send you. Nobody needs more of what they "
            "do not read. You hear from us about your orders, of course, and about nothing else.",
            "Should you want us back, one click is enough:",
        ),
        button("Stay in touch"),
    ),
)


def _build(bound: Bound) -> dict[str, Any]:
    asleep = bound.segment("asleep")
    return flow(
        {"segment": asleep},
        {
            "first": message(FIRST, "week"),
            "week": delay(7, "days", "second"),
            "second": message(SECOND, "two_weeks"),
            "two_weeks": delay(14, "days", "third"),
            "third": message(THIRD, "wait"),
            "wait": delay(14, "days", "rest"),
            "rest": act("tag", "end", add=["asleep"]),
            "end": end("did not come back"),
        },
        reentry={"policy": "after", "n": 180, "unit": "days"},
        entry_filter=in_segment(asleep),
        exit_on=[ORDER, {"event": "Message Clicked"}],
        goal={"event": "Message Clicked"},
    )


FLOW: Final = LibraryFlow(
    key="last_chance",
    name="Last chance",
    rows=("M8",),
    group=RETURN,
    icon="moon",
    description="Asks people who showed no interest for 180 days three times whether they still "
    "want mails. Who stays silent gets no promotion any more, by your sending limits, until they "
    "come back.",
    build=_build,
    messages=(FIRST, SECOND, THIRD),
    segments=("asleep",),
)
