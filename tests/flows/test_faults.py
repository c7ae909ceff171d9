"""A worker dies, or loses the database, between any two statements: the outcome is the same."""

from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.db import OperationalError, connection, transaction

from crm.models import Profile
from crm.types import EventRef
from flows.models import FlowEntry, FlowRun, RunStep
from flows.services import checks
from flows.services.enrolment import enrol_for_events
from flows.services.exits import exit_for_events
from loyalty.queries.ledger import balance_of
from loyalty.services import checks as points_checks
from messaging.models import Message
from stores.models import WebhookDelivery, WebhookEndpoint
from tenants.models import Tenant
from tests.factories.flows import definition, make_flow, message_node
from tests.factories.loyalty import make_profile
from tests.flows.nodes import act, shares, wait_event
from tests.flows.support import advance, make_event

pytestmark = pytest.mark.usefixtures("noon")


class Killed(BaseException):
    """What nobody catches: the worker is gone."""


def die_everywhere(work: Callable[[], object], error: type[BaseException]) -> int:
    """Do some work again and again, each time dying one statement later, until it is done.

    Once something was committed it begins anew to die at the first statement of what is left.

    Returns:
        How often it died.
    """
    deaths, limit = 0, 1
    while True:
        before = state()
        try:
            with connection.execute_wrapper(Executioner(limit, error)):
                work()
        except error:
            deaths += 1
        else:
            return deaths
        limit = limit + 1 if state() == before else 1


class Executioner:
    """Lets so many statements pass, and then none."""

    def __init__(self, left: int, error: type[BaseException]) -> None:
        self.left, self.error = left, error

    def __call__(self, execute: Any, *statement: Any) -> Any:
        self.left -= 1
        if self.left == -1:
            raise self.error("here")  # what takes everything back passes again
        return execute(*statement)


def state() -> list[Any]:
    """Return what tells whether something was committed."""
    runs = FlowRun.objects.order_by("pk").values_list("status", "current_node", "wake_at")
    return [*runs, FlowEntry.objects.count()]


def react(handler: Callable[[list[EventRef]], None], refs: list[EventRef]) -> None:
    with transaction.atomic():
        handler(refs)


def make_everything(tenant: Tenant) -> list[Profile]:
    endpoint = WebhookEndpoint.objects.create(
        url="https://example.com/hook", secret_encrypted="x", types=["order.placed"]
    )
    make_flow(
        definition(
            {
                "tag": act("tag", "pay", add=["seen"]),
                "pay": act("points", "call", points=5),
                "call": act("webhook", "set", endpoint=str(endpoint.pk)),
                "set": act("update_property", "lot", property="n", how="add", value=1),
                "lot": shares("ab_split", ("A", 50, "note"), ("B", 50, "note")),
                "note": message_node(then="paid"),
                "paid": wait_event({"event": "Order Fulfilled"}, on_timeout="late"),
                "late": message_node(),
            }
        )
    )
    return [make_profile(), make_profile()]


@pytest.mark.covers("F1")
@pytest.mark.parametrize("error", [Killed, OperationalError])
def test_a_worker_that_dies_between_any_two_statements_changes_nothing_in_the_end(
    tenant: Tenant, error: type[BaseException], noon: time_machine.Traveller
) -> None:
    people = make_everything(tenant)
    placed = [make_event("Order Placed", person) for person in people]
    deaths = die_everywhere(lambda: react(enrol_for_events, placed), error)
    assert deaths > 5
    deaths = die_everywhere(advance, error)
    assert deaths > 60
    for person in people:
        person.refresh_from_db()
    assert [person.tags for person in people] == [["seen"]] * 2
    assert [person.properties for person in people] == [{"n": 1}] * 2
    assert [balance_of(person.pk) for person in people] == [5, 5]
    assert WebhookDelivery.objects.count() == 2
    assert Message.objects.count() == 2

    noon.shift(60)
    fulfilled = [make_event("Order Fulfilled", people[0])]
    die_everywhere(lambda: react(exit_for_events, fulfilled), error)
    die_everywhere(advance, error)
    noon.shift(24 * 3600)
    die_everywhere(advance, error)
    results = RunStep.objects.filter(node_id__in=["paid", "late"]).order_by("run_id", "id")
    assert list(results.values_list("run__profile_id", "node_id", "result")) == [
        (people[0].pk, "paid", "happened"),
        (people[1].pk, "paid", "timeout"),
        (people[1].pk, "late", "queued"),
    ]
    assert Message.objects.count() == 3
    assert set(FlowRun.objects.values_list("status", flat=True)) == {"completed"}
    assert checks.find_differences() == []
    assert points_checks.find_differences() == []
