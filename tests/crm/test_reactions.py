from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured
from pytest_django import Settings

from crm.models import Profile, Reaction
from crm.services.events import append_events
from crm.services.reactions import _take_turn, drain_reactions
from crm.types import NewEvent
from kernel import clock
from kernel.batches import Deadline
from tests.crm import handlers

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
Seen = list[tuple[str, list[int | None]]]
pytestmark = [pytest.mark.usefixtures("tenant"), pytest.mark.django_db]


def append(*object_ids: int, name: str = "Order Placed", profile_id: int | None = None) -> None:
    append_events(
        [
            NewEvent(
                name=name,
                occurred_at=NOON,
                source="api",
                object_id=object_id,
                profile_id=profile_id,
            )
            for object_id in object_ids
        ]
    )


def drain() -> int:
    return drain_reactions(Deadline(seconds=None))


def test_events_meet_their_handlers_in_the_listed_order(noting_handlers: Seen) -> None:
    append(1, 2)
    append(3, name="Profile Updated")

    assert drain() == 7
    assert noting_handlers == [("first", [1, 2]), ("second", [1, 2, 3]), ("third", [1, 2])]
    assert not Reaction.objects.exists()
    assert drain() == 0


def test_a_refused_event_waits_alone_with_its_reason(noting_handlers: Seen) -> None:
    handlers.REFUSED.add(2)
    with clock.simulated(NOON):
        append(1, 2, 3, 4, 5)
        drain()
        again = drain()

    assert again == 0
    third = [ids for name, ids in noting_handlers if name == "third"]
    assert sorted(id_ for ids in third for id_ in ids if id_) == [1, 3, 4, 5]
    waiting = Reaction.objects.get()
    assert (waiting.object_id, waiting.stage, waiting.failures) == (2, 2, 1)
    assert waiting.not_before == NOON + timedelta(minutes=1)
    assert waiting.reason == "tests.crm.handlers.third: ValueError('refused')"


def test_a_refused_event_is_tried_again_when_its_time_has_come(noting_handlers: Seen) -> None:
    handlers.REFUSED.add(2)
    with clock.simulated(NOON):
        append(2)
        drain()
    handlers.REFUSED.clear()
    with clock.simulated(NOON + timedelta(minutes=1)):
        assert drain() == 1

    assert noting_handlers[-1] == ("third", [2])
    assert not Reaction.objects.exists()


def test_a_handler_that_does_not_exist_is_named(settings: Settings) -> None:
    settings.EVENT_HANDLERS = "tests.crm.handlers.BROKEN"
    append(1)

    with pytest.raises(ImproperlyConfigured, match=r"tests\.crm\.handlers\.absent"):
        drain()
    assert Reaction.objects.count() == 1


@pytest.mark.usefixtures("noting_handlers")
def test_a_reaction_of_a_merged_profile_is_handed_over_as_the_winners(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    winner, loser = Profile.objects.create(), Profile.objects.create()
    append(1, profile_id=loser.pk, name="Profile Updated")
    Profile.objects.filter(pk=loser.pk).update(merged_into=winner)
    seen: list[int | None] = []
    monkeypatch.setattr(
        handlers, "_note", lambda name, refs: seen.extend(ref.profile_id for ref in refs)
    )

    drain()

    assert seen == [winner.pk]


def test_a_passed_deadline_claims_nothing(noting_handlers: Seen) -> None:
    append(1)

    assert drain_reactions(Deadline(seconds=0)) == 0
    assert noting_handlers == []
    assert Reaction.objects.count() == 1


def test_neighbours_that_share_a_transaction_follow_each_other_in_one_turn(
    noting_handlers: Seen, settings: Settings
) -> None:
    settings.EVENT_HANDLERS_TOGETHER = "tests.crm.handlers.TOGETHER"
    append(1)
    append(2, name="Profile Updated")

    assert _take_turn(None) == 3
    assert noting_handlers == [("first", [1]), ("second", [1, 2])]
    waiting = Reaction.objects.get()
    assert (waiting.object_id, waiting.stage) == (1, 2)


def test_an_event_that_the_second_of_two_neighbours_refuses_keeps_what_the_first_did(
    noting_handlers: Seen, settings: Settings
) -> None:
    settings.EVENT_HANDLERS_TOGETHER = "tests.crm.handlers.ALL_TOGETHER"
    handlers.REFUSED.add(2)
    with clock.simulated(NOON):
        append(1, 2, 3)
        drain()

    waiting = Reaction.objects.get()
    assert (waiting.object_id, waiting.stage, waiting.failures) == (2, 2, 1)
    assert waiting.reason == "tests.crm.handlers.third: ValueError('refused')"
    third = [ids for name, ids in noting_handlers if name == "third"]
    assert sorted(id_ for ids in third for id_ in ids if id_) == [1, 3]
