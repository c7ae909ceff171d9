"""Renders a message once more, for people who look at it; nothing leaves and nothing is written.

Contents are not stored: they would be a second copy of what is known of a person. What is shown is
today's template with today's values, without the tracked links of the mail that left.
"""

from collections.abc import Mapping
from html import escape
from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction

from crm.choices import Channel
from messaging.choices import URGENT
from messaging.domain.rendering import EmailTemplate, compile_parts, compile_template
from messaging.errors import RenderError, TemplateInvalid
from messaging.models import Message, Template
from messaging.queries import sending
from messaging.services.choosing import with_senders
from messaging.types import From, PendingMessage, RenderedEmail
from messaging.variables import gather_values

NOWHERE = "#"
"""In the place of personal addresses: nobody but the recipient may follow them."""
PERSONAL = frozenset(
    {"unsubscribe_url", "preferences_url", "rate_url", "return_url", "confirm_url", "data_url"}
)


class Look(NamedTuple):
    """A message as it reads today.

    Attributes:
        rendered: None where it cannot be, for the reason in ``why_not``.
        sender: who it would be from today; None where nobody asked, or on other channels than mail.
    """

    rendered: RenderedEmail | None
    why_not: str
    sender: From | None = None


@transaction.atomic
def render_again(message_id: int) -> RenderedEmail | None:
    """Return what a message says with today's template and values.

    Returns:
        None when there is no such message, or its person was erased.

    Raises:
        RenderError: the template lacks a value for this person.
        TemplateInvalid: it no longer compiles.
    """
    found = _find_pending(message_id)
    return _render(*found) if found is not None else None


def _find_pending(message_id: int) -> tuple[PendingMessage, Template] | None:
    message = Message.objects.select_related("template").filter(pk=message_id).first()
    if message is None:
        return None
    recipient = sending.find_recipients([message.profile_id]).get(message.profile_id)
    if recipient is None or recipient.is_erased:
        return None
    pending = PendingMessage(
        id=message.pk,
        key=message.key,
        profile=recipient,
        channel=message.channel,
        message_class=message.message_class,
        template_id=message.template_id,
        flow_id=message.flow_id,
        flow_run_id=message.flow_run_id,
        node_id=message.node_id,
        context=message.context,
        planned_at=message.planned_at,
        message_id=message.message_id,
        attempts=message.attempts,
        is_resend=message.is_resend,
        claim_id=UUID(int=0),
    )
    return pending, message.template


def _render(pending: PendingMessage, row: Template) -> RenderedEmail:
    template = _compile(row)
    values = gather_values(template.variables - PERSONAL, [pending])[pending.id]
    return template.render({**values, **dict.fromkeys(PERSONAL, NOWHERE)})


def _compile(row: Template) -> "EmailTemplate | _TextPreview":
    if row.channel != Channel.EMAIL:
        return _TextPreview(row)
    return compile_template(
        subject=row.subject,
        preheader=row.preheader,
        html=row.html,
        text=row.text,
        must_arrive=row.message_class in URGENT,
    )


class _TextPreview:
    """A message of a channel without subject and pictures, shown as a mail is.

    Attributes:
        variables: first words of everything that it asks for.
    """

    def __init__(self, row: Template) -> None:
        places = row.content.get("variables") or ()
        named = [(f"{place}", str(each)) for place, each in enumerate(places, start=1)]
        self._name = str(row.content.get("name") or "")
        # An approved template of WhatsApp leaves no place empty, whatever it says.
        must_arrive = row.message_class in URGENT and row.channel != Channel.WHATSAPP
        self._parts = compile_parts((("text", row.text), *named), must_arrive=must_arrive)
        self.variables = self._parts.variables

    def render(self, values: Mapping[str, Any]) -> RenderedEmail:
        """Return the text; of an approved template its name and what fills its places."""
        said = self._parts.render(values)
        text = said.pop("text")
        if not text:
            text = "\n".join([self._name, *(f"{place}: {each}" for place, each in said.items())])
        html = f'<div style="white-space:pre-line;font-family:sans-serif">{escape(text)}</div>'
        return RenderedEmail("", html, text + "\n")


@transaction.atomic
def look_again(message_id: int, *, with_sender: bool = False) -> Look:
    """Return how a message reads, or the reason why not in words; who it is from on wish."""
    found = _find_pending(message_id)
    if found is None:
        return Look(None, "The person was erased, and with them what the message said.")
    pending, row = found
    sender = None
    if with_sender and pending.channel == Channel.EMAIL:
        sender = with_senders([pending])[0].sender
    try:
        return Look(_render(pending, row), "", sender)
    except TemplateInvalid as exc:
        return Look(None, f"The template of today cannot be read: {exc}", sender)
    except RenderError as exc:
        words = f"The template cannot be rendered for this person today: {exc}"
        return Look(None, words, sender)
