"""Something that was sold is not safe, or faulty: everybody who bought it hears of it.

Who that is, is chosen on the page of product issues (`flows.services.product_issues`), which puts
them in. The message passes every limit that is for promotions.
"""

from typing import Any, Final

from flows.library.base import SAFETY, SERVICE, Bound, LibraryFlow, Mail, Text
from flows.library.parts import HELLO, divider, heading, only, small, words
from flows.library.steps import channel, end, flow, message, task

NOTICE: Final = Mail(
    key="library_product_issue",
    name="Product issue",
    message_class=SAFETY,
    subject="Important: {{ event.product }}",
    preheader="Please read this before you use it again.",
    reason="You get this email because you bought {{ event.product }} from {{ store.name }}. It is "
    "no advertising.",
    parts=(
        heading("Please read this about {{ event.product }}."),
        words(
            HELLO,
            "you bought {{ event.product }} from us. We have found something that you must know:",
            "<strong>{{ event.what }}</strong>",
        ),
        only(
            "event.advice != ''",
            words("What you do now: {{ event.advice }}"),
        ),
        words(
            "Reply to this email if anything is unclear or has happened. A person reads it today. "
            "We are sorry for the worry.",
        ),
        divider(),
        small(
            "This concerns orders from {{ event.first_day }} to {{ event.last_day }}"
            "{% if event.lot != '' %}, lot {{ event.lot }}{% endif %}."
        ),
    ),
)
TEXT: Final = Text(
    key="library_product_issue_sms",
    name="Product issue, SMS",
    message_class=SAFETY,
    body="{{ store.name }}: important, about {{ event.product }} that you bought. {{ event.what }} "
    "{{ event.advice }}",
)


def _build(bound: Bound) -> dict[str, Any]:
    del bound
    return flow(
        {"manual": True},
        {
            "reach": channel(
                ("email", "mail"), ("sms", "text"), otherwise="letter", message_class=SAFETY
            ),
            "mail": message(NOTICE, "end"),
            "text": message(TEXT, "end"),
            "letter": task(
                "Reach them about a product issue: no email address and no phone number is known.",
                done="end",
                over="end",
                days=14,
            ),
            "end": end("told of the product issue"),
        },
        reentry={"policy": "every_time"},
    )


FLOW: Final = LibraryFlow(
    key="product_issue",
    name="Product issue",
    rows=("F16",),
    group=SERVICE,
    icon="warn",
    description="Writes to everybody who bought something that is faulty or not safe, whatever "
    "they said of marketing. Choose the product and the days under Product issue; that page puts "
    "the buyers in.",
    build=_build,
    messages=(NOTICE, TEXT),
)
