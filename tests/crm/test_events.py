from datetime import UTC, datetime

import pytest

from crm.models import Event, EventKey, Profile, Reaction
from crm.services.events import append_events
from crm.types import NewEvent
from kernel.tenancy import tenant_scope
from tenants.models import Tenant

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
pytestmark = [pytest.mark.usefixtures("noting_handlers", "tenant"), pytest.mark.django_db]


def event(name: str = "Order Placed", key: str = "", profile_id: int | None = None) -> NewEvent:
    return NewEvent(
        name=name,
        occurred_at=NOON,
        source="webhook",
        profile_id=profile_id,
        object_id=7,
        properties={"total": "12.50", "title": 'a "quoted" \\ title\0'},
        dedupe_key=key,
    )


def test_an_event_is_stored_with_its_properties_and_a_reaction() -> None:
    (ref,) = append_events([event(key="order_placed:7")])

    stored = Event.objects.get()
    assert (stored.pk, stored.name, stored.occurred_at) == (ref.event_id, "Order Placed", NOON)
    assert stored.properties == {"total": "12.50", "title": 'a "quoted" \\ title'}
    reaction = Reaction.objects.get()
    assert (reaction.event_id, reaction.stage, reaction.object_id) == (ref.event_id, 0, 7)
    assert EventKey.objects.get().event_id == ref.event_id


def test_a_dedupe_key_counts_once_within_and_across_batches() -> None:
    first = append_events([event(key="k"), event(key="k"), event(key="other")])
    second = append_events([event(key="k")])

    assert len(first) == 2
    assert second == []
    assert Event.objects.count() == 2
    assert Reaction.objects.count() == 2


def test_events_without_a_key_are_all_kept() -> None:
    assert len(append_events([event(), event()])) == 2


def test_an_event_that_nobody_handles_leaves_no_reaction() -> None:
    append_events([event("Profile Created"), event("Something Custom")])

    assert Event.objects.count() == 2
    assert not Reaction.objects.exists()


def test_an_event_of_a_merged_profile_goes_to_the_winner() -> None:
    winner = Profile.objects.create()
    loser = Profile.objects.create(merged_into=winner)

    (ref,) = append_events([event(profile_id=loser.pk)])

    assert ref.profile_id == winner.pk
    assert Event.objects.get().profile_id == winner.pk


def test_a_key_of_another_tenant_does_not_count(tenant: Tenant, other_tenant: Tenant) -> None:
    append_events([event(key="k")])
    with tenant_scope(other_tenant.pk):
        assert len(append_events([event(key="k")])) == 1
