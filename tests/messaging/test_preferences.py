"""What people choose on their preference page, its proof, and what the gate makes of it."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from crm.models import ConsentEvent, Event, Profile, ProfileMerge
from crm.services.consent import record_consent
from crm.services.erasure import erase_profiles
from crm.services.merging import merge_profiles
from crm.services.parting import unmerge_profile
from kernel import clock
from kernel.batches import Deadline
from messaging.choices import MessageClass
from messaging.models import Message, Preferences, Topic
from messaging.queries.sending import find_recipients
from messaging.queries.words import speak_preferences
from messaging.services import tokens
from messaging.services.sending import send_due
from messaging.services.topics import add_topic
from messaging.services.wishes import preference_gate
from messaging.types import PendingMessage, RecipientToken
from tenants.models import Tenant
from tests.factories.messaging import make_recipient, make_template, queue_message

pytestmark = [pytest.mark.django_db, pytest.mark.covers("C2")]

ACTOR = "ada@soap.example"


@pytest.fixture
def client() -> Client:
    return Client(headers={"user-agent": "Firefox"}, enforce_csrf_checks=True)


@pytest.fixture
def ada(shop: Tenant) -> Profile:
    return make_recipient(email="ada@example.com", phone="+447700900123", sms_consent="subscribed")


def page_of(person: Profile) -> str:
    token = RecipientToken(person.tenant_id, person.pk, 0)
    return urlsplit(tokens.preferences_url(token)).path


def choose(client: Client, person: Profile, **fields: Any) -> str:
    answer = client.post(page_of(person), {"action": "save", "frequency": "all", **fields})
    assert answer.status_code == 200
    return answer.text


def wishes(person: Profile) -> Preferences:
    return Preferences.objects.get(profile_id=person.pk)


def send(person: Profile, message_class: str = "promotional", key: str = "note") -> Message:
    message = queue_message(person, make_template(key, message_class))
    send_due(Deadline(seconds=None))
    message.refresh_from_db()
    return message


def fate(person: Profile, message_class: str = "promotional", key: str = "note") -> tuple[str, str]:
    message = send(person, message_class, key)
    return message.reason or message.status, message.detail


def stand_in(person: Profile) -> PendingMessage:
    """Return a promotion for somebody as gates see it."""
    return PendingMessage(
        id=person.pk,
        key=f"k{person.pk}",
        profile=find_recipients([person.pk])[person.pk],
        channel="email",
        message_class="promotional",
        template_id=0,
        flow_id=None,
        flow_run_id=None,
        node_id="",
        context={},
        planned_at=clock.now(),
        message_id="",
        attempts=0,
        is_resend=False,
        claim_id=uuid4(),
    )


def topics() -> tuple[Topic, Topic]:
    news = add_topic("News", "", [make_template("news").pk], actor=ACTOR)
    return news, add_topic("Restocks", "", [make_template("back").pk], actor=ACTOR)


def test_a_refused_topic_is_not_sent_and_the_others_are(client: Client, ada: Profile) -> None:
    news, restocks = topics()
    shown = {"shown": [news.pk, restocks.pk]}
    choose(client, ada, topics=[restocks.pk], **shown)
    assert fate(ada, key="news") == ("topic_refused", "News")
    assert fate(ada, key="back")[0] == "sent"
    [said] = ConsentEvent.objects.all()
    assert (said.topic, said.state, said.method, said.user_agent, said.actor) == (
        "News",
        "unsubscribed",
        "preference_page",
        "Firefox",
        "recipient",
    )
    choose(client, ada, topics=[news.pk, restocks.pk], **shown)
    states = ConsentEvent.objects.order_by("pk").values_list("topic", "state")
    assert list(states) == [("News", "unsubscribed"), ("News", "subscribed")]
    ada.refresh_from_db()
    assert (ada.email_consent, wishes(ada).refused_topics) == ("subscribed", [])


def test_a_topic_that_the_page_did_not_show_stays_as_it_is(client: Client, ada: Profile) -> None:
    news, restocks = topics()
    choose(client, ada, shown=[restocks.pk])
    assert wishes(ada).refused_topics == [restocks.pk]
    choose(client, ada, shown=[news.pk], topics=[news.pk])
    assert wishes(ada).refused_topics == [restocks.pk]


@pytest.mark.parametrize(("days", "expected"), [(29, "paused"), (31, "sent")])
def test_a_pause_stops_marketing_until_it_is_over(
    client: Client, ada: Profile, noon: time_machine.Traveller, days: int, expected: str
) -> None:
    choose(client, ada, pause="30")
    noon.shift(timedelta(days=days))
    assert fate(ada)[0] == expected
    assert fate(ada, "transactional", "order")[0] == "sent"


def test_a_pause_is_told_and_can_end(client: Client, ada: Profile) -> None:
    assert "Paused until 1 Jul 2026" in choose(client, ada, pause="30")
    assert fate(ada) == ("paused", "until 1 Jul 2026")
    assert fate(ada, "behavioural", "cart")[0] == "paused"
    choose(client, ada)
    assert wishes(ada).paused_until is not None
    choose(client, ada, pause="0")
    assert fate(ada, key="again")[0] == "sent"


def test_a_day_is_one_of_the_merchant_on_the_timeline_as_on_the_page(
    client: Client, ada: Profile, noon: time_machine.Traveller
) -> None:
    noon.shift(timedelta(hours=11, minutes=30))
    assert "Paused until 2 Jul 2026" in choose(client, ada, pause="30")
    [event] = Event.objects.filter(name="Preferences Changed")
    assert event.properties == {"said": ["a pause until 2 Jul 2026"]}


def test_the_gate_asks_as_often_for_many_in_pause_as_for_one(client: Client, shop: Tenant) -> None:
    people = [make_recipient(email=f"p{number}@example.com") for number in range(6)]
    for person in people:
        choose(client, person, pause="30")
    asked = []
    for batch in (people[:1], people):
        messages = [stand_in(person) for person in batch]
        with CaptureQueriesContext(connection) as statements:
            verdicts = preference_gate(messages, clock.now())
        assert {verdict.detail for verdict in verdicts.values()} == {"until 1 Jul 2026"}
        assert len(verdicts) == len(batch)
        asked.append(len(statements))
    assert asked[0] == asked[1]


def test_how_often_counts_for_promotions_alone(
    client: Client, ada: Profile, noon: time_machine.Traveller
) -> None:
    choose(client, ada, frequency="weekly")
    assert fate(ada)[0] == "sent"
    noon.shift(timedelta(days=6))
    assert fate(ada) == ("too_often", "at most once a week; the last one left at 1 Jun 2026, 13:00")
    assert fate(ada, "behavioural", "cart")[0] == "sent"
    noon.shift(timedelta(days=1))
    assert fate(ada)[0] == "sent"


def test_the_timeline_tells_of_it_once(client: Client, ada: Profile) -> None:
    for _ in range(2):
        choose(client, ada, frequency="monthly")
    [event] = Event.objects.filter(name="Preferences Changed")
    assert speak_preferences([event])[event.pk].text == "at most once a month"


@pytest.mark.covers("X12")
def test_the_page_shows_every_consent_with_its_proof_and_what_was_sent_and_why(
    client: Client, ada: Profile
) -> None:
    record_consent(
        ada.pk, "email", "unsubscribed", method="one_click", ip="203.0.113.9", user_agent="Safari"
    )
    record_consent(ada.pk, "email", "subscribed", method="preference_page")
    send(ada, "transactional", "order")
    words = client.get(page_of(ada)).text
    assert "with the button of your mail program" in words
    assert "203.0.…" in words
    assert "because of your order" in words
    for hidden in ("203.0.113.9", "ada@example.com", "+447700900123"):
        assert hidden not in words


def test_sms_can_be_stopped_but_not_started_from_a_mail(client: Client, ada: Profile) -> None:
    assert "Stop SMS" in client.get(page_of(ada)).text
    stopped = client.post(page_of(ada), {"action": "stop_sms"})
    assert "SMS</strong>" not in stopped.text
    ada.refresh_from_db()
    assert (ada.sms_consent, ada.email_consent) == ("unsubscribed", "subscribed")


def test_what_is_no_choice_changes_nothing(client: Client, ada: Profile) -> None:
    choose(client, ada, frequency="hourly", pause="7", topics=["x", "-1"], shown=["99999"])
    kept = wishes(ada)
    assert (kept.frequency, kept.paused_until, kept.refused_topics) == ("all", None, [])
    assert not Event.objects.filter(name="Preferences Changed").exists()


def test_a_merge_leaves_what_both_want_and_an_undo_gives_it_back(
    client: Client, ada: Profile
) -> None:
    news, restocks = topics()
    other = make_recipient()
    choose(client, ada, frequency="weekly", shown=[news.pk])
    choose(client, other, frequency="monthly", pause="30", shown=[restocks.pk])
    [merge_id] = merge_profiles([(other.pk, ada.pk)], rule="manual")
    loser, winner = sorted((other, ada), key=lambda each: each.pk == _winner(merge_id))
    united = wishes(winner)
    assert (united.frequency, united.refused_topics) == ("monthly", [news.pk, restocks.pk])
    assert united.paused_until is not None
    before = (wishes(loser).frequency, wishes(loser).refused_topics)
    unmerge_profile(merge_id)
    assert (wishes(loser).frequency, wishes(loser).refused_topics) == before


def _winner(merge_id: int) -> int:
    return ProfileMerge.objects.get(pk=merge_id).winner_id


def test_the_erased_want_nothing_any_more(client: Client, ada: Profile) -> None:
    choose(client, ada, frequency="weekly")
    erase_profiles([ada.pk], actor=ACTOR)
    assert not Preferences.objects.exists()
    assert "erased your data" in client.get(page_of(ada)).text


def test_another_tenants_token_chooses_nothing(
    client: Client, ada: Profile, other_tenant: Tenant
) -> None:
    token = RecipientToken(other_tenant.pk, ada.pk, 0)
    path = urlsplit(tokens.preferences_url(token)).path
    assert client.post(path, {"action": "save", "pause": "90"}).status_code == 404
    assert not Preferences.objects.exists()


def test_only_marketing_has_a_topic(shop: Tenant) -> None:
    order = make_template("order", MessageClass.TRANSACTIONAL)
    topic = add_topic("News", "", [order.pk], actor=ACTOR)
    order.refresh_from_db()
    assert order.topic_id is None
    assert Topic.objects.get().pk == topic.pk
