"""A good customer is about to leave: a person takes over, and only then a mail."""

from typing import Any, Final

from flows.library.base import BEHAVIOURAL, EVENT, RETURN, Bound, LibraryFlow, Mail, Need
from flows.library.parts import HELLO, heading, words
from flows.library.steps import ORDER, act, end, flow, goal, in_segment, message, task

PERSONAL: Final = Mail(
    key="library_handoff",
    name="A personal word",
    message_class=BEHAVIOURAL,
    subject="Did we do something wrong?",
    preheader="An honest question from one person to another.",
    parts=(
        heading("An honest question"),
        words(
            HELLO,
            "you used to order from us quite often, and for a while now you have not. I wondered "
            "why, and thought that I would simply ask.",
            "Was something not as it should be? Is something missing? Reply with a line, however "
            "short. I read every answer myself.",
            "{{ sender.name }}",
        ),
    ),
)


def _build(bound: Bound) -> dict[str, Any]:
    going = bound.segment("good_and_quiet")
    return flow(
        {"segment": going},
        {
            "tell": act("alert", "call", text="Good customers go quiet: see the tasks."),
            "call": task(
                "Call or write to them in person: they bought often and much, and have gone quiet.",
                done="spoken",
                over="word",
                days=3,
            ),
            "spoken": goal("A person spoke to them"),
            "word": message(PERSONAL, "end"),
            "end": end("written to, as nobody had time"),
        },
        reentry={"policy": "after", "n": 90, "unit": "days"},
        entry_filter=in_segment(going),
        exit_on=[ORDER, {"event": "Ticket Opened"}],
    )


FLOW: Final = LibraryFlow(
    key="handoff",
    name="Hand over to a person",
    rows=("F21",),
    group=RETURN,
    icon="phone",
    description="Gives your team a task when somebody who bought often and much goes quiet, and "
    "waits for its outcome. If nobody gets to it in three days, they get a personal mail.",
    build=_build,
    messages=(PERSONAL,),
    needs=(Need(EVENT, "Order Placed", "Connect a store, so that orders come in."),),
    segments=("good_and_quiet",),
)
