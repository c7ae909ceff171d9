"""Resend: a repeat under one key within a day sends nothing twice, so nothing stays unknown."""

from collections.abc import Mapping
from http import HTTPMethod, HTTPStatus
from typing import Any, Final

from anymail.webhooks.resend import ResendTrackingWebhookView

from messaging.channels.anymail_base import AnymailChannel, Esp, open_channel
from messaging.channels.anymail_callbacks import Told, as_posted, read_tracking
from messaging.channels.base import (
    Account,
    CallbackAnswer,
    CallbackRequest,
    ChannelDeferred,
    OutcomeUnknown,
    Provider,
    SignatureInvalid,
)
from messaging.channels.email_fields import secret
from messaging.channels.email_hosts import api_url, check_key
from stores.platforms.standard_webhooks import is_signed, keys_of, read_head

SIGNING_SECRET: Final = "signing_secret"  # noqa: S105 a name


def _refuse(status: int, body: Mapping[str, Any]) -> None:
    """Read what a repeat of a key says: one that was used before may have sent its mail."""
    if status != HTTPStatus.CONFLICT:
        return
    words = str(body.get("message", ""))[:500]
    if body.get("name") == "concurrent_idempotent_requests":
        raise ChannelDeferred(words)
    raise OutcomeUnknown(words)


ESP: Final = Esp(
    backend="resend",
    keys={"api_key": "api_key"},
    refuse=_refuse,
    is_repeatable=True,
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
    return open_channel(account, ESP, api_url(account))


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
    events = TOLD.tracking(account).parse_events(as_posted(request))
    return CallbackAnswer(events=tuple(read_tracking(events, TOLD)))


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
    options=(),
    open=_open,
    check=_check,
    read_callback=_read,
)
