"""A stand-in for the Cloud API of WhatsApp: takes JSON, refuses with codes, signs what it tells."""

import hmac
import json
from dataclasses import dataclass, field
from typing import Any

from messaging.channels.base import CallbackRequest
from tests.support.phone_api import Asked, PhoneApi, Reply

ACCESS, SECRET, VERIFY = "EAAG-token", "app-secret", "word-of-ours"
NUMBER_ID = "1122334455667"
CREDENTIALS = {"access_token": ACCESS, "app_secret": SECRET, "verify_token": VERIFY}
OPTIONS = {"phone_number_id": NUMBER_ID, "senders": "+972123456789"}


@dataclass
class WhatsAppApi(PhoneApi):
    """One phone number.

    Attributes:
        templates: names of those that are approved.
        open: numbers that wrote within a day.
    """

    templates: set[str] = field(default_factory=set)
    open: set[str] = field(default_factory=set)

    def answer(self, asked: Asked) -> Reply:
        if asked.headers.get("authorization") != f"Bearer {ACCESS}":
            return refusal(401, 190, "Error validating access token")
        path = asked.path.partition("?")[0]
        if path == f"/{NUMBER_ID}":
            return 200, {}, {"display_phone_number": "+972 12-345-6789", "id": NUMBER_ID}
        if path != f"/{NUMBER_ID}/messages":
            return refusal(400, 33, "Object does not exist")
        return self._take(asked.json)

    def _take(self, said: dict[str, Any]) -> Reply:
        if said["type"] == "template" and said["template"]["name"] not in self.templates:
            return refusal(404, 132001, "Template name does not exist in the translation")
        if said["type"] == "text" and said["to"] not in self.open:
            return refusal(400, 131047, "Re-engagement message")
        message_id = f"wamid.{len(self.taken) + 1}"
        self.taken.append(message_id)
        body = {
            "messaging_product": "whatsapp",
            "contacts": [{"input": said["to"], "wa_id": said["to"]}],
            "messages": [{"id": message_id, "message_status": "accepted"}],
        }
        return 200, {}, body


def refusal(status: int, code: int, message: str, **headers: str) -> Reply:
    """Return a refusal as Meta words it."""
    error = {
        "message": f"(#{code}) {message}",
        "type": "OAuthException",
        "code": code,
        "error_data": {"messaging_product": "whatsapp", "details": message},
        "fbtrace_id": "Az8or2yhqkZfEZ",
    }
    return status, headers, {"error": error}


def callback(said: dict[str, Any] | bytes, *, secret: str = SECRET) -> CallbackRequest:
    """Return a signed request."""
    body = said if isinstance(said, bytes) else json.dumps(said).encode()
    made = hmac.new(secret.encode(), body, "sha256").hexdigest()
    headers = {"content-type": "application/json", "x-hub-signature-256": f"sha256={made}"}
    return CallbackRequest("POST", "https://patron.example/hooks/", headers, {}, body)


def update(**value: Any) -> dict[str, Any]:
    """Return a request about messages of the number."""
    metadata = {"display_phone_number": "972123456789", "phone_number_id": NUMBER_ID}
    inner = {"messaging_product": "whatsapp", "metadata": metadata, **value}
    change = {"field": "messages", "value": inner}
    entry = {"id": "1234567890987654321", "changes": [change]}
    return {"object": "whatsapp_business_account", "entry": [entry]}
