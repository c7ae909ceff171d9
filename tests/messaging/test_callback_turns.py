"""Callbacks that come too early, for nobody, twice, or that break."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection

from crm.models import Identity
from crm.services.erasure import erase_profiles
from kernel import clock
from messaging import inbound
from messaging.channels.base import ProviderEvent
from messaging.models import ChannelAccount, Message, ProviderCallback, Touch
from messaging.services import callbacks, consequences
from messaging.services.callbacks import prune_callbacks
from tenants.models import Tenant
from tests.factories.messaging import make_recipient, make_template, queue_message
from tests.support.told import BROWSER, NOON, apply, names, sent_message, statuses, tell


@pytest.mark.covers("C8")
@pytest.mark.parametrize(
    ("status", "message_class"), [("unknown", "promotional"), ("pending", "transactional")]
)
def test_news_of_a_message_settles_what_nobody_knew(
    account: ChannelAccount, status: str, message_class: str
) -> None:
    message = sent_message(
        account,
        message_class=message_class,
        status=status,
        reason="outcome_unknown",
        detail="outcome unknown",
        sent_at=None,
        account=None,
        provider_id="",
        is_resend=status == "pending",
    )
    reference = f"{message.tenant_id}-{message.pk}"
    tell(account, "delivered", None, reference=reference, provider_id="id-late")

    apply()

    message.refresh_from_db()
    assert (message.status, message.outcome, message.reason) == ("sent", "delivered", "")
    assert message.sent_at == NOON - timedelta(minutes=1)
    assert (message.provider_id, message.account_id) == ("id-late", account.pk)


def test_what_waits_to_be_sent_for_the_first_time_is_not_settled(account: ChannelAccount) -> None:
    message = queue_message(make_recipient(), make_template())
    tell(account, "sent", None, reference=f"{message.tenant_id}-{message.pk}")

    apply()

    message.refresh_from_db()
    assert (message.status, message.sent_at) == ("pending", None)


@pytest.mark.covers("C8")
def test_a_callback_that_overtakes_our_own_commit_waits_for_it(
    account: ChannelAccount, noon: time_machine.Traveller
) -> None:
    message = sent_message(account, status="sending", sent_at=None, provider_id="", account=None)
    tell(account, "delivered", None, reference=f"{message.tenant_id}-{message.pk}")
    tell(account, "opened", None, provider_id="id-early", user_agent=BROWSER, minutes=1)

    assert apply() == 2
    assert [status for status, _ in statuses()] == ["pending", "pending"]
    assert Touch.objects.count() == 0

    Message.objects.filter(pk=message.pk).update(
        status="sent", sent_at=NOON, provider_id="id-early", account=account
    )
    noon.shift(timedelta(seconds=15))
    assert apply() == 2

    message.refresh_from_db()
    assert message.outcome == "opened"


@pytest.mark.covers("C8")
def test_a_callback_for_an_unknown_message_is_given_up_after_an_hour(
    account: ChannelAccount, noon: time_machine.Traveller
) -> None:
    tell(account, "delivered", None, provider_id="of-somebody-else")
    tries = 0
    while statuses()[0][0] == "pending":
        tries += apply()
        noon.shift(timedelta(minutes=2))

    assert statuses() == [("ignored", callbacks.NOBODY_KNOWS)]
    assert 5 <= tries <= 12
    assert Touch.objects.count() == 0


def test_a_reference_to_another_tenant_names_nobody(
    account: ChannelAccount, other_tenant: Tenant
) -> None:
    message = sent_message(account)
    tell(account, "complained", None, reference=f"{other_tenant.pk}-{message.pk}")

    apply()

    message.refresh_from_db()
    assert message.complained_at is None
    assert statuses()[0][0] == "pending"


def test_ids_are_those_of_one_account(account: ChannelAccount) -> None:
    other = ChannelAccount.objects.create(
        channel="email", provider="brevo", name="Brevo", credentials_encrypted=""
    )
    message = sent_message(account)
    tell(other, "bounced_hard", message)

    apply()

    message.refresh_from_db()
    assert message.bounced_at is None


def test_one_callback_that_breaks_fails_alone(
    account: ChannelAccount, noon: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, bad = sent_message(account), sent_message(account)
    follow = consequences.follow

    def break_for_one(told: Any, now: datetime) -> None:
        if any(each.message.pk == bad.pk for each in told):
            raise RuntimeError("boom")
        follow(told, now)

    monkeypatch.setattr(consequences, "follow", break_for_one)
    tell(account, "delivered", bad)
    tell(account, "delivered", good)

    apply()
    assert [status for status, _ in statuses()] == ["pending", "applied"]
    for _ in range(6):
        noon.shift(timedelta(hours=2))
        apply()

    assert statuses() == [("failed", "RuntimeError('boom')"), ("applied", "")]
    bad.refresh_from_db()
    assert bad.delivered_at is None
    assert names(good.profile_id) == ["Message Delivered"]


def test_a_callback_that_cannot_be_read_fails_with_its_reason(account: ChannelAccount) -> None:
    tell(account, "delivered", sent_message(account), of_a_later_version=1)

    apply()

    assert statuses() == [("failed", "It cannot be read")]


def test_what_people_write_goes_to_whoever_takes_it(
    account: ChannelAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[tuple[str, int, str]] = []

    def take(channel: str, account_id: int, events: list[ProviderEvent]) -> dict[str, str]:
        taken.extend((channel, account_id, event.text) for event in events)
        return {event.dedupe_key: "spam" for event in events if event.text == "Buy!"}

    monkeypatch.setattr(inbound, "_takers", {"email": take})
    tell(account, "inbound", None, text="Where is it?", sender="zoe@example.com")
    tell(account, "inbound", None, text="Buy!", sender="spam@example.com")

    assert apply() == 2

    assert taken == [("email", account.pk, "Where is it?"), ("email", account.pk, "Buy!")]
    assert statuses() == [("applied", ""), ("ignored", "spam")]
    assert set(map(str, ProviderCallback.objects.values_list("body", flat=True))) == {"{}"}


def test_what_nobody_takes_says_so(
    account: ChannelAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbound, "_takers", {})
    tell(account, "inbound", None, text="Hello")

    apply()

    assert statuses() == [("ignored", inbound.NOBODY)]


def test_a_batch_costs_the_same_for_one_and_for_thirty(account: ChannelAccount) -> None:
    costs = []
    for size in (1, 30):
        for _ in range(size):
            message = sent_message(account)
            for kind in ("delivered", "bounced_soft", "complained"):
                tell(account, kind, message)
        with connection.execute_wrapper(counter := Counter()):
            apply()
        costs.append(counter.statements)

    assert costs[0] == costs[1] <= 50


class Counter:
    """Counts statements."""

    def __init__(self) -> None:
        self.statements = 0

    def __call__(self, execute: Any, *args: Any) -> Any:
        self.statements += 1
        return execute(*args)


def test_old_callbacks_are_forgotten(account: ChannelAccount, noon: time_machine.Traveller) -> None:
    tell(account, "delivered", sent_message(account))
    apply()
    tell(account, "delivered", None, provider_id="waits")
    noon.shift(timedelta(days=31))

    assert prune_callbacks(clock.now()) == 1
    assert [status for status, _ in statuses()] == ["pending"]


@pytest.mark.covers("C8")
def test_who_is_erased_is_in_no_callback_any_more(account: ChannelAccount) -> None:
    person = make_recipient(email="Zoe@example.com", email_norm="zoe@example.com")
    tell(account, "delivered", None, provider_id="x", recipient="zoe@example.com")
    tell(account, "inbound", None, sender="Zoe@Example.com", text="It is me, Zoe")
    tell(account, "delivered", None, provider_id="y", recipient="bob@example.com")
    tell(account, "delivered", None, provider_id="z")

    erase_profiles([person.pk])

    bodies = ProviderCallback.objects.order_by("pk").values_list("body__provider_id", flat=True)
    assert list(bodies) == ["y", "z"]


@pytest.mark.covers("C8")
def test_who_is_erased_is_in_no_callback_under_another_address_either(
    account: ChannelAccount,
) -> None:
    person = make_recipient(email="zoe@example.com", email_norm="zoe@example.com")
    for kind, value in (("email", "old@example.com"), ("phone", "+447700900123")):
        Identity.objects.create(kind=kind, value_norm=value, profile=person)
    tell(account, "delivered", None, provider_id="x", recipient="Old@example.com")
    tell(account, "inbound", None, sender="+447700900123", text="It is me, Zoe")
    tell(account, "delivered", None, provider_id="y", recipient="bob@example.com")

    erase_profiles([person.pk])

    bodies = ProviderCallback.objects.values_list("body__provider_id", flat=True)
    assert list(bodies) == ["y"]
