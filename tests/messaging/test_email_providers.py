"""Eight mail providers: what they are handed, and what their answers mean for a message."""

import base64
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.utils import getaddresses
from typing import Any

import pytest
from pytest_django import Settings

from messaging.channels import anymail_base, email_hosts, email_ses
from messaging.channels.base import (
    Account,
    ChannelDeferred,
    ChannelRejected,
    ChannelUnavailable,
    OutcomeUnknown,
)
from messaging.channels.registry import PROVIDERS
from messaging.types import OutgoingEmail, RenderedEmail
from tests.support.esp import KEY, EspServer, Reply, esp_server, read_form

CREDENTIALS: dict[str, dict[str, str]] = {
    "brevo": {"api_key": KEY},
    "mailersend": {"api_token": KEY},
    "mailgun": {"api_key": KEY},
    "mailjet": {"api_key": KEY, "secret_key": "secret"},
    "postmark": {"server_token": KEY},
    "resend": {"api_key": KEY},
    "ses": {"access_key_id": "AKIDTEST", "secret_access_key": KEY},
    "sparkpost": {"api_key": KEY},
}
OPTIONS = {"mailgun": {"domain": "mg.ada-soap.example"}, "ses": {"region": "eu-west-1"}}
WRONG = {"ses": "secret_access_key", "postmark": "server_token", "mailersend": "api_token"}
MAIL = OutgoingEmail(
    from_name="Ada, Soap & Söhne",
    from_address="hello@ada-soap.example",
    to_name="Zoë Byron",
    to_address="zoe@example.com",
    content=RenderedEmail("Grüße 🧼", "<p>Hello</p>", "Hello"),
    message_id="<0123456789abcdef@ada-soap.example>",
    reference="7-4711",
    date=datetime(2026, 6, 1, 12, tzinfo=UTC),
    reply_to="help@ada-soap.example",
    unsubscribe_url="https://crm.example/u/token",
)


@pytest.fixture(params=sorted(CREDENTIALS))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def esp(name: str, monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Iterator[EspServer]:
    """The provider of the test, at the address where its module looks for it."""
    settings.OUTGOING_PRIVATE = True
    forget_channels()
    with esp_server(name) as server:
        for place in [each for each in email_hosts.API_URLS if each[0] == name]:
            monkeypatch.setitem(email_hosts.API_URLS, place, f"{server.url}/")
        monkeypatch.setattr(email_ses, "API_URL", server.url)
        yield server
    forget_channels()


def forget_channels() -> None:
    for local in (anymail_base._local, email_ses._local):
        for kept in local.__dict__.pop("channels", {}).values():
            channel = kept[1] if isinstance(kept, tuple) else kept
            getattr(channel, "close", lambda: None)()


def account_of(name: str, **credentials: str) -> Account:
    return Account(
        id=1,
        tenant_id=7,
        channel="email",
        provider=name,
        name=name,
        credentials={**CREDENTIALS[name], **credentials},
        options=OPTIONS.get(name, {}),
    )


def wrong_account(name: str) -> Account:
    return account_of(name, **{WRONG.get(name, "api_key"): "wrong"})


def send(name: str, mail: OutgoingEmail = MAIL) -> str:
    return PROVIDERS["email", name].open(account_of(name)).send(mail).provider_id


@pytest.mark.covers("M1")
def test_a_mail_is_handed_over_with_everything_that_makes_it_ours(
    name: str, esp: EspServer
) -> None:
    provider_id = send(name)

    [call] = esp.taken
    text = readable(name, call)
    assert provider_id
    assert "zoe@example.com" in text
    assert "Zoë Byron" in text
    assert "Grüße 🧼" in text
    assert "<p>Hello</p>" in text
    assert "https://crm.example/u/token" in text
    assert "help@ada-soap.example" in text
    if name != "mailersend":
        assert "List-Unsubscribe=One-Click" in text
        assert "7-4711" in text
    if name in ("mailgun", "postmark", "resend", "ses"):
        assert "0123456789abcdef@ada-soap.example" in text


def readable(name: str, call: Any) -> str:
    """Return what a request says, encodings undone."""
    if name == "mailgun":
        return str(read_form(call))
    if name != "ses":
        return str(call.said)

    raw = base64.b64decode(call.said["Content"]["Raw"]["Data"])
    mail = message_from_bytes(raw, policy=policy.default)
    html = mail.get_body(("html",))
    assert html is not None
    return f"{mail.items()} {html.get_content()} {call.said}"


@pytest.mark.parametrize(
    "to_name", ['Eve" <x@evil.example>, "', "Bob\r\nBcc: x@evil.example", "צבי"]
)
def test_a_name_adds_no_recipient(name: str, esp: EspServer, to_name: str) -> None:
    send(name, replace(MAIL, to_name=to_name))

    [call] = esp.taken
    assert recipients(name, call) == ["zoe@example.com"]


def recipients(name: str, call: Any) -> list[str]:
    """Return whom a request would reach."""
    return [address for _, address in getaddresses(RECIPIENTS[name](call))]


RECIPIENTS: dict[str, Callable[[Any], list[str]]] = {
    "brevo": lambda call: [each["email"] for each in call.said["to"]],
    "mailersend": lambda call: [each["email"] for each in call.said["to"]],
    "mailgun": lambda call: read_form(call)["to"],
    "mailjet": lambda call: [each["Email"] for each in call.said["Messages"][0]["To"]],
    "postmark": lambda call: [call.said["To"]],
    "resend": lambda call: list(call.said["to"]),
    "ses": lambda call: list(call.said["Destination"]["ToAddresses"]),
    "sparkpost": lambda call: [each["address"]["email"] for each in call.said["recipients"]],
}


def test_a_receipt_names_no_unsubscribe(name: str, esp: EspServer) -> None:
    send(name, replace(MAIL, unsubscribe_url=""))

    [call] = esp.taken
    assert "unsubscribe" not in readable(name, call).lower()


def test_one_session_takes_many_mails(name: str, esp: EspServer) -> None:
    found = [send(name, replace(MAIL, message_id=f"<{n}@ada-soap.example>")) for n in range(3)]

    assert len(set(found)) == len(esp.taken) == 3


def test_a_key_that_was_taken_back_is_the_fault_of_the_account(name: str, esp: EspServer) -> None:
    with pytest.raises(ChannelUnavailable) as refused:
        PROVIDERS["email", name].open(wrong_account(name)).send(MAIL)

    assert refused.value.is_account_fault
    assert esp.taken == []


@pytest.mark.parametrize(
    ("status", "pause"), [(429, timedelta(seconds=17)), (503, timedelta(seconds=17))]
)
def test_a_busy_provider_is_left_alone_for_as_long_as_it_asks(
    name: str, esp: EspServer, status: int, pause: timedelta
) -> None:
    esp.script.append(Reply(status, {"message": "Slow down"}, {"Retry-After": "17"}))

    with pytest.raises(ChannelUnavailable) as refused:
        send(name)

    assert (refused.value.retry_after, refused.value.is_account_fault) == (pause, False)
    assert send(name)
    assert len(esp.taken) == 1


def test_a_fault_of_the_provider_puts_the_message_off(name: str, esp: EspServer) -> None:
    esp.script.append(Reply(500, {"message": "Something broke"}))

    with pytest.raises(ChannelDeferred, match="500"):
        send(name)

    assert esp.taken == []


def test_a_refusal_is_final_and_keeps_its_words(name: str, esp: EspServer) -> None:
    esp.script.append(Reply(400, {"message": "The subject is too long", "ErrorCode": 300}))

    with pytest.raises(ChannelRejected, match="The subject is too long"):
        send(name)

    assert esp.taken == []


def test_a_lost_answer_leaves_open_whether_the_mail_was_taken(name: str, esp: EspServer) -> None:
    esp.lost = 1
    if name == "resend":
        with pytest.raises(ChannelDeferred):
            send(name)
        assert send(name) == "49a3999c-1"
    else:
        with pytest.raises(OutcomeUnknown):
            send(name)

    assert len(esp.taken) == 1


def test_a_gateway_that_lost_the_answer_leaves_it_open_too(name: str, esp: EspServer) -> None:
    esp.script.append(Reply(502, {"message": "Bad gateway"}))

    with pytest.raises(ChannelDeferred if name == "resend" else OutcomeUnknown):
        send(name)


def test_an_answer_that_cannot_be_read_leaves_it_open(name: str, esp: EspServer) -> None:
    esp.script.append(Reply(200, ["what", "is", "this"]))

    with pytest.raises(ChannelDeferred if name == "resend" else OutcomeUnknown):
        send(name)


def test_a_provider_that_cannot_be_reached_was_handed_nothing(name: str, esp: EspServer) -> None:
    esp.stop()

    with pytest.raises(ChannelUnavailable) as refused:
        send(name)

    assert not refused.value.is_account_fault


def test_a_key_is_checked_without_sending(name: str, esp: EspServer) -> None:
    check = PROVIDERS["email", name].check

    assert check(account_of(name)) == ""
    assert re.search("(does|do) not know", check(wrong_account(name)))
    assert esp.taken == []


@pytest.mark.parametrize("name", ["postmark"])
def test_marketing_and_receipts_leave_over_streams_of_their_own(name: str, esp: EspServer) -> None:
    options = {"broadcast_stream": "broadcast", "transactional_stream": "receipts"}
    channel = PROVIDERS["email", name].open(replace(account_of(name), options=options))

    channel.send(MAIL)
    channel.send(replace(MAIL, unsubscribe_url=""))

    assert [call.said["MessageStream"] for call in esp.taken] == ["broadcast", "receipts"]


@pytest.mark.parametrize("name", ["postmark"])
def test_a_person_whom_the_provider_does_not_write_to_is_refused(name: str, esp: EspServer) -> None:
    with pytest.raises(ChannelRejected, match="inactive"):
        send(name, replace(MAIL, to_name="", to_address="inactive@example.com"))


@pytest.mark.parametrize("name", ["mailgun"])
def test_a_domain_that_mailgun_does_not_know_is_the_fault_of_the_account(
    name: str, esp: EspServer
) -> None:
    account = replace(account_of(name), options={"domain": "other.example"})

    with pytest.raises(ChannelUnavailable) as refused:
        PROVIDERS["email", name].open(account).send(MAIL)

    assert refused.value.is_account_fault


@pytest.mark.parametrize("name", ["ses"])
def test_a_sender_that_amazon_did_not_verify_is_the_fault_of_the_account(
    name: str, esp: EspServer
) -> None:
    with pytest.raises(ChannelUnavailable) as refused:
        send(name, replace(MAIL, from_address="hello@unverified.example"))

    assert refused.value.is_account_fault


@pytest.mark.parametrize("name", ["ses"])
def test_a_region_leads_to_no_other_host(name: str, esp: EspServer) -> None:
    account = replace(account_of(name), options={"region": "evil.example/"})

    with pytest.raises(ChannelUnavailable) as refused:
        PROVIDERS["email", name].open(account).send(MAIL)

    assert refused.value.is_account_fault
    assert esp.calls == []


@pytest.mark.parametrize("name", ["resend"])
def test_a_repeat_with_another_content_is_told_from_a_new_mail(name: str, esp: EspServer) -> None:
    send(name)

    with pytest.raises(OutcomeUnknown, match="another request body"):
        send(name, replace(MAIL, reply_to="other@ada-soap.example"))

    assert len(esp.taken) == 1


@pytest.mark.parametrize("name", ["brevo"])
def test_a_slow_answer_is_not_waited_for_for_ever(
    name: str, esp: EspServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    released, heard = threading.Event(), threading.Event()
    answer = esp.answer

    def hang(call: Any) -> Reply | None:
        reply = answer(call)
        heard.set()
        released.wait(60)
        return reply

    monkeypatch.setattr(esp, "answer", hang)
    monkeypatch.setattr(anymail_base, "TIMEOUT_SECONDS", 0.1)

    with pytest.raises(OutcomeUnknown, match="no answer came in time"):
        send(name)

    assert heard.wait(60)
    released.set()
    assert len(esp.taken) == 1
