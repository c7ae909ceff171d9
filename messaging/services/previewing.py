"""Renders a message once more, for people who look at it; nothing leaves and nothing is written.

Contents are not stored: they would be a second copy of what is known of a person. What is shown is
today's template with today's values, without the tracked links of the mail that left.
"""

from collections.abc import Mapping
from html import escape
from typing import Any
from uuid import UUID

from django.db import transaction

from crm.choices import Channel
from messaging.domain.rendering import EmailTemplate, compile_parts, compile_template
from messaging.errors import RenderError, TemplateInvalid
from messaging.models import Message, Template
from messaging.queries import sending
from messaging.types import PendingMessage, RenderedEmail
from messaging.variables import gather_values

NOWHERE = "#"
"""In the place of personal addresses: nobody but the recipient may follow them."""
_PERSONAL = ("unsubscribe_url", "preferences_url", "confirm_url", "data_url")


@transaction.atomic
def render_again(message_id: int) -> RenderedEmail | None:
    """Return what a message says with today's template and values.

    Returns:
        None when there is no such message, or its person was erased.

    Raises:
        RenderError: the template lacks a value for this person.
        TemplateInvalid: it no longer compiles.
    """
    message = Message.objects.select_related("template").filter(pk=message_id).first()
    if message is None:
        return None
    recipient = sending.find_recipients([message.profile_id]).get(message.profile_id)
    if recipient is None or recipient.is_erased:
        return None
    template = _compile(message.template)
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
    values = gather_values(template.variables - set(_PERSONAL), [pending])[message.pk]
    return template.render({**values, **dict.fromkeys(_PERSONAL, NOWHERE)})


def _compile(row: Template) -> "EmailTemplate | _TextPreview":
    if row.channel != Channel.EMAIL:
        return _TextPreview(row)
    return compile_template(
        subject=row.subject, preheader=row.preheader, html=row.html, text=row.text
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
        self._parts = compile_parts((("text", row.text), *named))
        self.variables = self._parts.variables

    def render(self, values: Mapping[str, Any]) -> RenderedEmail:
        """Return the text; of an approved template its name and what fills its places."""
        said = self._parts.render(values)
        text = said.pop("text")
        if not text:
            text = "\n".join([self._name, *(f"{place}: {each}" for place, each in said.items())])
        html = f'<div style="white-space:pre-line;font-family:sans-serif">{escape(text)}</div>'
        return RenderedEmail("", html, text + "\n")


def render_or_explain(message_id: int) -> tuple[RenderedEmail | None, str]:
    """Return what a message says, or nothing and the reason in words."""
    try:
        rendered = render_again(message_id)
    except TemplateInvalid as exc:
        return None, f"The template of today cannot be read: {exc}"
    except RenderError as exc:
        return None, f"The template cannot be rendered for this person today: {exc}"
    if rendered is None:
        return None, "The person was erased, and with them what the message said."
    return rendered, ""
