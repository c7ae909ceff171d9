"""Writes WhatsApp messages: an approved template, or free text while the 24-hour window is open.

WhatsApp takes free text for a day after somebody wrote; at any other time, and for whoever never
did, only a template that it approved. Its category must say what the message is: marketing that
calls itself utility would reach people who want none.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from crm.choices import Channel
from crm.queries.conversations import last_inbound
from messaging.channels.base import OutgoingWhatsApp
from messaging.channels.senders import sender_for
from messaging.choices import WHATSAPP_CATEGORIES
from messaging.domain.numbers import country_of
from messaging.domain.rendering import PartsTemplate, compile_parts
from messaging.domain.windows import window_end
from messaging.errors import RenderError
from messaging.models import Template
from messaging.queries.accounts import list_default_accounts
from messaging.services.gating import MARKETING
from messaging.services.writers.base import Ready, Writer
from messaging.types import PendingMessage

MOST_LETTERS = 4_096
SHOWN = 80


class WhatsAppTemplate:
    """What a template says as free text, and what fills the places of the approved one.

    Attributes:
        variables: first words of everything that it asks for.
    """

    def __init__(self, template: Template) -> None:
        """Compile; raises `TemplateInvalid`."""
        content = template.content
        self.name = str(content.get("name") or "")
        self.language = str(content.get("language") or "en")
        self.category = str(content.get("category") or "").lower()
        places = [str(each) for each in content.get("variables") or ()]
        buttons = [str(each) for each in content.get("buttons") or ()]
        self._counts = (len(places), len(buttons))
        named = [(f"variables.{place}", each) for place, each in enumerate(places)]
        named += [(f"buttons.{place}", each) for place, each in enumerate(buttons)]
        self._parts: PartsTemplate = compile_parts((("text", template.text), *named))
        self.variables = self._parts.variables

    def asks(self, name: str, values: Mapping[str, Any]) -> bool:
        """Say whether whom it is written to reads a part that asks for a variable."""
        return self._parts.asks(name, values)

    def render(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the text, and what stands in the places; raises `RenderError`."""
        said = self._parts.render(values)
        places, buttons = self._counts
        return {
            "text": said["text"],
            "variables": tuple(said[f"variables.{place}"] for place in range(places)),
            "buttons": tuple(said[f"buttons.{place}"] for place in range(buttons)),
            "template": self,
        }


class WhatsAppWriter(Writer):
    """Writes the WhatsApp messages of one batch."""

    def __init__(self, now: datetime) -> None:
        """Look up the account."""
        self._account = next(iter(list_default_accounts([Channel.WHATSAPP.value])), None)
        self._now = now
        self._wrote: Mapping[str, datetime] = {}

    def begin(self, messages: Sequence[PendingMessage]) -> None:
        """Look up when the numbers of the batch last wrote."""
        if self._account is not None:
            numbers = {message.address for message in messages}
            self._wrote = last_inbound(Channel.WHATSAPP.value, self._account.pk, numbers)

    def compile(self, template: Template) -> WhatsAppTemplate:
        """Read the Liquid of a template."""
        return WhatsAppTemplate(template)

    def write(
        self, message: PendingMessage, content: Mapping[str, Any], values: Mapping[str, Any]
    ) -> Ready:
        """Put one message together."""
        del values
        number = message.address
        options = self._account.options if self._account is not None else {}
        sender = sender_for(options, country_of(number))
        text = content["text"]
        if text and self._is_open(message):
            if len(text) > MOST_LETTERS:
                raise RenderError(f"it has {len(text):,} letters; {MOST_LETTERS:,} is the most")
            free = OutgoingWhatsApp(
                to=number, sender=sender, reference=message.reference, text=text
            )
            return Ready(message, free, number, text[:SHOWN])
        template: WhatsAppTemplate = content["template"]
        _check(message, template, content["variables"])
        approved = OutgoingWhatsApp(
            to=number,
            sender=sender,
            reference=message.reference,
            template=template.name,
            language=template.language,
            category=template.category,
            variables=tuple(map(_in_one_line, content["variables"])),
            buttons=content["buttons"],
        )
        return Ready(message, approved, number, (text or template.name)[:SHOWN])

    def _is_open(self, message: PendingMessage) -> bool:
        wrote = self._wrote.get(message.address)
        return wrote is not None and self._now < window_end(wrote)


def category_fault(message_class: str, category: str) -> str:
    """Return why a category does not go with a class of messages, in words; empty if it does."""
    if category not in WHATSAPP_CATEGORIES:
        return f"the category of the template must be one of: {', '.join(WHATSAPP_CATEGORIES)}"
    is_marketing = message_class in MARKETING
    if is_marketing != (category == "marketing"):
        needed = "marketing" if is_marketing else "utility or authentication"
        return f"a {message_class} message needs an approved template of category {needed}"
    return ""


def _check(message: PendingMessage, template: WhatsAppTemplate, variables: Sequence[str]) -> None:
    if not template.name:
        raise RenderError("they have not written for 24 hours, and no approved template is named")
    if fault := category_fault(message.message_class, template.category):
        raise RenderError(fault)
    if "" in variables:
        raise RenderError("a place of the approved template is empty")


def _in_one_line(text: str) -> str:
    """Return what a place of a template takes: WhatsApp refuses line breaks and long gaps there."""
    return " ".join(text.split())
