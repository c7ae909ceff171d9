"""Resend: a repeat under one key within a day sends nothing twice, so little stays unknown."""

import json
from collections.abc import Mapping
from dataclasses import replace
from email.message import EmailMessage
from functools import partial
from http import HTTPMethod, HTTPStatus
from typing import Any, Final

from anymail.webhooks.resend import ResendTrackingWebhookView
from django.utils.dateparse import parse_datetime

from messaging.channels.anymail_base import AnymailChannel, Esp, open_channel
from messaging.channels.anymail_callbacks import Told, as_posted, past_time, read_tracking
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
    ProviderEvent,
    SignatureInvalid,
)
from messaging.channels.email_fields import REPLY_ADDRESS, secret
from messaging.channels.email_hosts import api_url, check_key
from messaging.channels.inbound_events import Arrived, event_of
from messaging.channels.sets import Answer
from stores.platforms.standard_webhooks import is_signed, keys_of, read_head

SIGNING_SECRET: Final = "signing_secret"  # noqa: S105 a name
_UNVERIFIED: Final = "domain is not verified"


def _refuse(status: int, body: Mapping[str, Any]) -> None:
    """Read a foreign sender, and a repeat of a key: one used before may have sent its mail."""
    words = str(body.get("message", ""))[:500]
    if status == HTTPStatus.FORBIDDEN and _UNVERIFIED in words:
        raise ChannelUnavailable(words, is_account_fault=True, is_sender_fault=True)
    if status != HTTPStatus.CONFLICT:
        return
    if body.get("name") == "concurrent_idempotent_requests":
        raise ChannelDeferred(words)
    raise OutcomeUnknown(words)


ESP: Final = Esp(
    backend="resend",
    keys={"api_key": "api_key"},
    refuse=_refuse,
    is_repeatable=True,
)


def _read_each(status: int, body: Any, count: int) -> list[Answer] | None:
    """Read the answer to a batch: the ids of what was taken, and by place what was not."""
    if status >= HTTPStatus.MULTIPLE_CHOICES or not isinstance(body, Mapping):
        return None
    try:
        refused = {int(each["index"]): str(each["message"]) for each in body.get("errors") or ()}
        ids = [str(each["id"]) for each in body["data"]]
    except (KeyError, TypeError, ValueError):
        return None
    places = [place for place in range(count) if place not in refused]
    if len(ids) != len(places):
        return None
    taken = dict(zip(places, ids, strict=True))
    return [
        Handed(provider_id=taken[place])
        if place in taken
        else ChannelRejected(refused[place][:500])
        for place in range(count)
    ]


BATCH: Final = Batch(
    path="emails/batch",
    join=list,
    read=_read_each,
    headers={"x-batch-validation": "permissive"},
)
TOLD: Final = Told(
    provider="resend",
    tracking=lambda account: ResendTrackingWebhookView(
        webhook_secret=account.credentials[SIGNING_SECRET]
    ),
    needs=SIGNING_SECRET,
    own_ids=True,
)


def _open(account: Account) -> AnymailChannel:
    return open_channel(account, ESP, api_url(account), partial(AnymailSetChannel, BATCH))


def _check(account: Account) -> str:
    """Ask for the domains; a key that may only send is refused that, in words of its own."""
    headers = {"Authorization": f"Bearer {account.credentials.get('api_key', '')}"}
    return check_key(f"{api_url(account)}domains", headers=headers, fine=b"restricted_api_key")


def _read(account: Account, request: CallbackRequest) -> CallbackAnswer:
    """Check the signature as Svix makes it, and read the event."""
    if request.method != HTTPMethod.POST:
        return CallbackAnswer()
    names = ("id", "timestamp", "signature")
    given = {f"webhook-{name}": request.headers.get(f"svix-{name}", "") for name in names}
    key = account.credentials.get(SIGNING_SECRET, "")
    if not key or not is_signed(keys_of(key), request.body, read_head(given, "")):
        raise SignatureInvalid("the signature is not Resend's")
    told = json.loads(request.body)
    if told.get("type") == "email.received":
        return CallbackAnswer(events=(_read_inbound(told, request.headers.get("svix-id", "")),))
    events = TOLD.tracking(account).parse_events(as_posted(request))
    return CallbackAnswer(events=tuple(read_tracking(events, TOLD)))


def _read_inbound(told: Mapping[str, Any], event_id: str) -> ProviderEvent:
    """Read a mail that came in; its text stays at Resend, which tells sender and subject alone."""
    said = told["data"]
    mail = EmailMessage()
    heads = {
        "From": said["from"],
        "To": ", ".join(said["to"]),
        "Subject": said.get("subject") or "",
        "Message-ID": said.get("message_id") or "",
    }
    for name, value in heads.items():
        mail[name] = " ".join(str(value).split())
    event = event_of(
        Arrived(mail, past_time(parse_datetime(str(told.get("created_at")))), event_id=event_id)
    )
    attached = [
        {"name": str(each.get("filename") or "")[:200], "type": "", "size": 0}
        for each in said.get("attachments") or ()
    ]
    return replace(event, mail={**event.mail, "attachments": attached, "is_text_kept": True})


PROVIDER: Final = Provider(
    channel="email",
    name="resend",
    label="Resend",
    credentials=(
        secret("api_key", "API key", "In Resend under API keys; begins with re_."),
        secret(
            SIGNING_SECRET,
            "Signing secret of the webhook",
            "Shown on the page of the webhook, begins with whsec_; without it no callback is "
            "believed.",
            is_required=False,
        ),
    ),
    options=(REPLY_ADDRESS,),
    open=_open,
    check=_check,
    read_callback=_read,
    together=MOST_TOGETHER,
)
