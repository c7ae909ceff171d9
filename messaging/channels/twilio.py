"""Twilio's Programmable Messaging, which carries SMS and WhatsApp in the same way.

A message is one form; a refusal is JSON with a code. Callbacks are forms as well, signed over the
exact public address and every field, with the account's primary token.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from kernel import clock
from kernel.http import Answer, Client
from messaging.channels.base import (
    Account,
    CallbackAnswer,
    CallbackRequest,
    CredentialField,
    Handed,
    OutcomeUnknown,
    ProviderEvent,
    SignatureInvalid,
)
from messaging.channels.web import (
    Refusal,
    as_number,
    ask,
    basic_auth,
    build_refusal,
    hand_over,
    read_json,
    read_wait,
)
from messaging.choices import CallbackKind

API = "https://api.twilio.com"
_VERSION = "2010-04-01"
_EDGES = {"ie1": "dublin", "au1": "sydney"}
"""Where the regions besides the United States are reached."""
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_REFERENCE = "reference"
"""Parameter of the callback address that says which message it is about."""

UNSUBSCRIBED = "21610"
_DEAD = frozenset({"21211", "21214", "21217", "21265", "21614", "21635"})
"""No message can ever reach the number: malformed, a short code, a landline."""
_TOO_FAST_FOR_ONE = frozenset({"14107", "63018"})
"""The account may go on; this recipient gets too much at a time."""
_ACCOUNT = frozenset({"20003", "20005", "20404", "30002", "63051"})
"""The account cannot log in, or is suspended."""
_LOCKED_OUT = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
_KINDS = {
    "sent": CallbackKind.SENT,
    "delivered": CallbackKind.DELIVERED,
    "read": CallbackKind.READ,
}
_FAULTS = {
    UNSUBSCRIBED: CallbackKind.UNSUBSCRIBED,
    **dict.fromkeys((*_DEAD, "30005", "30006", "63024"), CallbackKind.BOUNCED_HARD),
    **dict.fromkeys(("30003", "30008", "63003"), CallbackKind.BOUNCED_SOFT),
    **dict.fromkeys(("30004", "30007", "63032", "63049"), CallbackKind.BLOCKED),
}
"""Why a message did not arrive, as the codes of its callback say."""
_TAKEN = b'<?xml version="1.0" encoding="UTF-8"?><Response></Response>'

CREDENTIALS = (
    CredentialField("account_sid", "Account SID", "Begins with AC.", is_secret=False),
    CredentialField("auth_token", "Auth token", "The primary one: it also signs callbacks."),
)
REGION = CredentialField(
    "region",
    "Region",
    "Empty for the United States, ie1 for Ireland, au1 for Australia.",
    is_secret=False,
    is_required=False,
)


def post_message(client: Client, account: Account, form: Mapping[str, str], ref: str) -> Handed:
    """Hand over one message.

    Args:
        client: keeps the connections.
        account: at Twilio.
        form: who, to whom and what, by the names of Twilio.
        ref: comes back with every callback.

    Raises:
        ChannelRejected, ChannelDeferred, ChannelUnavailable, OutcomeUnknown: as `Channel.send`.
    """
    said = dict(form)
    if account.callback_url:
        said["StatusCallback"] = f"{account.callback_url}?{urlencode({_REFERENCE: ref})}"
    headers = {**basic_auth(*_login(account)), **_FORM}
    url = f"{_base(account)}/Messages.json"
    answer = hand_over(lambda: client.post(url, urlencode(said).encode(), headers=headers))
    found = read_json(answer.body)
    if answer.status != HTTPStatus.CREATED:
        raise _refusal(answer, found)
    if not found.get("sid"):
        raise OutcomeUnknown("the provider took it and gave it no id")
    return Handed(str(found["sid"]), _parts(found.get("num_segments")))


def check_account(client: Client, account: Account) -> str:
    """Return nothing when the account works, else what is wrong, in words."""
    url = f"{_base(account)}.json"
    answer, words = ask(lambda: client.get(url, headers=basic_auth(*_login(account))))
    if answer is None:
        return words
    if answer.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND}:
        return "Twilio does not accept this account SID and auth token."
    if answer.status != HTTPStatus.OK:
        return f"Twilio answered {answer.status}."
    status = read_json(answer.body).get("status")
    return "" if status == "active" else f"Twilio says that the account is {status}."


def read_callback(account: Account, request: CallbackRequest) -> CallbackAnswer:
    """Return what a callback tells.

    Raises:
        SignatureInvalid: it was not signed with the token of the account.
    """
    token = account.credentials.get("auth_token", "")
    form = _read_form(request)
    if not is_signed(request, form, token):
        raise SignatureInvalid
    said = dict(form)
    event = _read_inbound(said) if _is_inbound(said) else _read_status(said, request)
    events = (event,) if event is not None else ()
    return CallbackAnswer(body=_TAKEN, content_type="text/xml", events=events)


def is_signed(request: CallbackRequest, form: list[tuple[str, str]], token: str) -> bool:
    """Say whether a request carries the signature of a token.

    A JSON body is signed by its digest, which stands in the address.
    """
    given = request.headers.get("x-twilio-signature", "")
    if not token or not given:
        return False
    digest = request.query.get("bodySHA256")
    if digest is not None:
        found = hashlib.sha256(request.body).hexdigest()
        if not hmac.compare_digest(found, digest.lower()):
            return False
        form = []
    signed = "".join(name + value for name, value in sorted(set(form)))
    return any(
        hmac.compare_digest(_sign(url + signed, token), given) for url in _spellings(request.url)
    )


def _login(account: Account) -> tuple[str, str]:
    return account.credentials.get("account_sid", ""), account.credentials.get("auth_token", "")


def _base(account: Account) -> str:
    region = str(account.options.get("region") or "").strip().lower()
    edge = _EDGES.get(region)
    host = API.replace("://api.", f"://api.{edge}.{region}.") if edge else API
    return f"{host}/{_VERSION}/Accounts/{account.credentials.get('account_sid', '')}"


def _refusal(answer: Answer, found: Mapping[str, Any]) -> Exception:
    """Return what a refusal means."""
    code = str(found.get("code") or "")
    words = f"{found.get('message') or f'answered {answer.status}'}"
    said = f"{code}: {words}" if code else words
    status = answer.status
    cases = (
        (Refusal.UNSUBSCRIBED, code == UNSUBSCRIBED),
        (Refusal.DEAD, code in _DEAD),
        (Refusal.LATER, code in _TOO_FAST_FOR_ONE),
        (Refusal.BUSY, status == HTTPStatus.TOO_MANY_REQUESTS),
        (Refusal.ACCOUNT, status in _LOCKED_OUT or code in _ACCOUNT),
        (Refusal.UNCLEAR, status >= HTTPStatus.INTERNAL_SERVER_ERROR),
    )
    return build_refusal(cases, said, read_wait(answer))


def _parts(value: object) -> int:
    text = str(value or "")
    return max(1, int(text)) if text.isascii() and text.isdecimal() else 1


def _read_form(request: CallbackRequest) -> list[tuple[str, str]]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json":
        return [(name, str(value)) for name, value in read_json(request.body).items()]
    text = request.body.decode("utf-8", "replace")
    return parse_qsl(text, keep_blank_values=True)


def _sign(text: str, token: str) -> str:
    return base64.b64encode(hmac.digest(token.encode(), text.encode(), "sha1")).decode()


def _spellings(url: str) -> list[str]:
    """Return an address with and without its usual port: Twilio signs either."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = 443 if parts.scheme == "https" else 80
    if parts.port not in {None, port}:
        return [url]
    return [parts._replace(netloc=each).geturl() for each in (host, f"{host}:{port}")]


def _is_inbound(said: Mapping[str, str]) -> bool:
    return said.get("SmsStatus") in {"received", "receiving"} and "MessageStatus" not in said


def _read_inbound(said: Mapping[str, str]) -> ProviderEvent | None:
    sid = said.get("MessageSid") or said.get("SmsSid", "")
    count = said.get("NumMedia", "0")
    media = range(int(count) if count.isascii() and count.isdecimal() else 0)
    if not sid:
        return None
    return ProviderEvent(
        kind=CallbackKind.INBOUND.value,
        dedupe_key=f"inbound:{sid}",
        at=clock.now(),
        provider_id=sid,
        recipient=as_number(said.get("To")),
        sender=as_number(said.get("From")),
        text=said.get("Body", ""),
        media=tuple(said[name] for n in media if (name := f"MediaUrl{n}") in said),
        code=said.get("OptOutType", ""),
    )


def _read_status(said: Mapping[str, str], request: CallbackRequest) -> ProviderEvent | None:
    sid = said.get("MessageSid") or said.get("SmsSid", "")
    status = said.get("MessageStatus") or said.get("SmsStatus", "")
    code = said.get("ErrorCode", "")
    kind = _KINDS.get(status)
    if status in {"undelivered", "failed", "canceled"}:
        kind = _FAULTS.get(code, CallbackKind.FAILED)
    if kind is None or not sid:
        return None  # on its way: nothing that is not known
    return ProviderEvent(
        kind=kind.value,
        dedupe_key=f"{sid}:{status}",
        at=clock.now(),
        provider_id=sid,
        reference=request.query.get(_REFERENCE, ""),
        recipient=as_number(said.get("To")),
        sender=as_number(said.get("From")),
        code=code,
        detail=said.get("ErrorMessage", "") or status,
    )
