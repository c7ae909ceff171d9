"""Accounts of the merchant at the stand-ins of providers."""

from typing import Any

from messaging.channels import sms_twilio, sms_vonage, whatsapp_meta
from messaging.channels.base import Account, Provider
from tests.support import twilio_api, vonage_api, whatsapp_api

HOOK = "https://patron.example/hooks/sms/twilio/token/"


def account(provider: Provider, credentials: dict[str, str], **options: Any) -> Account:
    return Account(
        id=5,
        tenant_id=1,
        channel=provider.channel,
        provider=provider.name,
        name="Ours",
        credentials=credentials,
        options=options,
        callback_url=HOOK,
    )


def of_twilio(provider: Provider = sms_twilio.PROVIDER, **options: Any) -> Account:
    return account(provider, twilio_api.CREDENTIALS, **options)


def of_vonage() -> Account:
    return account(sms_vonage.PROVIDER, vonage_api.CREDENTIALS)


def of_meta() -> Account:
    options = whatsapp_api.OPTIONS
    return account(whatsapp_meta.PROVIDER, whatsapp_api.CREDENTIALS, **options)
