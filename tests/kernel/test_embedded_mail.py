"""The mail sink over SMTP, and the mailbox that reads what it filed."""

import smtplib
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import EmailMessage
from http import HTTPStatus
from pathlib import Path

import pytest
from aiosmtpd.smtp import Envelope
from django.test import Client
from pytest_django import Settings
from time_machine import travel

from kernel.embedded.children import Child
from kernel.embedded.environment import inherited
from kernel.embedded.mailbox import find_mail, list_mails, read_source
from kernel.embedded.mailsink import Filing, sink_program
from kernel.embedded.ports import LOOPBACK, choose_ports, is_free

ARRIVAL = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


def mail(subject: str = "Grüße", html: str = "") -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "shop@x.com", "ada@x.com", subject
    message["Message-ID"] = "<one@x.com>"
    message.set_content("Hello Ada")
    if html:
        message.add_alternative(html, subtype="html")
    return message


def put(folder: Path, message: EmailMessage, *, to: str = "ada@x.com") -> str:
    envelope = Envelope()
    envelope.mail_from, envelope.rcpt_tos = "bounce@x.com", [to]
    envelope.original_content = message.as_bytes()
    return Filing(folder).file(envelope).id


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[int]:
    """A running sink that files into ``tmp_path``; the value is its port."""
    port = choose_ports(tmp_path, ("mail",))["mail"]
    env = {
        **inherited(),
        "EMAIL_URL": f"smtp://{LOOPBACK}:{port}",
        "PATRON_MAILBOX_DIR": str(tmp_path),
        "PATRON_DATA_DIR": str(tmp_path),
    }
    child = Child(sink_program(env, tmp_path / "sink.log"))
    child.wait_until(lambda: not is_free(port), seconds=120)
    yield port
    child.stop()


def test_an_accepted_mail_is_on_disk_before_the_sender_hears_so(sink: int, tmp_path: Path) -> None:
    with smtplib.SMTP(LOOPBACK, sink) as client:
        client.send_message(mail("One"), to_addrs=["ada@x.com"])
        first = list_mails(tmp_path)
        client.send_message(mail("Two"), to_addrs=["ben@x.com"])

    assert [found.subject for found in first] == ["One"]
    assert [found.subject for found in list_mails(tmp_path)] == ["Two", "One"]
    assert [path.name for path in tmp_path.glob(".*")] == []


def test_commands_may_be_sent_without_waiting_for_answers(sink: int, tmp_path: Path) -> None:
    envelope = "MAIL FROM:<shop@x.com>\r\nRCPT TO:<ada@x.com>\r\nDATA\r\n"
    with socket.create_connection((LOOPBACK, sink)) as connection:
        stream = connection.makefile("rwb")
        stream.write(b"EHLO shop\r\n")
        stream.flush()
        stream.readline()
        hello = list(iter(stream.readline, b"250 HELP\r\n"))
        for number in range(3):
            stream.write(f"{envelope}Subject: {number}\r\n\r\nHello\r\n.\r\n".encode())
        stream.write(b"QUIT\r\n")
        stream.flush()
        answers = [line[:3] for line in stream.readlines()]
        stream.close()

    assert b"250-PIPELINING\r\n" in hello
    assert answers == [b"250", b"250", b"354", b"250"] * 3 + [b"221"]
    assert sorted(found.subject for found in list_mails(tmp_path)) == ["0", "1", "2"]


def test_a_mail_is_read_with_all_its_parts(tmp_path: Path) -> None:
    with travel(ARRIVAL, tick=False):
        mail_id = put(tmp_path, mail(html="<p>Hello</p>"))

    found = find_mail(tmp_path, mail_id)

    assert found is not None
    assert (found.to, found.sender) == (("ada@x.com",), "bounce@x.com")
    assert (found.subject, found.text, found.html) == ("Grüße", "Hello Ada\n", "<p>Hello</p>\n")
    assert found.headers["Message-ID"] == "<one@x.com>"
    assert found.received_at == ARRIVAL


def test_mails_of_one_instant_keep_their_order(tmp_path: Path) -> None:
    filing, envelope = Filing(tmp_path), Envelope()
    envelope.mail_from, envelope.rcpt_tos, envelope.original_content = "a@x.com", ["b@x.com"], b""
    with travel(ARRIVAL, tick=False):
        names = [filing.file(envelope).id for _ in range(12)]

    assert [found.id for found in list_mails(tmp_path)] == names[::-1]
    assert [found.id for found in list_mails(tmp_path, before=names[2])] == names[1::-1]
    assert [found.id for found in list_mails(tmp_path, limit=1)] == names[:-2:-1]


def test_the_recipient_is_looked_for_in_any_case(tmp_path: Path) -> None:
    wanted = put(tmp_path, mail(), to="Ada@x.com")
    put(tmp_path, mail(), to="ben@x.com")

    assert [found.id for found in list_mails(tmp_path, to="ada@X.com")] == [wanted]
    assert list_mails(tmp_path, to="nobody@x.com") == []


def test_a_mail_without_known_charset_or_body_is_shown_all_the_same(tmp_path: Path) -> None:
    envelope = Envelope()
    envelope.rcpt_tos = ["ada@x.com"]
    envelope.original_content = b"Content-Type: text/plain; charset=klingon\r\n\r\nHello"

    found = find_mail(tmp_path, Filing(tmp_path).file(envelope).id)

    assert found is not None
    assert (found.text, found.html, found.subject, found.sender) == ("Hello", "", "", "")


@pytest.mark.parametrize("mail_id", ["../secrets", "absent", "a/b", ""])
def test_nothing_outside_the_mailbox_is_read(tmp_path: Path, mail_id: str) -> None:
    assert find_mail(tmp_path, mail_id) is None
    with pytest.raises(FileNotFoundError):
        read_source(tmp_path, mail_id)


@pytest.mark.django_db
def test_the_list_is_given_as_json(client: Client, tmp_path: Path, settings: Settings) -> None:
    settings.MAILBOX_DIR = tmp_path
    with travel(ARRIVAL, tick=False):
        mail_id = put(tmp_path, mail(html="<p>Hello</p>"))
    put(tmp_path, mail(), to="ben@x.com")

    answer = client.get("/mailbox/messages.json", {"to": "ada@x.com"})

    (only,) = answer.json()
    assert only.pop("headers")["Subject"] == "Grüße"
    assert only == {
        "id": mail_id,
        "to": ["ada@x.com"],
        "from": "bounce@x.com",
        "subject": "Grüße",
        "html": "<p>Hello</p>\n",
        "text": "Hello Ada\n",
        "received_at": "2026-03-04T05:06:07Z",
    }


@pytest.mark.django_db
def test_the_pages_show_list_mail_and_source(
    client: Client, tmp_path: Path, settings: Settings
) -> None:
    settings.MAILBOX_DIR = tmp_path
    assert b"No mail yet" in client.get("/mailbox/").content
    message = mail(html="<p>Hello</p>")
    mail_id = put(tmp_path, message)

    assert "Grüße" in client.get("/mailbox/").content.decode()
    assert "Grüße" in client.get(f"/mailbox/{mail_id}/").content.decode()
    assert client.get(f"/mailbox/{mail_id}/source/").content == message.as_bytes()
    for address in ("absent/", "absent/body/", "absent/source/"):
        assert client.get(f"/mailbox/{address}").status_code == HTTPStatus.NOT_FOUND


@pytest.mark.django_db
def test_the_body_of_a_mail_stands_alone_under_a_policy_of_its_own(
    client: Client, tmp_path: Path, settings: Settings
) -> None:
    settings.MAILBOX_DIR = tmp_path
    mail_id = put(tmp_path, mail(html="<script>steal()</script>"))

    answer = client.get(f"/mailbox/{mail_id}/body/")

    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "script-src" not in policy
    assert "allow-scripts" not in policy
    assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert answer.content == b'<!DOCTYPE html><base target="_blank"><script>steal()</script>\n'
