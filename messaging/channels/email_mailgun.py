"""Mailgun, in either region; callbacks are signed with the account's signing key."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

from anymail.webhooks.mailgun import MailgunInboundWebhookView, MailgunTrackingWebhookView
from django.core.handlers.wsgi import WSGIRequest

from messaging.channels.anymail_base import AnymailChannel, Esp, open_channel
from messaging.channels.anymail_callbacks import Told, read_callback
from messaging.channels.base import (
    Account,
    CallbackAnswer,
    CallbackRequest,
    ChannelUnavailable,
    Provider,
)
from messaging.channels.email_fields import REGION, REPLY_ADDRESS, option, secret
from messaging.channels.email_hosts import api_url, check_key

SIGNING_KEY: Final = "signing_key"


def _refuse(status: int, body: Mapping[str, Any]) -> None:
    if status == HTTPStatus.NOT_FOUND:
        words = str(body.get("message") or "Mailgun does not know the domain")
        raise ChannelUnavailable(words[:500], is_account_fault=True)


ESP: Final = Esp(
    backend="mailgun",
    keys={"api_key": "api_key", "domain": "sender_domain"},
    refuse=_refuse,
)


def _is_inbound(posted: WSGIRequest) -> bool:
    return posted.content_type != "application/json" and "event" not in posted.POST


TOLD: Final = Told(
    provider="mailgun",
    tracking=lambda account: MailgunTrackingWebhookView(
        webhook_signing_key=account.credentials[SIGNING_KEY], webhook_secret=[]
    ),
    inbound=lambda account: MailgunInboundWebhookView(
        webhook_signing_key=account.credentials[SIGNING_KEY], webhook_secret=[]
    ),
    is_inbound=_is_inbound,
    needs=SIGNING_KEY,
)


def _open(account: Account) -> AnymailChannel:
    return open_channel(account, ESP, api_url(account))


def _check(account: Account) -> str:
    domain = quote(str(account.options.get("domain", "")), safe="")
    key = account.credentials.get("api_key", "")
    return check_key(f"{api_url(account)}domains/{domain}", auth=("api", key))


def _read(account: Account, request: CallbackRequest) -> CallbackAnswer:
    return read_callback(account, request, TOLD)


PROVIDER: Final = Provider(
    channel="email",
    name="mailgun",
    label="Mailgun",
    credentials=(
        secret("api_key", "API key", "In Mailgun under API security."),
        secret(
            SIGNING_KEY,
            "HTTP webhook signing key",
            "In Mailgun under API security; without it no callback is believed.",
            is_required=False,
        ),
    ),
    options=(
        option("domain", "Domain", "The sending domain as Mailgun knows it.", is_required=True),
        REGION,
        REPLY_ADDRESS,
    ),
    open=_open,
    check=_check,
    read_callback=_read,
)
