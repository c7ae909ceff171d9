"""Why a message is not sent: each gate, the order of all, and what is kept of them."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine

from crm.choices import ConsentState, SuppressionReason, SuppressionScope
from crm.models import Event, Suppression
from crm.services.addresses import address_hash
from kernel import clock
from kernel.batches import Deadline
from messaging import gates
from messaging.choices import MessageClass, SkipReason
from messaging.models import Message, Sender, Template
from messaging.services.previewing import look_again
from messaging.services.queueing import queue_messages
from messaging.services.sending import send_due
from messaging.types import PendingMessage, Verdict
from tenants.models import Tenant
from tests.factories.messaging import make_recipient, make_template, new_message, queue_message
from tests.messaging.conftest import NOON
from tests.support.smtp import SmtpServer

ORDER = [
    "exit_condition",
    "flow_filter",
    "discount",
    "profile",
    "store",
    "address",
    "suppression",
    "consent",
    "preferences",
    "sunset",
    "unhappy",
    "review",
    "budget",
    "smart_sending",
    "frequency",
    "quiet_hours",
    "stock",
    "lateness",
    "sender",
    "sender_dns",
    "channel",
]


def drain() -> int:
    return send_due(Deadline(seconds=None))


def outcome(message: Message) -> tuple[str, str]:
    drain()
    message.refresh_from_db()
    return message.status, message.reason


def test_the_gates_are_asked_in_the_one_order() -> None:
    assert list(gates.GATE_ORDER) == ORDER


def test_a_sent_message_keeps_what_every_gate_said(shop: Tenant, smtp: SmtpServer) -> None:
    message = queue_message(make_recipient(), make_template())

    assert outcome(message) == ("sent", "")

    assert message.gates is not None
    assert [gate["gate"] for gate in message.gates] == [
        *ORDER[3:],
        "render",
    ]
    assert {gate["passed"] for gate in message.gates} == {True}


def test_the_first_gate_that_stops_is_the_last_one_asked(shop: Tenant, smtp: SmtpServer) -> None:
    message = queue_message(make_recipient(email=""), make_template())

    assert outcome(message) == ("skipped", "address_missing")

    assert message.gates == [
        {"gate": "profile", "passed": True, "detail": ""},
        {"gate": "store", "passed": True, "detail": ""},
        {"gate": "address", "passed": False, "detail": ""},
    ]
    assert message.detail == "No address on this channel"
    assert smtp.raw == []
    assert not Event.objects.filter(name="Message Sent").exists()


@pytest.mark.parametrize(
    "email",
    ["ada@", "@example.com", "a b@example.com", "ada@example", "ada..b@example.com",
     "ada@exa mple.com", "ada@-x.com", "zoë@example.com", "a@example.com\r\nRCPT TO:<b@c.de>"],
)  # fmt: skip
def test_an_address_no_server_takes_is_not_tried(
    shop: Tenant, smtp: SmtpServer, email: str
) -> None:
    message = queue_message(make_recipient(email=email), make_template())

    assert outcome(message) == ("skipped", "address_invalid")
    assert smtp.raw == []


def test_a_domain_beyond_ascii_is_written_as_servers_know_it(
    shop: Tenant, smtp: SmtpServer
) -> None:
    queue_message(make_recipient(email="ada@bücher.example"), make_template())

    drain()

    assert smtp.received == {"ada@xn--bcher-kva.example": 1}


def test_an_erased_profile_gets_nothing(shop: Tenant, smtp: SmtpServer) -> None:
    message = queue_message(
        make_recipient(email="", erased_at=NOON), make_template("r", MessageClass.TRANSACTIONAL)
    )

    assert outcome(message) == ("skipped", "profile_erased")


def test_a_message_to_a_merged_profile_goes_to_the_winner(shop: Tenant, smtp: SmtpServer) -> None:
    winner = make_recipient(first_name="Winner")
    loser = make_recipient(merged_into=winner, email="")

    assert outcome(queue_message(loser, make_template())) == ("sent", "")

    assert smtp.received == {winner.email: 1}
    assert smtp.mails[0]["Subject"] == "Hello Winner"


@pytest.mark.parametrize(
    ("scope", "until", "message_class", "expected"),
    [
        ("all", None, "promotional", "skipped"),
        ("all", None, "transactional", "skipped"),
        ("promotional", None, "behavioural", "skipped"),
        ("promotional", None, "transactional", "sent"),
        ("all", NOON - timedelta(days=1), "promotional", "sent"),
        ("all", NOON + timedelta(days=1), "promotional", "skipped"),
    ],
)
def test_a_suppression_stops_what_it_covers(
    shop: Tenant,
    smtp: SmtpServer,
    scope: SuppressionScope,
    until: datetime | None,
    message_class: MessageClass,
    expected: str,
) -> None:
    person = make_recipient()
    Suppression.objects.create(
        channel="email",
        address_hash=address_hash("email", person.email),
        reason=SuppressionReason.SPAM_COMPLAINT,
        scope=scope,
        until=until,
    )
    message = queue_message(person, make_template("note", message_class))

    assert outcome(message)[0] == expected

    if expected == "skipped":
        assert (message.reason, message.detail) == ("suppressed", "spam_complaint")
        assert smtp.raw == []


@pytest.mark.parametrize("state", [state for state in ConsentState if state != "subscribed"])
@pytest.mark.parametrize("message_class", ["promotional", "behavioural"])
def test_without_consent_no_marketing_leaves(
    shop: Tenant, smtp: SmtpServer, state: ConsentState, message_class: MessageClass
) -> None:
    message = queue_message(
        make_recipient(email_consent=state), make_template("note", message_class)
    )

    assert outcome(message) == ("skipped", "no_consent")
    assert smtp.raw == []


def test_a_transactional_message_needs_no_consent(shop: Tenant, smtp: SmtpServer) -> None:
    message = queue_message(
        make_recipient(email_consent=ConsentState.UNSUBSCRIBED),
        make_template("r", MessageClass.TRANSACTIONAL),
    )

    assert outcome(message) == ("sent", "")


@pytest.mark.parametrize(("hours", "expected"), [(15, "skipped"), (16, "sent")])
def test_smart_sending_leaves_sixteen_hours_between_promotions(
    shop: Tenant,
    smtp: SmtpServer,
    noon: time_machine.Traveller,
    hours: int,
    expected: str,
) -> None:
    person, template = make_recipient(), make_template()
    queue_message(person, template)
    drain()
    noon.shift(timedelta(hours=hours))

    message = queue_message(person, template)

    assert outcome(message)[0] == expected
    if expected == "skipped":
        assert message.reason == "smart_sending"


def test_of_two_promotions_due_together_one_leaves(shop: Tenant, smtp: SmtpServer) -> None:
    person, template = make_recipient(), make_template()
    queue_messages([new_message(person, template) for _ in range(3)])

    drain()

    reasons = list(Message.objects.order_by("pk").values_list("status", "reason"))
    assert reasons == [("sent", ""), ("skipped", "smart_sending"), ("skipped", "smart_sending")]
    assert smtp.received == {person.email: 1}


def test_a_promotion_follows_one_that_did_not_leave(shop: Tenant, smtp: SmtpServer) -> None:
    person, template = make_recipient(), make_template()
    smtp.answers[person.email] = "550 no"
    queue_message(person, template)
    drain()
    smtp.answers.clear()

    assert outcome(queue_message(person, template)) == ("sent", "")


def test_smart_sending_does_not_count_confirmations_and_can_be_left_out(
    shop: Tenant, smtp: SmtpServer
) -> None:
    person, promotion = make_recipient(), make_template()
    confirmation = make_template("r", MessageClass.TRANSACTIONAL)
    assert outcome(queue_message(person, confirmation)) == ("sent", "")
    assert outcome(queue_message(person, promotion)) == ("sent", "")
    assert outcome(queue_message(person, confirmation)) == ("sent", "")

    last = queue_message(person, promotion, context={"smart_sending": False})

    assert outcome(last) == ("sent", "")


@pytest.mark.parametrize(
    ("message_class", "context", "hours", "expected"),
    [
        ("promotional", {}, 24, "sent"),
        ("promotional", {}, 25, "skipped"),
        ("promotional", {"max_lateness_minutes": 60}, 2, "skipped"),
        ("promotional", {"max_lateness_minutes": 6000}, 99, "sent"),
        ("transactional", {}, 999, "sent"),
        ("transactional", {"max_lateness_minutes": 60}, 2, "skipped"),
    ],
)
def test_what_is_too_late_is_not_sent(
    shop: Tenant,
    smtp: SmtpServer,
    message_class: MessageClass,
    context: dict[str, Any],
    hours: int,
    expected: str,
) -> None:
    template = make_template("note", message_class)
    due_at = clock.now() - timedelta(hours=hours)
    message = queue_message(make_recipient(), template, context=context, due_at=due_at)

    status, reason = outcome(message)

    assert (status, reason) == (expected, "too_late" if expected == "skipped" else "")


def test_without_a_sender_nothing_leaves(shop: Tenant, smtp: SmtpServer) -> None:
    Sender.objects.all().delete()

    message = queue_message(make_recipient(), make_template())

    assert outcome(message) == ("skipped", "sender_missing")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("{{ person.shoe_size }}", "person.shoe_size is undefined"),
        ("{{ order.number }}", "'order' is undefined"),
        ("{{ person.first_name | money: 'GBP' }}", "a value does not fit"),
    ],
)
def test_a_template_that_cannot_be_rendered_skips_that_message_alone(
    shop: Tenant, smtp: SmtpServer, body: str, words: str
) -> None:
    transactional = MessageClass.TRANSACTIONAL
    broken = queue_message(make_recipient(), make_template("broken", transactional, body))
    fine = queue_message(make_recipient(), make_template("fine", transactional))

    assert outcome(broken) == ("skipped", "render_error")
    assert outcome(fine) == ("sent", "")

    assert words in broken.detail
    assert broken.gates is not None
    assert broken.gates[-1] == {"gate": "render", "passed": False, "detail": broken.detail}


def test_whom_the_shop_has_no_name_of_gets_what_must_arrive_and_no_promotion(
    shop: Tenant, smtp: SmtpServer
) -> None:
    nameless = make_recipient(first_name="")
    order = queue_message(nameless, make_template("order", MessageClass.TRANSACTIONAL))
    sale = queue_message(nameless, make_template("sale", MessageClass.PROMOTIONAL))

    assert outcome(sale) == ("skipped", "render_error")
    assert outcome(order) == ("sent", "")
    assert (sale.detail, order.subject) == ("person.first_name is empty", "Hello")


def test_a_template_that_no_longer_compiles_holds_up_no_other_mail(
    shop: Tenant, smtp: SmtpServer
) -> None:
    transactional = MessageClass.TRANSACTIONAL
    old = make_template("old", transactional)
    Template.objects.filter(pk=old.pk).update(subject="{{ person.first_name | shout }}")
    broken = queue_message(make_recipient(), old)
    fine = queue_message(make_recipient(), make_template("fine", transactional))

    assert outcome(broken) == ("skipped", "render_error")
    assert outcome(fine) == ("sent", "")

    assert broken.detail == "subject: unknown filter shout"
    assert look_again(broken.pk)[:2] == (
        None,
        "The template of today cannot be read: subject: unknown filter shout",
    )


def test_a_gate_of_another_app_stops_with_its_reason(
    shop: Tenant, smtp: SmtpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ask(messages: Sequence[PendingMessage], now: datetime) -> Mapping[int, Verdict]:
        return {message.id: Verdict(passed=False, detail="Order Placed") for message in messages}

    monkeypatch.setitem(gates._filled, "exit_condition", ask)
    message = queue_message(make_recipient(), make_template())

    assert outcome(message) == ("skipped", "exit_condition")

    assert message.gates == [{"gate": "exit_condition", "passed": False, "detail": "Order Placed"}]


def test_a_gate_that_breaks_on_one_message_does_not_stop_the_others(
    shop: Tenant, smtp: SmtpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    template = make_template()
    messages = [queue_message(make_recipient(), template) for _ in range(5)]

    def ask(asked: Sequence[PendingMessage], now: datetime) -> Mapping[int, Verdict]:
        if messages[2].pk in {message.id for message in asked}:
            raise RuntimeError("poison")
        return {}

    monkeypatch.setitem(gates._filled, "flow_filter", ask)
    drain()

    found = list(Message.objects.order_by("pk").values_list("status", "reason"))
    assert found[2] == ("failed", "gate_error")
    assert found[:2] + found[3:] == [("sent", "")] * 4


def test_a_gate_nobody_knows_is_refused() -> None:
    with pytest.raises(KeyError, match="no gate is named 'weather'"):
        gates.fill_gate("weather", lambda messages, now: {})


def test_every_gate_gives_a_reason_people_can_read() -> None:
    assert {reason.label for reason in gates.GATE_ORDER.values()} <= set(SkipReason.labels)
