"""E-mail through a provider's HTTP interface: what the modules of all providers share.

A library speaks each provider's language; keys come with the account, never from the settings, so
that tenants do not meet. One message is one request, as its links, its headers and its fate are
its own. What matters is where a request broke: before the provider had it, nothing was handed
over; after that nobody knows, unless the provider takes a key under which a repeat is harmless.
"""

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime, quote
from http import HTTPStatus
from typing import Any, Final, NoReturn

import requests
from anymail.exceptions import AnymailAPIError, AnymailError, AnymailRecipientsRefused
from django.core.mail import EmailMultiAlternatives, get_connection
from urllib3.exceptions import (
    ConnectTimeoutError,
    MaxRetryError,
    NewConnectionError,
    ProxyError,
    SSLError,
)

from kernel import clock
from messaging.channels.base import (
    Account,
    ChannelDeferred,
    ChannelRejected,
    ChannelUnavailable,
    Handed,
    OutcomeUnknown,
)
from messaging.domain.mime import clean_header
from messaging.types import OutgoingEmail

TIMEOUT_SECONDS: Final = 15
IDLE_SECONDS: Final = 20.0
"""A connection that nobody used for so long is not trusted with a mail."""
REFERENCE: Final = "patron"
"""Name under which a provider keeps our reference and tells it in each callback."""
MAX_WORDS: Final = 500
LONGEST_WAIT: Final = timedelta(hours=1)
_ACCOUNT_FAULTS: Final = frozenset(
    {HTTPStatus.UNAUTHORIZED, HTTPStatus.PAYMENT_REQUIRED, HTTPStatus.FORBIDDEN}
)
_BUSY: Final = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
_LATER: Final = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY})
LOST: Final = frozenset({HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT})
"""What something on the way answers that lost the provider's own answer."""
_NOT_REACHED: Final = (
    ConnectTimeoutError,
    NewConnectionError,
    ProxyError,
    SSLError,
)
"""What can only happen before a request was sent."""

Refuse = Callable[[int, Mapping[str, Any]], None]
"""Takes status and body of a refusal; raises where its provider means something of its own."""


def _no_words(status: int, body: Mapping[str, Any]) -> None:
    """Leave the refusal to what every provider means by its status."""
    del status, body


@dataclass(frozen=True, slots=True)
class Esp:
    """How one provider takes mail.

    Attributes:
        backend: name of the library's module.
        keys: keyword of the library by name of our credential or option; empty values are left
            out.
        has_metadata: whether it keeps our reference and tells it in callbacks.
        headers: beside those of every mail, such as one that makes it keep our Message-ID.
        keeps_message_id: whether it sends a Message-ID that is given; otherwise none is.
        adapt: changes the mail for what the library has no word for.
        refuse: reads refusals of its own.
        is_repeatable: a repeat under the same key is harmless, so that nothing stays unknown.
    """

    backend: str
    keys: Mapping[str, str]
    has_metadata: bool = True
    headers: Mapping[str, str] = field(default_factory=dict)
    keeps_message_id: bool = True
    adapt: Callable[[EmailMultiAlternatives, OutgoingEmail, Account], None] | None = None
    refuse: Refuse = _no_words
    is_repeatable: bool = False


class AnymailChannel:
    """One account, one session, kept open between mails."""

    def __init__(self, account: Account, esp: Esp, api_url: str) -> None:
        """Prepare to send; no connection is made yet.

        Args:
            account: whose keys are used.
            esp: how its provider takes mail.
            api_url: where; empty is the library's own.
        """
        self._account = account
        self._esp = esp
        given = {**account.options, **account.credentials}
        keys = {keyword: given.get(name) for name, keyword in esp.keys.items()}
        named: dict[str, Any] = {keyword: value for keyword, value in keys.items() if value}
        if api_url:
            named["api_url"] = api_url
        self._connection: Any = get_connection(
            f"anymail.backends.{esp.backend}.EmailBackend",
            requests_timeout=TIMEOUT_SECONDS,
            **named,
        )
        self._used_at = 0.0

    def send(self, mail: OutgoingEmail) -> Handed:
        """Hand over one mail; see `messaging.channels.base.Channel`."""
        message = self._write(mail)
        self._open(mail)
        try:
            self._connection.send_messages([message])
        except AnymailRecipientsRefused as exc:
            raise ChannelRejected(_words(exc), is_address_dead=False) from exc
        except AnymailAPIError as exc:
            self._explain(exc)
        except (AnymailError, ValueError) as exc:
            raise ChannelRejected(f"cannot be written as a mail: {_words(exc)}") from exc
        except (AttributeError, LookupError, TypeError) as exc:  # of an answer in another form
            self._lose(f"the answer cannot be read: {exc!r}"[:MAX_WORDS], exc)
        status: Any = vars(message)["anymail_status"]  # set by the library
        if "failed" in status.status:
            self._esp.refuse(status.esp_response.status_code, _body(status.esp_response))
            raise ChannelRejected(said_by(status.esp_response))
        return Handed(provider_id=str(status.message_id or ""))

    def close(self) -> None:
        """Close the session."""
        with suppress(requests.RequestException):
            self._connection.close()

    def _open(self, mail: OutgoingEmail) -> None:
        """Open a session where none is, or where the other side may have closed it meanwhile."""
        now = time.monotonic()
        if now - self._used_at > IDLE_SECONDS:
            self.close()
        self._used_at = now
        if self._connection.open():
            self._connection.session.trust_env = False
        if self._esp.is_repeatable:
            self._connection.session.headers["Idempotency-Key"] = mail.message_id

    def _write(self, mail: OutgoingEmail) -> EmailMultiAlternatives:
        headers = {"X-Patron-Message": mail.reference, **self._esp.headers}
        if self._esp.keeps_message_id:
            headers["Message-ID"] = mail.message_id
        if mail.unsubscribe_url:
            headers["List-Unsubscribe"] = mail.unsubscribe_header
            headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        if mail.references:
            headers["In-Reply-To"] = mail.references[-1]
            headers["References"] = " ".join(mail.references)
        message = EmailMultiAlternatives(
            subject=clean_header(mail.content.subject),
            body=mail.content.text,
            from_email=_mailbox(mail.from_name, mail.from_address),
            to=[_mailbox(mail.to_name, mail.to_address)],
            reply_to=[mail.reply_to] if mail.reply_to else None,
            headers=headers,
        )
        message.attach_alternative(mail.content.html, "text/html")
        if self._esp.has_metadata:
            message.metadata = {REFERENCE: mail.reference}  # type: ignore[attr-defined] # read by the library
        if self._esp.adapt:
            self._esp.adapt(message, mail, self._account)
        return message

    def _explain(self, exc: AnymailAPIError) -> NoReturn:
        """Say what a failed request means for its message.

        An answer that cannot be read came all the same: the mail may have been taken.
        """
        status = exc.status_code
        if status is None:
            if was_not_reached(exc):
                raise ChannelUnavailable(cause_of(exc)) from exc
            self._lose(cause_of(exc), exc)
        self._esp.refuse(status, _body(exc.response))
        words = _words(exc)
        if status < HTTPStatus.MULTIPLE_CHOICES or status in LOST:
            self._lose(words, exc)
        raise refusal(status, words, retry_after(exc.response)) from exc

    def _lose(self, words: str, exc: Exception) -> NoReturn:
        if self._esp.is_repeatable:
            raise ChannelDeferred(words) from exc
        raise OutcomeUnknown(words) from exc


_local = threading.local()


Make = Callable[[Account, Esp, str], AnymailChannel]


def open_channel(
    account: Account, esp: Esp, api_url: str = "", make: Make = AnymailChannel
) -> AnymailChannel:
    """Return this thread's channel of an account, its session still open.

    Keys that were changed make a new one, of the kind that ``make`` returns.
    """
    channels: dict[tuple[int, int], tuple[Any, AnymailChannel]] = _local.__dict__.setdefault(
        "channels", {}
    )
    place = (account.tenant_id, account.id)
    given = (account.provider, dict(account.credentials), dict(account.options), api_url)
    kept = channels.get(place)
    if kept is not None and kept[0] == given:
        return kept[1]
    if kept is not None:
        kept[1].close()
    channel = make(account, esp, api_url)
    channels[place] = (given, channel)
    return channel


def refusal(status: int, words: str, pause: timedelta | None) -> Exception:
    """Return what a refused request means where its provider means nothing of its own.

    Args:
        status: of the answer, from 300 on.
        words: of the provider.
        pause: how long it asks to be left alone.
    """
    if status in _ACCOUNT_FAULTS:
        return ChannelUnavailable(words, is_account_fault=True)
    if status in _BUSY:
        is_throttle = status == HTTPStatus.TOO_MANY_REQUESTS
        return ChannelUnavailable(words, retry_after=pause, is_throttle=is_throttle)
    if status in _LATER or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return ChannelDeferred(words, retry_after=pause)
    return ChannelRejected(words)


def retry_after(response: Any) -> timedelta | None:
    """Return how long a provider asks to be left alone, at most `LONGEST_WAIT`; None if unsaid."""
    said = str(getattr(response, "headers", {}).get("Retry-After") or "").strip()
    if said.isascii() and said.isdigit():
        return min(timedelta(seconds=int(said[:9])), LONGEST_WAIT)
    try:
        at = parsedate_to_datetime(said)
    except (TypeError, ValueError):
        return None
    return min(max(_aware(at) - clock.now(), timedelta()), LONGEST_WAIT)


def _mailbox(name: str, address: str) -> str:
    """Return name and address as the library takes them apart: it encodes names by itself."""
    shown = clean_header(name)
    return f'"{quote(shown)}" <{address}>' if shown else address


def _aware(at: datetime) -> datetime:
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def was_not_reached(exc: BaseException) -> bool:
    """Say whether nothing can have been sent; a connection that broke later leaves that open."""
    seen: BaseException | None = exc
    while seen is not None:
        reason = seen.reason if isinstance(seen, MaxRetryError) else None
        inner = next((each for each in seen.args if isinstance(each, BaseException)), None)
        if any(isinstance(each, _NOT_REACHED) for each in (seen, reason, inner)):
            return True
        if isinstance(inner, MaxRetryError) and isinstance(inner.reason, _NOT_REACHED):
            return True
        seen = seen.__cause__ or seen.__context__
    return False


def cause_of(exc: BaseException) -> str:
    """Return why a request came to no answer."""
    cause = exc.__cause__ or exc
    if isinstance(cause, requests.Timeout):
        return "no answer came in time"
    return f"{type(cause).__name__}: {cause}"[:MAX_WORDS]


def _words(exc: Exception) -> str:
    """Return the provider's words on one line, and no part of the request."""
    response = getattr(exc, "response", None)
    return said_by(response) if response is not None else " ".join(str(exc).split())[:MAX_WORDS]


def said_by(response: Any) -> str:
    """Return an answer on one line."""
    return " ".join(f"{response.status_code} {response.text}".split())[:MAX_WORDS]


def _body(response: Any) -> Mapping[str, Any]:
    try:
        found = response.json()
    except (AttributeError, ValueError):
        return {}
    return found if isinstance(found, Mapping) else {}
