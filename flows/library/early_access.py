"""The best and the oldest customers see something before all others."""

from typing import Any, Final

from flows.library import base, parts, steps

FIRST: Final = base.Mail(
    "library_early_access",
    "Early access",
    base.PROMOTIONAL,
    "You may go in first: {{ event.list }}",
    "Your own link, {{ event.hours }} hours before it opens to everybody.",
    (
        parts.heading("You may go in first"),
        parts.words(
            parts.HELLO,
            "{{ event.list }} opens to everybody in {{ event.hours }} hours. To you it is open "
            "now, because you have been with us for long, or with all your heart.",
        ),
        parts.button("Go in", "{{ event.url }}"),
        parts.small("The link is yours. What is gone is gone, also for those who come first."),
    ),
)


def _build(bound: base.Bound) -> dict[str, Any]:
    del bound
    return steps.flow(
        {"event": "Early Access Opened"},
        {
            "first": steps.message(
                FIRST, "told", priority=1, max_lateness=steps.duration(12, "hours")
            ),
            "told": steps.end("told first"),
        },
        reentry={"policy": "every_time"},
        max_event_age=steps.duration(12, "hours"),
    )


FLOW: Final = base.LibraryFlow(
    key="early_access",
    name="Early access",
    rows=("F23",),
    group=base.LOYALTY,
    icon="key",
    description="A list of who may buy first opens: its people get their own link hours before all "
    "others. Make lists under Flows, Early access, such as for VIPs and long-time customers; your "
    "shop asks by the link who may come in.",
    build=_build,
    messages=(FIRST,),
    segments=("vip", "long_time"),
)
