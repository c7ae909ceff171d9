"""Recipients, templates and queued messages with dull defaults."""

import json
from datetime import datetime
from itertools import count
from typing import Any

from django.db import transaction

from crm.choices import ConsentState
from crm.models import Profile
from kernel import clock
from kernel.secrets import encrypt
from messaging.choices import MessageClass
from messaging.models import ChannelAccount, Message, Sender, SenderRule, Template
from messaging.services.queueing import queue_messages
from messaging.services.templates import TemplateData, save_template
from messaging.types import NewMessage

MJML = (
    "<mjml><mj-body><mj-section><mj-column><mj-text>{body}</mj-text>"
    "</mj-column></mj-section></mj-body></mjml>"
)
_numbers = count(1)


def make_recipient(**fields: Any) -> Profile:
    """Store somebody who said yes to e-mail."""
    return Profile.objects.create(
        **{
            "email": f"person{next(_numbers)}@example.com",
            "first_name": "Ada",
            "email_consent": ConsentState.SUBSCRIBED,
            **fields,
        }
    )


def make_template(
    key: str = "note",
    message_class: str = MessageClass.PROMOTIONAL,
    body: str = "Hello {{ person.first_name }} <a href='{{ unsubscribe_url }}'>Unsubscribe</a>",
    **parts: str,
) -> Template:
    fields = {"subject": "Hello {{ person.first_name }}", "text": "Hello", **parts}
    return save_template(
        TemplateData(
            key=key,
            name=key,
            message_class=message_class,
            mjml=MJML.format(body=body),
            **fields,
        )
    )


def new_message(profile: Profile, template: Template, **fields: Any) -> NewMessage:
    due_at: datetime = fields.pop("due_at", None) or clock.now()
    return NewMessage(
        **{
            "key": f"test:{next(_numbers)}",
            "profile_id": profile.pk,
            "channel": "email",
            "message_class": template.message_class,
            "template_id": template.pk,
            "due_at": due_at,
            **fields,
        }
    )


def queue_message(profile: Profile, template: Template, **fields: Any) -> Message:
    """Queue one message and return its row."""
    new = new_message(profile, template, **fields)
    with transaction.atomic():
        queue_messages([new])
        return Message.objects.get(key=new.key)


def make_account(channel: str = "email", provider: str = "smtp", **fields: Any) -> ChannelAccount:
    """Create an account at a provider, the default one of its channel unless told otherwise.

    Args:
        channel: a `crm.choices.Channel` word.
        provider: its word in the registry.
        fields: of the row; ``credentials`` are encrypted.
    """
    credentials = fields.pop("credentials", {"url": "smtp://127.0.0.1:9"})
    return ChannelAccount.objects.create(
        channel=channel,
        provider=provider,
        credentials_encrypted=encrypt(json.dumps(credentials)),
        **{"name": provider, "is_default": True, **fields},
    )


def make_sender_rule(sender: Sender) -> SenderRule:
    """Let a sender write to people of one country, by the second rule of two."""
    SenderRule.objects.create(sender=sender, position=1, trait="country", wanted=["FR"])
    return SenderRule.objects.create(sender=sender, position=2, trait="country", wanted=["GB"])
