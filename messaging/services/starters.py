"""What a new template can start from: built from blocks, so that the editor opens every one."""

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from crm.choices import Channel
from messaging.choices import MessageClass
from messaging.services.authoring import Draft
from messaging.variables import known_variables

FOLDER = Path(__file__).resolve().parent.parent / "library" / "starters"
_PROMOTIONAL = MessageClass.PROMOTIONAL.value


class Starter(NamedTuple):
    """One e-mail to start from; ``variable`` is what somebody must know before it can be made."""

    key: str
    name: str
    words: str
    message_class: str
    subject: str
    preheader: str
    variable: str = ""


STARTERS: tuple[Starter, ...] = (
    Starter(
        "blank",
        "Blank",
        "Header, a few words, a button and the footer.",
        _PROMOTIONAL,
        "News from {{ store.name }}",
        "One sentence that makes people open it.",
    ),
    Starter(
        "newsletter",
        "Newsletter",
        "New products, best sellers and what others say.",
        _PROMOTIONAL,
        "New this week at {{ store.name }}",
        "What just came in, and what others like most.",
    ),
    Starter(
        "welcome",
        "Welcome",
        "A first hello with your best sellers.",
        _PROMOTIONAL,
        "Welcome to {{ store.name }}",
        "Good to have you here.",
    ),
    Starter(
        "offer",
        "Offer with a coupon",
        "A code of their own and recommendations.",
        _PROMOTIONAL,
        "Something for you, {{ person.first_name | default: 'dear reader' }}",
        "A code that is yours alone.",
        "coupon",
    ),
    Starter(
        "points",
        "Points",
        "How many points they have, and what to spend them on.",
        _PROMOTIONAL,
        "You have {{ loyalty.balance }} points",
        "They are yours to spend.",
        "loyalty",
    ),
)
_BY_KEY: Mapping[str, Starter] = {starter.key: starter for starter in STARTERS}
_SHORT: Mapping[str, Mapping[str, object]] = {
    Channel.SMS.value: {
        "text": "{{ store.name }}: Hello {{ person.first_name | default: 'there' }}"
    },
    Channel.PUSH.value: {
        "text": "Have a look at what is new.",
        "content": {"title": "New at {{ store.name }}", "url": "{{ store.url }}"},
    },
    Channel.WHATSAPP.value: {
        "text": "",
        "content": {
            "name": "hello",
            "language": "en_GB",
            "category": "marketing",
            "variables": ["{{ person.first_name | default: 'there' }}"],
        },
    },
}


def list_starters() -> list[Starter]:
    """Return what an e-mail can start from here."""
    known = known_variables()
    return [each for each in STARTERS if not each.variable or each.variable in known]


def draft_of(starter_key: str, *, name: str, channel: str, message_class: str) -> Draft:
    """Return what a new template says first.

    Args:
        starter_key: of `STARTERS`; unknown ones are blank. Of e-mails alone.
        name: of the new template.
        channel: a `crm.choices.Channel` word.
        message_class: a `MessageClass` word; a starter keeps its look and not its class.
    """
    if channel != Channel.EMAIL:
        said = _SHORT[channel]
        return Draft(
            name=name,
            channel=channel,
            message_class=message_class,
            text=str(said["text"]),
            content=dict(said.get("content", {})),  # type: ignore[call-overload]  # table above
        )
    starter = _BY_KEY.get(starter_key, STARTERS[0])
    return Draft(
        name=name,
        channel=channel,
        message_class=message_class,
        subject=starter.subject,
        preheader=starter.preheader,
        mjml=read_starter(starter.key),
    )


@functools.cache
def read_starter(key: str) -> str:
    """Return the MJML of a starter."""
    return (FOLDER / f"{key}.mjml").read_text("utf-8")
