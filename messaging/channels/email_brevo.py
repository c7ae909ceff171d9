"""Brevo, through its transactional interface."""

import json
from collections.abc import Mapping
from functools import partial
from http import HTTPStatus
from typing import Any, Final

from anymail.inbound import AnymailInboundMessage
from anymail.webhooks.brevo import BrevoInboundWebhookView, BrevoTrackingWebhookView
from django.core.handlers.wsgi import WSGIRequest

from messaging.channels.anymail_base import AnymailChannel, Esp, open_channel
from messaging.channels.anymail_callbacks import Told, check_login, quiet, read_callback
from messaging.channels.anymail_sets import MOST_TOGETHER, AnymailSetChannel, Batch
from messaging.channels.base import (
    Account,
    CallbackAnswer,
    CallbackRequest,
    Handed,
    OutcomeUnknown,
    Provider,
)
from messaging.channels.email_fields import CALLBACK_LOGIN, REPLY_ADDRESS, secret
from messaging.channels.email_hosts import api_url, check_key
from messaging.channels.sets import Answer

ESP: Final = Esp(backend="brevo", keys={"api_key": "api_key"}, keeps_message_id=False)
_SENT_BY: Final = "sender"
_NOBODYS: Final = {"subject": "-", "htmlContent": "<p></p>"}
"""Asked for beside the versions, each of which says its own: nothing of a person stands there."""


def _join(mails: list[Any]) -> dict[str, Any]:
    """Say each mail as a version of one; the sender is that of all."""
    versions = [{name: said[name] for name in said if name != _SENT_BY} for said in mails]
    return {_SENT_BY: mails[0][_SENT_BY], **_NOBODYS, "messageVersions": versions}


def _read_each(status: int, body: Any, count: int) -> list[Answer] | None:
    """Read the ids of what was taken, in the order of the versions; a no is one to all of them."""
    if status >= HTTPStatus.MULTIPLE_CHOICES:
        return None
    told = body if isinstance(body, Mapping) else {}
    ids = told.get("messageIds") or [each for each in [told.get("messageId")] if each]
    if not isinstance(ids, list) or len(ids) != count:
        raise OutcomeUnknown(f"the answer cannot be read: {body}"[:500])
    return [Handed(provider_id=str(each)) for each in ids]


BATCH: Final = Batch(
    path="smtp/email",
    join=_join,
    read=_read_each,
    common=lambda said: json.dumps(said[_SENT_BY], sort_keys=True),
)


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
    return open_channel(account, ESP, api_url(account), partial(AnymailSetChannel, BATCH))


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
    together=MOST_TOGETHER,
)
