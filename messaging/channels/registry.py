"""Every provider that an account can be at: one line each."""

from django.conf import settings

from messaging.channels import (
    email_brevo,
    email_mailersend,
    email_mailgun,
    email_mailjet,
    email_postmark,
    email_resend,
    email_ses,
    email_smtp,
    email_sparkpost,
    push_fcm,
    push_web,
    sms_mailbox,
    sms_twilio,
    sms_vonage,
    whatsapp_meta,
    whatsapp_twilio,
)
from messaging.channels.base import Provider

_ALL: tuple[Provider, ...] = (
    email_smtp.PROVIDER,
    email_ses.PROVIDER,
    email_brevo.PROVIDER,
    email_mailersend.PROVIDER,
    email_mailgun.PROVIDER,
    email_mailjet.PROVIDER,
    email_postmark.PROVIDER,
    email_resend.PROVIDER,
    email_sparkpost.PROVIDER,
    push_web.PROVIDER,
    push_fcm.PROVIDER,
    sms_twilio.PROVIDER,
    sms_vonage.PROVIDER,
    *([sms_mailbox.PROVIDER] if settings.EMBEDDED else []),
    whatsapp_meta.PROVIDER,
    whatsapp_twilio.PROVIDER,
)

PROVIDERS: dict[tuple[str, str], Provider] = {
    (provider.channel, provider.name): provider for provider in _ALL
}
"""By channel and name."""


def find_provider(channel: str, name: str) -> Provider | None:
    """Return a provider, or None where nothing goes by that name on the channel."""
    return PROVIDERS.get((channel, name))
