"""Texts on their way out: links, parts, opt-out words, templates and windows, through stand-ins."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.db import transaction
from django.test import Client

from crm.models import Conversation, Event, Profile, Suppression
from kernel import clock
from kernel.batches import Deadline
from messaging.channels import twilio, whatsapp_meta
from messaging.models import ChannelAccount, Message, ShortLink, Touch
from messaging.services.sending import send_due
from tenants.models import Tenant
from tests.factories.crm import make_store
from tests.factories.messaging import queue_message
from tests.factories.phones import (
    NUMBER,
    OURS,
    make_caller,
    make_phone_account,
    make_text_template,
)
from tests.support import twilio_api, whatsapp_api
from tests.support.phone_api import LOST, serving
from tests.support.twilio_api import TwilioApi
from tests.support.whatsapp_api import WhatsAppApi

pytestmark = pytest.mark.covers("M1", "P4")
BROWSER = {"user-agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Safari/604.1"}
SHOP = "https://ada-soap.example/soap?utm_source=sms"


@pytest.fixture
def sms(
    tenant: Tenant, noon: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> Iterator[TwilioApi]:
    with transaction.atomic():
        make_phone_account("sms", "twilio", twilio_api.CREDENTIALS)
    with serving(TwilioApi()) as api:
        monkeypatch.setattr(twilio, "API", api.url)
        yield api


@pytest.fixture
def whatsapp(
    tenant: Tenant, noon: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> Iterator[WhatsAppApi]:
    with transaction.atomic():
        make_phone_account(
            "whatsapp", "meta", whatsapp_api.CREDENTIALS, options=whatsapp_api.OPTIONS
        )
    with serving(WhatsAppApi(templates={"order_shipped", "sale"})) as api:
        monkeypatch.setattr(whatsapp_meta, "API", api.url)
        yield api


def drain() -> None:
    send_due(Deadline(seconds=None))


def sent_form(api: TwilioApi) -> dict[str, str]:
    return api.asked[-1].form


def test_an_sms_says_how_to_stop_and_its_link_is_short(
    sms: TwilioApi, client: Client, noon: time_machine.Traveller
) -> None:
    ada = make_caller()
    template = make_text_template("Hi {{ person.first_name }}: " + SHOP + ".")
    message = queue_message(ada, template, channel="sms")
    drain()
    link = ShortLink.objects.get()
    form = sent_form(sms)
    assert form["Body"] == f"Hi Ada: {settings.PUBLIC_URL}/l/{link.code}. Reply STOP to end"
    assert (form["To"], form["From"]) == (NUMBER, OURS)
    message.refresh_from_db()
    assert (message.status, message.provider_id, message.parts) == ("sent", sms.taken[0], 1)
    assert (message.address, message.subject) == (NUMBER, f"Hi Ada: {SHOP}.")

    noon.shift(timedelta(minutes=1))
    answer = client.get(f"/l/{link.code}", headers=BROWSER)
    assert (answer.status_code, answer["Location"]) == (302, SHOP)
    touch = Touch.objects.get()
    assert (touch.kind, touch.url, touch.is_bot, touch.profile_id) == (
        "clicked",
        SHOP,
        False,
        ada.pk,
    )
    message.refresh_from_db()
    assert message.clicked_at == clock.now()
    event = Event.objects.get(name="Message Clicked")
    assert (event.properties["channel"], event.properties["url"]) == ("sms", SHOP)


def test_a_link_that_somebody_gave_as_their_name_does_not_become_one_of_ours(
    sms: TwilioApi,
) -> None:
    make_store(url="https://soap.example")
    ada = make_caller(first_name="https://evil.example/x", last_name="https://soap.example/cart/1")
    words = "Hi {{ person.first_name }} {{ person.last_name }} https://ada-soap.example{{ 1 }}"
    queue_message(ada, make_text_template(words), channel="sms")
    drain()
    link = ShortLink.objects.get()
    assert link.url == "https://soap.example/cart/1"
    assert sent_form(sms)["Body"] == (
        f"Hi https://evil.example/x {settings.PUBLIC_URL}/l/{link.code} "
        "https://ada-soap.example1 Reply STOP to end"
    )


def test_a_machine_that_follows_a_short_link_is_flagged(
    sms: TwilioApi, client: Client, noon: time_machine.Traveller
) -> None:
    queue_message(make_caller(), make_text_template(SHOP), channel="sms")
    drain()
    noon.shift(timedelta(minutes=1))
    code = ShortLink.objects.get().code
    assert client.get(f"/l/{code}", headers={"user-agent": "Googlebot"}).status_code == 302
    assert client.head(f"/l/{code}", headers=BROWSER).status_code == 302
    assert list(Touch.objects.values_list("is_bot", flat=True)) == [True, True]
    assert Message.objects.get().clicked_at is None


def test_a_code_that_nobody_gave_out_leads_nowhere(
    sms: TwilioApi, client: Client, other_tenant: Tenant
) -> None:
    queue_message(make_caller(), make_text_template(SHOP), channel="sms")
    drain()
    code = ShortLink.objects.get().code
    for wrong in (code[:-1] + ("a" if code[-1] != "a" else "b"), "x", f"{code}/", "19999999999"):
        assert client.get(f"/l/{wrong}", headers=BROWSER).status_code == 404
    own, foreign = str(code)[1 : 1 + int(code[0])], str(other_tenant.pk)
    if other_tenant.pk < 10:
        moved = f"1{foreign}{code[1 + len(own) :]}"
        assert client.get(f"/l/{moved}", headers=BROWSER).status_code == 404
    assert not Touch.objects.exists()


def test_a_message_that_was_put_off_keeps_its_code(
    sms: TwilioApi, noon: time_machine.Traveller
) -> None:
    sms.fails.append(twilio_api.refusal(400, 14107, "Message rate exceeded"))
    message = queue_message(make_caller(), make_text_template(SHOP), channel="sms")
    drain()
    message.refresh_from_db()
    assert (message.status, message.attempts) == ("pending", 1)
    noon.shift(timedelta(minutes=2))
    drain()
    first, second = (asked.form["Body"] for asked in sms.asked)
    assert first == second
    assert ShortLink.objects.count() == 1


def test_a_limit_of_the_account_costs_no_try(sms: TwilioApi, noon: time_machine.Traveller) -> None:
    sms.fails.append(twilio_api.refusal(429, 20429, "Too Many Requests", **{"Retry-After": "7"}))
    message = queue_message(make_caller(), make_text_template("Hello"), channel="sms")
    drain()
    message.refresh_from_db()
    assert (message.status, message.attempts) == ("pending", 0)
    assert message.due_at == clock.now() + timedelta(seconds=7)
    noon.shift(timedelta(seconds=8))
    drain()
    assert len(sms.taken) == 1


def test_marketing_of_which_nobody_knows_the_outcome_is_not_sent_again(sms: TwilioApi) -> None:
    sms.fails.append(LOST)
    message = queue_message(make_caller(), make_text_template("Hello"), channel="sms")
    drain()
    drain()
    message.refresh_from_db()
    assert message.status == "unknown"
    assert len(sms.taken) == 1


def test_a_transactional_sms_needs_no_consent_and_says_nothing_of_stopping(
    sms: TwilioApi,
) -> None:
    template = make_text_template("Order ready", message_class="transactional")
    queue_message(make_caller(sms_consent="unsubscribed"), template, channel="sms")
    drain()
    assert sent_form(sms)["Body"] == "Order ready"


@pytest.mark.parametrize(
    ("options", "locale", "ending"),
    [
        ({}, "fr-FR", " Répondez STOP pour finir"),
        ({"opt_out": "Txt STOP 2 end"}, "fr-FR", " Txt STOP 2 end"),
        ({"opt_out": "none"}, "", ""),
    ],
)
def test_the_words_about_stopping_are_the_accounts_or_the_persons(
    sms: TwilioApi, options: dict[str, str], locale: str, ending: str
) -> None:
    ChannelAccount.objects.update(options={"senders": OURS, **options})
    queue_message(make_caller(locale=locale), make_text_template("Sale"), channel="sms")
    drain()
    assert sent_form(sms)["Body"] == f"Sale{ending}"


def test_a_text_that_tells_how_to_stop_is_left_as_it_is(sms: TwilioApi) -> None:
    queue_message(make_caller(), make_text_template("Sale. STOP ends this"), channel="sms")
    drain()
    assert sent_form(sms)["Body"] == "Sale. STOP ends this"


def test_the_sender_is_that_of_the_recipients_country(sms: TwilioApi) -> None:
    ChannelAccount.objects.update(options={"senders": f"{OURS}, DE=Soap Shop"})
    queue_message(make_caller("+4915123456789"), make_text_template("Sale"), channel="sms")
    drain()
    assert sent_form(sms)["From"] == "Soap Shop"


def test_a_text_of_more_than_ten_parts_is_a_mistake_of_its_template(sms: TwilioApi) -> None:
    message = queue_message(make_caller(), make_text_template("x" * 1_600), channel="sms")
    drain()
    message.refresh_from_db()
    assert (message.status, message.reason) == ("skipped", "render_error")
    assert message.detail == "it takes 11 SMS; 10 is the most"
    assert sms.asked == []


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"sms_consent": "never"}, "no_consent"),
        ({"phone": ""}, "address_missing"),
        ({"phone": "+442071838750"}, "address_invalid"),
    ],
)
def test_gates_ask_for_the_number_and_its_consent(
    sms: TwilioApi, fields: dict[str, str], reason: str
) -> None:
    person = Profile.objects.create(**{"phone": NUMBER, "sms_consent": "subscribed", **fields})
    message = queue_message(person, make_text_template("Sale"), channel="sms")
    drain()
    message.refresh_from_db()
    assert (message.status, message.reason) == ("skipped", reason)
    assert sms.asked == []


def test_a_number_that_the_provider_calls_dead_is_suppressed(sms: TwilioApi) -> None:
    dead = make_caller(twilio_api.DEAD)
    message = queue_message(dead, make_text_template("Sale"), channel="sms")
    drain()
    message.refresh_from_db()
    assert (message.status, message.reason) == ("failed", "rejected")
    found = Suppression.objects.get()
    assert (found.channel, found.address, found.reason, found.scope) == (
        "sms",
        twilio_api.DEAD,
        "invalid_address",
        "all",
    )


def test_who_left_at_the_provider_is_unsubscribed_here(sms: TwilioApi) -> None:
    left = make_caller(twilio_api.LEFT)
    queue_message(left, make_text_template("Sale"), channel="sms")
    drain()
    left.refresh_from_db()
    assert (left.sms_consent, left.whatsapp_consent) == ("unsubscribed", "subscribed")


def approved(text: str = "", **content: Any) -> dict[str, Any]:
    said = {
        "name": "order_shipped",
        "language": "en",
        "category": "utility",
        "variables": ["{{ person.first_name }}", "#1001\nis  here"],
        "buttons": ["track/1001"],
    }
    return {
        "text": text,
        "channel": "whatsapp",
        "message_class": "transactional",
        "content": {**said, **content},
    }


@pytest.mark.parametrize("category", ["utility", "UTILITY"])  # as Meta writes it
def test_outside_of_the_window_an_approved_template_goes(
    whatsapp: WhatsAppApi, category: str
) -> None:
    template = make_text_template(**approved("Free words", category=category))
    message = queue_message(make_caller(), template, channel="whatsapp")
    drain()
    said = whatsapp.asked[0].json
    assert said["template"]["name"] == "order_shipped"
    body = said["template"]["components"][0]["parameters"]
    assert [each["text"] for each in body] == ["Ada", "#1001 is here"]
    message.refresh_from_db()
    assert (message.status, message.provider_id) == ("sent", "wamid.1")


def wrote(person: Profile, ago: timedelta) -> None:
    at = clock.now() - ago
    account = ChannelAccount.objects.get(channel="whatsapp")
    Conversation.objects.create(
        profile=person,
        channel="whatsapp",
        account_id=account.pk,
        address=person.phone,
        last_message_at=at,
        last_inbound_at=at,
    )


@pytest.mark.parametrize(
    ("ago", "kind"), [(timedelta(hours=23), "text"), (timedelta(hours=24), "template")]
)
def test_free_words_go_for_a_day_after_they_wrote(
    whatsapp: WhatsAppApi, ago: timedelta, kind: str
) -> None:
    whatsapp.open.add(NUMBER.lstrip("+"))
    ada = make_caller()
    wrote(ada, ago)
    queue_message(ada, make_text_template(**approved("Free words")), channel="whatsapp")
    drain()
    assert whatsapp.asked[0].json["type"] == kind


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        (
            {"category": "marketing"},
            "needs an approved template of category utility or authentication",
        ),
        ({"category": ""}, "the category of the template must be one of"),
        ({"name": ""}, "they have not written for 24 hours, and no approved template is named"),
        (
            {"variables": ["{{ person.city | default: '' }}"]},
            "a place of the approved template is empty",
        ),
        ({"variables": ["{{ nobody.knows }}"]}, "is undefined"),
    ],
)
def test_a_template_that_whatsapp_would_refuse_is_not_sent(
    whatsapp: WhatsAppApi, changes: dict[str, Any], why: str
) -> None:
    message = queue_message(
        make_caller(), make_text_template(**approved(**changes)), channel="whatsapp"
    )
    drain()
    message.refresh_from_db()
    assert (message.status, message.reason) == ("skipped", "render_error")
    assert why in message.detail
    assert whatsapp.asked == []


def test_marketing_on_whatsapp_needs_a_template_of_that_category_and_consent(
    whatsapp: WhatsAppApi,
) -> None:
    content = approved(name="sale", category="marketing")
    template = make_text_template(**{**content, "message_class": "promotional"})
    ada = make_caller()
    grace = make_caller("+447700900124", whatsapp_consent="never", sms_consent="subscribed")
    queue_message(ada, template, channel="whatsapp")
    no = queue_message(grace, template, channel="whatsapp")
    drain()
    assert [asked.json["to"] for asked in whatsapp.asked] == [NUMBER.lstrip("+")]
    no.refresh_from_db()
    assert (no.status, no.reason) == ("skipped", "no_consent")
