"""What mail providers tell of messages, in the words of every channel.

A library's views check who posts and take the body apart; they are made for each request, with the
secrets of one account. What a bounce means is read of the provider's own words
(`messaging.domain.bounces`), as the library does not tell a full mailbox from a dead one.
"""

import hashlib
import io
import json
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPMethod
from typing import Any, Final

from anymail.exceptions import AnymailConfigurationError, AnymailWebhookValidationFailure
from django.core.handlers.wsgi import WSGIRequest

from crm.domain.checking import EARLIEST
from kernel import clock
from messaging.channels.anymail_base import REFERENCE
from messaging.channels.base import (
    Account,
    CallbackAnswer,
    CallbackRequest,
    ProviderEvent,
    SignatureInvalid,
)
from messaging.channels.inbound_events import Arrived, event_of
from messaging.domain.bounces import read_meaning

MAX_DETAIL: Final = 500
_REFERENCE: Final = re.compile(r"\d{1,19}-\d{1,19}")
_QUIET: Final = {"signature"}
"""Parts of an event that differ from one attempt to tell it to the next."""

MakeView = Callable[[Account], Any]
"""Returns a view of the library."""
LOGIN: Final = "callback_login"
"""Credential with name and password that a callback must bring, as ``name:password``."""


@dataclass(frozen=True, slots=True)
class Told:
    """How one provider tells of messages.

    Attributes:
        provider: a key of `messaging.domain.bounces.READERS`.
        tracking: makes the view that checks and reads what became of messages.
        inbound: likewise of mails that came in; None: the provider sends none here.
        needs: credential without which no callback is believed; empty where the address alone,
            which nobody can guess, shows who posts.
        own_ids: whether an event carries an id that is its own for ever.
    """

    provider: str
    tracking: MakeView
    inbound: MakeView | None = None
    needs: str = ""
    own_ids: bool = False
    is_inbound: Callable[[WSGIRequest], bool] = field(default=lambda _: False)


def read_callback(account: Account, request: CallbackRequest, told: Told) -> CallbackAnswer:
    """Check and read one request of a provider.

    Raises:
        SignatureInvalid: it is not the provider's, or nothing shows that it is.
        ValueError, KeyError, TypeError: its body is none of the provider's.
    """
    if request.method != HTTPMethod.POST:
        return CallbackAnswer()
    if told.needs and not account.credentials.get(told.needs):
        raise SignatureInvalid(f"the account has no {told.needs}")
    posted = as_posted(request)
    if told.inbound is not None and told.is_inbound(posted):
        return CallbackAnswer(events=_read_inbound(told.inbound(account), posted))
    parsed = ask_view(told.tracking(account), posted)
    return CallbackAnswer(events=tuple(read_tracking(parsed, told)))


def ask_view(view: Any, posted: WSGIRequest) -> list[Any]:
    """Let a view of the library check and read a request.

    Raises:
        SignatureInvalid: a check failed.
    """
    try:
        view.run_validators(posted)
        return list(view.parse_events(posted))
    except AnymailWebhookValidationFailure as exc:
        raise SignatureInvalid(str(exc)) from exc
    except AnymailConfigurationError as exc:
        raise ValueError(str(exc)) from exc


def read_tracking(events: Iterable[Any], told: Told) -> Iterable[ProviderEvent]:
    """Yield what a library's events say; those that change nothing are left out."""
    for event in events:
        plain = _plain(event.esp_event)
        meaning = read_meaning(told.provider, event.event_type or "", plain)
        if meaning.kind is None:
            continue
        name = f"{event.event_id}" if told.own_ids and event.event_id else name_of(plain)
        yield ProviderEvent(
            kind=meaning.kind.value,
            dedupe_key=f"{name[:200]}:{meaning.kind.value}:{_digest(event.recipient or '')}",
            at=past_time(event.timestamp),
            provider_id=str(event.message_id or ""),
            reference=_reference(event.metadata),
            recipient=str(event.recipient or ""),
            code=meaning.code[:100],
            detail=" ".join(str(event.mta_response or event.description or "").split())[
                :MAX_DETAIL
            ],
            url=str(event.click_url or ""),
            user_agent=str(event.user_agent or ""),
        )


def name_of(event: Mapping[str, Any]) -> str:
    """Return a name for an event that has none: equal words are one event."""
    kept = {name: value for name, value in event.items() if name not in _QUIET}
    text = json.dumps(kept, sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _digest(recipient: str) -> str:
    """Return what tells recipients of one event apart; the key outlives the address."""
    return hashlib.sha256(recipient.encode("utf-8", "surrogatepass")).hexdigest()


def check_login(account: Account) -> list[str]:
    """Return what a callback must bring as name and password; empty asks for nothing."""
    login = account.credentials.get(LOGIN, "")
    return [login] if login else []


def quiet(view: Any, **changes: Any) -> Any:
    """Return a view of the library that does not warn where no login is asked for.

    Args:
        view: its class.
        changes: attributes that are others than the library's.
    """
    return type(view.__name__, (view,), {"warn_if_no_basic_auth": False, **changes})


def as_posted(request: CallbackRequest) -> WSGIRequest:
    """Return a request as the library's views read it."""
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "PATH_INFO": "/",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "443",
        "wsgi.url_scheme": "https",
        "wsgi.input": io.BytesIO(request.body),
        "CONTENT_LENGTH": str(len(request.body)),
    }
    for name, value in request.headers.items():
        variable = name.upper().replace("-", "_")
        is_plain = variable in ("CONTENT_TYPE", "CONTENT_LENGTH")
        environ.setdefault(variable if is_plain else f"HTTP_{variable}", value)
    posted = WSGIRequest(environ)
    posted._body = request.body  # noqa: SLF001 its size was checked by the edge
    return posted


def _read_inbound(view: Any, posted: WSGIRequest) -> tuple[ProviderEvent, ...]:
    return tuple(read_mail(event) for event in ask_view(view, posted))


def read_mail(event: Any) -> ProviderEvent:
    """Return what somebody wrote to the merchant; the subject is the detail."""
    mail = event.message
    return event_of(
        Arrived(
            mail=mail,
            at=past_time(event.timestamp),
            event_id=str(event.event_id or ""),
            digest=name_of(_plain(event.esp_event)),
            recipient=str(mail.envelope_recipient or "") or None,
            sender=None if mail.envelope_sender is None else str(mail.envelope_sender),
            new_text=str(mail.stripped_text or ""),
            is_spam=mail.spam_detected is True,
        )
    )


def _reference(metadata: Any) -> str:
    said = metadata.get(REFERENCE) if isinstance(metadata, Mapping) else None
    return said if isinstance(said, str) and _REFERENCE.fullmatch(said) else ""


def _plain(event: Any) -> Mapping[str, Any]:
    """Return an event as plain data; of a posted form the first value of each field."""
    if hasattr(event, "lists"):
        return {name: values[0] for name, values in event.lists() if values}
    return event if isinstance(event, Mapping) else {}


def past_time(at: Any) -> datetime:
    """Return when it happened; the present where nobody says, or says what cannot be."""
    now = clock.now()
    if not isinstance(at, datetime):
        return now
    with suppress(OverflowError):
        found = (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
        return found if EARLIEST <= found <= now else now
    return now
