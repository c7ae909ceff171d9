"""SparkPost, in either region."""

import base64
import json
from collections.abc import Mapping
from typing import Any, Final

from anymail.inbound import AnymailInboundMessage
from anymail.signals import AnymailInboundEvent, EventType
from anymail.webhooks.sparkpost import SparkPostInboundWebhookView, SparkPostTrackingWebhookView
from django.core.handlers.wsgi import WSGIRequest
from django.core.mail import EmailMultiAlternatives

from messaging.channels.anymail_base import AnymailChannel, Esp, open_channel
from messaging.channels.anymail_callbacks import Told, check_login, quiet, read_callback
from messaging.channels.base import (
    Account,
    CallbackAnswer,
    CallbackRequest,
    ChannelDeferred,
    Provider,
)
from messaging.channels.email_fields import CALLBACK_LOGIN, REGION, REPLY_ADDRESS, option, secret
from messaging.channels.email_hosts import api_url, check_key
from messaging.types import OutgoingEmail

_OVER_LIMIT: Final = 420


def _refuse(status: int, body: Mapping[str, Any]) -> None:
    if status == _OVER_LIMIT:
        raise ChannelDeferred(f"over the sending limit: {body.get('errors', '')}"[:500])


def _say_class(message: EmailMultiAlternatives, mail: OutgoingEmail, account: Account) -> None:
    """Say what is a receipt, which the provider's own list of the unsubscribed does not stop."""
    del account
    options = {"transactional": not mail.unsubscribe_url}
    message.esp_extra = {"options": options}  # type: ignore[attr-defined] # read by the library


ESP: Final = Esp(
    backend="sparkpost",
    keys={"api_key": "api_key", "subaccount": "subaccount"},
    keeps_message_id=False,
    adapt=_say_class,
    refuse=_refuse,
)


_Tracking = quiet(SparkPostTrackingWebhookView)


def _read_relay(view: Any, kind: str, event: Mapping[str, Any], told: Any) -> Any:
    """Read a mail as the bytes that it is: the library takes it for UTF-8, which few must be."""
    content = event["content"]
    if not content["email_rfc822_is_base64"]:
        return SparkPostInboundWebhookView.esp_to_anymail_event(view, kind, event, told)
    raw = base64.b64decode(content["email_rfc822"])
    mail = AnymailInboundMessage.parse_raw_mime_bytes(raw)
    mail.envelope_sender = event.get("msg_from")
    mail.envelope_recipient = event.get("rcpt_to")
    return AnymailInboundEvent(
        event_type=EventType.INBOUND, timestamp=None, event_id=None, esp_event=told, message=mail
    )


_Inbound = quiet(SparkPostInboundWebhookView, esp_to_anymail_event=_read_relay)


def _is_inbound(posted: WSGIRequest) -> bool:
    told = json.loads(posted.body)
    return bool(told) and all("relay_message" in each.get("msys", {}) for each in told)


TOLD: Final = Told(
    provider="sparkpost",
    tracking=lambda account: _Tracking(webhook_secret=check_login(account)),
    inbound=lambda account: _Inbound(webhook_secret=check_login(account)),
    is_inbound=_is_inbound,
    own_ids=True,
)


def _open(account: Account) -> AnymailChannel:
    return open_channel(account, ESP, api_url(account))


def _check(account: Account) -> str:
    key = account.credentials.get("api_key", "")
    return check_key(f"{api_url(account)}account", headers={"Authorization": key})


def _read(account: Account, request: CallbackRequest) -> CallbackAnswer:
    return read_callback(account, request, TOLD)


PROVIDER: Final = Provider(
    channel="email",
    name="sparkpost",
    label="SparkPost",
    credentials=(
        secret(
            "api_key",
            "API key",
            "In SparkPost under API keys; it may send (Transmissions: Read/Write) and read the "
            "account (Account: Read).",
        ),
        CALLBACK_LOGIN,
    ),
    options=(
        REGION,
        option("subaccount", "Subaccount", "Its number; empty is the account itself."),
        REPLY_ADDRESS,
    ),
    open=_open,
    check=_check,
    read_callback=_read,
)
