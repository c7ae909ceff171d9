"""Postmark: one server token per account, marketing through a broadcast stream of its own."""

import json
from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from anymail.webhooks.postmark import PostmarkInboundWebhookView, PostmarkTrackingWebhookView
from django.core.handlers.wsgi import WSGIRequest
from django.core.mail import EmailMultiAlternatives

from messaging.channels.anymail_base import AnymailChannel, Esp, open_channel
from messaging.channels.anymail_callbacks import Told, check_login, quiet, read_callback
from messaging.channels.anymail_sets import MOST_TOGETHER, AnymailSetChannel, Batch
from messaging.channels.base import (
    Account,
    CallbackAnswer,
    CallbackRequest,
    ChannelDeferred,
    ChannelRejected,
    ChannelUnavailable,
    Handed,
    OutcomeUnknown,
    Provider,
)
from messaging.channels.email_fields import CALLBACK_LOGIN, REPLY_ADDRESS, option, secret
from messaging.channels.email_hosts import api_url, check_key
from messaging.channels.sets import Answer
from messaging.types import OutgoingEmail

_ACCOUNT_FAULTS: Final = frozenset({10, 400, 401, 405, 412, 413})
"""Codes of a refusal that is the account's: token, sender, credits, approval."""
_SENDER_FAULTS: Final = frozenset({400, 401})
"""Those of them that are the sender's: unknown, or not confirmed."""
_LATER: Final = frozenset({100, 429})
"""Codes of what may be taken later: maintenance, and too much at a time."""


_Tracking = quiet(PostmarkTrackingWebhookView)
_Inbound = quiet(PostmarkInboundWebhookView)


def _refuse(status: int, body: Mapping[str, Any]) -> None:
    code, words = body.get("ErrorCode"), str(body.get("Message", ""))[:500]
    if status == 422 and code in _ACCOUNT_FAULTS:  # noqa: PLR2004 Postmark's refusal
        raise _fault_of(code, words)


def _fault_of(code: Any, words: str) -> ChannelUnavailable:
    is_sender = code in _SENDER_FAULTS
    return ChannelUnavailable(words, is_account_fault=True, is_sender_fault=is_sender)


def _choose_stream(message: EmailMultiAlternatives, mail: OutgoingEmail, account: Account) -> None:
    """Keep marketing, which alone can be unsubscribed from, out of the stream of receipts."""
    name = "broadcast_stream" if mail.unsubscribe_url else "transactional_stream"
    stream = account.options.get(name)
    if stream:
        message.esp_extra = {"MessageStream": stream}  # type: ignore[attr-defined] # read by the library


ESP: Final = Esp(
    backend="postmark",
    keys={"server_token": "server_token"},
    headers={"X-PM-KeepID": "true"},
    adapt=_choose_stream,
    refuse=_refuse,
)


def _read_each(status: int, body: Any, count: int) -> list[Answer] | None:
    """Read the answer to a batch: a code for each mail, in their order."""
    del status
    if not isinstance(body, list) or len(body) != count:
        return None
    return [_read_one(said if isinstance(said, Mapping) else {}) for said in body]


def _read_one(said: Mapping[str, Any]) -> Answer:
    code, provider_id = said.get("ErrorCode", 0), said.get("MessageID")
    if not code:
        if provider_id:
            return Handed(provider_id=str(provider_id))
        return OutcomeUnknown(f"the answer cannot be read: {dict(said)}"[:500])
    words = f"{code} {said.get('Message', '')}"[:500]
    if code in _ACCOUNT_FAULTS:
        return _fault_of(code, words)
    return ChannelDeferred(words) if code in _LATER else ChannelRejected(words)


BATCH: Final = Batch(path="email/batch", join=list, read=_read_each)


def _is_inbound(posted: WSGIRequest) -> bool:
    told = json.loads(posted.body)
    return bool(told) and told.get("RecordType", "Inbound") == "Inbound"


TOLD: Final = Told(
    provider="postmark",
    tracking=lambda account: _Tracking(webhook_secret=check_login(account)),
    inbound=lambda account: _Inbound(webhook_secret=check_login(account)),
    is_inbound=_is_inbound,
)


def _open(account: Account) -> AnymailChannel:
    return open_channel(account, ESP, api_url(account), partial(AnymailSetChannel, BATCH))


def _check(account: Account) -> str:
    token = account.credentials.get("server_token", "")
    return check_key(f"{api_url(account)}server", headers={"X-Postmark-Server-Token": token})


def _read(account: Account, request: CallbackRequest) -> CallbackAnswer:
    return read_callback(account, request, TOLD)


PROVIDER: Final = Provider(
    channel="email",
    name="postmark",
    label="Postmark",
    credentials=(
        secret("server_token", "Server API token", "In Postmark under Servers → API tokens."),
        CALLBACK_LOGIN,
    ),
    options=(
        option(
            "broadcast_stream",
            "Stream for marketing",
            "Id of the message stream of type Broadcasts, such as broadcast.",
        ),
        option(
            "transactional_stream",
            "Stream for receipts",
            "Id of a transactional message stream; empty is outbound.",
        ),
        REPLY_ADDRESS,
    ),
    open=_open,
    check=_check,
    read_callback=_read,
    together=MOST_TOGETHER,
)
