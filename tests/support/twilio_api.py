"""A stand-in for Twilio: takes messages by form, refuses with codes, signs what it calls back."""

import base64
import hashlib
import hmac
import json
import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit

from messaging.channels.base import CallbackRequest
from tests.support.phone_api import Asked, PhoneApi, Reply

SID, TOKEN = "AC00000000000000000000000000000000", "twilio-token"
CREDENTIALS = {"account_sid": SID, "auth_token": TOKEN}
DEAD = "+15005550009"
"""A landline."""
LEFT = "+15005550013"
"""Somebody who texted STOP to Twilio itself."""
_E164 = re.compile(r"\+[1-9]\d{6,14}")
_SEGMENT = 153


@dataclass
class TwilioApi(PhoneApi):
    """One account."""

    status: str = "active"

    def answer(self, asked: Asked) -> Reply:
        if asked.login != (SID, TOKEN):
            return refusal(401, 20003, "Authenticate")
        if asked.path == f"/2010-04-01/Accounts/{SID}.json":
            return 200, {}, {"sid": SID, "status": self.status}
        if asked.path != f"/2010-04-01/Accounts/{SID}/Messages.json":
            return refusal(404, 20404, f"The requested resource {asked.path} was not found")
        return self._take(asked.form)

    def _take(self, form: dict[str, str]) -> Reply:
        number = form.get("To", "").removeprefix("whatsapp:")
        has_sender = form.get("From") or form.get("MessagingServiceSid")
        faults = {
            (21211, f"The 'To' number {number} is not valid."): not _E164.fullmatch(number),
            (21635, "'To' number cannot be a landline"): number == DEAD,
            (21610, "Attempt to send to unsubscribed recipient"): number == LEFT,
            (21603, "A 'From' phone number is required."): not has_sender,
            (21617, "The body exceeds 1600 characters."): len(form.get("Body", "")) > 1600,
        }
        for (code, words), is_so in faults.items():
            if is_so:
                return refusal(400, code, words)
        sid = f"SM{len(self.taken) + 1:032d}"
        self.taken.append(sid)
        parts = max(1, -(-len(form.get("Body", "")) // _SEGMENT))
        said = {"sid": sid, "status": "queued", "num_segments": str(parts), "error_code": None}
        return 201, {}, said


def refusal(status: int, code: int, message: str, **headers: str) -> Reply:
    """Return a refusal as Twilio words it."""
    more = f"https://www.twilio.com/docs/errors/{code}"
    body = {"code": code, "message": message, "more_info": more, "status": status}
    return status, headers, body


def callback(url: str, form: str | dict[str, str], *, token: str = TOKEN) -> CallbackRequest:
    """Return a signed callback; a form may be given as its body."""
    body = form if isinstance(form, str) else urlencode(form)
    fields = dict(parse_qsl(body, keep_blank_values=True))
    signed = url + "".join(name + fields[name] for name in sorted(fields))
    headers = {
        "content-type": "application/x-www-form-urlencoded",
        "x-twilio-signature": sign(signed, token),
    }
    return CallbackRequest("POST", url, headers, _query(url), body.encode())


def json_callback(url: str, said: dict[str, str], *, token: str = TOKEN) -> CallbackRequest:
    """Return a signed callback whose body is JSON."""
    body = json.dumps(said).encode()
    sign_url = f"{url}?bodySHA256={hashlib.sha256(body).hexdigest()}"
    headers = {"content-type": "application/json", "x-twilio-signature": sign(sign_url, token)}
    return CallbackRequest("POST", sign_url, headers, _query(sign_url), body)


def sign(text: str, token: str = TOKEN) -> str:
    """Return the signature of an address with its fields."""
    return base64.b64encode(hmac.digest(token.encode(), text.encode(), "sha1")).decode()


def _query(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query))
