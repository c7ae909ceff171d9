"""Notifications of SNS: believed for their signature alone."""

import json
from typing import Any

import pytest
import time_machine

from kernel.http import Answer, HttpUnavailable
from messaging.channels import sns
from messaging.channels.base import Account, CallbackRequest, SignatureInvalid
from messaging.channels.email_ses import read_notification
from tests.support.sns import TOPIC, ask_to_confirm, certificate, notify, sign

DELIVERY = {
    "eventType": "Delivery",
    "mail": {
        "messageId": "0100018c-1-000000",
        "destination": ["zoe@example.com"],
        "tags": {"patron": ["7-4711"]},
    },
    "delivery": {"recipients": ["zoe@example.com"], "smtpResponse": "250 ok"},
}


class Web:
    """The hosts of SNS, asked through the house's client."""

    def __init__(self) -> None:
        self.pem = certificate()
        self.asked: list[str] = []
        self.is_down = False
        self.status = 200

    def get(self, url: str) -> Answer:
        self.asked.append(url)
        if self.is_down:
            raise HttpUnavailable("no answer came in time")
        return Answer(self.status, {}, self.pem if url.endswith(".pem") else b"<ok/>")


@pytest.fixture(autouse=True)
def web(monkeypatch: pytest.MonkeyPatch) -> Web:
    found = Web()

    class Client:
        def __init__(self, seconds: float) -> None:
            assert seconds <= 5

        def __enter__(self) -> Web:
            return found

        def __exit__(self, *_: object) -> None:
            """Close nothing."""

    monkeypatch.setattr(sns, "Client", Client)
    sns.forget_certificates()
    return found


def account(**options: str) -> Account:
    return Account(1, 7, "email", "ses", "SES", {}, options)


def post(message: dict[str, Any], **options: str) -> Any:
    body = json.dumps(message).encode()
    request = CallbackRequest("POST", "https://crm.example/hooks/", {}, {}, body)
    return read_notification(account(**options), request)


@pytest.mark.covers("C8")
@pytest.mark.parametrize("version", ["1", "2"])
def test_a_signed_notification_is_believed(version: str) -> None:
    [event] = post(notify(DELIVERY, version=version)).events

    assert (event.kind, event.provider_id, event.reference) == (
        "delivered",
        "0100018c-1-000000",
        "7-4711",
    )
    assert (event.recipient, event.detail) == ("zoe@example.com", "250 ok")


def test_its_certificate_is_fetched_once(web: Web) -> None:
    for _ in range(3):
        post(notify(DELIVERY))

    assert len(web.asked) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"Message": json.dumps({**DELIVERY, "eventType": "Bounce"})},
        {"Signature": "AAAA"},
        {"Signature": "no base64"},
        {"Signature": None},
        {"SignatureVersion": "3"},
        {"SignatureVersion": "1"},
        {"Timestamp": "2026-06-02T12:00:05.000Z"},
        {"Type": "Other"},
        {"Type": "UnsubscribeConfirmation"},
    ],
)
def test_a_notification_that_was_changed_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(SignatureInvalid):
        post({**notify(DELIVERY), **change})


@pytest.mark.parametrize(
    "url",
    [
        "http://sns.eu-west-1.amazonaws.com/a.pem",
        "https://sns.eu-west-1.amazonaws.com.evil.example/a.pem",
        "https://evil.example/sns.eu-west-1.amazonaws.com/a.pem",
        "https://sns.eu-west-1.amazonaws.com@evil.example/a.pem",
        "https://sns.eu-west-1.amazonaws.com:8443/a.pem",
        "https://s3.eu-west-1.amazonaws.com/a.pem",
        "https://sns.amazonaws.com.eu-west-1.evil.example/a.pem",
        "https://sns.eu-west-1.amazonaws.com/a.txt",
        "https://[::1/a.pem",
        "",
    ],
)
def test_no_certificate_of_another_host_is_even_asked_for(url: str, web: Web) -> None:
    message = sign({**notify(DELIVERY), "SigningCertURL": url})

    with pytest.raises(SignatureInvalid):
        post(message)

    assert web.asked == []


@pytest.mark.parametrize("pem", [certificate("evil.example"), certificate(years=1), b"no PEM"])
def test_a_certificate_of_another_name_or_time_is_refused(pem: bytes, web: Web) -> None:
    web.pem = pem

    with pytest.raises(SignatureInvalid):
        post(notify(DELIVERY))


def test_a_certificate_that_cannot_be_had_now_lets_sns_repeat(web: Web) -> None:
    web.is_down = True

    answer = post(notify(DELIVERY))

    assert (answer.status, answer.events) == (503, ())


def test_another_topic_than_the_account_names_is_refused(web: Web) -> None:
    assert len(post(notify(DELIVERY), topic_arn=TOPIC).events) == 1

    with pytest.raises(SignatureInvalid):
        post(notify(DELIVERY), topic_arn=f"{TOPIC}-of-others")


def test_the_question_whether_notifications_are_wanted_is_answered_yes(web: Web) -> None:
    answer = post(ask_to_confirm())

    assert (answer.status, answer.events) == (200, ())
    assert web.asked[-1].startswith("https://sns.eu-west-1.amazonaws.com/?Action=Confirm")


def test_a_yes_goes_to_no_other_host(web: Web) -> None:
    with pytest.raises(SignatureInvalid):
        post(ask_to_confirm(SubscribeURL="https://evil.example/?Action=ConfirmSubscription"))

    assert [url for url in web.asked if "evil" in url] == []


def test_a_yes_that_cannot_be_said_now_lets_sns_repeat(web: Web) -> None:
    post(notify(DELIVERY))
    web.status = 500

    assert post(ask_to_confirm()).status == 503


def test_the_note_that_a_topic_works_says_nothing() -> None:
    words = "Successfully validated SNS topic for Amazon SES event publishing."

    assert post(notify(words)).events == ()


def test_a_mail_that_came_in_is_read(noon: time_machine.Traveller) -> None:
    raw = (
        "From: Zoe <zoe@example.com>\r\nTo: help@ada-soap.example\r\n"
        "Subject: Where is it?\r\nMessage-ID: <q@example.com>\r\n"
        "In-Reply-To: <0123@ada-soap.example>\r\n\r\nIt has not come.\r\n"
    )
    told = {
        "notificationType": "Received",
        "mail": {
            "source": "bounces@example.com",
            "timestamp": "2026-06-01T11:59:00.000Z",
            "messageId": "in-1",
            "destination": ["help@ada-soap.example"],
        },
        "receipt": {"recipients": ["help@ada-soap.example"], "action": {"type": "SNS"}},
        "content": raw,
    }

    [event] = post(notify(told)).events

    assert (event.kind, event.sender, event.recipient) == (
        "inbound",
        "zoe@example.com",
        "help@ada-soap.example",
    )
    assert (event.text, event.detail, event.reference) == (
        "It has not come.",
        "Where is it?",
        "<0123@ada-soap.example>",
    )
