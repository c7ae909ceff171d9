"""Bounces of a mail server of one's own come back by mail: to an address that names the message."""

import pytest

from crm.models import Conversation, Suppression
from messaging.domain.reply_addresses import parse_reply_address
from messaging.models import ChannelAccount, ProviderCallback, SendingDomain
from messaging.services import receiving
from messaging.services.reply_tokens import BOUNCE, ReplyToken, read_tag, write_tag
from tenants.models import Tenant
from tests.factories.messaging import make_recipient
from tests.factories.samples import make_domain
from tests.messaging.test_replies import receive, send
from tests.support.mails import bounce, letter
from tests.support.smtp import SmtpServer

pytestmark = pytest.mark.covers("M5")

OWN = "replies@ada-soap.example"
PLACE = parse_reply_address(OWN)


def set_up(reply_address: str = OWN, **fields: str) -> ChannelAccount:
    ChannelAccount.objects.update(options={"reply_address": reply_address}, **fields)
    return ChannelAccount.objects.get()


def prove(return_path: str) -> SendingDomain:
    """Let the domain of the sender have a return path whose records hold."""
    good = {"state": "good", "known": "good", "words": ""}
    return make_domain(
        domain="ada-soap.example", return_path=return_path, findings={"return_path": good}
    )


@pytest.mark.parametrize(
    ("status", "outcome", "suppressed"),
    [("5.1.1", "bounced_hard", 1), ("5.2.2", "bounced_soft", 0), ("5.7.1", "blocked", 0)],
)
def test_a_report_that_holds_nothing_but_the_envelope_finds_its_message(
    shop: Tenant, smtp: SmtpServer, status: str, outcome: str, suppressed: int
) -> None:
    account = set_up()
    sent = send(make_recipient(email="zoe@example.com"))
    [envelope] = smtp.senders
    assert envelope == PLACE.tagged(write_tag(shop.pk, ReplyToken(BOUNCE, sent.pk)))

    receive(account, bounce("nobody@else.example", status=status, to=envelope), envelope)

    sent.refresh_from_db()
    assert sent.reason == outcome
    assert Suppression.objects.count() == suppressed


def test_a_report_with_a_made_up_tag_harms_nobody(shop: Tenant, smtp: SmtpServer) -> None:
    account = set_up()
    sent = send(make_recipient(email="zoe@example.com"))
    forged = PLACE.tagged(f"{BOUNCE}{sent.pk:x}-aaaaaaaaaaaaaaaa")

    receive(account, bounce("nobody@else.example", to=forged), forged)

    sent.refresh_from_db()
    assert sent.outcome == "sent"
    assert ProviderCallback.objects.get(kind="inbound").detail == receiving.LOST_REPORT


def test_a_notice_of_another_kind_to_that_address_becomes_no_conversation(
    shop: Tenant, smtp: SmtpServer
) -> None:
    account = set_up()
    send(make_recipient(email="zoe@example.com"))

    receive(account, letter("I am away.", to=smtp.senders[0]), smtp.senders[0])

    assert not Conversation.objects.exists()
    assert ProviderCallback.objects.get(kind="inbound").detail == receiving.NOTICE


@pytest.mark.parametrize(
    ("reply_address", "provider", "return_path", "envelope"),
    [
        ("replies@in.example", "smtp", "", "hello@ada-soap.example"),
        ("replies@in.example", "smtp", "bounces@ada-soap.example", "bounces@ada-soap.example"),
        ("replies@b.ada-soap.example", "smtp", "x@b.ada-soap.example", "@b.ada-soap.example"),
        ("", "smtp", "", "hello@ada-soap.example"),
    ],
)
def test_an_envelope_names_no_domain_that_may_forbid_it(
    shop: Tenant,
    smtp: SmtpServer,
    reply_address: str,
    provider: str,
    return_path: str,
    envelope: str,
) -> None:
    set_up(reply_address, provider=provider)
    if return_path:
        prove(return_path)

    send(make_recipient())

    assert smtp.senders[0].endswith(envelope)


def test_a_tag_is_known_by_its_purpose() -> None:
    tag = write_tag(7, ReplyToken(BOUNCE, 12))

    assert read_tag(7, tag) == ReplyToken(BOUNCE, 12)
    assert read_tag(7, f"r{tag[1:]}") is None
