"""What keeps a message back: worries of the person, their night, and an empty shelf."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from crm.models import (
    Order,
    Product,
    Profile,
    Return,
    Review,
    Shipment,
    Ticket,
    Variant,
)
from messaging.domain.limits import (
    Guard,
    QuietSettings,
    Unhappy,
)
from messaging.models import Message, Template
from messaging.queries.sending import find_recipients
from messaging.services.gates.quiet_hours import quiet_hours_gate
from messaging.services.gates.unhappy import find_pause
from messaging.types import PendingMessage
from tenants.models import Tenant
from tests.factories.crm import make_store
from tests.factories.messaging import make_recipient, make_template
from tests.factories.samples import make_order
from tests.messaging.conftest import NOON
from tests.support.lanes import claim_batch
from tests.support.limits import DAY, HOUR, ask, numbers, queue, said, send, set_limits

# people with other worries


def make_ticket(person: Profile, order: Order) -> Any:
    return Ticket.objects.create(
        **told(person, order), subject="Where is it?", opened_at=NOON - 2 * DAY
    )


def make_return(person: Profile, order: Order) -> Any:
    return Return.objects.create(**told(person, order), number="R1", requested_at=NOON - 2 * DAY)


def make_review(person: Profile, order: Order) -> Any:
    return Review.objects.create(
        **told(person, order), title="Broken", rating=1, reviewed_at=NOON - 2 * DAY
    )


def make_parcel(person: Profile, order: Order) -> Any:
    values = told(person, order)
    del values["profile"]
    return Shipment.objects.create(**values, delayed_at=NOON - 2 * DAY, state="shipped")


def told(person: Profile, order: Order) -> dict[str, Any]:
    values = {"store": order.store, "external_id": str(next(numbers)), "source_version_at": NOON}
    return {**values, "profile": person, "order": order}


SETTLED: dict[type[Any], dict[str, Any]] = {
    Ticket: {"status": "resolved"},
    Return: {"status": "completed"},
    Review: {"answered_at": NOON},
    Shipment: {"delivered_at": NOON},
}
TROUBLES = [
    ("ticket", make_ticket, "an open ticket (“Where is it?”)"),
    ("return", make_return, "a refund that is not settled (“R1”)"),
    ("review", make_review, "a bad review without an answer (“Broken”)"),
    ("parcel", make_parcel, "a parcel that is late (“#7”)"),
]
Make = Callable[[Profile, Order], Any]


@pytest.mark.covers("X5", "C8", "S12")
@pytest.mark.parametrize(("kind", "make", "words"), TROUBLES)
def test_promotions_rest_while_something_is_open_and_go_on_by_themselves(
    people: Tenant, kind: str, make: Make, words: str
) -> None:
    person, template = make_recipient(), make_template()
    trouble = make(person, make_order(make_store(), person, number="#7"))

    held = send(person, template)

    assert (held.status, held.reason) == ("pending", "unhappy")
    assert held.detail == f"{words}, since 30 May 2026, 13:00"
    assert held.due_at == NOON + timedelta(minutes=30)
    assert find_pause(person.pk) == held.detail
    type(trouble).objects.filter(pk=trouble.pk).update(**SETTLED[type(trouble)])
    assert ask(held).status == "sending"
    assert (said(held, "unhappy"), find_pause(person.pk)) == ("nothing is open", "")


@pytest.mark.covers("X5", "C8")
def test_only_promotions_rest_and_they_end_when_their_moment_has_passed(people: Tenant) -> None:
    person = make_recipient()
    make_ticket(person, make_order(make_store(), person))
    assert send(person, make_template("r", "transactional")).status == "sending"
    cart = send(person, make_template("cart", "behavioural"))
    assert cart.status == "sending"
    Message.objects.update(status="sent", sent_at=NOON - DAY)

    held = send(person, make_template())
    assert ask(held, NOON + 23 * HOUR + timedelta(minutes=50)).due_at == NOON + DAY
    assert (ask(held).status, held.reason) == ("skipped", "unhappy")
    assert held.detail.endswith("; its moment has passed")


@pytest.mark.covers("X5")
def test_the_merchant_says_which_worries_count(people: Tenant) -> None:
    person, template = make_recipient(), make_template()
    make_ticket(person, make_order(make_store(), person))
    guards = dict.fromkeys(Unhappy().guards, Guard.SKIP)
    set_limits(unhappy=Unhappy(guards=guards))
    assert (send(person, template).status, find_pause(person.pk) != "") == ("skipped", True)
    set_limits(unhappy=Unhappy(guards={**guards, "ticket": Guard.OFF}))
    assert (send(person, template).status, find_pause(person.pk)) == ("sending", "")
    Message.objects.update(status="skipped")
    set_limits(unhappy=Unhappy(is_on=False, guards=guards))
    assert send(person, template).status == "sending"


# quiet hours


def text(person: Profile, **fields: Any) -> Message:
    """Queue a promotional text of ten in the evening in London, and let the gates be asked."""
    night = NOON + 9 * HOUR
    return send(person, make_template(), channel="sms", due_at=night, **fields)


@pytest.mark.covers("M8")
def test_a_text_at_night_waits_until_the_morning_and_is_asked_again(people: Tenant) -> None:
    person = make_recipient(phone="+447700900123", sms_consent="subscribed")

    held = text(person)

    assert (held.status, held.reason) == ("pending", "quiet_hours")
    assert held.detail == "22:00 in Europe/London; quiet until 2 Jun, 08:00"
    morning = NOON + 19 * HOUR
    assert morning <= held.due_at <= morning + timedelta(minutes=15)
    assert held.planned_at == held.due_at
    Profile.objects.filter(pk=person.pk).update(sms_consent="unsubscribed")
    assert (ask(held).status, held.reason) == ("skipped", "no_consent")


def test_a_message_may_say_that_it_is_worth_nothing_in_the_morning(people: Tenant) -> None:
    person = make_recipient(phone="+447700900123", sms_consent="subscribed")
    skipped = text(person, context={"on_quiet": "skip"})
    assert (skipped.status, skipped.reason) == ("skipped", "quiet_hours")


def test_the_clock_and_the_rule_are_those_of_where_the_person_is(people: Tenant) -> None:
    paris = make_recipient(phone="+33612345678", sms_consent="subscribed")
    assert text(paris).detail == "23:00 in Europe/Paris; quiet until 2 Jun, 08:00"
    tokyo = make_recipient(phone="+447700900123", timezone="Asia/Tokyo", sms_consent="subscribed")
    assert text(tokyo).detail == "06:00 in Asia/Tokyo; quiet until 2 Jun, 08:00"


@pytest.mark.parametrize(
    ("channel", "message_class", "quiet", "is_held"),
    [
        ("email", "promotional", QuietSettings(), False),
        ("email", "promotional", QuietSettings(has_email=True), True),
        ("push", "behavioural", QuietSettings(), True),
        ("sms", "transactional", QuietSettings(), False),
        ("sms", "transactional", QuietSettings(spares_orders=False), True),
        ("sms", "safety", QuietSettings(spares_orders=False), False),
        ("sms", "promotional", QuietSettings(is_on=False), False),
    ],
)
def test_who_is_spared_and_who_is_not(
    people: Tenant, channel: str, message_class: str, quiet: QuietSettings, is_held: bool
) -> None:
    set_limits(quiet=quiet)
    person = make_recipient(phone="+447700900123")
    message = pending(person, channel=channel, message_class=message_class)
    verdict = quiet_hours_gate([message], NOON + 9 * HOUR).get(message.id)
    assert (verdict is not None and not verdict.passed) == is_held


def pending(person: Profile, **fields: Any) -> PendingMessage:
    values = {
        "id": 1, "key": "k", "profile": find_recipients({person.pk})[person.pk],
        "template_id": 1, "flow_id": None, "flow_run_id": None, "node_id": "", "context": {},
        "planned_at": NOON, "message_id": "", "attempts": 0, "is_resend": False,
        "claim_id": UUID(int=0), **fields,
    }  # fmt: skip
    return PendingMessage(**values)


# stock


@pytest.fixture
def soap(people: Tenant) -> Variant:
    product = Product.objects.create(
        store=make_store(), external_id="p", title="Soap", stock_state="out", tags=["VIP-exclusive"]
    )
    return Variant.objects.create(
        product=product, store=product.store, external_id="v", sku="S-1", title="Lemon",
        inventory_quantity=0, inventory_policy="deny", is_tracked=True,
    )  # fmt: skip


@pytest.mark.covers("F25")
@pytest.mark.parametrize("name", ["product_ids", "product_id", "variant_ids", "skus"])
def test_what_is_out_of_stock_is_not_promoted(soap: Variant, name: str) -> None:
    named = {"product_ids": [soap.product_id], "product_id": str(soap.product_id)}
    context = {**named, "variant_ids": [soap.pk], "skus": ["S-1"]}
    person = make_recipient()
    skipped = send(person, make_template(), context={name: context[name]})
    assert (skipped.status, skipped.reason) == ("skipped", "out_of_stock")
    assert skipped.detail.endswith(": out of stock")
    receipt = make_template("r", "transactional")
    assert send(person, receipt, context={name: context[name]}).status == "sending"


@pytest.mark.covers("F25")
def test_templates_know_of_few_pieces_a_day_of_return_and_the_best_customers(
    soap: Variant,
) -> None:
    body = (
        "{% if low_stock_left %}{{ low_stock_left }} left{% endif %}"
        "{% if backordered_until %}back {{ backordered_until | day }}{% endif %}"
        "{% if vip_exclusive %} for you{% endif %} <a href='{{ unsubscribe_url }}'>Leave</a>"
    )
    template = make_template("few", body=body)
    context = {"variant_ids": [soap.pk]}
    Variant.objects.update(inventory_quantity=3)
    few = prepared(make_recipient(), template, context)
    assert "3 left for you" in few
    back_on = date(2026, 7, 4)
    Variant.objects.update(inventory_quantity=0, inventory_policy="continue", back_on=back_on)
    assert "back 4 Jul 2026 for you" in prepared(make_recipient(), template, context)
    plain = prepared(make_recipient(), template, {})
    assert "3 left" not in plain
    assert "back 4" not in plain
    assert "for you" not in plain


def prepared(person: Profile, template: Template, context: dict[str, Any]) -> str:
    """Return the HTML of the mail that would leave."""
    queue(person, template, context=context)
    [ready] = claim_batch("email", size=1, now=NOON)
    mail: Any = ready.outgoing
    return str(mail.content.html)
