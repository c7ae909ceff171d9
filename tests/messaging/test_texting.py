"""What people text: keywords, conversations, and what becomes of marketing that waits."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import transaction

from crm.models import (
    ConsentEvent,
    Conversation,
    ConversationMessage,
    Event,
    Identity,
    Profile,
    Suppression,
)
from crm.services.erasure import erase_profiles
from kernel import clock
from messaging.channels.base import ProviderEvent
from messaging.models import ChannelAccount, Message
from messaging.services.texting import receive_texts
from tenants.models import Tenant
from tests.factories.messaging import queue_message
from tests.factories.phones import (
    NUMBER,
    OURS,
    make_caller,
    make_phone_account,
    make_text_template,
)
from tests.support.lanes import claim_batch

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.covers("M5", "C1"),
]


@pytest.fixture
def sms(tenant: Tenant, noon: time_machine.Traveller) -> ChannelAccount:
    with transaction.atomic():
        return make_phone_account("sms", "twilio", {"account_sid": "AC1", "auth_token": "t"})


def text(words: str, number: str = NUMBER, key: str = "SM1", **fields: Any) -> ProviderEvent:
    values = {"at": clock.now(), "provider_id": key, "recipient": OURS, **fields}
    return ProviderEvent(
        kind="inbound", dedupe_key=f"inbound:{key}", text=words, sender=number, **values
    )


def take(account: ChannelAccount, *events: ProviderEvent) -> dict[str, str]:
    return receive_texts(account.channel, account.pk, events)


def answers() -> list[tuple[str, str]]:
    rows = Message.objects.filter(template__key__startswith="answer_").order_by("pk")
    return [(row.message_class, row.context["reply"]) for row in rows]


def test_stop_ends_sms_at_once_and_is_answered_once(sms: ChannelAccount) -> None:
    ada = make_caller()
    assert take(sms, text("Stop.")) == {}
    ada.refresh_from_db()
    assert (ada.sms_consent, ada.whatsapp_consent) == ("unsubscribed", "subscribed")
    proof = ConsentEvent.objects.get()
    assert (proof.method, proof.detail, proof.actor) == (
        "keyword",
        f"Stop. to {OURS}",
        "recipient",
    )
    [(kind, words)] = answers()
    assert kind == "service"
    assert words == "Ada Soap: you get no more messages from us. Reply START to get them again."
    take(sms, text("Stop."), text("STOP", key="SM2"))
    assert len(answers()) == 1
    assert ConsentEvent.objects.count() == 1
    assert not Conversation.objects.exists()


def test_start_brings_messages_back_and_help_tells_whom_to_ask(sms: ChannelAccount) -> None:
    ada = make_caller(sms_consent="unsubscribed")
    take(sms, text("START", key="SM1"), text("HELP", key="SM2"), text("HELP", key="SM3"))
    ada.refresh_from_db()
    assert ada.sms_consent == "subscribed"
    assert [words for _, words in answers()] == [
        "Ada Soap: you get our messages again. Reply STOP to end them.",
        "Ada Soap: Reply STOP to end messages.",
    ]


def test_somebody_is_answered_in_their_language(sms: ChannelAccount) -> None:
    make_caller(locale="de-AT")
    take(sms, text("Abmelden"))
    [(_, words)] = answers()
    assert words.startswith("Ada Soap: Sie erhalten keine Nachrichten mehr.")


def test_a_provider_that_answered_itself_is_not_repeated(sms: ChannelAccount) -> None:
    ada = make_caller()
    take(sms, text("no more of this", code="STOP"))
    ada.refresh_from_db()
    assert ada.sms_consent == "unsubscribed"
    assert answers() == []


def test_stop_of_a_number_that_nobody_has_holds_for_whoever_comes_with_it(
    sms: ChannelAccount,
) -> None:
    take(sms, text("STOP"))
    found = Suppression.objects.get()
    assert (found.channel, found.address, found.scope) == ("sms", NUMBER, "promotional")
    assert not Profile.objects.exists()
    take(sms, text("START", key="SM2"))
    assert not Suppression.objects.exists()
    assert Profile.objects.get().sms_consent == "subscribed"


def test_start_from_a_number_that_is_not_shown_undoes_no_stop(sms: ChannelAccount) -> None:
    ada = make_caller(sms_consent="unsubscribed")
    Identity.objects.create(kind="phone", value_norm="+447700900999", profile=ada)
    take(sms, text("START", number="+447700900999"))
    ada.refresh_from_db()
    assert (ada.phone, ada.sms_consent) == (NUMBER, "unsubscribed")
    assert not ConsentEvent.objects.exists()
    assert answers() == []


@pytest.mark.parametrize("is_one_batch", [False, True])
def test_a_start_that_arrives_late_does_not_beat_the_later_stop(
    sms: ChannelAccount, is_one_batch: bool
) -> None:
    ada = make_caller(sms_consent="never")
    stop = text("STOP", key="SM2", at=clock.now() - timedelta(minutes=1))
    start = text("START", key="SM1", at=clock.now() - timedelta(minutes=2))
    for events in [[stop, start]] if is_one_batch else [[stop], [start]]:
        take(sms, *events)
    ada.refresh_from_db()
    assert (ada.sms_consent, ada.sms_consent_at) == ("unsubscribed", stop.at)
    take(sms, text("START", key="SM3"))
    ada.refresh_from_db()
    assert ada.sms_consent == "subscribed"


def test_a_late_start_lifts_no_stop_of_a_number_that_nobody_has(sms: ChannelAccount) -> None:
    first, start, last = (clock.now() - timedelta(minutes=ago) for ago in (3, 2, 1))
    take(sms, text("STOP", key="SM1", at=first), text("STOP", key="SM3", at=last))
    take(sms, text("START", key="SM2", at=start))
    found = Suppression.objects.get()
    assert (found.address, found.created_at) == (NUMBER, last)
    assert not Profile.objects.exists()
    take(sms, text("START", key="SM4"))
    assert not Suppression.objects.exists()
    assert Profile.objects.get().sms_consent == "subscribed"


def test_marketing_that_waits_is_skipped_after_stop(sms: ChannelAccount) -> None:
    ada = make_caller()
    waiting = queue_message(
        ada, make_text_template("News for {{ person.first_name }}"), channel="sms"
    )
    take(sms, text("STOP"))
    claim_batch("sms", size=10, now=clock.now())
    waiting.refresh_from_db()
    assert (waiting.status, waiting.reason) == ("skipped", "no_consent")
    answer = Message.objects.get(message_class="service")
    assert answer.status == "sending"


def test_other_words_become_a_conversation(sms: ChannelAccount) -> None:
    ada = make_caller()
    later = clock.now() - timedelta(minutes=1)
    take(
        sms,
        text("Is it in stock?", key="SM2"),
        text("Hello", key="SM1", at=later, media=("https://x.example/1",)),
    )
    take(sms, text("Is it in stock?", key="SM2"))
    found = Conversation.objects.get()
    assert (found.profile_id, found.channel, found.address) == (ada.pk, "sms", NUMBER)
    assert (found.own_address, found.state, found.unread) == (OURS, "open", 2)
    assert (found.last_text, found.last_inbound_at) == ("Is it in stock?", clock.now())
    rows = ConversationMessage.objects.order_by("at").values_list("direction", "text", "media")
    assert list(rows) == [
        ("in", "Hello", ["https://x.example/1"]),
        ("in", "Is it in stock?", []),
    ]
    events = Event.objects.filter(name="Message Received").order_by("occurred_at")
    assert [event.properties["text"] for event in events] == ["Hello", "Is it in stock?"]
    assert answers() == []


def test_a_number_that_nobody_has_becomes_somebody(sms: ChannelAccount) -> None:
    take(sms, text("Hello", number="+447700900999"))
    profile = Profile.objects.get()
    assert (profile.phone, profile.sms_consent) == ("+447700900999", "never")
    assert Conversation.objects.get().profile_id == profile.pk


def test_who_was_erased_is_not_brought_back(sms: ChannelAccount) -> None:
    ada = make_caller()
    take(sms, text("Hello"))
    erase_profiles([ada.pk])
    assert not Conversation.objects.exists()
    assert not ConversationMessage.objects.exists()
    said = take(sms, text("Me again", key="SM2"))
    assert said == {"inbound:SM2": "the person was erased, and stays so"}
    assert Profile.objects.count() == 1
    assert not Conversation.objects.exists()
    take(sms, text("STOP", key="SM3"))
    assert not Suppression.objects.filter(reason="manual").exists()


def test_a_sender_without_a_number_is_left_out(sms: ChannelAccount) -> None:
    said = take(sms, text("Hello", number="Soap Shop"))
    assert said == {"inbound:SM1": "it names no number that can be answered"}
    assert not Profile.objects.exists()


def test_a_closed_conversation_opens_when_they_write_again(sms: ChannelAccount) -> None:
    make_caller()
    take(sms, text("Hello"))
    Conversation.objects.update(state="closed", unread=0)
    take(sms, text("Still there?", key="SM2"))
    found = Conversation.objects.get()
    assert (found.state, found.unread, found.last_text) == ("open", 1, "Still there?")


def test_a_thread_follows_its_number(sms: ChannelAccount) -> None:
    make_caller()
    take(sms, text("Hello"))
    other = Profile.objects.create(first_name="Grace")
    Identity.objects.update(profile=other)
    take(sms, text("New phone owner", key="SM2"))
    assert Conversation.objects.get().profile_id == other.pk
