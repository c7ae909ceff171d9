"""Clocks and people that change while runs are on their way: what becomes of each is stated."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from crm.models import Event, Profile
from flows.models import FlowRun
from flows.services import checks
from kernel import clock
from messaging.models import Message
from tenants.models import Tenant
from tests.factories.flows import definition, make_flow, message_node
from tests.factories.loyalty import make_profile
from tests.flows.conftest import NOON
from tests.flows.nodes import act, wait
from tests.flows.support import advance, happen, queued

pytestmark = [pytest.mark.usefixtures("noon"), pytest.mark.covers("F1")]

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MORNING = {"until_time": "09:00"}


def wakes() -> datetime | None:
    return FlowRun.objects.get().wake_at


def test_who_moves_keeps_the_wait_they_are_in_and_the_next_one_goes_by_the_new_clock(
    tenant: Tenant, noon: time_machine.Traveller
) -> None:
    nodes = {
        "first": wait(1, "days", "second", **MORNING),
        "second": wait(1, "days", "note", **MORNING),
        "note": message_node(),
    }
    make_flow(definition(nodes))
    ada = make_profile(timezone="Europe/London")
    happen("Order Placed", ada)
    advance()
    in_london = datetime(2026, 6, 3, 8, tzinfo=UTC)
    assert wakes() == in_london
    Profile.objects.filter(pk=ada.pk).update(timezone="America/New_York")
    noon.move_to(in_london - HOUR)
    assert (advance(), wakes()) == (0, in_london)
    noon.move_to(in_london)
    advance()
    assert wakes() == datetime(2026, 6, 4, 13, tzinfo=UTC)  # nine in New York
    Profile.objects.filter(pk=ada.pk).update(timezone="Asia/Tokyo")
    noon.move_to(datetime(2026, 6, 4, 13, tzinfo=UTC))
    advance()
    assert queued() == [("note", ada.pk)]


def test_a_clock_that_jumps_hurries_nobody_and_repeats_nothing(
    tenant: Tenant, noon: time_machine.Traveller
) -> None:
    nodes = {
        "note": message_node(then="day"),
        "day": wait(1, "days", "last"),
        "last": message_node(then="hour"),
        "hour": wait(1, "hours", "end"),
    }
    make_flow(definition(nodes))
    ada = make_profile()
    placed = happen("Order Placed", ada)
    advance()
    due = NOON + DAY
    assert (queued(), wakes()) == ([("note", ada.pk)], due)

    noon.move_to(NOON - 3 * HOUR)  # back: what is done stays done, what waits goes on waiting
    assert advance() == 0
    again = happen("Order Placed", ada)
    assert again.event_id != placed.event_id
    advance()
    first = FlowRun.objects.order_by("pk")[0]
    assert (first.wake_at, len(queued())) == (due, 2)
    noon.move_to(due)
    advance()
    second = due - 3 * HOUR
    last = Message.objects.filter(node_id="last").order_by("due_at")
    assert [message.due_at for message in last] == [second, due]

    noon.move_to(NOON + 40 * DAY)  # forth: late, and once
    assert advance() == 2
    assert (advance(), len(queued())) == (0, 4)
    assert set(FlowRun.objects.values_list("status", flat=True)) == {"completed"}
    assert checks.find_differences() == []


def test_workers_that_come_back_after_days_queue_what_was_due_as_of_then(
    tenant: Tenant, noon: time_machine.Traveller
) -> None:
    make_flow(definition({"hour": wait(1, "hours", "note"), "note": message_node()}))
    ada = make_profile()
    happen("Order Placed", ada)
    advance()
    noon.move_to(NOON + 3 * DAY)
    advance()
    message = Message.objects.get()
    # Whether that is too late is the gate's to say (`tests/messaging/test_gating.py`).
    assert (message.due_at, message.context["max_lateness_minutes"]) == (NOON + HOUR, 24 * 60)
    assert FlowRun.objects.get().status == "completed"


@pytest.mark.parametrize(
    ("held", "after"),
    [("many", 1), ([2], 1), (None, 1), (True, 1), ({"a": 1}, 1), ("2", 1), (2, 3), (2.5, 3.5)],
)
def test_a_property_of_another_kind_is_counted_anew(
    tenant: Tenant, held: object, after: object
) -> None:
    nodes = {
        "count": act("update_property", "ask", property="visits", how="add", value=1),
        "ask": {
            "type": "split",
            "condition": {"field": "properties.visits", "is": ">=", "value": 3},
            "yes": "end",
            "no": "note",
        },
        "note": message_node(),
    }
    make_flow(definition(nodes))
    ada = make_profile(properties={"visits": held})
    happen("Order Placed", ada)
    advance()
    ada.refresh_from_db()
    assert ada.properties == {"visits": after}
    assert FlowRun.objects.get().status == "completed"
    assert len(queued()) == (after == 1)


@pytest.mark.parametrize("held", ["soon", 17, ["2027-01-01"], None, True, "2027-02-31"])
def test_a_split_and_a_wait_take_a_property_of_another_kind_as_not_said(
    tenant: Tenant, held: Any
) -> None:
    nodes = {
        "day": act("wait_date", "late", date={"profile": "renews"}, past="ask"),
        "late": message_node(),
        "ask": {
            "type": "split",
            "condition": {
                "field": "properties.renews",
                "is": "in_the_next",
                "value": {"days": 900},
                "type": "date",
            },
            "yes": "late",
            "no": "end",
        },
    }
    make_flow(definition(nodes))
    happen("Order Placed", make_profile(properties={"renews": held}))
    advance()
    run = FlowRun.objects.get()
    assert (run.status, queued()) == ("completed", [])
    assert Event.objects.filter(name="Profile Updated").count() == 0
    assert clock.now() == NOON
