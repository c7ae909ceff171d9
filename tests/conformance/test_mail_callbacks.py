"""Recorded requests of mail providers come to what a library for them makes of each.

Where this project means something else on purpose, `DEVIATIONS` says what and why.
"""

import base64
import json
from collections import Counter
from datetime import datetime
from email.utils import parseaddr
from pathlib import Path
from typing import Any

import pytest

from kernel.http import Answer
from messaging.channels import sns
from messaging.channels.base import Account, CallbackRequest, ProviderEvent, SignatureInvalid
from messaging.channels.registry import PROVIDERS
from stores.platforms.standard_webhooks import is_signed, keys_of, read_head
from tests.support.sns import certificate, sign

FILES = {"amazon_ses": "ses", "brevo": "brevo", "mailgun": "mailgun", "postmark": "postmark"}
SIGNING_KEY = "TEST_WEBHOOK_SIGNING_KEY"
KINDS = {
    "inbound": "inbound",
    "sent": "sent",
    "delivered": "delivered",
    "opened": "opened",
    "clicked": "clicked",
    "complained": "complained",
    "unsubscribed": "unsubscribed",
    "unknown": None,
    "subscribed": None,
}
"""What the library's words come to; how a message did not arrive is told apart by `BOUNCES`."""
BOUNCES = {
    "test_multiple_bounce_event": "bounced_hard",
    "test_reject_event": "blocked",
    "test_blocked": "blocked",
    "test_hard_bounce": "bounced_hard",
    "test_soft_bounce_event": "bounced_soft",
    "test_alt_smtp_code": "bounced_hard",
    "test_dropped_bounce": "blocked",
    "test_dropped_timed_out": "bounced_soft",
    "test_failed_greylisted_event": "bounced_soft",
    "test_failed_temporary_event": "bounced_soft",
    "test_rejected_event": "blocked",
    "test_subscription_change_bounce": "bounced_hard",
}
DEVIATIONS = {
    # One address takes both kinds here, so that no request can go to the wrong one.
    ("brevo", "test_misconfigured_inbound"): [],
    ("mailgun", "test_misconfigured_tracking_legacy"): ["delivered"],
    ("postmark", "test_misconfigured_inbound"): ["inbound"],
    # A signature of SNS shows who posts; the library asks for a password instead.
    ("ses", "test_sns_subscription_confirmation_auth_disabled"): [],
    ("ses", "test_sns_subscription_confirmation_failure"): [],
}
LOGIN_LEFT_OUT = {("mailgun", "test_supports_credential_rotation")}
"""Refused for a password that the record leaves out, at a provider that signs."""


class Web:
    """The hosts of SNS."""

    def __init__(self, seconds: float) -> None:
        """Ask nobody."""

    def __enter__(self) -> "Web":
        return self

    def __exit__(self, *_: object) -> None:
        """Close nothing."""

    def get(self, url: str) -> Answer:
        return Answer(200, {}, certificate() if url.endswith(".pem") else b"")


@pytest.fixture(autouse=True)
def quiet_sns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sns, "Client", Web)
    sns.forget_certificates()


def read_requests(folder: Path) -> list[tuple[str, str, dict[str, Any]]]:
    """Return provider, name of the test and record of every request."""
    found = []
    for stem, provider in FILES.items():
        recorded = json.loads((folder / f"anymail_{stem}.json").read_text("utf-8"))
        found += [(provider, each["test"].rsplit(".", 1)[1], each) for each in recorded["requests"]]
    return found


def account_of(provider: str, recorded: dict[str, Any]) -> Account:
    credentials = {"api_key": "key", "signing_key": SIGNING_KEY}
    if recorded.get("response_status") == 400 and provider != "mailgun":
        credentials["callback_login"] = "username1:password1"
    if "signing_key" in recorded["test"] or "SettingsTestCase" in recorded["test"]:
        del credentials["signing_key"]
    return Account(1, 7, "email", provider, provider, credentials)


def ask(provider: str, recorded: dict[str, Any], body: bytes) -> tuple[ProviderEvent, ...]:
    headers = {name.lower(): value for name, value in recorded["headers"].items()}
    request = CallbackRequest(recorded["method"], "https://crm.example/hooks/", headers, {}, body)
    read = PROVIDERS["email", provider].read_callback
    assert read is not None
    return read(account_of(provider, recorded), request).events


def body_of(provider: str, recorded: dict[str, Any]) -> bytes:
    """Return the body as it came; of SNS with a signature, which the records lack."""
    body = base64.b64decode(recorded["body_b64"])
    if provider != "ses":
        return body
    message = json.loads(body)
    for unsigned in ("SignatureVersion", "Signature", "SigningCertURL"):
        message.pop(unsigned, None)
    return json.dumps(sign(message)).encode()


def expected_kinds(provider: str, name: str, recorded: dict[str, Any]) -> list[str]:
    if (provider, name) in DEVIATIONS:
        return DEVIATIONS[provider, name]
    words = [event["event_type"] for event in recorded["events"]]
    kinds = [KINDS[word] if word in KINDS else BOUNCES[name] for word in words]
    if name in BOUNCES:
        kinds = [BOUNCES[name]] * len(words)
    return [kind for kind in kinds if kind]


@pytest.mark.covers("C8", "M1")
def test_every_recorded_request_comes_to_its_outcome(
    conformance_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table: Counter[tuple[str, str]] = Counter()
    for provider, name, recorded in read_requests(conformance_data / "messaging_webhooks"):
        is_refused = recorded.get("response_status", 0) != 200
        if (provider, name) in LOGIN_LEFT_OUT and is_refused:
            table[provider, "a password that was not recorded"] += 1
            continue
        if is_refused and (provider, name) not in DEVIATIONS:
            with pytest.raises((SignatureInvalid, ValueError, KeyError, TypeError)):
                ask(provider, recorded, base64.b64decode(recorded["body_b64"]))
            table[provider, "refused"] += 1
            continue

        events = ask(provider, recorded, body_of(provider, recorded))

        kinds = expected_kinds(provider, name, recorded)
        assert [event.kind for event in events] == kinds, (provider, name)
        table[provider, "told" if events else "nothing to keep"] += 1
        if (provider, name) not in DEVIATIONS:
            kept = [
                each for each in recorded["events"] if KINDS.get(each["event_type"], "") is not None
            ]
            for event, known in zip(events, kept, strict=True):
                compare(event, known, name)
    with capsys.disabled():
        print()  # noqa: T201 the table is the result
        for (provider, word), number in sorted(table.items()):
            print(f"{provider} | {word} | {number}")  # noqa: T201 likewise
    assert sum(table.values()) == 65


def compare(event: ProviderEvent, known: dict[str, Any], name: str) -> None:
    if event.kind == "inbound":
        compare_mail(event, known, name)
        return
    assert event.provider_id == (known["message_id"] or ""), name
    assert event.recipient == (known["recipient"] or ""), name
    assert event.url == (known["click_url"] or ""), name
    if known["timestamp"]:
        assert event.at == datetime.fromisoformat(known["timestamp"]), name
    if known["mta_response"]:
        assert event.detail == " ".join(known["mta_response"].split()), name


def compare_mail(event: ProviderEvent, known: dict[str, Any], name: str) -> None:
    text = known["stripped_text"] or known["text"] or ""
    assert event.sender == parseaddr(known["from_email"] or "")[1] or name == "test_inbound_s3"
    assert event.detail == " ".join((known["subject"] or "").split()) or name == "test_inbound_s3"
    assert event.text == text.strip() or name == "test_inbound_s3"
    if known["envelope_recipient"]:
        assert event.recipient == known["envelope_recipient"], name


def test_no_recorded_notification_of_sns_is_believed_without_a_signature(
    conformance_data: Path,
) -> None:
    recorded = json.loads(
        (conformance_data / "messaging_webhooks" / "anymail_amazon_ses.json").read_text("utf-8")
    )
    for each in recorded["requests"]:
        with pytest.raises(SignatureInvalid):
            ask("ses", each, base64.b64decode(each["body_b64"]))


def test_the_published_signature_of_standard_webhooks_is_believed(conformance_data: Path) -> None:
    path = conformance_data / "messaging_webhooks" / "signature_vectors.json"
    vector = json.loads(path.read_text("utf-8"))["standard_webhooks"]
    headers = {
        "webhook-id": vector["msg_id"],
        "webhook-timestamp": str(vector["timestamp"]),
        "webhook-signature": vector["signature"],
    }
    keys, body = keys_of(vector["secret"]), vector["payload"].encode()

    assert is_signed(keys, body, read_head(headers, ""))
    assert not is_signed(keys, body + b" ", read_head(headers, ""))
