"""Bad input and faults on the way out: what becomes of each, and where the merchant reads it.

What several threads or killed processes are needed for stands in `test_kill`, `test_sets` and
`test_provider_story`; here each has the page on which it is seen.
"""

from datetime import timedelta

import pytest
import time_machine
from django.db import transaction

from crm.models import Profile
from kernel.batches import Deadline
from messaging.models import ChannelAccount, Message, Template, Touch
from messaging.services.sending import send_due
from tenants.models import Tenant
from tests.factories.messaging import make_recipient, make_template, queue_message
from tests.factories.phones import make_phone_account, make_text_template
from tests.factories.tenants import sign_in
from tests.support.lanes import claim_batch
from tests.support.smtp import SmtpServer
from tests.support.told import NOON, apply, sent_message, tell

pytestmark = pytest.mark.covers("M9")


def send(person: Profile, template: Template) -> Message:
    message = queue_message(person, template)
    send_due(Deadline(seconds=None))
    message.refresh_from_db()
    return message


def page_of(shop: Tenant, message: Message) -> str:
    return sign_in(shop).get(f"/t/{shop.slug}/messages/{message.pk}/").text


def list_of(shop: Tenant, **asked: str) -> str:
    return sign_in(shop).get(f"/t/{shop.slug}/messages/", asked).text


def test_what_a_server_takes_and_drops_is_sent_and_never_called_delivered(
    shop: Tenant, smtp: SmtpServer
) -> None:
    message = send(make_recipient(), make_template())
    smtp.raw.clear()  # nobody ever hears of it
    assert (message.status, message.outcome, message.delivered_at) == ("sent", "sent", None)
    page = page_of(shop, message)
    assert "Handed to the mail server" in page
    assert "Delivered" not in page


@pytest.mark.parametrize(
    ("answer", "status", "words"),
    [
        ("421 4.7.0 Too many messages", "pending", "Too many messages"),
        ("451 4.3.0 Try again later", "pending", "Try again later"),
        ("550 5.1.1 No such user", "failed", "No such user"),
        ("554 5.6.0 Message is too large", "failed", "Message is too large"),
    ],
)
def test_a_no_of_the_server_stands_on_the_page_in_its_own_words(
    shop: Tenant, smtp: SmtpServer, answer: str, status: str, words: str
) -> None:
    smtp.data_answer = answer
    message = send(make_recipient(), make_template())
    assert message.status == status
    assert smtp.raw == []
    if not answer.startswith("421"):  # that one is about the connection, and costs no try
        assert words in message.detail
        assert words in page_of(shop, message)


def test_an_answer_that_is_lost_after_the_mail_was_taken_is_an_unknown_outcome(
    shop: Tenant, smtp: SmtpServer
) -> None:
    smtp.is_deaf_after_data = True
    message = send(make_recipient(), make_template())
    assert (message.status, len(smtp.raw)) == ("unknown", 1)
    smtp.is_deaf_after_data = False
    send_due(Deadline(seconds=None))
    assert len(smtp.raw) == 1  # a promotion is never sent again
    assert "Handed over, but nobody knows whether it was taken" in page_of(shop, message)


def test_what_is_told_before_the_message_is_known_waits_and_then_counts_once(
    shop: Tenant, noon: time_machine.Traveller
) -> None:
    account = ChannelAccount.objects.get()
    message = sent_message(account, status="sending", sent_at=None)
    tell(account, "delivered", message, key="told")
    apply()
    page = sign_in(shop).get(f"/t/{shop.slug}/messages/callbacks/?status=pending").text
    assert "Its message is being handed over" in page

    Message.objects.filter(pk=message.pk).update(status="sent", sent_at=NOON)
    noon.move_to(NOON + timedelta(minutes=1))
    assert apply() == 1
    message.refresh_from_db()
    assert message.outcome == "delivered"
    assert Touch.objects.filter(kind="delivered").count() == 1


def test_a_callback_for_a_message_of_nobody_is_shown_with_the_reason(
    shop: Tenant, smtp: SmtpServer
) -> None:
    account = ChannelAccount.objects.get()
    tell(account, "delivered", None, provider_id="of-somebody-else")
    apply()
    page = sign_in(shop).get(f"/t/{shop.slug}/messages/callbacks/?status=pending").text
    assert "No message of yours goes by this id" in page


@pytest.fixture
def phone(shop: Tenant) -> None:
    with transaction.atomic():
        make_phone_account("sms", "twilio", {"account_sid": "AC1", "auth_token": "t"})


def test_a_landline_gets_no_sms_and_the_page_says_why(shop: Tenant, phone: None) -> None:
    person = make_recipient(phone="+442079460958", sms_consent="subscribed")
    message = queue_message(person, make_text_template("Hello"), channel="sms")
    claim_batch("sms", size=10, now=NOON)
    message.refresh_from_db()
    assert (message.status, message.reason) == ("skipped", "address_invalid")
    page = page_of(shop, message)
    assert "a landline takes no SMS" in page
    assert "Worth a look" in page


@pytest.mark.parametrize("address", ["zoe,lee@example.com", "zoe@example,com", "zoe lee@x.example"])
def test_an_address_with_a_comma_is_stopped_and_named(
    shop: Tenant, smtp: SmtpServer, address: str
) -> None:
    message = send(make_recipient(email=address), make_template())
    assert (message.status, message.reason, message.detail) == (
        "skipped",
        "address_invalid",
        address,
    )
    assert smtp.raw == []
    assert address in page_of(shop, message)


def test_a_template_that_loops_for_ever_stops_its_own_message_alone(
    shop: Tenant, smtp: SmtpServer
) -> None:
    good, endless = make_template("good"), make_template("endless")
    body = "{% for a in (1..9999) %}{% for b in (1..9999) %}x{% endfor %}{% endfor %}"
    Template.objects.filter(pk=endless.pk).update(html=body)
    endless.refresh_from_db()
    stopped = queue_message(make_recipient(), endless)
    sent = send(make_recipient(), good)
    stopped.refresh_from_db()
    assert (stopped.status, stopped.reason, sent.status) == ("skipped", "render_error", "sent")
    page = page_of(shop, stopped)
    assert "The template could not be rendered" in page
    assert "Harmful" in page


def test_emoji_and_names_from_right_to_left_arrive_as_they_were_written(
    shop: Tenant, smtp: SmtpServer
) -> None:
    person = make_recipient(first_name="נועה", last_name="לוי 🧼")
    template = make_template(subject="🎁 {{ person.first_name }}, 50% off", text="שלום")
    message = send(person, template)
    [mail] = smtp.mails
    assert mail["Subject"] == "🎁 נועה, 50% off"
    assert mail["To"].addresses[0].display_name == "נועה לוי 🧼"
    assert message.subject == "🎁 נועה, 50% off"
    listed = list_of(shop)
    assert "<bdi>נועה לוי 🧼</bdi>" in listed
    assert "🎁 נועה, 50% off" in listed


@pytest.mark.parametrize("name", ["Zoe\r\nBcc: thief@evil.example", "\u202eevil", "=?utf-8?q?x?="])
def test_a_name_starts_no_header_of_its_own(shop: Tenant, smtp: SmtpServer, name: str) -> None:
    send(make_recipient(first_name=name), make_template(subject="Hello {{ person.first_name }}"))
    [mail] = smtp.mails
    assert mail["Bcc"] is None
    assert smtp.recipients == [mail["To"].addresses[0].addr_spec]


def test_a_worker_that_died_leaves_what_nobody_knows_on_the_list(
    shop: Tenant, smtp: SmtpServer
) -> None:
    message = queue_message(make_recipient(), make_template())
    claim_batch("email", size=10, now=NOON)
    past = NOON - timedelta(minutes=5)
    Message.objects.filter(pk=message.pk).update(due_at=past, claimed_at=past)
    send_due(Deadline(seconds=None))
    message.refresh_from_db()
    assert (message.status, message.reason, smtp.raw) == ("unknown", "outcome_unknown", [])
    assert "Outcome unknown" in list_of(shop, status="unknown")
