"""Brevo, through its transactional interface."""

import json
from collections.abc import Mapping
from typing import Any, Final

from anymail.inbound import AnymailInboundMessage
from anymail.webhooks.brevo import BrevoInboundWebhookView, BrevoTrackingWebhookView
from django.core.handlers.wsgi import WSGIRequest

from messaging.channels.anymail_base import AnymailChannel, Esp, open_channel
from messaging.channels.anymail_callbacks import Told, check_login, quiet, read_callback
from messaging.channels.base import Account, CallbackAnswer, CallbackRequest, Provider
from messaging.channels.email_fields import CALLBACK_LOGIN, REPLY_ADDRESS, secret
from messaging.channels.email_hosts import api_url, check_key

ESP: Final = Esp(backend="brevo", keys={"api_key": "api_key"}, keeps_message_id=False)


def _leave_attachment(view: Any, attachment: Mapping[str, Any]) -> Any:
    """Name an attachment without fetching it: that would let the provider wait."""
    del view
    name = attachment.get("Name") or None
    return AnymailInboundMessage.construct_attachment(
        "application/octet-stream", b"", filename=name
    )


_Tracking = quiet(BrevoTrackingWebhookView)
_Inbound = quiet(BrevoInboundWebhookView, _fetch_attachment=_leave_attachment)


def _is_inbound(posted: WSGIRequest) -> bool:
    return "items" in json.loads(posted.body)


TOLD: Final = Told(
    provider="brevo",
    tracking=lambda account: _Tracking(webhook_secret=check_login(account)),
    inbound=lambda account: _Inbound(
        webhook_secret=check_login(account), api_key=account.credentials.get("api_key", "")
    ),
    is_inbound=_is_inbound,
)


def _open(account: Account) -> AnymailChannel:
    return open_channel(account, ESP, api_url(account))


def _check(account: Account) -> str:
    key = account.credentials.get("api_key", "")
    return check_key(f"{api_url(account)}account", headers={"api-key": key})


def _read(account: Account, request: CallbackRequest) -> CallbackAnswer:
    return read_callback(account, request, TOLD)


PROVIDER: Final = Provider(
    channel="email",
    name="brevo",
    label="Brevo",
    credentials=(
        secret("api_key", "API key", "In Brevo under SMTP & API → API keys; begins with xkeysib-."),
        CALLBACK_LOGIN,
    ),
    options=(REPLY_ADDRESS,),
    open=_open,
    check=_check,
    read_callback=_read,
)
