"""People who lost interest get a last chance, and then no promotional mail until they come back."""

from datetime import timedelta

import pytest
import time_machine

from crm.models import Profile, ProfileFacts
from kernel import clock
from messaging.choices import MessageClass
from messaging.domain.limits import Limits, Sunset, read_limits, write_limits
from messaging.models import Message
from tenants.models import Tenant
from tests.factories.messaging import make_recipient, make_template, queue_message
from tests.support.limits import ask, said, set_limits

DAY = timedelta(days=1)
pytestmark = pytest.mark.usefixtures("smtp")


def make_sleeper(**facts: object) -> Profile:
    """Store somebody who is known for a year, with what they did since."""
    person = make_recipient()
    Profile.objects.filter(pk=person.pk).update(created_at=clock.now() - 365 * DAY)
    ProfileFacts.objects.update_or_create(profile=person, defaults=facts)
    return person


def promote(person: Profile, message_class: str = "promotional") -> Message:
    """Have the gates asked for one message; what passes has left."""
    message = ask(queue_message(person, make_template(message_class, message_class)))
    if message.status == "sending":
        message.status, message.sent_at = "sent", clock.now()
        message.save(update_fields=["status", "sent_at"])
    return message


def leave(person: Profile, count: int) -> None:
    """Let promotional mails have left for somebody, a week apart."""
    for week in range(count):
        row = queue_message(person, make_template())
        Message.objects.filter(pk=row.pk).update(
            status="sent", sent_at=clock.now() - (week + 1) * 7 * DAY
        )


@pytest.mark.covers("M8")
def test_the_last_chance_is_three_mails_and_then_none(
    shop: Tenant, noon: time_machine.Traveller
) -> None:
    person = make_sleeper()
    leave(person, 2)

    last = promote(person)
    assert (last.status, said(last, "sunset")) == (
        "sent",
        "no sign of interest since 1 Jun 2025; last chance 3 of 3",
    )
    noon.shift(7 * DAY)
    ended = promote(person)
    assert (ended.status, ended.reason) == ("skipped", "sunset")
    assert ended.detail == "no sign of interest since 1 Jun 2025"
    assert promote(person, MessageClass.TRANSACTIONAL).status == "sent"


@pytest.mark.parametrize("fact", ["last_opened_at", "last_clicked_at", "last_seen_at"])
def test_whoever_shows_interest_is_written_to_as_before(shop: Tenant, fact: str) -> None:
    person = make_sleeper(**{fact: clock.now() - 119 * DAY})
    leave(person, 5)

    assert promote(person).status == "sent"


def test_who_loses_interest_gets_one_mail_in_30_days(
    shop: Tenant, noon: time_machine.Traveller
) -> None:
    person = make_sleeper(last_seen_at=clock.now() - 121 * DAY)
    first = promote(person)
    rare = "no sign of interest since 31 Jan 2026; one mail in 30 days"
    assert (first.status, said(first, "sunset")) == ("sent", rare)
    noon.shift(29 * DAY)
    second = promote(person)
    assert (second.status, second.reason, second.detail) == ("skipped", "sunset", rare)
    assert promote(person, MessageClass.TRANSACTIONAL).status == "sent"
    noon.shift(1 * DAY)
    assert promote(person).status == "sent"
    noon.shift(1 * DAY)
    set_limits(sunset=Sunset(slow_days=180))
    assert promote(person).status == "sent"


def test_it_can_be_switched_off_and_changed(shop: Tenant) -> None:
    person = make_sleeper(last_seen_at=clock.now() - 60 * DAY)
    leave(person, 5)
    assert promote(person).status == "sent"

    set_limits(sunset=Sunset(days=50, mails=1))
    assert promote(make_sleeper(last_seen_at=clock.now() - 60 * DAY)).status == "sent"
    other = make_sleeper(last_seen_at=clock.now() - 60 * DAY)
    leave(other, 1)
    assert promote(other).reason == "sunset"
    set_limits(sunset=Sunset(is_on=False))
    last = make_sleeper()
    leave(last, 9)
    assert promote(last).status == "sent"


def test_what_is_stored_is_read_as_it_was() -> None:
    limits = Limits(sunset=Sunset(is_on=False, days=90, mails=0, slow_days=30, slow_gap=7))

    assert read_limits(write_limits(limits)) == limits
    assert read_limits({"sunset": {"days": "soon", "mails": 5_000}}).sunset == Sunset()
