"""What flows say before a message leaves."""

from datetime import timedelta

import pytest
import time_machine

from crm.models import Profile
from flows.choices import FlowStatus
from flows.models import FlowRun
from flows.services.flows import set_status
from flows.services.gating import ask_exit_condition, ask_flow_filter
from kernel import clock
from segments.models import Membership
from tenants.models import Tenant
from tests.factories.flows import definition, make_flow
from tests.factories.loyalty import make_profile
from tests.flows.support import advance, happen, make_event, make_segment, pending

pytestmark = pytest.mark.usefixtures("noon")

PASSED = (True, "")


@pytest.fixture
def ada(tenant: Tenant) -> Profile:
    return make_profile()


def exit_verdict() -> tuple[bool, str]:
    message = pending()
    verdict = ask_exit_condition([message], clock.now())[message.id]
    return verdict.passed, verdict.detail


def test_a_message_of_a_run_that_did_its_work_passes(ada: Profile) -> None:
    make_flow(definition(exit_on=[{"event": "Order Placed"}]))
    happen("Order Placed", ada)
    advance()
    message = pending()
    assert exit_verdict() == PASSED
    assert ask_flow_filter([message], clock.now()) == {}


def test_an_order_since_stops_the_message_even_after_the_run_is_over(
    ada: Profile, noon: time_machine.Traveller
) -> None:
    make_flow(definition(exit_on=[{"event": "Order Placed"}]))
    happen("Order Placed", ada)
    advance()
    assert FlowRun.objects.get().status == "completed"
    noon.shift(timedelta(seconds=1))
    make_event("Order Placed", ada)
    assert exit_verdict() == (False, "Order Placed")


def test_an_exit_segment_stops_the_message(ada: Profile) -> None:
    segment = make_segment("vip")
    make_flow(definition(exit_on=[{"segment": str(segment.pk)}]))
    happen("Order Placed", ada)
    advance()
    assert exit_verdict() == PASSED
    Membership.objects.create(profile=ada, segment_ids=[segment.pk])
    assert exit_verdict() == (False, "entered a segment that ends the flow")


def test_a_flow_that_was_switched_off_sends_nothing_more(ada: Profile) -> None:
    flow = make_flow(definition())
    happen("Order Placed", ada)
    advance()
    set_status(flow.pk, FlowStatus.DISABLED)
    assert exit_verdict() == (False, "the flow is not live")


def test_a_run_that_ended_early_sends_nothing_more(ada: Profile) -> None:
    make_flow(definition())
    happen("Order Placed", ada)
    advance()
    FlowRun.objects.update(status="exited", exit_reason="Order Placed")
    assert exit_verdict() == (False, "Order Placed")


def test_a_message_whose_run_is_gone_stays(ada: Profile) -> None:
    make_flow(definition())
    happen("Order Placed", ada)
    advance()
    FlowRun.objects.all().delete()
    assert exit_verdict() == (False, "the run does not exist any more")


def test_the_entry_filter_is_asked_again(ada: Profile) -> None:
    Profile.objects.update(first_name="Ada")
    make_flow(definition(entry_filter={"field": "first_name", "is": "=", "value": "Ada"}))
    happen("Order Placed", ada)
    advance()
    message = pending()
    assert ask_flow_filter([message], clock.now())[message.id].passed
    Profile.objects.update(first_name="Eve")
    verdict = ask_flow_filter([message], clock.now())[message.id]
    assert (verdict.passed, verdict.detail) == (False, "does not match the entry filter any more")
