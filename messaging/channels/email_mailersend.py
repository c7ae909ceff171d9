"""MailerSend: it keeps no reference of ours, so that its callbacks name its own id alone."""

import json
from collections.abc import Mapping
from typing import Any, Final

from anymail.webhooks.mailersend import MailerSendInboundWebhookView, MailerSendTrackingWebhookView
from django.core.handlers.wsgi import WSGIRequest
from django.core.mail import EmailMultiAlternatives

from messaging.channels.anymail_base import AnymailChannel, Esp, open_channel
from messaging.channels.anymail_callbacks import Told, read_callback
from messaging.channels.base import (
    Account,
    CallbackAnswer,
    CallbackRequest,
    ChannelUnavailable,
    Provider,
    SignatureInvalid,
)
from messaging.channels.email_fields import REPLY_ADDRESS, secret
from messaging.channels.email_hosts import api_url, check_key
from messaging.types import OutgoingEmail

SIGNING_SECRET: Final = "signing_secret"  # noqa: S105 a name
INBOUND_SECRET: Final = "inbound_secret"  # noqa: S105 likewise
_UNVERIFIED: Final = "#MS42207"


def _refuse(status: int, body: Mapping[str, Any]) -> None:
    del status
    words = str(body.get("message", ""))
    if _UNVERIFIED in json.dumps(body):
        raise ChannelUnavailable(words[:500], is_account_fault=True, is_sender_fault=True)


def _name_unsubscribe(
    message: EmailMultiAlternatives, mail: OutgoingEmail, account: Account
) -> None:
    """Say where to unsubscribe in the provider's own field: most plans take no other headers."""
    del account
    message.extra_headers = {"In-Reply-To": mail.references[-1]} if mail.references else {}
    if mail.unsubscribe_url:
        message.esp_extra = {"list_unsubscribe": mail.unsubscribe_header}  # type: ignore[attr-defined] # read by the library


ESP: Final = Esp(
    backend="mailersend",
    keys={"api_token": "api_token"},
    has_metadata=False,
    keeps_message_id=False,
    adapt=_name_unsubscribe,
    refuse=_refuse,
)


def _is_inbound(posted: WSGIRequest) -> bool:
    return bool(json.loads(posted.body).get("type") == "inbound.message")


def _inbound(account: Account) -> Any:
    found = account.credentials.get(INBOUND_SECRET)
    if not found:
        raise SignatureInvalid(f"the account has no {INBOUND_SECRET}")
    return MailerSendInboundWebhookView(inbound_secret=found, webhook_secret=[])


TOLD: Final = Told(
    provider="mailersend",
    tracking=lambda account: MailerSendTrackingWebhookView(
        signing_secret=account.credentials[SIGNING_SECRET], webhook_secret=[]
    ),
    inbound=_inbound,
    is_inbound=_is_inbound,
    needs=SIGNING_SECRET,
    own_ids=True,
)


def _open(account: Account) -> AnymailChannel:
    return open_channel(account, ESP, api_url(account))


def _check(account: Account) -> str:
    token = account.credentials.get("api_token", "")
    return check_key(f"{api_url(account)}domains", headers={"Authorization": f"Bearer {token}"})


def _read(account: Account, request: CallbackRequest) -> CallbackAnswer:
    return read_callback(account, request, TOLD)


PROVIDER: Final = Provider(
    channel="email",
    name="mailersend",
    label="MailerSend",
    credentials=(
        secret(
            "api_token",
            "API token",
            "In MailerSend under API tokens. Marketing needs a plan with a List-Unsubscribe field "
            "(Professional or higher).",
        ),
        secret(
            SIGNING_SECRET,
            "Signing secret of the webhook",
            "Shown once the webhook was made; without it no callback is believed.",
            is_required=False,
        ),
        secret(
            INBOUND_SECRET,
            "Secret of the inbound route",
            "Only where mails that people write come in through MailerSend.",
            is_required=False,
        ),
    ),
    options=(REPLY_ADDRESS,),
    open=_open,
    check=_check,
    read_callback=_read,
)
