"""A stand-in for the Messages API of Vonage: takes JSON, refuses in RFC 7807, signs by JWT."""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from messaging.channels.base import CallbackRequest
from tests.support.phone_api import Asked, PhoneApi, Reply

KEY, SECRET, SIGNATURE = "abcd1234", "vonage-secret", "vonage-signature-secret-of-32-bytes"
CREDENTIALS = {"api_key": KEY, "api_secret": SECRET, "signature_secret": SIGNATURE}
_ERRORS = "https://developer.vonage.com/api-errors/messages"


@dataclass
class VonageApi(PhoneApi):
    """One account."""

    def answer(self, asked: Asked) -> Reply:
        if asked.login != (KEY, SECRET):
            return refusal(401, "unauthorized", "You did not provide correct credentials.")
        if asked.path == "/account/get-balance":
            return 200, {}, {"value": 12.5, "autoReload": False}
        said = asked.json
        if said.get("channel") != "sms" or not str(said.get("to", "")).isdecimal():
            return refusal(422, "1150", "Invalid params", "The value of `to` is invalid.")
        if not said.get("from"):
            return refusal(422, "1120", "Invalid sender", "The `from` parameter is invalid.")
        uuid = str(UUID(int=len(self.taken) + 1))
        self.taken.append(uuid)
        return 202, {}, {"message_uuid": uuid}


def refusal(status: int, code: str, title: str, detail: str = "", **headers: str) -> Reply:
    """Return a refusal as Vonage words it."""
    body = {
        "type": f"{_ERRORS}#{code}",
        "title": title,
        "detail": detail or title,
        "instance": "bf0ca0bf927b3b52e3cb03217e1a1ddf",
    }
    return status, headers, body


def callback(
    said: dict[str, Any], *, secret: str = SIGNATURE, alg: str = "HS256"
) -> CallbackRequest:
    """Return a signed callback."""
    body = json.dumps(said).encode()
    token = sign({"payload_hash": hashlib.sha256(body).hexdigest()}, secret=secret, alg=alg)
    headers = {"content-type": "application/json", "authorization": f"Bearer {token}"}
    return CallbackRequest("POST", "https://patron.example/hooks/", headers, {}, body)


def sign(claims: dict[str, Any], *, secret: str = SIGNATURE, alg: str = "HS256") -> str:
    """Return a token with the claims that every one of Vonage has."""
    said = {"iat": 1587494962, "jti": "c5ba8f24", "iss": "Vonage", "api_key": KEY, **claims}
    parts = [_pack(json.dumps(each).encode()) for each in ({"alg": alg, "typ": "JWT"}, said)]
    signed = ".".join(parts)
    return f"{signed}.{_pack(hmac.digest(secret.encode(), signed.encode(), 'sha256'))}"


def status(uuid: str, word: str, **more: Any) -> dict[str, Any]:
    """Return what a status callback says."""
    return {
        "message_uuid": uuid,
        "to": "447700900123",
        "from": "447700900000",
        "timestamp": "2026-06-01T12:00:05Z",
        "status": word,
        "usage": {"currency": "EUR", "price": "0.0333"},
        "client_ref": "1-7",
        "channel": "sms",
        "sms": {"count_total": "1"},
        **more,
    }


def _pack(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()
