"""A mail over a provider: queued, handed over, told of, seen; and each fault on the way."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import time_machine
from django.db import connection, transaction
from pytest_django import Settings

from crm.models import Event
from kernel.batches import Deadline
from kernel.secrets import encrypt
from kernel.tenancy import tenant_scope
from messaging.channels import anymail_base, email_hosts
from messaging.choices import MessageClass
from messaging.models import ChannelAccount, Message, ProviderCallback, Sender, Touch
from messaging.services.senders import ensure_default_sender
from messaging.services.sending import send_due
from tenants.models import Tenant
from tests.factories.messaging import make_recipient, make_template, queue_message
from tests.support.esp import KEY, EspServer, Reply, esp_server
from tests.support.told import apply, names, sent_message, tell


@pytest.fixture
def esp(
    tenant: Tenant,
    noon: time_machine.Traveller,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[EspServer]:
    """A tenant whose mail leaves over Postmark."""
    settings.OUTGOING_PRIVATE = True
    ensure_default_sender()
    Sender.objects.update(email="hello@ada-soap.example")
    ChannelAccount.objects.create(
        channel="email",
        provider="postmark",
        name="Postmark",
        credentials_encrypted=encrypt(json.dumps({"server_token": KEY})),
        is_default=True,
    )
    with esp_server("postmark") as server:
        monkeypatch.setitem(email_hosts.API_URLS, ("postmark", "us"), f"{server.url}/")
        yield server
        for _, channel in anymail_base._local.__dict__.pop("channels", {}).values():
            channel.close()


def send() -> int:
    return send_due(Deadline(seconds=None))


@pytest.mark.covers("M1", "C8")
def test_a_mail_is_sent_delivered_and_seen_under_the_id_of_its_provider(esp: EspServer) -> None:
    message = queue_message(make_recipient(), make_template())

    assert send() == 1

    message.refresh_from_db()
    assert (message.status, message.provider_id) == ("sent", "b7bc2f4a-1")
    account = ChannelAccount.objects.get()
    assert message.account_id == account.pk
    [call] = esp.taken
    assert call.said["Metadata"] == {"patron": f"{message.tenant_id}-{message.pk}"}
    tell(account, "delivered", message)
    apply()
    message.refresh_from_db()
    assert message.outcome == "delivered"
    assert names(message.profile_id) == ["Message Delivered", "Message Sent"]


@pytest.mark.parametrize(
    ("message_class", "status", "copies"),
    [(MessageClass.PROMOTIONAL, "unknown", 1), (MessageClass.TRANSACTIONAL, "sent", 2)],
)
def test_a_mail_that_was_taken_without_an_answer_follows_the_guarantee(
    esp: EspServer, message_class: str, status: str, copies: int
) -> None:
    esp.lost = 1
    message = queue_message(make_recipient(), make_template("note", message_class))

    send()

    message.refresh_from_db()
    assert message.status == status
    assert len(esp.taken) == copies


@pytest.mark.covers("C8")
def test_what_the_provider_tells_ends_the_doubt_before_anything_is_sent_twice(
    esp: EspServer,
) -> None:
    esp.lost = 1
    message = queue_message(make_recipient(), make_template())
    send()
    reference = esp.taken[0].said["Metadata"]["patron"]

    tell(ChannelAccount.objects.get(), "delivered", None, reference=reference, provider_id="b7-1")
    apply()
    send()

    message.refresh_from_db()
    assert (message.status, message.outcome, message.reason) == ("sent", "delivered", "")
    assert len(esp.taken) == 1
    assert names(message.profile_id) == ["Message Delivered", "Message Sent"]


def test_a_busy_provider_costs_no_try_and_loses_nothing(
    esp: EspServer, noon: time_machine.Traveller
) -> None:
    esp.script.append(Reply(429, {"Message": "Too many"}, {"Retry-After": "40"}))
    people = [make_recipient() for _ in range(3)]
    template = make_template()
    messages = [queue_message(person, template) for person in people]

    send()
    assert set(Message.objects.values_list("status", "attempts")) == {("pending", 0)}
    noon.shift(timedelta(seconds=41))
    send()

    assert set(Message.objects.values_list("status", "attempts")) == {("sent", 1)}
    assert len(esp.taken) == len(messages) == 3


def test_a_fault_of_the_provider_is_tried_again(
    esp: EspServer, noon: time_machine.Traveller
) -> None:
    esp.script.append(Reply(500, {"Message": "Something broke"}))
    message = queue_message(make_recipient(), make_template())

    send()
    message.refresh_from_db()
    assert (message.status, message.attempts) == ("pending", 1)
    assert "Something broke" in message.detail
    noon.shift(timedelta(minutes=1))
    send()

    message.refresh_from_db()
    assert (message.status, message.attempts) == ("sent", 2)


@pytest.mark.covers("C8")
@pytest.mark.django_db(transaction=True)
def test_workers_side_by_side_apply_each_callback_once(
    tenant: Tenant, account: ChannelAccount
) -> None:
    with transaction.atomic():
        messages = [sent_message(account) for _ in range(20)]
        for message in messages:
            for kind in ("delivered", "bounced_soft", "complained"):
                tell(account, kind, message)

    def work() -> int:
        try:
            with tenant_scope(tenant.pk):
                return apply()
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: work(), range(4)))

    assert sum(done) == 60
    with transaction.atomic():
        assert set(ProviderCallback.objects.values_list("status", "tries")) == {("applied", 1)}
        assert Touch.objects.count() == 60
        assert Event.objects.filter(name="Message Complained").count() == 20
        assert set(Message.objects.values_list("outcome", flat=True)) == {"complained"}
