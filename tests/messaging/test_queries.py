"""What people and programs read of messages, what `verify` finds, and erasure."""

from datetime import timedelta

import pytest
import time_machine

from crm.services.erasure import erase_profiles
from kernel import clock
from kernel.batches import Deadline
from messaging.choices import TouchKind
from messaging.models import ChannelAccount, Message, Sender, ShortLink, Touch
from messaging.queries import messages
from messaging.services.checks import find_differences
from messaging.services.queueing import queue_messages
from messaging.services.senders import ensure_default_sender
from messaging.services.sending import send_due
from tenants.models import Tenant
from tests.factories.messaging import make_recipient, make_template, new_message, queue_message
from tests.support.smtp import SmtpServer


def drain() -> None:
    send_due(Deadline(seconds=None))


def test_a_profile_has_its_messages_newest_first_with_every_gate(
    shop: Tenant, smtp: SmtpServer
) -> None:
    person, template = make_recipient(), make_template()
    sent = queue_message(person, template, flow_id=7, flow_run_id=8, node_id="n1")
    skipped = queue_message(person, template)
    queue_message(make_recipient(), template)
    drain()

    second, first = messages.list_messages(person.pk)

    assert (first["id"], second["id"]) == (sent.pk, skipped.pk)
    assert first["status"] == "sent"
    assert first["template"] == {"id": template.pk, "key": "note", "name": "note"}
    assert (first["flow_id"], first["flow_run_id"], first["node_id"]) == (7, 8, "n1")
    assert [gate["gate"] for gate in first["gates"]][-1] == "render"
    assert second["status"] == "skipped"
    assert second["reason"] == "smart_sending"
    assert second["reason_text"] == "Got a promotional message a short while ago"
    assert messages.list_messages(person.pk, before_id=skipped.pk) == [first]
    assert messages.list_messages(person.pk, limit=1) == [second]
    assert messages.list_messages_of_runs([8, 9]) == {8: [first]}
    assert [row["profile_id"] for row in messages.list_recent_messages()][1:] == [person.pk] * 2


def test_messages_are_counted_by_flow_node_and_reason(shop: Tenant, smtp: SmtpServer) -> None:
    template = make_template()
    yes, no, bad = make_recipient(), make_recipient(email_consent="never"), make_recipient()
    smtp.answers[bad.email] = "550 no"
    queue_messages(
        [
            new_message(person, template, flow_id=7, node_id=node)
            for person, node in [(yes, "n1"), (no, "n1"), (bad, "n2")]
        ]
    )
    drain()
    Message.objects.filter(profile=yes).update(opened_at=clock.now())

    assert messages.count_by_node(7) == {"n1": {"sent": 1, "skipped": 1}, "n2": {"failed": 1}}
    assert messages.count_skips_by_reason(7) == {"n1": {"no_consent": 1}}
    figures = {"sent": 1, "opened": 1, "clicked": 0, "skipped": 1}
    assert messages.count_by_flow([7, 8]) == {7: figures}
    assert messages.count_by_flow([7], since=clock.now() + timedelta(days=1)) == {}
    assert messages.find_problems(clock.now()).messages == {"failed": 1, "unknown": 0, "flood": 0}


def test_lists_cost_the_same_with_one_and_with_many(
    shop: Tenant, smtp: SmtpServer, django_assert_num_queries: pytest.FixtureRequest
) -> None:
    person, template = make_recipient(), make_template()
    queue_messages([new_message(person, template) for _ in range(30)])
    drain()

    with django_assert_num_queries(1):  # type: ignore[operator] # a fixture without a type
        assert len(messages.list_messages(person.pk)) == 30


def test_nothing_differs_after_an_ordinary_day(
    shop: Tenant, smtp: SmtpServer, noon: time_machine.Traveller
) -> None:
    message = queue_message(make_recipient(), make_template())
    queue_message(make_recipient(email=""), make_template())
    drain()
    Message.objects.filter(pk=message.pk).update(opened_at=clock.now())
    touch(message, is_bot=False)
    touch(message, is_bot=True)

    assert find_differences() == []


def test_each_contradiction_is_named(
    shop: Tenant, smtp: SmtpServer, noon: time_machine.Traveller
) -> None:
    template = make_template()
    rows = [queue_message(make_recipient(), template) for _ in range(5)]
    drain()
    ids = [row.pk for row in rows]
    Message.objects.filter(pk=ids[0]).update(message_id="")
    Message.objects.filter(pk=ids[1]).update(sent_at=None)
    Message.objects.filter(pk=ids[2]).update(clicked_at=clock.now())
    touch(rows[3], is_bot=False)
    Message.objects.filter(pk=ids[4]).update(
        status="sending", sent_at=None, due_at=clock.now() - timedelta(hours=1)
    )

    assert find_differences() == [
        f"message {ids[0]}: sent without a Message-ID",
        f"message {ids[1]}: sent without a time",
        f"message {ids[2]}: clicked_at is not the first click",
        f"message {ids[3]}: opened_at is not the first opening",
        f"message {ids[4]}: stuck in sending",
    ]


def test_messages_of_erased_profiles_name_nobody(shop: Tenant, smtp: SmtpServer) -> None:
    person = make_recipient(first_name="Zenobia")
    message = queue_message(person, make_template(), context={"event": {"name": "Zenobia"}})
    other = queue_message(make_recipient(), make_template())
    drain()
    touch(message, is_bot=False)

    erase_profiles([person.pk])

    message.refresh_from_db()
    other.refresh_from_db()
    assert message.address == f"redacted.{message.pk}@example.com"
    assert (message.subject, message.context, message.gates) == ("", {}, None)
    assert message.status == "sent"
    assert other.subject == "Hello Ada"
    kept = Touch.objects.get()
    assert (kept.ip, kept.user_agent) == (None, "")


@pytest.mark.covers("C8")
def test_links_of_erased_profiles_carry_nothing_of_them(shop: Tenant, smtp: SmtpServer) -> None:
    now, gone, stays = clock.now(), make_recipient(), make_recipient()
    for number, person in enumerate((gone, stays)):
        message = queue_message(person, make_template(f"note{number}"))
        url = f"https://shop.example/soap?to={person.pk}#x"
        ShortLink.objects.create(code=f"code{number}", message=message, url=url, created_at=now)
        Touch.objects.create(
            message=message, profile=person, kind=TouchKind.CLICKED, at=now, url=url
        )

    erase_profiles([gone.pk])

    kept = f"https://shop.example/soap?to={stays.pk}#x"
    assert list(ShortLink.objects.values_list("code", "url")) == [("code1", kept)]
    urls = Touch.objects.order_by("pk").values_list("url", flat=True)
    assert list(urls) == ["https://shop.example/soap", kept]


def test_the_default_sender_is_made_once(tenant: Tenant) -> None:
    first = ensure_default_sender()
    Sender.objects.update(name="Renamed")

    assert ensure_default_sender().pk == first.pk
    assert Sender.objects.get().name == "Renamed"
    assert (first.name, first.email) == ("Ada Soap", "no-reply@patron.localhost")


def test_only_what_somebody_writes_can_be_queued(tenant: Tenant) -> None:
    new = new_message(make_recipient(), make_template(), channel="fax")

    with pytest.raises(ValueError, match="nothing can be sent on fax"):
        queue_messages([new])

    assert not Message.objects.exists()
    assert not ChannelAccount.objects.exists()


def touch(message: Message, *, is_bot: bool) -> None:
    Touch.objects.create(
        message=message,
        profile_id=message.profile_id,
        kind=TouchKind.OPENED,
        at=clock.now(),
        is_bot=is_bot,
        ip="127.0.0.1",
        user_agent="A browser",
    )
