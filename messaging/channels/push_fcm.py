"""Firebase Cloud Messaging, HTTP v1: apps on Android and iOS.

The account's service account signs a token for itself (RFC 7523), which Google exchanges for one
that is good for an hour; it is kept in the process.
"""

import json
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from kernel import clock
from kernel.http import Answer, Client, HttpUnavailable
from messaging.channels.base import (
    Account,
    ChannelDeferred,
    ChannelRejected,
    ChannelUnavailable,
    CredentialField,
    Handed,
    OutgoingPush,
    Provider,
)
from messaging.channels.push import (
    MAX_BYTES,
    READ_SECONDS,
    SENDERS,
    TOTAL_SECONDS,
    PushGone,
    explain,
    open_push,
    retry_after,
)

NAME: Final = "fcm"
HOST = "https://fcm.googleapis.com"
TOKEN_URI: Final = "https://oauth2.googleapis.com/token"  # noqa: S105 an address
SCOPE: Final = "https://www.googleapis.com/auth/firebase.messaging"
GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ASSERTED_SECONDS: Final = 3600
EARLY_SECONDS: Final = 120
"""So long before it runs out a token is not used any more."""
FCM_ERROR: Final = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
_GONE: Final = ("UNREGISTERED", "SENDER_ID_MISMATCH")
_LATER: Final = ("QUOTA_EXCEEDED", "UNAVAILABLE", "INTERNAL", "RESOURCE_EXHAUSTED")


class _Kept(NamedTuple):
    token: str
    until: float


_tokens: dict[tuple[int, str], _Kept] = {}
_lock = threading.Lock()


def send_fcm(account: Account, message: OutgoingPush) -> Handed:
    """Hand one message to one app."""
    found = _service_account(account)
    url = f"{HOST}/v1/projects/{found['project_id']}/messages:send"
    body = {"message": _write(message)}
    with Client(READ_SECONDS, total_seconds=TOTAL_SECONDS, max_bytes=MAX_BYTES) as client:
        answer = _post(client, url, body, _token(client, account, found))
        if answer.status == HTTPStatus.UNAUTHORIZED and not _error_code(answer):
            _forget(account)
            answer = _post(client, url, body, _token(client, account, found))
    return _judge(answer)


def check(account: Account) -> str:
    """Ask for a token; empty when Google gives one."""
    try:
        with Client(READ_SECONDS, total_seconds=TOTAL_SECONDS, max_bytes=MAX_BYTES) as client:
            _forget(account)
            _token(client, account, _service_account(account))
    except ChannelUnavailable as exc:
        return f"{exc}."
    return ""


def _write(message: OutgoingPush) -> dict[str, Any]:
    shown = {"title": message.title, "body": message.body, "image": message.image}
    expires = int(clock.now().timestamp()) + message.ttl_seconds
    return {
        "token": message.target,
        "notification": {name: text for name, text in shown.items() if text},
        "data": {"url": message.url, "reference": message.reference},
        "android": {"ttl": f"{message.ttl_seconds}s"},
        "apns": {"headers": {"apns-expiration": str(expires)}},
    }


def _post(client: Client, url: str, body: Mapping[str, Any], token: str) -> Answer:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    try:
        return client.post(url, json.dumps(body).encode(), headers=headers)
    except HttpUnavailable as exc:
        raise explain(exc) from exc


def _judge(answer: Answer) -> Handed:
    told = _read(answer)
    if answer.status == HTTPStatus.OK:
        return Handed(str(told.get("name", "")))
    error = told.get("error", {}) if isinstance(told.get("error"), dict) else {}
    code = _error_code(answer) or str(error.get("status", ""))
    words = f"{answer.status} {code} {str(error.get('message', ''))[:300]}".strip()
    if code in _GONE or (code == "INVALID_ARGUMENT" and "registration token" in words):
        raise PushGone(words)
    if code in _LATER or answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise ChannelDeferred(words, retry_after=retry_after(answer))
    if answer.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN) and not _error_code(answer):
        raise ChannelUnavailable(words, is_account_fault=True)
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        raise ChannelDeferred(words, retry_after=retry_after(answer))
    raise ChannelRejected(words)


def _error_code(answer: Answer) -> str:
    """Return FCM's own word for an error; empty where it is one of Google's gate before it."""
    error = _read(answer).get("error")
    details = error.get("details") if isinstance(error, dict) else None
    for detail in details if isinstance(details, list) else ():
        if isinstance(detail, dict) and detail.get("@type") == FCM_ERROR:
            return str(detail.get("errorCode", ""))
    return ""


def _read(answer: Answer) -> dict[str, Any]:
    try:
        found = json.loads(answer.body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _service_account(account: Account) -> dict[str, str]:
    try:
        found = json.loads(account.credentials.get("service_account", ""))
        parts = {name: str(found[name]) for name in ("project_id", "client_email", "private_key")}
    except (ValueError, KeyError, TypeError) as exc:
        words = "The service account is not the JSON file that Firebase hands out"
        raise ChannelUnavailable(words, is_account_fault=True) from exc
    return {"token_uri": str(found.get("token_uri") or TOKEN_URI), **parts}


def _token(client: Client, account: Account, found: Mapping[str, str]) -> str:
    key = (account.id, found["client_email"])
    kept = _tokens.get(key)
    if kept is not None and time.monotonic() < kept.until:
        return kept.token
    body = urlencode({"grant_type": GRANT, "assertion": _assert(found)}).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    try:
        answer = client.post(found["token_uri"], body, headers=headers)
    except HttpUnavailable as exc:  # no message was handed over yet
        raise ChannelUnavailable(f"Google gives no token: {exc}") from exc
    told = _read(answer)
    if answer.status != HTTPStatus.OK or not told.get("access_token"):
        is_fault = answer.status in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED)
        words = str(told.get("error_description") or told.get("error") or answer.status)
        raise ChannelUnavailable(f"Google gives no token: {words[:300]}", is_account_fault=is_fault)
    seconds = max(0, int(told.get("expires_in") or 0) - EARLY_SECONDS)
    with _lock:
        _tokens[key] = _Kept(str(told["access_token"]), time.monotonic() + seconds)
    return str(told["access_token"])


def _forget(account: Account) -> None:
    with _lock:
        for key in [key for key in _tokens if key[0] == account.id]:
            del _tokens[key]


def _assert(found: Mapping[str, str]) -> str:
    """Return the signed statement of who asks for a token."""
    now = int(clock.now().timestamp())
    claims = {
        "iss": found["client_email"],
        "scope": SCOPE,
        "aud": found["token_uri"],
        "iat": now,
        "exp": now + ASSERTED_SECONDS,
    }
    text = f"{_part({'alg': 'RS256', 'typ': 'JWT'})}.{_part(claims)}"
    try:
        key = serialization.load_pem_private_key(found["private_key"].encode(), password=None)
    except (ValueError, TypeError) as exc:
        words = "The private key of the service account cannot be read"
        raise ChannelUnavailable(words, is_account_fault=True) from exc
    if not isinstance(key, rsa.RSAPrivateKey):
        words = "The private key of the service account is no RSA key"
        raise ChannelUnavailable(words, is_account_fault=True)
    signature = key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{text}.{_base64url(signature)}"


def _part(value: Mapping[str, Any]) -> str:
    return _base64url(json.dumps(value, separators=(",", ":")).encode())


def _base64url(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


SENDERS[NAME] = send_fcm
PROVIDER: Final = Provider(
    channel="push",
    name=NAME,
    label="Firebase (Android, iOS)",
    credentials=(
        CredentialField(
            "service_account",
            "Service account (JSON)",
            "In Firebase: Project settings, Service accounts, Generate new private key.",
        ),
    ),
    open=open_push,
    check=check,
)
