"""Flows and messages that are drafts, under review, live, paused or off."""

import pytest
import time_machine

from crm.models import Profile
from flows.choices import FlowStatus
from flows.models import Flow, FlowEntry, FlowRun, ReviewItem
from flows.services.checks import find_differences
from flows.services.flows import create_flow, set_status
from flows.services.gating import ask_exit_condition
from flows.services.reviewing import cancel_reviews, release_reviews
from kernel import clock
from kernel.errors import Conflict, NotFound
from messaging.models import Message
from tenants.models import AuditEntry, Tenant
from tests.factories.flows import definition, make_flow, message_node
from tests.factories.loyalty import make_profile
from tests.flows.nodes import act, wait, wait_event
from tests.flows.support import advance, happen, pending, queued, steps

pytestmark = [pytest.mark.usefixtures("noon"), pytest.mark.covers("F1")]

HOUR = 3600
DAY = 24 * HOUR
ADA = "ada@example.com"


def switch(flow: Flow, status: FlowStatus) -> None:
    set_status(flow.pk, status)


def run() -> FlowRun:
    return FlowRun.objects.get()


@pytest.mark.parametrize("state", ["draft", "off"])
def test_a_message_that_is_off_is_passed_by(tenant: Tenant, state: str) -> None:
    make_flow(definition({"a": message_node(then="b", state=state), "b": message_node()}))
    person = make_profile()
    happen("Order Placed", person)
    advance()
    assert steps()[0] == ("a", 1, "off")
    assert queued() == [("note", person.pk)]
    assert find_differences() == []


def test_nobody_enters_a_paused_flow_and_who_is_inside_stays_where_they_stand(
    tenant: Tenant, noon: time_machine.Traveller
) -> None:
    flow = make_flow(definition({"day": wait(1, "days", "note"), "note": message_node()}))
    happen("Order Placed", make_profile())
    advance()
    due = run().wake_at
    switch(flow, FlowStatus.PAUSED)
    happen("Order Placed", make_profile())
    assert FlowEntry.objects.count() == 1
    noon.shift(2 * DAY)
    assert advance() == 1
    assert advance() == 0
    assert (run().status, run().current_node, run().wake_at) == ("paused", "day", None)
    assert queued() == []
    assert find_differences() == []

    switch(flow, FlowStatus.LIVE)
    assert (run().status, run().wake_at, run().is_waiting) == ("active", due, True)
    advance()
    message = Message.objects.get()
    assert message.due_at == due  # a day late: its own rule skips what is too late by now
    assert run().context == {}


def test_an_exit_ends_who_was_set_aside(tenant: Tenant, noon: time_machine.Traveller) -> None:
    graph = definition(
        {"day": wait(1, "days", "note"), "note": message_node()},
        exit_on=[{"event": "Order Fulfilled"}],
    )
    flow = make_flow(graph)
    person = make_profile()
    happen("Order Placed", person)
    advance()
    switch(flow, FlowStatus.PAUSED)
    noon.shift(DAY)
    advance()
    happen("Order Fulfilled", person)
    assert (run().status, run().exit_reason) == ("exited", "Order Fulfilled")
    switch(flow, FlowStatus.LIVE)
    assert run().status == "exited"


def test_what_happens_during_a_pause_ends_a_wait_once_it_is_over(
    tenant: Tenant, noon: time_machine.Traveller
) -> None:
    nodes = {
        "paid": wait_event({"event": "Order Fulfilled"}, on_event="good", on_timeout="note"),
        "good": message_node("order_note"),
        "note": message_node(),
    }
    flow = make_flow(definition(nodes))
    person = make_profile()
    happen("Order Placed", person)
    advance()
    switch(flow, FlowStatus.PAUSED)
    noon.shift(HOUR)
    happen("Order Fulfilled", person)
    advance()
    assert run().status == "paused"
    noon.shift(2 * DAY)
    switch(flow, FlowStatus.LIVE)
    advance()
    assert queued() == [("order_note", person.pk)]


def test_a_message_of_a_paused_flow_is_held_and_not_skipped(tenant: Tenant) -> None:
    flow = make_flow(definition())
    happen("Order Placed", make_profile())
    advance()
    switch(flow, FlowStatus.PAUSED)
    [verdict] = ask_exit_condition([pending()], clock.now()).values()
    assert (verdict.passed, verdict.reason, verdict.detail) == (False, "held", "the flow is paused")
    assert verdict.wait_until is not None
    switch(flow, FlowStatus.LIVE)
    [verdict] = ask_exit_condition([pending()], clock.now()).values()
    assert verdict.passed


def test_switching_off_ends_who_was_set_aside(tenant: Tenant, noon: time_machine.Traveller) -> None:
    flow = make_flow(definition({"day": wait(1, "days", "note"), "note": message_node()}))
    happen("Order Placed", make_profile())
    advance()
    switch(flow, FlowStatus.PAUSED)
    noon.shift(DAY)
    advance()
    switch(flow, FlowStatus.DISABLED)
    assert (run().status, run().exit_reason) == ("exited", "the flow is not live")


def test_a_flow_without_a_version_goes_neither_on_nor_into_review() -> None:
    flow = create_flow(name="Empty")
    for status in (FlowStatus.LIVE, FlowStatus.MANUAL, FlowStatus.PAUSED):
        with pytest.raises(Conflict):
            set_status(flow.pk, status)


def review_flow() -> tuple[Flow, list[Profile]]:
    """Let two people come to a message that is looked at first."""
    nodes = {"note": message_node(then="tag", state="manual"), "tag": act("tag", add=["seen"])}
    flow = make_flow(definition(nodes))
    people = [make_profile(), make_profile()]
    for person in people:
        happen("Order Placed", person)
    advance()
    return flow, people


def test_a_message_under_review_waits_for_a_member_and_the_run_goes_on(tenant: Tenant) -> None:
    flow, people = review_flow()
    assert queued() == []
    assert set(FlowRun.objects.values_list("status", flat=True)) == {"completed"}
    items = list(ReviewItem.objects.order_by("pk"))
    assert [item.profile_id for item in items] == [person.pk for person in people]
    assert find_differences() == []

    decided = release_reviews(flow.pk, [items[0].pk], actor=ADA)
    assert (decided.done, decided.impossible, decided.left) == (1, 0, 1)
    assert queued() == [("note", people[0].pk)]
    assert Message.objects.get().key == f"flow:{items[0].run_id}:note:1"
    assert release_reviews(flow.pk, [items[0].pk], actor=ADA).done == 0
    assert cancel_reviews(flow.pk, None, actor=ADA).done == 1
    assert release_reviews(flow.pk, None, actor=ADA).done == 0
    assert queued() == [("note", people[0].pk)]
    statuses = ReviewItem.objects.order_by("pk").values_list("status", "decided_by")
    assert list(statuses) == [("released", ADA), ("cancelled", ADA)]
    actions = AuditEntry.objects.filter(action__startswith="flow.review").order_by("pk")
    assert [(entry.action, entry.after) for entry in actions] == [
        ("flow.review_sent", {"messages": 1}),
        ("flow.review_cancelled", {"messages": 1}),
    ]
    assert find_differences() == []


def test_what_waited_for_a_week_can_no_longer_be_sent(
    tenant: Tenant, noon: time_machine.Traveller
) -> None:
    flow, _ = review_flow()
    noon.shift(7 * DAY)
    decided = release_reviews(flow.pk, None, actor=ADA)
    assert (decided.done, decided.left) == (0, 0)
    assert queued() == []


def test_a_flow_under_review_shows_every_message_first_and_going_live_releases_none(
    tenant: Tenant,
) -> None:
    flow = make_flow(definition())
    switch(flow, FlowStatus.MANUAL)
    first, second = make_profile(), make_profile()
    happen("Order Placed", first)
    advance()
    assert queued() == []
    switch(flow, FlowStatus.LIVE)
    happen("Order Placed", second)
    advance()
    assert queued() == [("note", second.pk)]
    assert ReviewItem.objects.get().status == "waiting"
    release_reviews(flow.pk, None, actor=ADA)
    assert queued() == [("note", second.pk), ("note", first.pk)]


def test_the_messages_of_another_flow_are_not_decided(tenant: Tenant) -> None:
    flow, _ = review_flow()
    other = create_flow(name="Other")
    [item, _] = ReviewItem.objects.order_by("pk")
    assert release_reviews(other.pk, [item.pk], actor=ADA).done == 0
    with pytest.raises(NotFound):
        release_reviews(404, None, actor=ADA)
    assert flow.pk != other.pk


def test_who_no_longer_matches_may_miss_the_message_alone(tenant: Tenant) -> None:
    graph = definition(
        {"note": message_node(then="tag"), "tag": act("tag", add=["seen"])},
        entry_filter={"field": "first_name", "is": "=", "value": "Ada"},
        on_filter="skip",
    )
    make_flow(graph)
    person = make_profile(first_name="Ada")
    happen("Order Placed", person)
    Profile.objects.filter(pk=person.pk).update(first_name="Bob")
    advance()
    person.refresh_from_db()
    assert (queued(), person.tags) == ([], ["seen"])
    assert steps()[0] == ("note", 1, "missed")
    assert run().status == "completed"
