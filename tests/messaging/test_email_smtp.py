"""The SMTP channel by itself: accounts, and where a conversation may break."""

import email
import email.policy
import socket
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage

import pytest
from django.test import override_settings

from kernel.batches import Deadline
from messaging.channels import email_smtp
from messaging.channels.base import (
    Account,
    ChannelDeferred,
    ChannelRejected,
    ChannelUnavailable,
)
from messaging.channels.email_smtp import (
    SmtpAccount,
    SmtpChannel,
    account_from_settings,
    account_from_url,
    channel_for,
    check_account,
)
from messaging.domain.addresses import to_wire
from messaging.domain.mime import build_email
from messaging.models import Message
from messaging.services import sending
from messaging.types import OutgoingEmail, RenderedEmail
from tenants.models import Tenant
from tests.factories.messaging import make_recipient, make_template, queue_message
from tests.support.lanes import lane_over
from tests.support.smtp import SmtpServer


def outgoing(to_address: str = "ada@example.com", subject: str = "Hi") -> OutgoingEmail:
    return OutgoingEmail(
        from_name="Shop",
        from_address="shop@example.com",
        to_name="",
        to_address=to_address,
        content=RenderedEmail(subject, "<p>Hi</p>", "Hi\n"),
        message_id="<1@example.com>",
        reference="1-1",
        date=datetime(2026, 6, 1, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("url", "account"),
    [
        ("smtp://mail.example", SmtpAccount("mail.example", 25)),
        ("smtp://mail.example:1025", SmtpAccount("mail.example", 1025)),
        (
            "smtp+tls://u%40x:p%2Fw@mail.example",
            SmtpAccount("mail.example", 587, "u@x", "p/w", "starttls"),
        ),
        ("smtps://mail.example", SmtpAccount("mail.example", 465, security="tls")),
    ],
)
def test_an_account_is_read_from_its_address(url: str, account: SmtpAccount) -> None:
    assert account_from_url(url) == account


@pytest.mark.parametrize("url", ["http://mail.example", "smtp://", "mail.example:25"])
def test_an_address_that_is_none_of_a_mail_server_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="the address of a mail server"):
        account_from_url(url)


@override_settings(
    EMAIL_HOST="mail.example",
    EMAIL_PORT=2525,
    EMAIL_HOST_USER="u",
    EMAIL_HOST_PASSWORD="p",
    EMAIL_USE_TLS=True,
)
def test_the_account_of_the_installation_comes_from_the_settings() -> None:
    expected = SmtpAccount("mail.example", 2525, "u", "p", "starttls", is_own=True)

    assert account_from_settings() == expected
    with override_settings(EMAIL_USE_TLS=False, EMAIL_USE_SSL=True):
        assert account_from_settings().security == "tls"


@override_settings(OUTGOING_PRIVATE=False)
@pytest.mark.parametrize("scheme", ["smtp", "smtp+tls", "smtps"])
def test_a_merchants_server_in_a_private_network_is_not_even_connected_to(scheme: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        url = f"{scheme}://localhost:{listening.getsockname()[1]}"
        with pytest.raises(ChannelUnavailable, match="private network") as refusal:
            SmtpChannel(account_from_url(url)).send(outgoing())
        said = check_account(Account(1, 1, "email", "smtp", "Server", {"url": url}))
        with pytest.raises(BlockingIOError):
            listening.accept()
    assert refusal.value.is_account_fault
    assert "private network" in said


def test_the_server_of_the_installation_may_stand_in_its_private_network(smtp: SmtpServer) -> None:
    with override_settings(OUTGOING_PRIVATE=False, EMAIL_HOST="127.0.0.1", EMAIL_PORT=smtp.port):
        channel = SmtpChannel(account_from_settings())
        channel.send(outgoing())
        channel.close()
    assert smtp.recipients == ["ada@example.com"]


def test_a_server_that_never_ends_its_greeting_holds_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(email_smtp, "CONNECT_SECONDS", 0.2)
    monkeypatch.setattr(email_smtp, "CHECK_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"smtp://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(ChannelUnavailable):
            SmtpChannel(account_from_url(url)).send(outgoing())
        said = check_account(Account(1, 1, "email", "smtp", "Server", {"url": url}))
    assert said.startswith("The mail server does not answer: SMTPServerDisconnected")


def test_a_thread_keeps_one_channel_per_account() -> None:
    one, other = SmtpAccount("a.example", 25), SmtpAccount("b.example", 25)

    assert channel_for(one) is channel_for(one)
    assert channel_for(one) is not channel_for(other)


@pytest.mark.parametrize("security", ["none", "starttls"])
def test_a_server_that_offers_no_log_in_is_unavailable(smtp: SmtpServer, security: str) -> None:
    account = SmtpAccount("127.0.0.1", smtp.port, "user", "secret", security)

    with pytest.raises(ChannelUnavailable):
        SmtpChannel(account).send(outgoing())

    assert smtp.raw == []


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ("421 Closing", ChannelUnavailable),
        ("450 Mailbox busy", ChannelDeferred),
        ("550 Unknown", ChannelRejected),
    ],
)
@pytest.mark.parametrize("pipelining", [True, False])
def test_an_answer_says_whether_to_try_again_and_the_next_mail_goes_through(
    smtp: SmtpServer, answer: str, error: type[Exception], pipelining: bool
) -> None:
    smtp.pipelining = pipelining
    smtp.answers["bad@example.com"] = answer
    channel = SmtpChannel(account_from_url(smtp.url))

    with pytest.raises(error, match=answer):
        channel.send(outgoing("bad@example.com"))
    channel.send(outgoing("good@example.com"))
    channel.close()

    assert smtp.received == {"good@example.com": 1}


def test_what_cannot_be_written_as_a_mail_is_rejected_before_anything_is_said(
    smtp: SmtpServer,
) -> None:
    with pytest.raises(ChannelRejected, match="cannot be written as a mail"):
        SmtpChannel(account_from_url(smtp.url)).send(outgoing("zoë@example.com"))

    assert smtp.raw == []


@pytest.mark.parametrize(
    ("address", "wire"),
    [
        (" ada@example.com ", "ada@example.com"),
        ("Ada.B+x@Sub.Example.com", "Ada.B+x@Sub.Example.com"),
        ("ada@" + "x" * 64 + ".com", None),
        ("a" * 65 + "@example.com", None),
        ('"a b"@example.com', None),
        ("ada@127.0.0.1", None),
        ("ada@exam\nple.com", None),
        ("", None),
    ],
)
def test_addresses_as_servers_take_them(address: str, wire: str | None) -> None:
    assert to_wire(address) == wire


def test_a_slow_server_gets_no_more_of_the_batch(
    shop: Tenant, smtp: SmtpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "HAND_OVER_SECONDS", -1.0)
    message = queue_message(make_recipient(), make_template())
    channel = SmtpChannel(account_from_url(smtp.url))

    assert sending.send_batch(lane_over(channel)) == 1

    message.refresh_from_db()
    assert (message.status, message.attempts, smtp.raw) == ("pending", 0, [])
    monkeypatch.undo()
    sending.send_due(Deadline(seconds=None))
    assert Message.objects.get().status == "sent"


def test_a_mail_that_is_put_together_from_pieces_says_what_was_written() -> None:
    rows = "".join(f"<tr><td>Zoë  {number} = {'x' * number} </td>\n</tr>" for number in range(120))
    html = f"<table>{rows}</table>\r.\r\n..\ttab \n"
    mail = outgoing()
    content = build_email(replace(mail, content=RenderedEmail("Hi", html, "a\n.b\n")))

    parsed = email.message_from_bytes(content, policy=email.policy.default)
    assert isinstance(parsed, EmailMessage)
    part = parsed.get_body(("html",))
    assert part is not None
    assert part.get_content().replace("\r\n", "\n").rstrip("\n") == (
        html.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")
    )
    assert max(map(len, content.split(b"\r\n\r\n", 1)[1].split(b"\r\n"))) <= 78
