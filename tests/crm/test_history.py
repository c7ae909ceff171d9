"""History sets off what matters to it, and passes by whoever has nothing to do for it."""

import pytest

from config.event_handlers import EVENT_HANDLERS, IDLE_IN_HISTORY, IMPLIED
from crm.models import Event, OrderHint, Reaction
from crm.services import reactions
from crm.services.events import append_events, find_idle
from crm.services.reactions import drain_reactions
from crm.types import NewEvent
from flows.models import FlowRun
from kernel import clock
from kernel.batches import Deadline
from kernel.work import drain_tenant
from stores.models import WriteLane
from tenants.models import Tenant
from tests.factories.crm import NOON, apply, customer, make_store, order
from tests.factories.flows import definition, make_flow
from tests.factories.messaging import make_template
from tests.factories.samples import make_profile

pytestmark = pytest.mark.django_db
JOIN = "crm.services.order_hints.join_for_events"


def enter(profile_id: int) -> None:
    """Let somebody enter a segment by history."""
    append_events(
        [
            NewEvent(
                name="Segment Entered",
                occurred_at=clock.now(),
                source="system",
                profile_id=profile_id,
                object_id=1,
                is_backfill=True,
            )
        ]
    )


def test_an_entry_of_history_is_heard_only_while_a_run_could_end_by_it(tenant: Tenant) -> None:
    person = make_profile()
    enter(person.pk)
    assert Reaction.objects.count() == 0

    make_template("note", "promotional")
    make_flow(definition({"wait": {"type": "delay", "n": 3, "unit": "days", "next": "end"}}))
    apply(make_store(), order(ordered_at=clock.now()), now=clock.now())
    drain_tenant(tenant.pk)
    assert FlowRun.objects.filter(status="active").count() == 1
    enter(person.pk)
    assert Reaction.objects.get().event_name == "Segment Entered"
    drain_tenant(tenant.pk)
    assert not Reaction.objects.exists()


def test_a_new_person_is_told_of_by_their_order_alone(tenant: Tenant) -> None:
    apply(make_store(), order(), customer("c2", email="bo@example.com"))

    names = Reaction.objects.values_list("event_name", flat=True)
    assert sorted(names) == ["Order Placed", "Profile Created"]
    assert Event.objects.filter(name="Profile Created").count() == 2


def test_an_order_of_history_meets_no_handler_that_it_has_no_work_for(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    met: list[str] = []
    find = reactions.find_handler

    def note(path: str) -> reactions.Handler:
        met.append(path.rpartition(".")[2])
        return find(path)

    monkeypatch.setattr(reactions, "find_handler", note)
    apply(make_store(), order(), is_backfill=True)
    drain_reactions(Deadline(seconds=None))

    assert met == ["refresh_for_events", "post_for_events", *["refresh_for_events"] * 2]
    assert not Reaction.objects.exists()


def test_every_handler_that_history_passes_by_is_one_that_events_have() -> None:
    known = {path for listed in EVENT_HANDLERS.values() for path in listed}
    assert set(IDLE_IN_HISTORY) <= known


def test_who_hears_of_a_new_person_hears_the_order_that_brings_them_too() -> None:
    for name, others in IMPLIED.items():
        for other in others:
            assert set(EVENT_HANDLERS[name]) <= set(EVENT_HANDLERS[other]), (name, other)


@pytest.mark.usefixtures("tenant")
def test_orders_are_joined_with_browsers_once_one_told_of_any() -> None:
    assert JOIN in find_idle()
    OrderHint.objects.create(order_ref="t1", event_id=1, occurred_at=NOON)

    assert JOIN not in find_idle()


@pytest.mark.usefixtures("tenant")
def test_history_is_told_to_shops_once_one_is_written_to() -> None:
    lane = WriteLane.objects.create(store=make_store(), kind="tags", is_on=True)
    enter(1)
    assert Reaction.objects.count() == 1

    WriteLane.objects.filter(pk=lane.pk).update(is_on=False)
    enter(2)
    assert Reaction.objects.count() == 1
