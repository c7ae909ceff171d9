"""Replies by mail, from every provider and from a mailbox, to the conversation and back."""

from typing import Any

import pytest
import time_machine
from django.db import transaction

from crm.choices import ConsentState, ConversationState, IdentityKind, SuppressionScope
from crm.models import (
    ConsentEvent,
    Conversation,
    ConversationMessage,
    Event,
    Identity,
    Profile,
    Suppression,
)
from crm.services.conversations import set_state
from kernel.batches import Deadline
from kernel.http import Answer
from messaging.channels import sns
from messaging.channels.base import Account, CallbackRequest, ProviderEvent, SignatureInvalid
from messaging.channels.registry import PROVIDERS
from messaging.domain.reply_addresses import parse_reply_address
from messaging.models import ChannelAccount, Message, ProviderCallback, Touch
from messaging.services import receiving
from messaging.services.answers import answer_conversation
from messaging.services.filing import file_told
from messaging.services.reply_tokens import LEAVE, REPLY, ReplyToken, write_tag
from messaging.services.sending import send_due
from tenants.choices import Role
from tenants.models import Tenant
from tests.factories.messaging import make_recipient, make_template, queue_message
from tests.factories.tenants import sign_in
from tests.support.inbound_posts import CREDENTIALS, POSTS, Post, forge, post_of
from tests.support.mails import bounce, letter
from tests.support.smtp import SmtpServer
from tests.support.sns import certificate
from tests.support.told import apply, names, statuses

pytestmark = pytest.mark.covers("M5")
ACTOR = "support@ada-soap.example"
PLACE = parse_reply_address("replies@shop.example")
QUOTED = "Is it vegan?\n\nOn Mon, 1 Jun 2026 at 12:00, Ada Soap wrote:\n> Hello Ada\n"


@pytest.fixture
def account(shop: Tenant) -> ChannelAccount:
    """The account of the mail server of the test, with an address for replies."""
    found = ChannelAccount.objects.get()
    ChannelAccount.objects.update(options={"reply_address": "replies@shop.example"})
    found.refresh_from_db()
    return found


@pytest.fixture
def zoe(account: ChannelAccount) -> Profile:
    found = make_recipient(email="zoe@example.com", first_name="Zoe", last_name="Lee")
    Identity.objects.create(kind=IdentityKind.EMAIL, value_norm=found.email, profile=found)
    return found


def events_of(raw: bytes, recipient: str = "replies@shop.example") -> tuple[ProviderEvent, ...]:
    """Return a mail as Postmark posts it, or raw as SparkPost does where it must not be changed."""
    post = post_of("sparkpost", raw, recipient)
    return read("sparkpost", post)


def read(provider: str, post: Post) -> tuple[ProviderEvent, ...]:
    request = CallbackRequest(
        "POST",
        "https://crm.example/hooks/",
        {"content-type": post.content_type, **post.headers},
        {},
        post.body,
    )
    account = Account(1, 7, "email", provider, provider, CREDENTIALS[provider])
    read_callback = PROVIDERS["email", provider].read_callback
    assert read_callback is not None
    return read_callback(account, request).events


def receive(account: ChannelAccount, raw: bytes, recipient: str = "replies@shop.example") -> None:
    """Let a mail come in as a provider tells of it, and be taken."""
    with transaction.atomic():
        file_told(account.pk, events_of(raw, recipient))
    apply()


def send(profile: Profile, **fields: Any) -> Message:
    """Let a message leave over the mail server of the test."""
    message = queue_message(profile, make_template(**fields))
    send_due(Deadline(seconds=None))
    message.refresh_from_db()
    assert message.status == "sent"
    return message


def tagged(message: Message, purpose: str = REPLY) -> str:
    return PLACE.tagged(write_tag(message.tenant_id, ReplyToken(purpose, message.pk)))


# every provider


class Web:
    """The host of SNS that has its certificate."""

    def __enter__(self) -> "Web":
        return self

    def __exit__(self, *_: object) -> None:
        """Close nothing."""

    def get(self, url: str) -> Answer:
        return Answer(200, {}, certificate())


@pytest.fixture
def certificates(monkeypatch: pytest.MonkeyPatch, noon: time_machine.Traveller) -> None:
    monkeypatch.setattr(sns, "Client", lambda seconds: Web())
    sns.forget_certificates()


@pytest.mark.usefixtures("certificates")
@pytest.mark.parametrize("provider", sorted(POSTS))
def test_each_provider_brings_who_wrote_what_in_answer_to_which_mail(provider: str) -> None:
    raw = letter(
        QUOTED,
        to="replies+r1-x@shop.example",
        files=[("soap.jpg", b"x" * 1500)],
        heads={"In-Reply-To": "<m1@shop.example>", "References": "<m0@shop.example>"},
    )
    [event] = read(provider, post_of(provider, raw, "replies+r1-x@shop.example"))
    assert (event.kind, event.sender, event.provider_id) == (
        "inbound",
        "zoe@example.com",
        "<zoe-1@mail.example.com>",
    )
    assert (event.recipient, event.detail) == ("replies+r1-x@shop.example", "Re: Hello Ada")
    [attached] = event.mail["attachments"]
    assert attached["name"] == "soap.jpg"
    if provider == "resend":  # tells sender and subject alone
        assert (event.text, event.mail["is_text_kept"]) == ("", True)
        return
    assert event.text.startswith("Is it vegan?")
    assert attached["size"] == (0 if provider == "brevo" else 1500)  # a token, fetched by nobody
    assert event.mail["references"][-1] in ("<m1@shop.example>", "<m0@shop.example>")


@pytest.mark.usefixtures("certificates")
@pytest.mark.parametrize("provider", sorted(POSTS))
def test_nobody_else_is_believed_to_be_the_provider(provider: str) -> None:
    post = post_of(provider, letter(QUOTED), "replies@shop.example")
    assert len(read(provider, post)) == 1
    with pytest.raises(SignatureInvalid):
        read(provider, forge(provider, post))


def test_bytes_that_are_no_utf8_are_read_as_what_they_say_they_are() -> None:
    raw = (
        b"From: zoe@example.com\r\nMessage-ID: <z@x>\r\nContent-Transfer-Encoding: 8bit\r\n"
        b"Content-Type: text/plain; charset=iso-8859-1\r\n\r\nGr\xfc\xdfe"
    )
    [event] = events_of(raw)
    assert event.text == "Grüße"


# a reply


def test_a_reply_is_a_conversation_and_the_answer_stands_in_its_thread(
    zoe: Profile, account: ChannelAccount, smtp: SmtpServer
) -> None:
    sent = send(zoe)
    [mail] = smtp.mails
    assert mail["Reply-To"] == tagged(sent)
    assert f"<mailto:{tagged(sent, LEAVE)}?subject=unsubscribe>" in mail["List-Unsubscribe"]

    heads = {"In-Reply-To": mail["Message-ID"], "References": f"<x@y> {mail['Message-ID']}"}
    files = [("soap.jpg", b"x" * 1500)]
    receive(account, letter(QUOTED, heads=heads, files=files), mail["Reply-To"])

    found = Conversation.objects.get()
    assert (found.profile_id, found.channel, found.address) == (zoe.pk, "email", "zoe@example.com")
    assert (found.own_address, found.last_text) == ("replies@shop.example", "Is it vegan?")
    said = ConversationMessage.objects.get()
    assert said.text == "Is it vegan?"
    assert said.mail is not None
    assert said.mail["subject"] == "Re: Hello Ada"
    assert said.mail["original"].endswith("> Hello Ada")
    assert said.mail["message_id"] == sent.pk
    assert said.mail["attachments"][0]["size"] == 1500
    assert Event.objects.get(name="Message Received").properties["channel"] == "email"
    assert statuses() == [("applied", "")]

    answer = answer_conversation(found.pk, text="Yes, it is.", channel="email", actor=ACTOR)
    assert answer.message_class == "service"
    send_due(Deadline(seconds=None))
    reply = smtp.mails[-1]
    assert (reply["To"].addresses[0].addr_spec, reply["Subject"]) == (
        "zoe@example.com",
        "Re: Hello Ada",
    )
    assert reply["In-Reply-To"] == "<zoe-1@mail.example.com>"
    assert reply["References"].split()[-2:] == [mail["Message-ID"], "<zoe-1@mail.example.com>"]
    assert reply["List-Unsubscribe"] is None
    assert reply["Reply-To"] == tagged(answer)
    assert b"Yes, it is." in smtp.raw[-1]


def test_a_mail_that_comes_in_twice_is_kept_once(zoe: Profile, account: ChannelAccount) -> None:
    receive(account, letter("Hello"))
    receive(account, letter("Hello"))
    with transaction.atomic():
        file_told(account.pk, read("postmark", post_of("postmark", letter("Hello"), PLACE.plain)))
    apply()
    assert ConversationMessage.objects.count() == 1
    assert Conversation.objects.get().unread == 1


def test_a_new_mail_opens_a_closed_conversation(zoe: Profile, account: ChannelAccount) -> None:
    receive(account, letter("Hello"))
    found = Conversation.objects.get()
    set_state(found.pk, ConversationState.CLOSED, actor=ACTOR)
    receive(account, letter("Again", heads={"Message-ID": "<zoe-2@mail.example.com>"}))
    found.refresh_from_db()
    assert (found.state, found.last_text) == ("open", "Again")


def test_somebody_unknown_is_a_new_person_with_a_conversation(account: ChannelAccount) -> None:
    receive(account, letter("Do you ship to Oslo?"))
    person = Profile.objects.get(email="zoe@example.com")
    assert person.email_consent in ("", ConsentState.NEVER)
    assert Conversation.objects.get().profile_id == person.pk


def test_html_alone_is_shown_as_words_and_the_whole_mail_is_kept(
    zoe: Profile, account: ChannelAccount, shop: Tenant
) -> None:
    html = "<p>Is it <b>vegan</b>?<script>alert(1)</script></p><blockquote>&gt; Hi</blockquote>"
    receive(account, letter(html=html))
    said = ConversationMessage.objects.get()
    assert said.text == "Is it vegan?"
    page = sign_in(shop).get(f"/t/{shop.slug}/conversations/{said.conversation_id}/").text
    assert "Is it vegan?" in page
    assert "alert(1)" not in page


def test_an_answer_goes_to_who_wrote_whatever_else_the_mail_asks_for(
    zoe: Profile, account: ChannelAccount, smtp: SmtpServer
) -> None:
    receive(account, letter("Hi", heads={"Reply-To": "thief@evil.example"}))
    answer_conversation(Conversation.objects.get().pk, text="Yes", channel="email", actor=ACTOR)
    send_due(Deadline(seconds=None))
    assert smtp.recipients == ["zoe@example.com"]


def test_a_line_break_in_what_came_in_starts_no_header(
    zoe: Profile, account: ChannelAccount, smtp: SmtpServer
) -> None:
    heads = {"References": "<a@b> <c@d>"}
    receive(account, letter("Hi", heads=heads))
    said = ConversationMessage.objects.get()
    evil = {"subject": "x\r\nBcc: thief@evil.example", "references": ["<a\r\nBcc: t@e.example>"]}
    ConversationMessage.objects.filter(pk=said.pk).update(mail=evil)
    answer_conversation(said.conversation_id, text="Yes", channel="email", actor=ACTOR)
    send_due(Deadline(seconds=None))
    [mail] = smtp.mails
    assert mail["Bcc"] is None
    assert mail["Subject"] == "Re: x Bcc: thief@evil.example"


# what nobody reads


def outcome(account: ChannelAccount, raw: bytes, recipient: str = PLACE.plain) -> str:
    """Return why a mail was not used; empty where it was."""
    receive(account, raw, recipient)
    row = ProviderCallback.objects.latest("pk")
    assert row.status in ("applied", "ignored")
    return str(row.detail)


@pytest.mark.parametrize(
    ("heads", "recipient", "why"),
    [
        ({"Auto-Submitted": "auto-replied"}, PLACE.plain, "An automatic reply"),
        ({"Precedence": "bulk"}, PLACE.plain, "A mailing to many"),
        ({"From": "hello@ada-soap.example"}, PLACE.plain, receiving.OWN),
        ({"From": "replies+r1-x@shop.example"}, PLACE.plain, receiving.OWN),
        ({"From": "nonsense"}, PLACE.plain, receiving.NO_SENDER),
        (
            {"To": "old@shop.example"},
            "old@shop.example",
            "It went to old@shop.example, which is not the address for replies",
        ),
    ],
)
def test_what_nobody_wrote_or_nobody_reads_is_kept_with_its_reason(
    account: ChannelAccount, heads: dict[str, str], recipient: str, why: str
) -> None:
    raw = letter("Hi", to=recipient, heads=heads)
    if heads.get("From") == "nonsense":
        raw = raw.replace(b"From: nonsense", b"From: ")
        event = events_of(raw, recipient)[0]
        with transaction.atomic():
            file_told(account.pk, [ProviderEvent(**{**as_dict(event), "sender": ""})])
        apply()
        assert ProviderCallback.objects.get().detail == why
    else:
        assert outcome(account, raw, recipient) == why
    assert not Conversation.objects.exists()
    assert not Message.objects.exists()


def as_dict(event: ProviderEvent) -> dict[str, Any]:
    return {name: getattr(event, name) for name in event.__slots__}


def test_our_own_mail_that_comes_back_goes_round_no_further(
    account: ChannelAccount, shop: Tenant
) -> None:
    heads = {"X-Patron-Message": f"{shop.pk}-1"}
    assert outcome(account, letter("Hello", heads=heads)) == receiving.OWN
    assert not Message.objects.exists()


def test_without_an_address_for_replies_nothing_is_taken_in(account: ChannelAccount) -> None:
    ChannelAccount.objects.update(options={})
    assert outcome(account, letter("Hello")) == receiving.OFF
    assert not Profile.objects.exists()


def test_a_forged_tag_answers_nothing_and_leaves_nobody(
    zoe: Profile, account: ChannelAccount, shop: Tenant
) -> None:
    sent = send(zoe)
    other = write_tag(shop.pk + 1, ReplyToken(LEAVE, sent.pk))
    receive(account, letter("I am somebody else"), PLACE.tagged(other))
    said = ConversationMessage.objects.get()
    assert said.mail is not None
    assert "message_id" not in said.mail
    zoe.refresh_from_db()
    assert zoe.email_consent == "subscribed"


# leaving


def test_a_mail_to_the_address_for_leaving_unsubscribes_whoever_got_the_message(
    zoe: Profile, account: ChannelAccount
) -> None:
    sent = send(zoe)
    heads = {"From": "zoe.private@example.org", "Auto-Submitted": "auto-generated"}
    receive(account, letter("", heads=heads), tagged(sent, LEAVE))
    zoe.refresh_from_db()
    assert zoe.email_consent == "unsubscribed"
    assert ConsentEvent.objects.filter(profile_id=zoe.pk).latest("pk").method == "mail_reply"
    assert Touch.objects.get(kind="unsubscribed").message_id == sent.pk
    assert "Message Unsubscribed" in names(zoe)
    assert not Conversation.objects.exists()


@pytest.mark.parametrize("words", ["unsubscribe", "STOP.", "Please stop\n\n> Hello"])
def test_a_reply_that_says_nothing_but_stop_unsubscribes(
    zoe: Profile, account: ChannelAccount, words: str
) -> None:
    receive(account, letter(words))
    zoe.refresh_from_db()
    assert zoe.email_consent == "unsubscribed"
    assert not Conversation.objects.exists()
    assert not Message.objects.exists()  # nothing is answered by itself
    assert statuses() == [("applied", "")]


def test_who_asks_how_to_stop_is_a_conversation(zoe: Profile, account: ChannelAccount) -> None:
    receive(account, letter("How do I stop the machine?"))
    zoe.refresh_from_db()
    assert (zoe.email_consent, Conversation.objects.count()) == ("subscribed", 1)


def test_stop_of_an_address_that_nobody_has_suppresses_it(account: ChannelAccount) -> None:
    receive(account, letter("unsubscribe"))
    receive(account, letter("unsubscribe", heads={"Message-ID": "<2@x>"}))
    found = Suppression.objects.get()
    assert (found.channel, found.scope) == ("email", SuppressionScope.PROMOTIONAL)
    assert not Profile.objects.exists()


# bounces


def test_a_bounce_by_mail_is_a_bounce_of_its_message(zoe: Profile, account: ChannelAccount) -> None:
    sent = send(zoe)
    receive(account, bounce(tagged(sent)))
    sent.refresh_from_db()
    assert (sent.outcome, sent.reason) == ("bounced", "bounced_hard")
    assert "550 no such user here" in sent.detail
    assert Suppression.objects.get().reason == "hard_bounce"
    assert "Message Bounced" in names(zoe)
    assert not Conversation.objects.exists()


def test_a_complaint_by_mail_is_a_complaint(zoe: Profile, account: ChannelAccount) -> None:
    sent = send(zoe)
    receive(account, bounce(tagged(sent), kind="feedback-report"))
    sent.refresh_from_db()
    zoe.refresh_from_db()
    assert (sent.outcome, zoe.email_consent) == ("complained", "unsubscribed")


def test_a_bounce_that_anybody_could_have_written_harms_nobody(
    zoe: Profile, account: ChannelAccount, shop: Tenant
) -> None:
    sent = send(zoe)
    raw = bounce("replies@shop.example").replace(b": 1-1", f": {shop.pk}-{sent.pk}".encode())
    assert outcome(account, raw) == receiving.LOST_REPORT
    sent.refresh_from_db()
    assert sent.outcome == "sent"
    assert not Suppression.objects.exists()


# pages


def test_pages_show_subject_attachments_and_the_whole_mail(
    zoe: Profile, account: ChannelAccount, shop: Tenant
) -> None:
    heads = {"Authentication-Results": "mx.example; dmarc=fail"}
    receive(account, letter(QUOTED, files=[("soap.jpg", b"x" * 1500)], heads=heads))
    client = sign_in(shop, Role.SUPPORT)
    found = Conversation.objects.get()
    page = client.get(f"/t/{shop.slug}/conversations/{found.pk}/").text
    assert "Re: Hello Ada" in page
    assert "soap.jpg" in page
    assert "1.5\xa0KB" in page
    assert "The whole mail" in page
    assert "May be from somebody else: DMARC failed" in page
    base = f"/t/{shop.slug}/conversations/"
    assert "Is it vegan?" in client.get(f"{base}?channel=email").text
    assert "Is it vegan?" not in client.get(f"{base}?channel=sms").text


def test_the_page_of_an_account_says_how_replies_come_in(
    account: ChannelAccount, shop: Tenant
) -> None:
    client = sign_in(shop, Role.OWNER)
    page = client.get(f"/t/{shop.slug}/settings/channels/{account.pk}/").text
    assert "Nobody reads this address yet" in page
    ChannelAccount.objects.update(provider="mailgun")
    page = client.get(f"/t/{shop.slug}/settings/channels/{account.pk}/").text
    assert "replies@shop.example" in page
    assert "add a receiving route" in page
