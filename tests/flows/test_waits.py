"""Runs that wait for something: events of the person, and dates."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection, transaction

from crm.models import Profile
from flows.models import FlowRun, RunStep
from flows.services.exits import exit_for_events
from kernel import clock
from kernel.tenancy import tenant_scope
from messaging.models import Message
from tenants.models import Tenant
from tests.factories.flows import definition, make_flow, message_node
from tests.factories.loyalty import make_profile
from tests.flows.nodes import wait, wait_event
from tests.flows.support import advance, happen, make_event, queued, steps

pytestmark = [pytest.mark.usefixtures("noon"), pytest.mark.covers("F1")]

PAID = {"event": "Order Placed", "same": ["cart_id"]}


@pytest.fixture
def ada(tenant: Tenant) -> Profile:
    return make_profile()


def cart_flow(*any_of: dict[str, Any], **other: Any) -> None:
    make_flow(
        definition(
            {"paid": wait_event(*any_of, **other), "note": message_node()},
            trigger={"event": "Cart Abandoned"},
        )
    )


def test_an_event_of_the_same_cart_ends_the_wait_at_once(
    ada: Profile, noon: time_machine.Traveller
) -> None:
    cart_flow(PAID)
    happen("Cart Abandoned", ada, cart_id="c1")
    advance()
    run = FlowRun.objects.get()
    assert (run.is_waiting, run.wake_at) == (True, clock.now() + timedelta(hours=24))
    assert run.context == {
        "wait": {
            "since": clock.now().isoformat(),
            "until": (clock.now() + timedelta(hours=24)).isoformat(),
        }
    }
    noon.shift(timedelta(hours=1))
    happen("Order Placed", ada, cart_id="c1")
    assert advance() == 1
    assert steps() == [("paid", 1, "happened"), ("end", 1, "exit")]
    assert queued() == []
    assert FlowRun.objects.get().context == {}


def test_an_event_of_another_cart_or_person_changes_nothing(
    ada: Profile, noon: time_machine.Traveller
) -> None:
    cart_flow(PAID)
    happen("Cart Abandoned", ada, cart_id="c1")
    advance()
    noon.shift(timedelta(hours=1))
    happen("Order Placed", ada, cart_id="c2")
    happen("Order Placed", ada)
    happen("Order Placed", make_profile(), cart_id="c1")
    happen("Order Placed", ada, cart_id="c1", is_backfill=True)
    advance()
    run = FlowRun.objects.get()
    assert (run.is_waiting, run.current_node) == (True, "paid")
    assert run.wake_at == clock.now() + timedelta(hours=23)
    noon.shift(timedelta(hours=23, seconds=-1))
    assert advance() == 0
    noon.shift(timedelta(seconds=1))
    assert advance() == 1
    assert steps() == [("paid", 1, "timeout"), ("note", 1, "queued"), ("end", 1, "exit")]


def test_filters_of_the_event_must_hold(ada: Profile, noon: time_machine.Traveller) -> None:
    cart_flow({"event": "Order Placed", "filter": [{"property": "total", "is": ">=", "value": 50}]})
    happen("Cart Abandoned", ada)
    advance()
    noon.shift(timedelta(minutes=1))
    happen("Order Placed", ada, total="49.99")
    advance()
    assert FlowRun.objects.get().status == "active"
    noon.shift(timedelta(minutes=1))
    happen("Order Placed", ada, total="50.00")
    advance()
    assert steps()[0] == ("paid", 1, "happened")


@pytest.mark.parametrize(("since", "result"), [("node", None), ("start", "happened")])
def test_what_happened_before_it_came_counts_only_from_the_start(
    ada: Profile, noon: time_machine.Traveller, since: str, result: str | None
) -> None:
    make_flow(
        definition(
            {
                "hour": wait(1, "hours", "paid"),
                "paid": wait_event({"event": "Order Fulfilled"}, since=since),
                "note": message_node(),
            }
        )
    )
    happen("Order Placed", ada)
    advance()
    noon.shift(timedelta(minutes=30))
    happen("Order Fulfilled", ada)
    noon.shift(timedelta(minutes=30))
    advance()
    found = dict(RunStep.objects.values_list("node_id", "result"))
    assert found.get("paid") == result


@pytest.mark.covers("F3")
def test_a_message_that_was_opened_ends_the_wait_for_that(
    ada: Profile, noon: time_machine.Traveller
) -> None:
    make_flow(
        definition(
            {
                "first": message_node(then="read"),
                "read": wait_event({"message": "first", "is": "opened"}),
                "note": message_node(),
            }
        )
    )
    happen("Order Placed", ada)
    advance()
    message = Message.objects.get()
    noon.shift(timedelta(hours=2))
    Message.objects.update(opened_at=clock.now())
    happen("Message Opened", ada, object_id=message.pk)
    advance()
    assert steps()[1:] == [("read", 1, "happened"), ("end", 1, "exit")]
    assert queued() == [("note", ada.pk)]


def test_an_event_whose_reaction_is_late_still_counts_at_the_timeout(
    ada: Profile, noon: time_machine.Traveller
) -> None:
    cart_flow(PAID)
    happen("Cart Abandoned", ada, cart_id="c1")
    advance()
    noon.shift(timedelta(hours=23))
    late = make_event("Order Placed", ada, cart_id="c1")
    noon.shift(timedelta(hours=1))
    advance()
    assert steps()[0] == ("paid", 1, "happened")
    exit_for_events([late])
    assert advance() == 0


def test_two_waits_of_one_person_are_ended_by_their_own_events(
    ada: Profile, noon: time_machine.Traveller
) -> None:
    cart_flow(PAID)
    happen("Cart Abandoned", ada, cart_id="c1")
    happen("Cart Abandoned", ada, cart_id="c2")
    advance()
    noon.shift(timedelta(minutes=5))
    happen("Order Placed", ada, cart_id="c2")
    advance()
    by_run = list(RunStep.objects.order_by("id").values_list("run__trigger_event_id", "result"))
    second = FlowRun.objects.order_by("id")[1]
    assert by_run == [
        (second.trigger_event_id, "happened"),
        (second.trigger_event_id, "exit"),
    ]


@pytest.mark.django_db(transaction=True)
def test_an_event_that_comes_while_a_run_arrives_is_never_missed(tenant: Tenant) -> None:
    """Whoever is first: the engine that begins the wait, or the handler that looks for it."""
    with transaction.atomic():
        make_flow(
            definition({"paid": wait_event({"event": "Order Fulfilled"}), "note": message_node()})
        )
        people = [make_profile() for _ in range(12)]
        for person in people:
            happen("Order Placed", person, at=clock.now() - timedelta(minutes=1))

    def work(part: int) -> None:
        try:
            with tenant_scope(tenant.pk):
                if part == 0:
                    advance()
                else:
                    for person in people[part - 1 :: 3]:
                        with transaction.atomic():
                            ref = make_event(
                                "Order Fulfilled", person, at=clock.now() + timedelta(minutes=1)
                            )
                        exit_for_events([ref])
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    with transaction.atomic():
        advance()
        found = RunStep.objects.filter(node_id="paid").values_list("result", flat=True)
        assert list(found) == ["happened"] * 12


def test_a_date_of_the_profile_is_waited_for_in_its_zone(
    ada: Profile, noon: time_machine.Traveller
) -> None:
    Profile.objects.update(timezone="Asia/Tokyo", properties={"appointment": "2026-06-10"})
    make_flow(
        definition(
            {
                "day": {
                    "type": "wait_date",
                    "date": {"profile": "appointment"},
                    "offset": {"n": 2, "unit": "days", "direction": "before"},
                    "next": "note",
                    "past": "end",
                },
                "note": message_node(),
            }
        )
    )
    happen("Order Placed", ada)
    advance()
    due = datetime(2026, 6, 8, 0, tzinfo=UTC)
    assert FlowRun.objects.get().wake_at == due
    noon.move_to(due)
    advance()
    assert steps() == [("day", 1, "reached"), ("note", 1, "queued"), ("end", 1, "exit")]
    Profile.objects.update(properties={})
    happen("Order Placed", ada)
    advance()
    assert steps()[3:] == [("day", 1, "past"), ("end", 1, "exit")]


def test_a_date_of_the_event_is_waited_for(ada: Profile) -> None:
    make_flow(
        definition(
            {
                "day": {
                    "type": "wait_date",
                    "date": {"event": "delivered_on"},
                    "at": "18:30",
                    "timezone": "UTC",
                    "next": "end",
                }
            }
        )
    )
    happen("Order Placed", ada, delivered_on="2026-06-05")
    advance()
    assert FlowRun.objects.get().wake_at == datetime(2026, 6, 5, 18, 30, tzinfo=UTC)
