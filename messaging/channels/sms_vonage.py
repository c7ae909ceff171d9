"""SMS over the Messages API of Vonage.

Callbacks carry a JSON Web Token that the account's signature secret signed, and in it the digest
of the body. Vonage says of each message whether it was submitted, delivered, rejected or cannot be
delivered, with a code.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from kernel.http import Answer
from messaging.channels.base import (
    Account,
    CallbackAnswer,
    CallbackRequest,
    CredentialField,
    Handed,
    OutcomeUnknown,
    OutgoingText,
    Provider,
    ProviderEvent,
    SignatureInvalid,
)
from messaging.channels.senders import OPT_OUT, SENDERS
from messaging.channels.web import (
    Refusal,
    as_number,
    ask,
    basic_auth,
    build_refusal,
    child,
    hand_over,
    open_client,
    read_json,
    read_time,
    read_wait,
)
from messaging.choices import CallbackKind
from messaging.domain.sms_text import measure

API = "https://api.nexmo.com"
ACCOUNT_API = "https://rest.nexmo.com"
_REGIONS = {"eu": "https://api-eu.vonage.com", "us": "https://api-us.vonage.com"}
_JSON = {"Content-Type": "application/json"}
_MOST_REFERENCE = 100

_KINDS = {
    "submitted": CallbackKind.SENT,
    "delivered": CallbackKind.DELIVERED,
    "read": CallbackKind.READ,
}
_DEAD = frozenset({"1170", "1190"})
"""Not a number, or one that is no longer in use."""
_OPTED_OUT = "1240"
_TOO_FAST = "1000"
_TOO_FAST_FOR_ONE = "1241"
_ACCOUNT = frozenset({"1060", "1070", "1080", "1110", "1140", "1370"})
"""The account is barred, has no credit, or lacks a permission."""
_LOCKED_OUT = frozenset(
    {HTTPStatus.UNAUTHORIZED, HTTPStatus.PAYMENT_REQUIRED, HTTPStatus.FORBIDDEN}
)
_FAULTS = {
    **dict.fromkeys(_DEAD, CallbackKind.BOUNCED_HARD),
    _OPTED_OUT: CallbackKind.UNSUBSCRIBED,
    **dict.fromkeys(
        ("1030", "1100", "1180", "1200", "1220", "1230", "1250", "1260", "1290", "1330"),
        CallbackKind.BOUNCED_SOFT,
    ),
    **dict.fromkeys(("1050", "1210", "1270", "1280"), CallbackKind.BLOCKED),
}
"""Why a message did not arrive, as the codes of its callback say."""


class VonageSms:
    """Hands over SMS."""

    def __init__(self, account: Account) -> None:
        """Prepare to send; no connection is made yet."""
        self._account = account
        self._client = open_client()

    def send(self, message: OutgoingText) -> Handed:
        """Hand over one SMS; raises as `Channel.send`."""
        said = {
            "channel": "sms",
            "message_type": "text",
            "to": message.to.lstrip("+"),
            "from": message.sender.lstrip("+"),
            "text": message.text,
            "client_ref": message.reference[:_MOST_REFERENCE],
        }
        if self._account.callback_url:
            said |= {"webhook_url": self._account.callback_url, "webhook_version": "v1"}
        headers = {**basic_auth(*_login(self._account)), **_JSON}
        url = f"{_base(self._account)}/v1/messages"
        answer = hand_over(
            lambda: self._client.post(url, json.dumps(said).encode(), headers=headers)
        )
        found = read_json(answer.body)
        if answer.status != HTTPStatus.ACCEPTED:
            raise _refusal(answer, found)
        if not found.get("message_uuid"):
            raise OutcomeUnknown("the provider took it and gave it no id")
        return Handed(str(found["message_uuid"]), max(1, measure(message.text).parts))


def check(account: Account) -> str:
    """Return nothing when the account works, else what is wrong, in words."""
    with open_client() as client:
        url = f"{ACCOUNT_API}/account/get-balance"
        answer, words = ask(lambda: client.get(url, headers=basic_auth(*_login(account))))
    if answer is None:
        return words
    if answer.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return "Vonage does not accept this API key and secret."
    return "" if answer.status == HTTPStatus.OK else f"Vonage answered {answer.status}."


def read_callback(account: Account, request: CallbackRequest) -> CallbackAnswer:
    """Return what a callback tells.

    Raises:
        SignatureInvalid: its token was not signed for this body with the account's secret.
    """
    if not is_signed(request, account.credentials):
        raise SignatureInvalid
    said = read_json(request.body)
    if said.get("channel", "sms") != "sms" or not said.get("message_uuid"):
        return CallbackAnswer()
    event = _read_status(said) if "status" in said else _read_inbound(said)
    return CallbackAnswer(events=(event,) if event is not None else ())


def is_signed(request: CallbackRequest, credentials: Mapping[str, str]) -> bool:
    """Say whether the token of a request is of the account and of this very body."""
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    claims = _read_token(token, credentials.get("signature_secret", ""))
    if kind.lower() != "bearer" or not claims:
        return False
    digest = hashlib.sha256(request.body).hexdigest()
    return hmac.compare_digest(str(claims.get("payload_hash", "")), digest) and claims.get(
        "api_key"
    ) == credentials.get("api_key")


def _read_token(token: str, secret: str) -> dict[str, Any]:
    """Return the claims of a token; empty for one that the secret did not sign with HMAC."""
    signed, _, signature = token.rpartition(".")
    head, dot, body = signed.partition(".")
    if not secret or not dot or read_json(_unpack(head)).get("alg") != "HS256":
        return {}
    made = hmac.digest(secret.encode(), signed.encode(), "sha256")
    return read_json(_unpack(body)) if hmac.compare_digest(made, _unpack(signature)) else {}


def _unpack(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return b""


def _login(account: Account) -> tuple[str, str]:
    return account.credentials.get("api_key", ""), account.credentials.get("api_secret", "")


def _base(account: Account) -> str:
    region = str(account.options.get("region") or "").strip().lower()
    return _REGIONS.get(region, API)


def _code(error: Mapping[str, Any]) -> str:
    """Return the code of an error: the end of its address, else its title."""
    code = str(error.get("type") or "").rpartition("#")[2]
    return code if code.isdecimal() else str(error.get("title") or "")


def _refusal(answer: Answer, found: Mapping[str, Any]) -> Exception:
    """Return what a refusal means."""
    code = _code(found)
    said = f"{code}: {found.get('detail') or found.get('title') or answer.status}"
    status = answer.status
    cases = (
        (Refusal.UNSUBSCRIBED, code == _OPTED_OUT),
        (Refusal.DEAD, code in _DEAD),
        (Refusal.LATER, code == _TOO_FAST_FOR_ONE),
        (Refusal.BUSY, status == HTTPStatus.TOO_MANY_REQUESTS or code == _TOO_FAST),
        (Refusal.ACCOUNT, status in _LOCKED_OUT or code in _ACCOUNT),
        (Refusal.UNCLEAR, status >= HTTPStatus.INTERNAL_SERVER_ERROR),
    )
    return build_refusal(cases, said, read_wait(answer))


def _read_status(said: Mapping[str, Any]) -> ProviderEvent | None:
    status = str(said["status"])
    error = child(said, "error")
    code = _code(error) if error else ""
    kind = _KINDS.get(status)
    if status in {"rejected", "undeliverable"}:
        kind = _FAULTS.get(code, CallbackKind.FAILED)
    if kind is None:
        return None
    return ProviderEvent(
        kind=kind.value,
        dedupe_key=f"{said['message_uuid']}:{status}",
        at=read_time(said.get("timestamp")),
        provider_id=str(said["message_uuid"]),
        reference=str(said.get("client_ref") or ""),
        recipient=as_number(said.get("to")),
        sender=as_number(said.get("from")),
        code=code,
        detail=str(error.get("detail") or status),
    )


def _read_inbound(said: Mapping[str, Any]) -> ProviderEvent:
    return ProviderEvent(
        kind=CallbackKind.INBOUND.value,
        dedupe_key=f"inbound:{said['message_uuid']}",
        at=read_time(said.get("timestamp")),
        provider_id=str(said["message_uuid"]),
        recipient=as_number(said.get("to")),
        sender=as_number(said.get("from")),
        text=str(said.get("text") or ""),
    )


PROVIDER = Provider(
    channel="sms",
    name="vonage",
    label="Vonage",
    credentials=(
        CredentialField("api_key", "API key", is_secret=False),
        CredentialField("api_secret", "API secret"),
        CredentialField("signature_secret", "Signature secret", "Signs what Vonage tells us."),
    ),
    options=(
        SENDERS,
        OPT_OUT,
        CredentialField(
            "region",
            "Region",
            "Empty for all the world, eu or us to stay there.",
            is_secret=False,
            is_required=False,
        ),
    ),
    open=VonageSms,
    check=check,
    read_callback=read_callback,
)
