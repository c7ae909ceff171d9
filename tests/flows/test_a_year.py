"""A year of a flow, lived through from one due moment to the next."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db.models import Min

from crm.models import Profile
from flows.models import FlowRun
from flows.services import checks
from messaging.models import Message
from tenants.models import Tenant
from tests.factories.flows import definition, make_flow, message_node
from tests.factories.loyalty import make_profile
from tests.flows.nodes import wait
from tests.flows.support import advance, happen


def live_until(noon: time_machine.Traveller, end: datetime) -> int:
    """Move the clock to each moment at which something is due; returns how many there were."""
    moments = 0
    while True:
        advance()
        due = FlowRun.objects.filter(status="active").aggregate(at=Min("wake_at"))["at"]
        if due is None or due > end:
            noon.move_to(end)
            return moments
        noon.move_to(due)
        moments += 1


@pytest.mark.covers("F1")
def test_a_year_of_quarterly_mails_keeps_the_hour_of_each_person(
    tenant: Tenant, noon: time_machine.Traveller
) -> None:
    ada = make_profile(timezone="Europe/London")
    eve = make_profile(timezone="Australia/Lord_Howe")
    make_flow(
        definition(
            {
                "quarter": wait(13, "weeks", "note", until_time="09:00", weekdays=["mon"]),
                "note": message_node(then="again"),
                "again": {
                    "type": "goto",
                    "target": "quarter",
                    "max_visits": 3,
                    "otherwise": "end",
                },
            }
        )
    )
    start = datetime(2026, 6, 1, 12, tzinfo=UTC)
    for person in (ada, eve):
        happen("Order Placed", person)
    moments = live_until(noon, start + timedelta(days=400))

    def sent(person: Profile) -> list[str]:
        rows = Message.objects.filter(profile=person).order_by("id")
        return [f"{at:%Y-%m-%dT%H:%M}" for at in rows.values_list("due_at", flat=True)]

    # Clocks go back on 25 October in London, and forth on 4 October by half an hour on Lord Howe.
    assert sent(ada) == [
        "2026-09-07T08:00",
        "2026-12-07T09:00",
        "2027-03-08T09:00",
        "2027-06-07T08:00",
    ]
    assert sent(eve) == [
        "2026-09-06T22:30",
        "2026-12-06T22:00",
        "2027-03-07T22:00",
        "2027-06-06T22:30",
    ]
    assert moments == 8
    assert set(FlowRun.objects.values_list("status", flat=True)) == {"completed"}
    assert checks.find_differences() == []
