"""One message on whatever reaches them: e-mail first, then what they use, until one is seen."""

from typing import Any, Final

from flows.library.base import (
    BEHAVIOURAL,
    CHANNEL,
    EVENT,
    LOYALTY,
    Bound,
    LibraryFlow,
    Mail,
    Need,
    Text,
)
from flows.library.parts import HELLO, heading, picked, points, words
from flows.library.steps import (
    ORDER,
    channel,
    delay,
    end,
    flow,
    is_field,
    message,
    split,
    wait_opened,
)

_WORDS: Final = "{{ loyalty.expiring }} of your {{ loyalty.program }}"

MAIL: Final = Mail(
    key="library_expiring_mail",
    name="Points expire, email",
    message_class=BEHAVIOURAL,
    subject="{{ loyalty.expiring }} of your points are about to expire",
    preheader="It would be a pity. Use them while they are yours.",
    parts=(
        heading("Use them while they are yours."),
        words(
            HELLO,
            f"{_WORDS} expire{{% if loyalty.expires_at %}} on {{{{ loyalty.expires_at | day }}}}"
            "{% else %} soon{% endif %}. You earned them; it would be a pity to let them go.",
        ),
        points("Spend them"),
        picked("Good things to spend them on"),
    ),
)
PUSH: Final = Text(
    key="library_expiring_push",
    name="Points expire, push",
    message_class=BEHAVIOURAL,
    body=f"{_WORDS} expire soon. Use them while they are yours.",
    channel="push",
    content={"title": "Your points are about to expire", "url": "{{ store.url }}"},
)
WHATSAPP: Final = Text(
    key="library_expiring_whatsapp",
    name="Points expire, WhatsApp",
    message_class=BEHAVIOURAL,
    body=f"Hello, {_WORDS} expire soon. Use them while they are yours: {{{{ store.url }}}}",
    channel="whatsapp",
    content={
        "name": "points_expiring",
        "language": "en_GB",
        "category": "marketing",
        "variables": ["{{ loyalty.expiring }}"],
    },
)
SMS: Final = Text(
    key="library_expiring_sms",
    name="Points expire, SMS",
    message_class=BEHAVIOURAL,
    body=f"{{{{ store.name }}}}: {_WORDS} expire soon. Use them: {{{{ store.url }}}}",
)


def _build(bound: Bound) -> dict[str, Any]:
    del bound
    has_some = is_field("points_expiring", ">", 0)
    ways = (("push", "push"), ("whatsapp", "whatsapp"), ("sms", "sms"))
    return flow(
        {
            "event": "Points Expiring",
            "filter": [{"property": "warning_days", "is": "=", "value": 7}],
        },
        {
            "first": channel(
                ("email", "mail"), otherwise="other", message_class=BEHAVIOURAL, pick="first"
            ),
            "mail": message(MAIL, "seen"),
            "seen": wait_opened("mail", 24, opened="end", unopened="left"),
            "left": split(has_some, yes="other", no="spent"),
            "other": channel(*ways, otherwise="end", message_class=BEHAVIOURAL, pick="history"),
            "push": message(PUSH, "push_seen"),
            "push_seen": wait_opened("push", 24, opened="end", unopened="still"),
            "still": split(has_some, yes="rest", no="spent"),
            "rest": channel(
                ("whatsapp", "whatsapp"),
                ("sms", "sms"),
                otherwise="end",
                message_class=BEHAVIOURAL,
                pick="history",
            ),
            "whatsapp": message(WHATSAPP, "day"),
            "sms": message(SMS, "day"),
            "day": delay(1, "days", "end"),
            "spent": end("nothing is left that expires"),
            "end": end("seen, or nothing else reaches them"),
        },
        reentry={"policy": "every_time"},
        exit_on=[ORDER],
        goal=ORDER,
    )


FLOW: Final = LibraryFlow(
    key="every_channel",
    name="Points expire, on every channel",
    rows=("F19",),
    group=LOYALTY,
    icon="campaign",
    description="Says a week before that points expire: by email, and if it is not opened within a "
    "day by push, WhatsApp or SMS, whichever they use and agreed to. It stops where it is seen.",
    build=_build,
    messages=(MAIL, PUSH, WHATSAPP, SMS),
    needs=(
        Need(
            EVENT,
            "Points Expiring",
            "Let points expire, under Loyalty, Rules.",
        ),
        Need(
            CHANNEL, "sms", "Connect an SMS account for those who open no mails.", is_optional=True
        ),
        Need(
            CHANNEL,
            "whatsapp",
            "Connect WhatsApp, and have Meta approve the template.",
            is_optional=True,
        ),
        Need(
            CHANNEL,
            "push",
            "Connect push, so that browsers and apps are reached.",
            is_optional=True,
        ),
    ),
)
