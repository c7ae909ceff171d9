"""Audiences: one message to many people, once each, and resumable."""

from dataclasses import replace

import pytest

from crm.models import Profile
from messaging.models import Message
from messaging.services.audiences import Mailing, queue_audience
from tenants.models import Tenant
from tests.factories.messaging import make_recipient, make_template
from tests.messaging.conftest import NOON


def mailing(**changes: object) -> Mailing:
    made = Mailing("campaign:1:email", "email", "promotional", make_template().pk, NOON)
    return replace(made, **changes)  # type: ignore[arg-type]


def test_everybody_gets_one_message_with_what_the_mailing_says(people: Tenant) -> None:
    who = [make_recipient() for _ in range(3)]
    sent = mailing(context={"priority": 2}, node_id="a")

    assert queue_audience(sent, [person.pk for person in who]) == 3

    rows = Message.objects.order_by("profile_id")
    assert [(row.key, row.profile_id) for row in rows] == [
        (f"campaign:1:email:{person.pk}", person.pk) for person in who
    ]
    assert {(row.channel, row.message_class, row.node_id, row.status) for row in rows} == {
        ("email", "promotional", "a", "pending")
    }
    assert [(row.context, row.due_at, row.planned_at) for row in rows] == [
        ({"priority": 2}, NOON, NOON)
    ] * 3


def test_a_chunk_that_is_queued_again_queues_only_whom_it_lacked(people: Tenant) -> None:
    who = [make_recipient().pk for _ in range(3)]
    sent = mailing()
    queue_audience(sent, who[:2])

    assert queue_audience(sent, who) == 1
    assert queue_audience(sent, who) == 0
    assert queue_audience(sent, []) == 0
    assert Message.objects.count() == 3


def test_who_was_merged_meanwhile_gets_one_message_as_the_winner(people: Tenant) -> None:
    winner, loser = make_recipient(), make_recipient()
    Profile.objects.filter(pk=loser.pk).update(merged_into_id=winner.pk)

    assert queue_audience(mailing(), [winner.pk, loser.pk, 999_999_999]) == 1
    assert Message.objects.get().profile_id == winner.pk


def test_who_wins_a_merge_after_the_loser_was_queued_gets_no_other_message(people: Tenant) -> None:
    winner, loser, other = make_recipient(), make_recipient(), make_recipient()
    sent = mailing()
    queue_audience(sent, [loser.pk])
    Profile.objects.filter(pk=loser.pk).update(merged_into_id=winner.pk)
    Message.objects.update(profile_id=winner.pk)  # as a merge does

    assert queue_audience(sent, [winner.pk, other.pk]) == 1
    assert queue_audience(replace(sent, key="campaign:2:email"), [winner.pk]) == 1

    first = Message.objects.filter(key__startswith="campaign:1:").order_by("pk")
    assert [row.profile_id for row in first] == [winner.pk, other.pk]


def test_a_channel_that_nobody_writes_for_is_refused(people: Tenant) -> None:
    with pytest.raises(ValueError, match="nothing can be sent on pigeon"):
        queue_audience(mailing(channel="pigeon"), [make_recipient().pk])
    assert not Message.objects.exists()
