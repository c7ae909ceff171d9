"""People with numbers, accounts of phone channels, and templates of texts."""

from typing import Any

from crm.choices import IdentityKind
from crm.models import Identity, Profile
from messaging.choices import MessageClass
from messaging.models import ChannelAccount, Template
from tests.factories.messaging import make_account

NUMBER = "+447700900123"
OURS = "+447700900000"


def make_caller(phone: str = NUMBER, **fields: Any) -> Profile:
    """Store somebody whom a number points at, who said yes to SMS and WhatsApp."""
    said = {"sms_consent": "subscribed", "whatsapp_consent": "subscribed"}
    profile = Profile.objects.create(**{"first_name": "Ada", "phone": phone, **said, **fields})
    Identity.objects.create(kind=IdentityKind.PHONE, value_norm=phone, profile=profile)
    return profile


def make_phone_account(
    channel: str, provider: str, credentials: dict[str, str], **fields: Any
) -> ChannelAccount:
    """Connect the default account of a channel."""
    values = {"options": {"senders": OURS}, **fields}
    return make_account(channel, provider, credentials=credentials, **values)


def make_text_template(text: str, channel: str = "sms", **fields: Any) -> Template:
    """Store a template of a text."""
    values = {
        "key": f"{channel}_note",
        "name": "Note",
        "message_class": MessageClass.PROMOTIONAL,
        "subject": "",
        "mjml": "",
        "html": "",
    }
    return Template.objects.create(**{**values, "channel": channel, "text": text, **fields})
