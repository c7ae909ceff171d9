"""What became of mails by day: sums that follow every piece of news, in any order, and verify."""

from datetime import date, timedelta

import pytest
import time_machine
from django.db import transaction
from django.test import Client

from crm.services.erasure import erase_profiles
from kernel.batches import Deadline
from messaging.domain.mailboxes import group_of, mailbox_of
from messaging.models import ChannelAccount, DeliveryDay, DeliveryMark, Message, Sender
from messaging.queries.deliveries import Tally, sum_deliveries, today
from messaging.services import tokens
from messaging.services.deliveries import (
    add_up_deliveries,
    find_wrong_deliveries,
    note_deliveries,
    rebuild_deliveries,
)
from messaging.services.retrying import retry_failed
from messaging.services.sending import send_due
from messaging.services.trials import send_test
from messaging.types import LinkToken, RecipientToken
from tenants.models import Tenant
from tests.factories.messaging import make_recipient, make_template, queue_message
from tests.support.smtp import SmtpServer
from tests.support.told import BROWSER, apply, sent_message, tell

DAY = date(2026, 6, 1)
APPLE = "Mozilla/5.0"


def add_up() -> int:
    return add_up_deliveries(Deadline(seconds=None))


def total() -> Tally:
    add_up()
    return sum_deliveries(DAY, DAY).get((), Tally())


def wrong() -> list[str]:
    with transaction.atomic():
        return find_wrong_deliveries()


def send_to(*addresses: str) -> list[Message]:
    template = make_template()
    found = [queue_message(make_recipient(email=each), template) for each in addresses]
    send_due(Deadline(seconds=None))
    return found


@pytest.mark.parametrize(
    ("address", "group", "limited_as"),
    [
        ("ada@Gmail.com", "gmail", "gmail"),
        ("ada@hotmail.co.uk", "outlook", "outlook"),
        ("ada@aol.com", "yahoo", "yahoo"),
        ("ada@me.com", "icloud", "other"),
        ("ada@web.de", "gmx", "other"),
        ("ada@gmx.at", "gmx", "other"),
        ("ada@notgmail.com", "other", "other"),
        ("ada@gmx.at.example.com", "other", "other"),
    ],
)
def test_an_address_is_of_one_provider(address: str, group: str, limited_as: str) -> None:
    assert (group_of(address), mailbox_of(address)) == (group, limited_as)


@pytest.mark.covers("A2")
def test_mails_add_up_by_day_account_provider_and_class(shop: Tenant, smtp: SmtpServer) -> None:
    add_up()
    smtp.answers = {
        "dead@gmx.de": "550 5.1.1 No such user",
        "spam@gmail.com": "554 5.7.1 Message refused",
    }
    send_to("ada@gmail.com", "bob@gmail.com", "dead@gmx.de", "spam@gmail.com", "eve@shop.example")

    assert add_up() > 0
    assert add_up() == 0

    account = ChannelAccount.objects.get().pk
    assert sum_deliveries(DAY, DAY, by=("account_id", "mailbox", "message_class")) == {
        (account, "gmail", "promotional"): Tally(sent=3, blocked=1),
        (account, "gmx", "promotional"): Tally(sent=1, hard=1),
        (account, "other", "promotional"): Tally(sent=1),
    }
    assert sum_deliveries(DAY, DAY, classes=["transactional"]) == {}
    assert sum_deliveries(DAY - timedelta(days=9), DAY - timedelta(days=1)) == {}
    assert wrong() == []


@pytest.mark.covers("A2")
def test_what_is_told_later_counts_on_the_day_the_mail_left(
    account: ChannelAccount, noon: time_machine.Traveller
) -> None:
    add_up()
    soft, hard, spam, read = (sent_message(account) for _ in range(4))
    noon.shift(timedelta(days=3))
    tell(account, "bounced_soft", soft, minutes=4000)
    tell(account, "bounced_hard", hard, minutes=4000)
    tell(account, "delivered", spam, minutes=1)
    tell(account, "complained", spam, minutes=4000)
    tell(account, "delivered", read, minutes=1)
    tell(account, "opened", read, minutes=2, user_agent=BROWSER)
    apply()

    assert total() == Tally(sent=4, delivered=2, hard=1, soft=1, complained=1, opened=1)
    assert sum_deliveries(today(), today()) == {}

    tell(account, "delivered", soft, minutes=4100)
    apply()

    found = total()
    assert (found.sent, found.delivered, found.soft) == (4, 3, 0)
    assert (found.bounce_rate, found.hard_rate) == (0.25, 0.25)
    assert found.complaint_rate == found.open_rate == 1 / 3
    assert wrong() == []


@pytest.mark.covers("A2")
def test_machines_are_kept_apart_and_who_unsubscribes_counts_once(
    shop: Tenant, smtp: SmtpServer, noon: time_machine.Traveller
) -> None:
    add_up()
    first, second = send_to("ada@gmail.com", "bob@icloud.com")
    noon.shift(timedelta(minutes=5))
    client = Client(headers={"user-agent": BROWSER})
    for message, agent in ((first, BROWSER), (second, APPLE)):
        pixel = tokens.open_url(LinkToken(shop.pk, message.pk))
        client.get(pixel, headers={"user-agent": agent})
    link = RecipientToken(shop.pk, first.profile_id, first.pk)
    for _ in range(2):
        client.post(tokens.unsubscribe_url(link), {"List-Unsubscribe": "One-Click"})

    assert total() == Tally(sent=2, opened=1, loaded=1, unsubscribed=1)

    client.get(tokens.open_url(LinkToken(shop.pk, second.pk)))

    assert total() == Tally(sent=2, opened=2, unsubscribed=1)
    assert wrong() == []


def test_tests_of_members_count_nowhere(shop: Tenant, smtp: SmtpServer) -> None:
    add_up()
    make_recipient()
    Sender.objects.update(verified_at="2026-05-01T00:00Z")
    send_test(make_template().pk, ["hello@ada-soap.example"], profile_id=None, actor="a@b.example")
    send_due(Deadline(seconds=None))

    assert len(smtp.mails) == 1
    assert total() == Tally()
    assert wrong() == []


def test_a_refused_mail_that_is_sent_once_more_counts_once(
    shop: Tenant, smtp: SmtpServer, noon: time_machine.Traveller
) -> None:
    add_up()
    smtp.answers = {"ada@gmail.com": "550 5.1.1 No such user"}
    [message] = send_to("ada@gmail.com")
    assert total() == Tally(sent=1, hard=1)

    smtp.answers = {}
    noon.shift(timedelta(hours=1))
    retry_failed(message.pk, actor="ada@example.com")
    assert total() == Tally()

    send_due(Deadline(seconds=None))
    assert total() == Tally(sent=1)
    assert wrong() == []


def test_who_is_erased_stays_counted_as_it_was(account: ChannelAccount) -> None:
    add_up()
    message = sent_message(account, profile=make_recipient(email="ada@gmail.com"))
    tell(account, "bounced_hard", message)
    apply()
    before = total()
    with transaction.atomic():
        erase_profiles([message.profile_id], actor="ada@example.com")

    rebuild_deliveries()
    add_up()

    message.refresh_from_db()
    assert message.address.startswith("redacted.")
    assert sum_deliveries(DAY, DAY, by=("mailbox",)) == {("gmail",): before}
    assert before == Tally(sent=1, hard=1)
    assert wrong() == []


def test_days_are_cut_anew_in_another_zone(
    account: ChannelAccount, tenant: Tenant, noon: time_machine.Traveller
) -> None:
    add_up()
    sent_message(account)
    rebuild_deliveries()
    add_up()
    assert list(sum_deliveries(DAY, DAY, by=("day",))) == [(DAY,)]

    Tenant.objects.filter(pk=tenant.pk).update(timezone="Pacific/Kiritimati")
    add_up()

    assert list(sum_deliveries(DAY, DAY + timedelta(days=1), by=("day",))) == [
        (DAY + timedelta(days=1),)
    ]
    assert wrong() == []


def test_verify_names_what_differs_and_leaves_out_what_waits(account: ChannelAccount) -> None:
    add_up()
    message = sent_message(account)
    assert wrong() == [f"delivery of message {message.pk} on 2026-06-01: missing"]

    with transaction.atomic():
        note_deliveries([message.pk])
    assert wrong() == []

    add_up()
    DeliveryDay.objects.update(sent=7)
    assert len(wrong()) == 1
    assert "deliveries of 2026-06-01" in wrong()[0]
    DeliveryDay.objects.update(sent=1)
    DeliveryMark.objects.update(mailbox="gmail")
    assert {line.rpartition(" ")[2] for line in wrong() if line.startswith("delivery of")} == {
        "missing",
        "stored",
    }
