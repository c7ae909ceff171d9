"""Real requests of Twilio and WhatsApp, and the signatures that their own libraries prove."""

import json
from pathlib import Path
from typing import Any

import pytest

from messaging.channels import sms_twilio, twilio, whatsapp_meta, whatsapp_twilio
from messaging.channels.base import Account, CallbackRequest, Provider, ProviderEvent
from tests.support import twilio_api, whatsapp_api

pytestmark = pytest.mark.covers("M1", "M5")
HOOK = "https://patron.example/hooks/x/y/token/"


@pytest.fixture
def folder(conformance_data: Path) -> Path:
    return conformance_data / "messaging_webhooks"


def load(folder: Path, name: str) -> Any:
    return json.loads((folder / f"{name}.json").read_text("utf-8"))


def account(provider: Provider, credentials: dict[str, str], **options: str) -> Account:
    return Account(1, 1, provider.channel, provider.name, "Ours", credentials, options)


def read_twilio(body: str, provider: Provider = sms_twilio.PROVIDER) -> tuple[ProviderEvent, ...]:
    found = account(provider, twilio_api.CREDENTIALS)
    return twilio.read_callback(found, twilio_api.callback(HOOK, body)).events


def read_meta(update: dict[str, Any]) -> tuple[ProviderEvent, ...]:
    credentials, options = whatsapp_api.CREDENTIALS, whatsapp_api.OPTIONS
    found = account(whatsapp_meta.PROVIDER, credentials, **options)
    return whatsapp_meta.read_callback(found, whatsapp_api.callback(update)).events


def test_every_form_of_twilio_says_what_happened(folder: Path) -> None:
    forms = load(folder, "twilio_form_bodies")
    told = {}
    for name in forms.keys() - {"note"}:
        [event] = read_twilio(forms[name], whatsapp_twilio.PROVIDER)
        told[name] = (event.kind, event.sender, event.recipient, event.text, event.code)
    assert told == {
        "inbound_sms": ("inbound", "+15005550010", "+15005550006", "STOP", ""),
        "inbound_whatsapp": ("inbound", "+15005550010", "+14155238886", "Olá", ""),
        "inbound_media": ("inbound", "+15005550010", "+14155238886", "Hi", ""),
        "status_sent": ("sent", "+14155238886", "+15005550010", "", ""),
        "status_undelivered": ("bounced_soft", "+15005550006", "+15005550009", "", "30003"),
    }
    [picture] = read_twilio(forms["inbound_media"])
    assert picture.media == (
        "https://api.twilio.com/2010-04-01/Accounts/AC0/Messages/MM3/Media/ME1",
    )


def test_the_signatures_of_twilio_are_those_of_its_own_library(folder: Path) -> None:
    vector = load(folder, "signature_vectors")["twilio"]

    def is_signed(form: list[tuple[str, str]], value: str) -> bool:
        headers = {"x-twilio-signature": value}
        request = CallbackRequest("POST", vector["url"], headers, {}, b"")
        return twilio.is_signed(request, form, vector["auth_token"])

    assert is_signed(list(vector["params"].items()), vector["value"])
    assert not is_signed([*vector["params"].items(), ("More", "1")], vector["value"])
    twice = vector["duplicate_params"]
    assert is_signed([(name, value) for name, value in twice["params"]], twice["value"])


def test_the_digest_of_a_json_body_is_that_of_twilios_own_library(folder: Path) -> None:
    vector = load(folder, "signature_vectors")["twilio"]["json_body"]
    url = f"{HOOK}?bodySHA256={vector['bodySHA256']}"
    headers = {
        "content-type": "application/json",
        "x-twilio-signature": twilio_api.sign(url),
    }
    query = {"bodySHA256": vector["bodySHA256"]}
    body = vector["body"].encode()
    assert twilio.is_signed(CallbackRequest("POST", url, headers, query, body), [], "twilio-token")
    changed = CallbackRequest("POST", url, headers, query, body + b" ")
    assert not twilio.is_signed(changed, [], "twilio-token")


def test_the_signature_of_meta_is_that_of_a_real_request(folder: Path) -> None:
    vector = load(folder, "signature_vectors")["whatsapp_cloud_api"]
    headers = {vector["header"].lower(): vector["value"]}
    request = CallbackRequest("POST", HOOK, headers, {}, vector["raw_body"].encode())
    assert whatsapp_meta.is_signed(request, vector["app_secret"])
    assert not whatsapp_meta.is_signed(request, "another")
    credentials = {"app_secret": vector["app_secret"]}
    found = account(whatsapp_meta.PROVIDER, credentials, phone_number_id="277321005464405")
    [event] = whatsapp_meta.read_callback(found, request).events
    assert (event.sender, event.recipient) == ("+972544401243", "+15550953877")
    assert event.text == "Hey there! I am using PyWa."


def test_every_update_of_whatsapp_says_what_happened(folder: Path) -> None:
    updates = load(folder, "whatsapp_cloud_updates")["updates"]
    told = {}
    for name, update in updates.items():
        for event in read_meta(update):
            told[name] = (event.kind, event.text or event.code, len(event.media))
    assert told == {
        "message.text": ("inbound", "Body Text", 0),
        "message.media_with_url": ("inbound", "", 1),
        "message.document": ("inbound", "caption", 1),
        "message.voice": ("inbound", "", 1),
        "message.animated_sticker": ("inbound", "", 1),
        "message.current_location": ("inbound", "12.25089, 43.90539", 0),
        "message.contacts": ("inbound", "Chandler Bing, Monica, Rachel Green", 0),
        "message.reply": ("inbound", "replied text", 0),
        "message.forwarded_many_times": ("inbound", "text forwarded many times", 0),
        "message.referral": ("inbound", "BODY", 0),
        "message_status.sent": ("sent", "", 0),
        "message_status.read": ("read", "", 0),
        "message_status.failed": ("blocked", "130472", 0),
        "callback_button.button": ("inbound", "title", 0),
        "callback_button.quick_reply_without_context": ("inbound", "title", 0),
        "callback_selection.callback": ("inbound", "title", 0),
        "flow_completion.completion": ("inbound", "Sent", 0),
    }
    assert updates.keys() - told.keys() == {
        "message.unreaction_empty",
        "message.unsupported",
        "message_status.group",
        "system.phone_number_change",
        "edited_message.image",
        "deleted_message.revoke",
        *(name for name in updates if name.startswith(("account_update.", "outgoing_message."))),
    }
