"""How fast mails leave, and what becomes of those that have to wait for their turn."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from kernel import clock
from kernel.batches import Deadline
from kernel.errors import Invalid
from messaging.choices import LimitKind, MessageClass
from messaging.domain.mailboxes import mailbox_of
from messaging.domain.server_limits import NONE, REMOTE, limits_of_server
from messaging.models import ChannelAccount, Message, RateLimit
from messaging.services import sending
from messaging.services.queueing import queue_messages
from messaging.services.rate_limits import set_limit, wake_waiting
from tenants.choices import Role
from tenants.models import AuditEntry, Tenant
from tests.factories.messaging import make_recipient, make_template, new_message
from tests.factories.tenants import call_with, make_key, make_member
from tests.support.smtp import SmtpServer


def drain() -> int:
    return sending.send_due(Deadline(seconds=None))


@pytest.mark.parametrize(
    ("address", "mailbox"),
    [
        ("ada@gmail.com", "gmail"),
        ("ada@GoogleMail.com", "gmail"),
        ("ada@hotmail.co.uk", "outlook"),
        ("ada@live.nl", "outlook"),
        ("ada@yahoo.co.jp", "yahoo"),
        ("ada@aol.com", "yahoo"),
        ("ada@notgmail.com", "other"),
        ("ada@live.example.com.evil.example", "other"),
        ("", "other"),
    ],
)
def test_the_provider_of_a_mailbox_is_known_by_its_domain(address: str, mailbox: str) -> None:
    assert mailbox_of(address) == mailbox


def test_a_server_on_this_machine_has_no_limits() -> None:
    assert limits_of_server("127.0.0.1") == limits_of_server("localhost") == NONE
    assert limits_of_server("mail.example.com") == REMOTE


def test_what_waits_for_its_rate_says_so_and_leaves_at_its_turn(
    shop: Tenant, smtp: SmtpServer, noon: time_machine.Traveller
) -> None:
    set_limit(LimitKind.MAILBOX.value, "gmail", 6, now=clock.now())
    template = make_template()
    gmail = [make_recipient(email=f"p{number}@gmail.com") for number in range(3)]
    other = make_recipient(email="p@example.com")
    queue_messages([new_message(person, template) for person in [*gmail, other]])

    assert drain() == 4

    assert smtp.recipients == [gmail[0].email, other.email]
    waiting = list(Message.objects.filter(status="pending").order_by("pk"))
    assert [(row.reason, row.detail) for row in waiting] == [("rate", "Gmail: 6 a minute")] * 2
    pauses = [row.due_at - clock.now() for row in waiting]
    assert pauses == [timedelta(seconds=10), timedelta(seconds=20)]
    assert waiting[0].gates == [{"gate": "rate", "passed": False, "detail": "Gmail: 6 a minute"}]
    assert drain() == 0
    for number in (1, 2):
        noon.shift(timedelta(seconds=10))
        drain()
        assert smtp.recipients[-1] == gmail[number].email
        assert len(smtp.recipients) == 2 + number


def test_mails_about_orders_take_the_last_tokens(
    shop: Tenant, smtp: SmtpServer, noon: time_machine.Traveller
) -> None:
    set_limit(LimitKind.TENANT.value, "", 60, now=clock.now())
    news, receipt = make_template(), make_template("receipt", MessageClass.TRANSACTIONAL)
    queue_messages([new_message(make_recipient(), news) for _ in range(12)])

    drain()
    assert len(smtp.recipients) == 9
    buyer = make_recipient()
    queue_messages([new_message(buyer, receipt)])
    drain()

    assert smtp.recipients[9:] == [buyer.email]
    assert Message.objects.filter(status="pending", reason="rate").count() == 3


def test_a_mail_about_an_order_does_not_stand_in_line_behind_marketing(
    shop: Tenant, smtp: SmtpServer, noon: time_machine.Traveller
) -> None:
    set_limit(LimitKind.TENANT.value, "", 60, now=clock.now())
    news, receipt = make_template(), make_template("receipt", MessageClass.TRANSACTIONAL)
    queue_messages([new_message(make_recipient(), news) for _ in range(60)])
    queue_messages([new_message(make_recipient(), receipt) for _ in range(11)])

    drain()

    waiting = Message.objects.get(status="pending", message_class="transactional")
    assert waiting.due_at == clock.now() + timedelta(seconds=1)


def test_what_is_not_sent_costs_no_token(
    shop: Tenant, smtp: SmtpServer, noon: time_machine.Traveller
) -> None:
    set_limit(LimitKind.DOMAIN.value, "ada-soap.example", 60, now=clock.now())
    template = make_template()
    people = [make_recipient(email_consent="unsubscribed") for _ in range(5)]
    queue_messages([new_message(person, template) for person in [*people, make_recipient()]])

    drain()

    assert len(smtp.recipients) == 1
    assert RateLimit.objects.get().tokens == 9.0


def test_what_comes_back_unsent_costs_no_token(
    shop: Tenant, smtp: SmtpServer, noon: time_machine.Traveller
) -> None:
    set_limit(LimitKind.TENANT.value, "", 60, now=clock.now())
    full = RateLimit.objects.get().tokens
    template = make_template()
    queue_messages([new_message(make_recipient(), template) for _ in range(3)])
    smtp.stop()

    drain()

    assert RateLimit.objects.get().tokens == full
    smtp.start()
    noon.shift(sending.UNAVAILABLE_PAUSE)
    assert drain() == 3
    assert RateLimit.objects.get().tokens == full - 3


def test_no_limit_means_none(shop: Tenant, smtp: SmtpServer) -> None:
    set_limit(LimitKind.TENANT.value, "", 0, now=clock.now())
    template = make_template()
    queue_messages([new_message(make_recipient(), template) for _ in range(30)])

    drain()

    assert len(smtp.recipients) == 30


def test_a_limit_that_changes_wakes_those_who_wait_for_it_and_no_others(
    shop: Tenant, smtp: SmtpServer, noon: time_machine.Traveller
) -> None:
    set_limit(LimitKind.MAILBOX.value, "gmail", 6, now=clock.now())
    set_limit(LimitKind.MAILBOX.value, "yahoo", 6, now=clock.now())
    template = make_template()
    gmail = [make_recipient(email=f"p{number}@gmail.com") for number in range(4)]
    yahoo = [make_recipient(email=f"p{number}@yahoo.com") for number in range(2)]
    queue_messages([new_message(person, template) for person in [*gmail, *yahoo]])
    drain()
    assert smtp.recipients == [gmail[0].email, yahoo[0].email]

    assert set_limit(LimitKind.MAILBOX.value, "gmail", 600, now=clock.now(), actor="ada@a.example")
    assert not set_limit(LimitKind.MAILBOX.value, "gmail", 600, now=clock.now())
    assert wake_waiting(Deadline(None)) == 3
    drain()

    assert smtp.recipients[2:] == [person.email for person in gmail[1:]]
    waiting = Message.objects.get(status="pending")
    assert (waiting.detail, waiting.due_at) == (
        "Yahoo and AOL: 6 a minute",
        clock.now() + timedelta(seconds=10),
    )
    noon.shift(timedelta(minutes=1))
    assert wake_waiting(Deadline(None)) == 0
    assert not RateLimit.objects.exclude(waking=[]).exists()
    assert AuditEntry.objects.filter(action="rate.changed", actor="ada@a.example").count() == 1


def test_an_account_has_a_limit_of_its_own(shop: Tenant, smtp: SmtpServer) -> None:
    account = ChannelAccount.objects.get()
    set_limit(LimitKind.ACCOUNT.value, str(account.pk), 6, now=clock.now())
    template = make_template()
    queue_messages([new_message(make_recipient(), template) for _ in range(3)])

    drain()

    assert len(smtp.recipients) == 1
    held = Message.objects.filter(status="pending")[0]
    assert held.detail == f"account {account.pk}: 6 a minute"


@pytest.mark.parametrize(
    ("kind", "name", "per_minute"),
    [
        ("tenant", "x", 5),
        ("mailbox", "nobody", 5),
        ("account", "999999", 5),
        ("account", "²", 5),
        ("domain", "nowhere", 5),
        ("moon", "", 5),
        ("tenant", "", -1),
        ("tenant", "", 1_000_001),
    ],
)
def test_what_cannot_be_a_limit_is_refused(
    shop: Tenant, kind: str, name: str, per_minute: int
) -> None:
    with pytest.raises(Invalid):
        set_limit(kind, name, per_minute, now=clock.now())

    assert not RateLimit.objects.exists()


def test_the_page_and_programs_set_limits(shop: Tenant) -> None:
    page = Client()
    page.force_login(make_member(shop, Role.OWNER, "ada@soap.example").user)
    address = f"/t/{shop.slug}/settings/rates/"

    page.post(address, {"mailbox:gmail": "600", "tenant:": "0", "mailbox:yahoo": ""})
    assert dict(RateLimit.objects.values_list("kind", "per_minute")) == {
        "mailbox": 600,
        "tenant": 0,
    }
    assert page.post(address, {"mailbox:gmail": "-1"}).status_code == 422

    answer = call_with(make_key(shop)).post(
        "/api/v1/channels/limits/",
        {"kind": "mailbox", "name": "gmail", "per_minute": None},
        content_type="application/json",
        headers={"Idempotency-Key": "1"},
    )
    assert answer.status_code == 200
    told = {row["counts"]: (row["per_minute"], row["default"]) for row in answer.json()["results"]}
    assert told == {"All mail": (0, 0)}
