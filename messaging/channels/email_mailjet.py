"""Mailjet, through its Send API."""

import json
from collections.abc import Mapping
from functools import partial
from http import HTTPStatus
from typing import Any, Final

from anymail.webhooks.mailjet import MailjetInboundWebhookView, MailjetTrackingWebhookView
from django.core.handlers.wsgi import WSGIRequest

from messaging.channels.anymail_base import AnymailChannel, Esp, open_channel, refusal
from messaging.channels.anymail_callbacks import Told, check_login, quiet, read_callback
from messaging.channels.anymail_sets import MOST_TOGETHER, AnymailSetChannel, Batch
from messaging.channels.base import (
    Account,
    CallbackAnswer,
    CallbackRequest,
    ChannelUnavailable,
    Handed,
    OutcomeUnknown,
    Provider,
)
from messaging.channels.email_fields import CALLBACK_LOGIN, REPLY_ADDRESS, secret
from messaging.channels.email_hosts import API_URLS, REST, api_url, check_key
from messaging.channels.sets import Answer

_FOREIGN_SENDER: Final = "send-0008"


def _refuse(status: int, body: Mapping[str, Any]) -> None:
    """Read the errors of the one message of a request."""
    del status
    for message in body.get("Messages") or ():
        for error in message.get("Errors") or ():
            if error.get("ErrorCode") == _FOREIGN_SENDER:
                words = str(error.get("ErrorMessage", ""))[:500]
                raise ChannelUnavailable(words, is_account_fault=True, is_sender_fault=True)


ESP: Final = Esp(
    backend="mailjet",
    keys={"api_key": "api_key", "secret_key": "secret_key"},
    keeps_message_id=False,
    refuse=_refuse,
)


def _join(mails: list[Any]) -> dict[str, Any]:
    """Say of each mail itself what the library says of all mails of a request."""
    return {"Messages": [{**said["Globals"], **said["Messages"][0]} for said in mails]}


def _read_each(status: int, body: Any, count: int) -> list[Answer] | None:
    """Read the answer to several mails; one that is refused makes it a 400 for all of them."""
    del status
    if not isinstance(body, Mapping) or "Messages" not in body:
        return None
    told = body["Messages"]
    if not isinstance(told, list) or len(told) != count:
        raise OutcomeUnknown(f"the answer cannot be read: {told}"[:500])
    return [_read_one(said if isinstance(said, Mapping) else {}) for said in told]


def _read_one(said: Mapping[str, Any]) -> Answer:
    if said.get("Status") == "success":
        to = said.get("To") or [{}]
        return Handed(provider_id=str(to[0].get("MessageID") or ""))
    errors = [error for error in said.get("Errors") or () if isinstance(error, Mapping)]
    if said.get("Status") != "error" or not errors:
        return OutcomeUnknown(f"the answer cannot be read: {dict(said)}"[:500])
    words = f"{errors[0].get('ErrorCode', '')} {errors[0].get('ErrorMessage', '')}"[:500]
    if any(error.get("ErrorCode") == _FOREIGN_SENDER for error in errors):
        return ChannelUnavailable(words, is_account_fault=True, is_sender_fault=True)
    status = errors[0].get("StatusCode")
    return refusal(status if isinstance(status, int) else HTTPStatus.BAD_REQUEST, words, None)


BATCH: Final = Batch(path="send", join=_join, read=_read_each)

_Tracking = quiet(MailjetTrackingWebhookView)
_Inbound = quiet(MailjetInboundWebhookView)


def _is_inbound(posted: WSGIRequest) -> bool:
    told = json.loads(posted.body)
    return isinstance(told, dict) and "event" not in told and "Headers" in told


TOLD: Final = Told(
    provider="mailjet",
    tracking=lambda account: _Tracking(webhook_secret=check_login(account)),
    inbound=lambda account: _Inbound(webhook_secret=check_login(account)),
    is_inbound=_is_inbound,
)


def _open(account: Account) -> AnymailChannel:
    return open_channel(account, ESP, api_url(account), partial(AnymailSetChannel, BATCH))


def _check(account: Account) -> str:
    keys = account.credentials.get("api_key", ""), account.credentials.get("secret_key", "")
    return check_key(f"{API_URLS[account.provider, REST]}sender?Limit=1", auth=keys)


def _read(account: Account, request: CallbackRequest) -> CallbackAnswer:
    return read_callback(account, request, TOLD)


PROVIDER: Final = Provider(
    channel="email",
    name="mailjet",
    label="Mailjet",
    credentials=(
        secret("api_key", "API key", "In Mailjet under API key management."),
        secret("secret_key", "Secret key", "Shown with the API key."),
        CALLBACK_LOGIN,
    ),
    options=(REPLY_ADDRESS,),
    open=_open,
    check=_check,
    read_callback=_read,
    together=MOST_TOGETHER,
)
