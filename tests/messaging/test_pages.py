"""The list of all messages, the page of one, and sending a failed one once more."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test import Client

from kernel import clock
from kernel.errors import Conflict, NotFound
from kernel.keyset import Place
from kernel.tenancy import tenant_scope
from messaging.channels.base import ChannelRejected, Handed
from messaging.choices import FailReason, MessageStatus, SkipReason
from messaging.models import Message, Touch
from messaging.queries.listing import WantedMessages, count_views, list_all
from messaging.queries.words import JUDGEMENTS
from messaging.services.checks import find_differences
from messaging.services.previewing import render_again
from messaging.services.retrying import retry_failed
from messaging.services.senders import ensure_default_sender
from messaging.services.sending import send_batch
from messaging.types import OutgoingEmail
from tenants.choices import Role
from tenants.models import AuditEntry, Tenant
from tests.factories.messaging import make_recipient, make_template, queue_message
from tests.factories.tenants import sign_in
from tests.support.lanes import lane_over

LIST = "/t/ada-soap/messages/"
MARKUP = "<script>alert(1)</script>"


class Server:
    """A mail server that refuses what it is told to, and keeps what it took."""

    def __init__(self, *, refuses: bool = False) -> None:
        self.refuses = refuses
        self.taken: list[OutgoingEmail] = []

    def send(self, mail: OutgoingEmail) -> Handed:
        if self.refuses:
            raise ChannelRejected("550 no such user")
        self.taken.append(mail)
        return Handed()


def read(client: Client, address: str) -> str:
    page = client.get(address)
    assert page.status_code == 200, address
    return page.content.decode()


def ids(wanted: WantedMessages) -> list[int]:
    return [row.id for row in list_all(wanted, Place()).rows]


def make_failed(**fields: object) -> Message:
    """Queue a message that the mail server refuses for good."""
    message = queue_message(make_recipient(**fields), make_template())
    send_batch(lane_over(Server(refuses=True)))
    return Message.objects.get(pk=message.pk)


@pytest.fixture
def sender(tenant: Tenant) -> None:
    ensure_default_sender()


def test_an_empty_tenant_is_told_what_comes_next(tenant: Tenant) -> None:
    assert "No messages yet" in read(sign_in(tenant), LIST)


def test_each_outcome_is_counted_and_found(tenant: Tenant, sender: None) -> None:
    now = clock.now()
    template = make_template()
    people = [make_recipient() for _ in range(4)]
    sent, opened, clicked, waiting = (queue_message(person, template) for person in people)
    skipped = queue_message(make_recipient(email_consent="never"), template)
    Message.objects.filter(pk=waiting.pk).update(due_at=now + timedelta(days=1))
    send_batch(lane_over(Server()))
    Message.objects.filter(pk__in=[opened.pk, clicked.pk]).update(opened_at=now)
    Message.objects.filter(pk=clicked.pk).update(clicked_at=now)
    assert count_views(WantedMessages()) == {
        "": 5,
        "sent": 3,
        "opened": 2,
        "clicked": 1,
        "waiting": 1,
        "skipped": 1,
        "failed": 0,
        "unknown": 0,
    }
    assert ids(WantedMessages(view="sent")) == [clicked.pk, opened.pk, sent.pk]
    assert ids(WantedMessages(view="clicked")) == [clicked.pk]
    assert ids(WantedMessages(reason=SkipReason.NO_CONSENT)) == [skipped.pk]
    text = read(sign_in(tenant), f"{LIST}?status=skipped&reason=no_consent&period=7")
    assert "No marketing consent on this channel" in text


def test_filters_are_combined_and_nonsense_is_left_out(tenant: Tenant) -> None:
    first, second = make_template("a"), make_template("b")
    one = queue_message(make_recipient(name_norm="ada byron"), first, flow_id=7)
    two = queue_message(make_recipient(), second)
    assert ids(WantedMessages(flow_id=7)) == [one.pk]
    assert ids(WantedMessages(template_id=second.pk)) == [two.pk]
    assert ids(WantedMessages(search="BYRON")) == [one.pk]
    assert ids(WantedMessages(message_class="safety")) == []
    today = clock.now().date()
    assert ids(WantedMessages(first_day=today - timedelta(days=1))) == [two.pk, one.pk]
    assert ids(WantedMessages(last_day=today - timedelta(days=2))) == []
    query = "status=x&reason=x&flow=x&template=-1&class=x&from=x&after=x&q=%00"
    assert f"{LIST}{one.pk}/" in read(sign_in(tenant), f"{LIST}?{query}")


def test_pages_follow_each_other_in_both_directions(tenant: Tenant) -> None:
    template = make_template()
    made = [queue_message(make_recipient(), template).pk for _ in range(3)]
    first = list_all(WantedMessages(), Place(limit=2))
    second = list_all(WantedMessages(), Place(after=first.next or "", limit=2))
    assert [row.id for row in (*first.rows, *second.rows)] == made[::-1]
    assert list_all(WantedMessages(), Place(before=second.previous or "", limit=2)) == first


def test_every_reason_is_judged() -> None:
    words = {*SkipReason, *FailReason}
    assert set(JUDGEMENTS) == words
    assert {judged.tone for judged in JUDGEMENTS.values()} == {"good", "warn", "bad"}


def test_the_page_tells_every_gate_in_its_order(tenant: Tenant, sender: None) -> None:
    message = queue_message(make_recipient(email_consent="never"), make_template())
    send_batch(lane_over(Server()))
    text = read(sign_in(tenant), f"{LIST}{message.pk}/")
    assert "Healthy: a rule did its work" in text
    places = [
        text.index(words)
        for words in (
            "There is a valid address",
            "The address is not suppressed",
            "There is consent on this channel",
            "Nothing promotional was sent a short while ago: not asked any more",
            "The template could be rendered: not asked any more",
        )
    ]
    assert places == sorted(places)


def test_touches_are_told_with_what_machines_did(tenant: Tenant, sender: None) -> None:
    message = queue_message(make_recipient(), make_template())
    send_batch(lane_over(Server()))
    now = clock.now()
    for kind, fields in (
        ("opened", {"is_mpp": True}),
        ("clicked", {"is_bot": True, "url": f"https://shop.example/{MARKUP}"}),
        ("clicked", {"url": "https://shop.example/new"}),
    ):
        Touch.objects.create(
            message=message, profile_id=message.profile_id, kind=kind, at=now, **fields
        )
    text = read(sign_in(tenant), f"{LIST}{message.pk}/")
    assert "Apple Mail Privacy Protection" in text
    assert "A machine" in text
    assert "https://shop.example/new" in text
    assert MARKUP not in text


def test_the_mail_reads_under_a_policy_of_its_own_and_leads_nowhere(
    tenant: Tenant, sender: None
) -> None:
    message = queue_message(make_recipient(first_name="Ada"), make_template())
    client = sign_in(tenant)
    page = client.get(f"{LIST}{message.pk}/body/")
    body = page.content.decode()
    assert "Hello Ada" in body
    assert "href='#'" in body or 'href="#"' in body
    assert "/u/" not in body
    assert "sandbox" in page.headers["Content-Security-Policy"]
    assert "script-src" not in page.headers["Content-Security-Policy"]
    assert page.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert client.get(f"{LIST}404/body/").status_code == 404


def test_a_mail_that_cannot_be_rendered_says_why(tenant: Tenant) -> None:
    order = "{{ order.number }}<a href='{{ unsubscribe_url }}'>x</a>"
    message = queue_message(make_recipient(), make_template(body=order))
    client = sign_in(tenant)
    assert "cannot be rendered for this person today" in read(client, f"{LIST}{message.pk}/")
    assert "cannot be rendered" in read(client, f"{LIST}{message.pk}/body/")


def test_nothing_is_rendered_of_somebody_who_was_erased(tenant: Tenant) -> None:
    message = queue_message(make_recipient(erased_at=clock.now()), make_template())
    assert render_again(message.pk) is None
    assert "The person was erased" in read(sign_in(tenant), f"{LIST}{message.pk}/")


def test_a_failed_message_is_sent_once_more_and_only_once(tenant: Tenant, sender: None) -> None:
    failed = make_failed()
    assert failed.status == MessageStatus.FAILED
    client = sign_in(tenant, Role.MARKETER)
    assert "Send once more" in read(client, f"{LIST}{failed.pk}/")
    client.post(f"{LIST}{failed.pk}/retry/")
    client.post(f"{LIST}{failed.pk}/retry/")
    assert AuditEntry.objects.filter(action="message.retried").count() == 1
    server = Server()
    send_batch(lane_over(server))
    send_batch(lane_over(server))
    [mail] = server.taken
    assert mail.message_id == failed.message_id
    again = Message.objects.get(pk=failed.pk)
    assert (again.status, again.key, again.attempts) == (MessageStatus.SENT, failed.key, 1)
    assert find_differences() == []
    with pytest.raises(Conflict):
        retry_failed(failed.pk, actor="ada@example.com")


def test_a_retry_asks_every_gate_again(tenant: Tenant, sender: None) -> None:
    failed = make_failed()
    type(failed.profile).objects.update(email_consent="unsubscribed")
    retry_failed(failed.pk, actor="ada@example.com")
    server = Server()
    send_batch(lane_over(server))
    assert server.taken == []
    again = Message.objects.get(pk=failed.pk)
    assert (again.status, again.reason) == (MessageStatus.SKIPPED, SkipReason.NO_CONSENT)


@pytest.mark.parametrize("status", ["pending", "sending", "sent", "skipped", "unknown"])
def test_what_has_not_failed_for_certain_is_not_sent_again(tenant: Tenant, status: str) -> None:
    message = queue_message(make_recipient(), make_template())
    Message.objects.filter(pk=message.pk).update(status=status)
    with pytest.raises(Conflict):
        retry_failed(message.pk, actor="ada@example.com")
    assert Message.objects.get(pk=message.pk).status == status
    assert not AuditEntry.objects.filter(action="message.retried").exists()
    assert "Send once more" not in read(sign_in(tenant), f"{LIST}{message.pk}/")


def test_who_may_not_change_flows_cannot_retry(tenant: Tenant, sender: None) -> None:
    failed = make_failed()
    client = sign_in(tenant, Role.ANALYST)
    assert "Send once more" not in read(client, f"{LIST}{failed.pk}/")
    assert client.post(f"{LIST}{failed.pk}/retry/").status_code == 403
    with pytest.raises(NotFound):
        retry_failed(404, actor="ada@example.com")


@pytest.mark.django_db(transaction=True)
def test_ten_people_who_retry_at_once_send_one_mail(tenant: Tenant) -> None:
    with transaction.atomic():
        ensure_default_sender()
        message = queue_message(make_recipient(), make_template())
    send_batch(lane_over(Server(refuses=True)))

    def retry(_: int) -> bool:
        try:
            with tenant_scope(tenant.pk):
                retry_failed(message.pk, actor="ada@example.com")
        except Conflict:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(10) as pool:
        assert sum(pool.map(retry, range(10))) == 1
    server = Server()
    while send_batch(lane_over(server)):
        pass
    assert len(server.taken) == 1


def test_markup_in_any_field_stays_text(tenant: Tenant) -> None:
    person = make_recipient(first_name=MARKUP)
    message = queue_message(person, make_template(key=MARKUP))
    Message.objects.update(subject=MARKUP, detail=MARKUP)
    client = sign_in(tenant)
    assert MARKUP not in read(client, LIST)
    assert MARKUP not in read(client, f"{LIST}{message.pk}/")
