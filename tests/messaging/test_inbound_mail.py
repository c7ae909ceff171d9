"""What is read of a mail that came in: quotes, robots, reports, attachments; and broken mails."""

import email
import email.policy
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from hypothesis import given, settings
from hypothesis import strategies as st

from messaging.channels.inbound_events import Arrived, event_of
from messaging.channels.raw_mail import parse_mail
from messaging.domain.inbound_mail import (
    content_of,
    describe_mail,
    parts_of,
    read_thread,
    safely,
    subject_for_answer,
)
from messaging.domain.mime import build_email
from messaging.domain.quoting import trim_quoted
from messaging.domain.reply_addresses import parse_reply_address
from messaging.services.reply_tokens import LEAVE, REPLY, ReplyToken, read_tag, write_tag
from messaging.types import OutgoingEmail, RenderedEmail
from tests.support.mails import bounce, letter

pytestmark = pytest.mark.covers("M5")
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def parsed(raw: bytes) -> EmailMessage:
    return email.message_from_bytes(raw, policy=email.policy.default)


def described(raw: bytes, sender: str | None = None) -> dict[str, Any]:
    return describe_mail(parsed(raw), envelope_sender=sender)


@pytest.mark.parametrize(
    "text",
    [
        "Is it in stock?\n\nOn Mon, 1 Jun 2026 at 12:00, Ada Soap <a@b.example> wrote:\n> Hello",
        "Is it in stock?\n\nOn Mon, 1 Jun 2026 at 12:00, Ada Soap\n<a@b.example> wrote:\n\n> Hello",
        "Is it in stock?\r\n\r\nAm 01.06.2026 um 12:00 schrieb Ada Soap:\r\n> Hallo\r\n",
        "Is it in stock?\n\nLe 1 juin 2026 à 12:00, Ada Soap a écrit :\n> Bonjour",
        "Is it in stock?\n\n-----Original Message-----\nFrom: Ada Soap\nHello",
        "Is it in stock?\n\n________________________________\nFrom: Ada Soap",
        "Is it in stock?\n\nFrom: Ada Soap <a@b.example>\nSent: Monday, 1 June 2026\nHello",
        "Is it in stock?\n-- \nZoe, 12 High Street",
        "Is it in stock?\n\nSent from my iPhone",
        "> Hello\nIs it in stock?\n> Bye",
    ],
)
def test_what_is_new_in_a_reply_is_told_from_what_it_answers(text: str) -> None:
    assert trim_quoted(text) == "Is it in stock?"


@pytest.mark.parametrize(
    "text",
    [
        "As you wrote:\nit ships today. Does it?",
        "> all\n> of it",
        "He said: from: me",
        "Line\n\nTwo",
    ],
)
def test_words_of_the_writer_are_left_alone(text: str) -> None:
    assert trim_quoted(text) == text


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="\n >:-_ aOnwrote", max_size=400))
def test_trimming_never_loses_a_whole_mail(text: str) -> None:
    assert bool(trim_quoted(text)) is bool(text.strip())


@pytest.mark.parametrize(
    ("heads", "sender", "why"),
    [
        ({"Auto-Submitted": "auto-replied (vacation)"}, "z@b.example", "An automatic reply"),
        ({"Auto-Submitted": "no"}, "z@b.example", ""),
        ({"X-Autoreply": "yes"}, None, "An automatic reply"),
        ({"Subject": "Out of office: back on Monday"}, None, "An automatic reply"),
        ({"Subject": "Abwesenheitsnotiz: Urlaub"}, None, "An automatic reply"),
        ({"Subject": "My office is out of soap"}, None, ""),
        ({"Precedence": "bulk"}, None, "A mailing to many"),
        ({"List-Id": "<news.example>"}, None, "A mailing to many"),
        ({"From": "MAILER-DAEMON@mx.example"}, None, "A notice that a machine sent"),
        ({}, "", "A notice that a machine sent"),
        ({}, None, ""),
    ],
)
def test_machines_are_told_from_people(heads: dict[str, str], sender: str | None, why: str) -> None:
    assert described(letter(text="Hi", heads=heads), sender).get("automatic", "") == why


@pytest.mark.parametrize(
    ("action", "status", "kind"),
    [
        ("failed", "5.1.1", "bounced_hard"),
        ("failed", "5.2.1", "bounced_hard"),
        ("failed", "5.2.2", "bounced_soft"),
        ("failed", "4.4.7", "bounced_soft"),
        ("failed", "5.7.1", "blocked"),
        ("delayed", "4.4.1", "deferred"),
        ("delivered", "2.0.0", None),
    ],
)
def test_a_report_says_what_became_of_a_mail(action: str, status: str, kind: str | None) -> None:
    report = described(bounce("reply+r1-x@in.shop.example", action, status)).get("report")
    assert (report["kind"] if report else None) == kind
    if report:
        assert report["code"] == status
        assert report["detail"] == "550 no such user here"
        assert "reply+r1-x@in.shop.example" in report["reply_to"]


def test_attachments_are_named_with_their_size_and_html_becomes_words() -> None:
    raw = letter(
        html="<p>Look <script>alert(1)</script><b>here</b></p><p>Zoe</p>",
        files=[("Grüße.pdf", b"x" * 1200)],
    )
    said = described(raw)
    assert said["html_text"] == "Look here\n\nZoe"
    assert said["attachments"] == [
        {"name": "Grüße.pdf", "type": "application/octet-stream", "size": 1200}
    ]


def test_what_the_receiving_server_doubts_is_kept() -> None:
    heads = {"Authentication-Results": "mx.example; spf=pass; dmarc=fail (p=none)"}
    assert described(letter(text="Hi", heads=heads))["doubt"] == "DMARC failed"


BROKEN = [
    b"",
    b"\xff\xfe\x00garbage\r\n\r\n\x00\x00",
    b"From: \xe9\xff <zoe@example.com>\r\nSubject: =?x-nope?B?%%%?=\r\n\r\nHi \x00 there",
    b"From: zoe@example.com\r\nContent-Type: text/plain; charset=x-nope\r\n\r\nH\xe9",
    b'From: zoe@example.com\r\nContent-Type: multipart/mixed; boundary="a"\r\n\r\n--a\r\nHi',
    (
        b"From: zoe@example.com\r\nContent-Type: multipart/report; report-type=delivery-status;\r\n"
        b" boundary=b\r\n\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n\xff\xff: x\r\n"
    ),
    b"From: a@b.example, zoe@example.com\r\nDate: never\r\nMessage-ID: nonsense\r\n\r\nHi",
    b"Content-Disposition: attachment; filename*=utf-8''%E2%28\r\nFrom: z\r\n\r\nHi",
]


@pytest.mark.parametrize("raw", BROKEN)
def test_a_malformed_mail_is_read_as_far_as_it_can_be(raw: bytes) -> None:
    event = event_of(Arrived(parsed(raw), NOON, digest="d"))
    assert event.kind == "inbound"
    assert "\x00" not in event.text
    assert event.text.encode() is not None


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=600))
def test_no_bytes_break_the_reading(raw: bytes) -> None:
    event = event_of(Arrived(parsed(b"From: zoe@example.com\r\n" + raw), NOON, digest="d"))
    assert event.dedupe_key.startswith("inbound:")


def test_a_tag_names_a_message_of_its_tenant_alone() -> None:
    tag = write_tag(7, ReplyToken(REPLY, 4711))
    assert tag.islower()
    assert read_tag(7, tag.upper()) == ReplyToken(REPLY, 4711)
    assert read_tag(8, tag) is None
    assert read_tag(7, write_tag(7, ReplyToken(LEAVE, 4711)).replace("u", "r", 1)) is None
    assert [read_tag(7, each) for each in ("", "r", "r-", "rzz-abc", f"r1268-{tag[-16:]}")] == (
        [None] * 5
    )


def test_a_tag_fits_into_an_address_and_comes_back_from_it() -> None:
    tag = write_tag(2**31, ReplyToken(REPLY, 2**62))
    place = parse_reply_address("Customer.Replies@Shop.example")
    address = place.tagged(tag)
    assert len(address.partition("@")[0]) <= 64
    assert place.tag_of(address.upper()) == tag
    assert place.tag_of("customer.replies@shop.example") == ""
    assert place.tag_of("other@shop.example") is None
    assert place.tag_of("customer.replies@other.example") is None
    domain = parse_reply_address("in.shop.example")
    assert domain.tagged("r1-a") == "reply+r1-a@in.shop.example"
    assert domain.tag_of("anybody@in.shop.example") == ""


@pytest.mark.parametrize(
    "text", ["", "x@", "a+b@shop.example", "nonsense", f"{'a' * 40}@b.example"]
)
def test_an_address_without_room_for_a_tag_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        parse_reply_address(text)


def test_an_answer_stands_in_the_thread_that_it_answers() -> None:
    said = {"references": ["<a@x>", "not one", "<b@x>"]}
    assert read_thread(said, "<c@x>") == ("<a@x>", "<b@x>", "<c@x>")
    assert read_thread({"references": [f"<{n}@x>" for n in range(40)]}, "<c@x>")[-1] == "<c@x>"
    assert read_thread({}, "bad\r\nid") == ()
    assert [subject_for_answer(each) for each in ("", "Soap", "RE: Soap", "AW: x")] == [
        "",
        "Re: Soap",
        "RE: Soap",
        "AW: x",
    ]
    mail = OutgoingEmail(
        "Ada", "a@b.example", "", "z@b.example", RenderedEmail("Re: Soap", "<p>Yes</p>", "Yes"),
        "<m@b.example>", "7-1", NOON,
        references=read_thread(said, "<c@x>"),
        unsubscribe_url="https://x.example/u/1", unsubscribe_address="reply+u1-a@in.example",
    )  # fmt: skip
    sent = parsed(build_email(mail))
    assert sent["In-Reply-To"] == "<c@x>"
    assert sent["References"].split() == ["<a@x>", "<b@x>", "<c@x>"]
    assert sent["List-Unsubscribe"] == (
        "<https://x.example/u/1>, <mailto:reply+u1-a@in.example?subject=unsubscribe>"
    )


def within_parts(depth: int) -> bytes:
    parts = (f'Content-Type: multipart/mixed; boundary="b{at}"\n\n--b{at}\n' for at in range(depth))
    return b"Subject: Deep\n" + "".join(parts).encode() + b"Content-Type: text/plain\n\nHi"


def test_headers_are_cut_before_they_are_taken_to_pieces() -> None:
    ids = " ".join(f"<{number}{'x' * 200}@mail.example>" for number in range(20))
    raw = f"Subject: {'a ' * 400_000}\nReferences: {ids}\nX: {'b' * 30_000}\n\nHi".encode()
    mail = parse_mail(raw)
    lengths = {name: len(value) for name, value in mail.raw_items()}
    assert lengths == {"Subject": 2_000, "References": len(ids), "X": 20_000}
    assert event_of(Arrived(mail, NOON)).detail == "a " * 250
    assert len(describe_mail(mail, envelope_sender=None)["references"]) == 20


@pytest.mark.parametrize(
    "raw",
    [
        within_parts(2_000),
        b"Subject: Deep\n" + b"Content-Type: message/rfc822\n\n" * 3_000 + b"\nHi",
    ],
    ids=["parts", "mails"],
)
def test_of_a_mail_with_parts_within_parts_without_end_the_headers_are_read(raw: bytes) -> None:
    event = event_of(Arrived(parse_mail(raw), NOON))
    assert (event.detail, event.text) == ("Deep", "")


def test_parts_within_parts_that_a_mail_program_makes_are_read() -> None:
    assert event_of(Arrived(parse_mail(within_parts(40)), NOON)).text == "Hi"


def test_a_worker_whose_time_is_over_is_told_whatever_it_reads() -> None:
    def stumble(*_: object, **__: object) -> str:
        raise SoftTimeLimitExceeded

    mail = EmailMessage()
    mail.walk = mail.get_payload = stumble  # type: ignore[method-assign, assignment]
    with pytest.raises(SoftTimeLimitExceeded):
        safely(stumble, "")
    with pytest.raises(SoftTimeLimitExceeded):
        parts_of(mail)
    with pytest.raises(SoftTimeLimitExceeded):
        content_of(mail)
