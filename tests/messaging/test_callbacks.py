"""What providers tell is applied once, in any order, and follows through to people."""

from datetime import timedelta
from itertools import permutations

import pytest

from crm.models import ConsentEvent, Event, Profile, ProfileFacts, Suppression
from messaging.models import ChannelAccount, Message, ProviderCallback, Touch
from messaging.queries.detail import find_message_detail
from messaging.services import consequences
from tests.factories.messaging import make_recipient
from tests.support.told import BROWSER, NOON, apply, names, sent_message, tell


@pytest.mark.covers("C8")
def test_a_delivery_stands_with_its_message_and_on_the_timeline(account: ChannelAccount) -> None:
    message = sent_message(account)
    tell(account, "delivered", message, detail="250 ok")

    assert apply() == 1
    assert apply() == 0

    message.refresh_from_db()
    assert (message.outcome, message.delivered_at) == ("delivered", NOON)
    assert list(Touch.objects.values_list("message_id", "kind", "at")) == [
        (message.pk, "delivered", NOON)
    ]
    assert names(message.profile_id) == ["Message Delivered"]
    assert ProviderCallback.objects.values_list("status", "body").get() == ("applied", {})


@pytest.mark.covers("C8")
def test_a_hard_bounce_ends_the_address_and_says_why(account: ChannelAccount) -> None:
    message = sent_message(account)
    tell(account, "bounced_hard", message, code="HardBounce", detail="550 no such user")

    apply()

    message.refresh_from_db()
    assert (message.outcome, message.bounced_at, message.reason, message.detail) == (
        "bounced",
        NOON,
        "bounced_hard",
        "HardBounce: 550 no such user",
    )
    assert Suppression.objects.values_list("channel", "address", "reason", "scope").get() == (
        "email",
        message.address,
        "hard_bounce",
        "all",
    )
    event = Event.objects.get(name="Message Bounced")
    assert event.properties["bounce"] == "bounced_hard"
    found = find_message_detail(message.pk)
    assert found is not None
    assert found.reason_text == "The address takes no messages any more"
    assert "Bounced" in [step.title for step in found.steps]
    assert not found.can_retry


@pytest.mark.covers("C8")
def test_blocked_and_failed_messages_leave_the_address_alone(account: ChannelAccount) -> None:
    for kind in ("blocked", "failed"):
        tell(account, kind, sent_message(account), detail="content")

    apply()

    found = Message.objects.order_by("pk").values_list("outcome", "reason")
    assert list(found) == [("bounced", "blocked"), ("bounced", "undelivered")]
    assert Suppression.objects.count() == 0


@pytest.mark.covers("C8")
def test_five_messages_that_bounce_in_a_row_end_an_address(account: ChannelAccount) -> None:
    person = make_recipient()
    for number in range(5):
        assert Suppression.objects.count() == 0
        message = sent_message(account, profile=person)
        for _ in range(3):  # a provider tells of each of its own tries
            tell(account, "bounced_soft", message, minutes=number)
        apply()

    assert Suppression.objects.values_list("address", "reason", "scope", "detail").get() == (
        person.email,
        "invalid_address",
        "all",
        consequences.STREAK_WORDS,
    )


def test_a_delivery_between_lets_the_count_begin_again(account: ChannelAccount) -> None:
    person = make_recipient()
    for kind in ["bounced_soft"] * 4 + ["delivered"] + ["bounced_soft"] * 4:
        tell(account, kind, sent_message(account, profile=person))
        apply()

    assert Suppression.objects.count() == 0


def test_a_message_that_arrives_in_the_end_does_not_count(account: ChannelAccount) -> None:
    person = make_recipient()
    late = [sent_message(account, profile=person) for _ in range(5)]
    for message in late:
        tell(account, "bounced_soft", message)
        tell(account, "delivered", message, minutes=5)
    apply()

    assert Suppression.objects.count() == 0
    assert set(Message.objects.values_list("outcome", "reason", "bounced_at")) == {
        ("delivered", "", None)
    }


@pytest.mark.covers("C8")
def test_a_complaint_ends_marketing_and_nothing_else(account: ChannelAccount) -> None:
    message = sent_message(account)
    tell(account, "complained", message)

    apply()

    message.refresh_from_db()
    profile = Profile.objects.get(pk=message.profile_id)
    assert message.outcome == "complained"
    assert profile.email_consent == "unsubscribed"
    assert Suppression.objects.values_list("reason", "scope").get() == (
        "spam_complaint",
        "promotional",
    )
    assert ConsentEvent.objects.values_list("state", "method", "occurred_at").get() == (
        "unsubscribed",
        "complaint",
        NOON,
    )
    assert names(profile) == ["Message Complained"]
    assert Event.objects.filter(name="Consent Changed").count() == 1


def test_an_unsubscribe_at_the_provider_ends_consent(account: ChannelAccount) -> None:
    message = sent_message(account)
    tell(account, "unsubscribed", message)

    apply()

    assert Profile.objects.get(pk=message.profile_id).email_consent == "unsubscribed"
    assert Suppression.objects.count() == 0
    assert names(message.profile_id) == ["Message Unsubscribed"]


def test_a_complaint_that_is_older_than_a_new_yes_does_not_take_it_back(
    account: ChannelAccount,
) -> None:
    person = make_recipient(email_consent_at=NOON + timedelta(minutes=30))
    tell(account, "unsubscribed", sent_message(account, profile=person), minutes=1)

    apply()

    person.refresh_from_db()
    assert person.email_consent == "subscribed"
    assert Event.objects.filter(name="Consent Changed").count() == 0


@pytest.mark.covers("C8")
@pytest.mark.parametrize("order", [*permutations(["sent", "delivered", "read"])])
def test_a_message_that_was_read_before_it_was_delivered_ends_as_read(
    account: ChannelAccount, order: tuple[str, ...]
) -> None:
    message = sent_message(account)
    minutes = {"sent": 1, "delivered": 2, "read": 3}
    for kind in order:
        tell(account, kind, message, minutes=minutes[kind])
        apply()

    message.refresh_from_db()
    assert message.outcome == "opened"
    assert message.delivered_at == NOON + timedelta(minutes=2)
    assert message.opened_at == NOON + timedelta(minutes=3)
    assert names(message.profile_id) == ["Message Delivered", "Message Opened"]
    facts = ProfileFacts.objects.get(profile_id=message.profile_id)
    assert facts.last_opened_at == NOON + timedelta(minutes=3)


@pytest.mark.parametrize("order", [*permutations([("failed", 1), ("delivered", 2)])])
def test_a_delivery_after_a_failure_holds(
    account: ChannelAccount, order: tuple[tuple[str, int], ...]
) -> None:
    message = sent_message(account)
    for kind, minutes in order:
        tell(account, kind, message, minutes=minutes)
        apply()

    message.refresh_from_db()
    assert (message.outcome, message.reason, message.detail) == ("delivered", "", "")


@pytest.mark.parametrize("order", [*permutations([("delivered", 1), ("bounced_hard", 2)])])
def test_a_bounce_after_a_delivery_holds(
    account: ChannelAccount, order: tuple[tuple[str, int], ...]
) -> None:
    message = sent_message(account)
    for kind, minutes in order:
        tell(account, kind, message, minutes=minutes)
        apply()

    message.refresh_from_db()
    assert (message.outcome, message.reason) == ("bounced", "bounced_hard")


def test_what_was_put_off_says_so_until_it_arrives(account: ChannelAccount) -> None:
    message = sent_message(account)
    tell(account, "deferred", message, code="421", detail="greylisted")
    apply()
    message.refresh_from_db()
    assert (message.outcome, message.detail) == ("sent", "421: greylisted")


def test_openings_of_machines_are_kept_and_start_nothing(account: ChannelAccount) -> None:
    person, machine = sent_message(account), sent_message(account)
    tell(account, "opened", person, user_agent=BROWSER)
    tell(account, "opened", machine, user_agent="curl/8.0")
    tell(account, "clicked", machine)

    apply()

    assert list(Touch.objects.order_by("pk").values_list("message_id", "is_bot")) == [
        (person.pk, False),
        (machine.pk, True),
        (machine.pk, True),
    ]
    assert names(person.profile_id) == ["Message Opened"]
    assert names(machine.profile_id) == []
    machine.refresh_from_db()
    assert (machine.opened_at, machine.clicked_at) == (None, None)
