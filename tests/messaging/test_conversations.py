"""Answering people, through the services and the pages."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import transaction

from crm.choices import ConversationState
from crm.models import Conversation, ConversationMessage, Profile
from crm.services.conversations import Incoming, mark_read, receive_messages, set_state
from crm.services.merging import merge_profiles
from kernel import clock
from kernel.errors import Conflict, Invalid
from messaging.models import ChannelAccount, Message
from messaging.services.answers import answer_channels, answer_conversation
from tenants.choices import Role
from tenants.models import AuditEntry, Tenant
from tests.factories.phones import NUMBER, OURS, make_caller, make_phone_account
from tests.factories.tenants import sign_in
from tests.support.lanes import claim_batch

pytestmark = pytest.mark.covers("M5")
ACTOR = "support@ada-soap.example"


@pytest.fixture
def ada(tenant: Tenant, noon: time_machine.Traveller) -> Profile:
    with transaction.atomic():
        make_phone_account("sms", "twilio", {"account_sid": "AC1", "auth_token": "t"})
        return make_caller(phone=NUMBER, sms_consent="unsubscribed")


def wrote(person: Profile, text: str = "Is it in stock?", **fields: Any) -> Conversation:
    said = incoming(person, text, **fields)
    receive_messages([said])
    return Conversation.objects.get(channel=said.channel, address=said.address)


def incoming(person: Profile, text: str, **fields: Any) -> Incoming:
    channel = fields.get("channel", "sms")
    values = {
        "profile_id": person.pk,
        "channel": channel,
        "account_id": ChannelAccount.objects.get(channel=channel).pk,
        "address": NUMBER,
        "own_address": OURS,
        "text": text,
        "media": (),
        "at": clock.now(),
        "provider_id": f"in:{text}",
    }
    return Incoming(**{**values, **fields})


def test_an_answer_leaves_as_a_service_message_to_the_number_that_asked(ada: Profile) -> None:
    found = wrote(ada, address="+447700900555")
    message = answer_conversation(found.pk, text=" Yes, it is. ", channel="sms", actor=ACTOR)
    assert (message.message_class, message.channel, message.status) == (
        "service",
        "sms",
        "pending",
    )
    found.refresh_from_db()
    assert (found.unread, found.last_text) == (0, "Yes, it is.")
    said = ConversationMessage.objects.get(direction="out")
    assert (said.text, said.author, said.message_id) == ("Yes, it is.", ACTOR, message.pk)
    [ready] = claim_batch("sms", size=10, now=clock.now())
    assert (ready.outgoing.to, ready.outgoing.sender) == ("+447700900555", OURS)
    assert ready.outgoing.text == "Yes, it is."
    entry = AuditEntry.objects.get(action="conversation.answered")
    assert entry.after == {"channel": "sms", "message_id": message.pk}
    assert entry.actor == ACTOR


def test_an_answer_may_go_by_another_channel(ada: Profile) -> None:
    found = wrote(ada)
    assert answer_channels(found) == ["sms"]
    Profile.objects.filter(pk=ada.pk).update(email="ada@example.com")
    assert answer_channels(found) == ["sms", "email"]
    message = answer_conversation(found.pk, text="By mail\nthen", channel="email", actor=ACTOR)
    assert message.channel == "email"
    assert "to" not in message.context
    with pytest.raises(Conflict):
        answer_conversation(found.pk, text="x", channel="whatsapp", actor=ACTOR)
    with pytest.raises(Invalid):
        answer_conversation(found.pk, text="  ", channel="sms", actor=ACTOR)
    assert Message.objects.count() == 1


def test_free_words_on_whatsapp_after_the_window_are_skipped_and_say_why(ada: Profile) -> None:
    make_phone_account("whatsapp", "meta", {"access_token": "x"})
    at = clock.now() - timedelta(hours=25)
    found = wrote(ada, channel="whatsapp", at=at)
    message = answer_conversation(found.pk, text="Late", channel="whatsapp", actor=ACTOR)
    claim_batch("whatsapp", size=10, now=clock.now())
    message.refresh_from_db()
    assert (message.status, message.reason) == ("skipped", "render_error")
    assert message.detail.startswith("they have not written for 24 hours")


def test_what_came_while_somebody_read_stays_unread(ada: Profile) -> None:
    found = wrote(ada)
    wrote(ada, "Hello?")
    mark_read(found.pk, 1)
    found.refresh_from_db()
    assert found.unread == 1


def test_a_merge_brings_the_conversations_along(ada: Profile) -> None:
    found = wrote(ada)
    winner = Profile.objects.create(first_name="Ada", email="ada@example.com")
    merge_profiles([(winner.pk, ada.pk)], rule="manual")
    found.refresh_from_db()
    assert found.profile_id == winner.pk


def test_pages_show_a_thread_answer_it_assign_it_and_close_it(ada: Profile, tenant: Tenant) -> None:
    found = wrote(ada)
    client = sign_in(tenant, Role.SUPPORT)
    base = f"/t/{tenant.slug}/conversations/"
    listed = client.get(base).text
    assert "Is it in stock?" in listed
    assert "1 unread" in listed
    page = client.get(f"{base}{found.pk}/").text
    assert "Is it in stock?" in page
    assert "1 unread" not in client.get(base).text

    client.post(f"{base}{found.pk}/answer/", {"text": "Yes", "channel": "sms"})
    assert "Waiting" in client.get(f"{base}{found.pk}/").text
    refused = client.post(f"{base}{found.pk}/answer/", {"text": "", "channel": "sms"}, follow=True)
    assert "Nothing was sent." in refused.text
    assert Message.objects.count() == 1

    member = tenant.members.get().user.email
    client.post(f"{base}{found.pk}/assign/", {"assignee": member})
    client.post(f"{base}{found.pk}/assign/", {"assignee": "stranger@example.com"})
    found.refresh_from_db()
    assert found.assignee == member
    assert "Yes" in client.get(f"{base}?assignee=me").text
    assert "Nobody waits for an answer" in client.get(f"{base}?assignee=-").text

    client.post(f"{base}{found.pk}/state/", {"state": "closed"})
    assert "Nobody waits for an answer" in client.get(base).text
    assert "Yes" in client.get(f"{base}?state=closed").text
    panel = client.get(f"/t/{tenant.slug}/profiles/{ada.pk}/conversations/").text
    assert "Closed" in panel
    actions = AuditEntry.objects.filter(object_type="conversation").order_by("pk")
    assert [entry.action for entry in actions] == [
        "conversation.answered",
        "conversation.assigned",
        "conversation.closed",
    ]


def test_saying_again_what_holds_is_not_recorded(ada: Profile) -> None:
    found = wrote(ada)
    set_state(found.pk, ConversationState.OPEN, actor=ACTOR)
    assert not AuditEntry.objects.filter(object_type="conversation").exists()


def test_a_long_thread_is_read_in_stretches(ada: Profile, tenant: Tenant) -> None:
    start = clock.now() - timedelta(seconds=60)
    receive_messages(
        [
            incoming(ada, f"Word {place:02d}.", at=start + timedelta(seconds=place))
            for place in range(55)
        ]
    )
    found = Conversation.objects.get()
    client = sign_in(tenant, Role.ANALYST)
    url = f"/t/{tenant.slug}/conversations/{found.pk}/"
    newest = client.get(url).text
    assert "Word 54." in newest
    assert "Word 04." not in newest
    assert "Your answer" not in newest
    first = ConversationMessage.objects.get(text="Word 05.").pk
    earlier = client.get(f"{url}?before={first}").text
    assert "Word 04." in earlier
    assert "Word 05." not in earlier
