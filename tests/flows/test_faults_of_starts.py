"""Whatever starts or moves people dies between any two statements: nothing is done twice."""

import pytest
import time_machine
from django.db import OperationalError, transaction

from crm.models import Event, Product, Profile, Variant
from crm.services.events import append_events
from crm.types import NewEvent
from flows.models import FlowEntry, FlowRun, HeldOut, ReviewItem, Task, WantedChange
from flows.services.checks import find_differences
from flows.services.dates import scan_due
from flows.services.flows import set_holdout
from flows.services.manual import enrol_segment
from flows.services.moving import publish_and_move
from flows.services.reviewing import release_reviews
from flows.services.waiting import wake_for_stock
from flows.services.wanted import note_goods, start_wanted
from kernel import clock
from kernel.batches import Deadline
from messaging.models import Message, Template
from tenants.models import Job, Tenant
from tenants.services.job_turns import run_jobs
from tests.factories.coupons import make_pool
from tests.factories.crm import make_store
from tests.factories.flows import definition, make_flow, message_node
from tests.factories.loyalty import make_profile
from tests.flows.nodes import act, wait, wait_stock
from tests.flows.support import advance, happen, make_event, make_segment
from tests.flows.test_faults import Killed, die_everywhere

pytestmark = [pytest.mark.usefixtures("noon"), pytest.mark.covers("F1")]

ADA = "ada@example.com"
ERRORS = pytest.mark.parametrize("error", [Killed, OperationalError])


def jobs() -> None:
    run_jobs(Deadline(seconds=None))


@ERRORS
def test_moving(
    tenant: Tenant, error: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.services.moving.BATCH", 2)
    flow = make_flow(definition({"week": wait(7, "days", "note"), "note": message_node()}))
    for _ in range(3):
        happen("Order Placed", make_profile())
    advance()
    graph = definition({"note": message_node()})
    die_everywhere(lambda: publish_and_move(flow.pk, graph, actor=ADA), error)
    assert die_everywhere(jobs, error) > 5
    assert Job.objects.get().status == "done"
    runs = FlowRun.objects.values_list("version__number", "current_node", "status")
    assert list(runs) == [(2, "note", "active")] * 3
    assert find_differences() == []


@ERRORS
def test_dates(
    tenant: Tenant,
    error: type[BaseException],
    noon: time_machine.Traveller,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("flows.queries.dates.PAGE", 3)
    flow = make_flow(definition(trigger={"date": {"property": "birthday", "at": "13:30"}}))
    set_holdout(flow.pk, 5_000)
    people = [make_profile(properties={"birthday": "1990-06-01"}) for _ in range(8)]
    noon.shift(2 * 3600)
    assert die_everywhere(lambda: scan_due(Deadline(seconds=None)), error) > 5
    assert FlowEntry.objects.count() == len(people)
    assert FlowRun.objects.count() + HeldOut.objects.count() == len(people)
    assert Event.objects.filter(name="Date Reached").count() == len(people)


@ERRORS
def test_prices(tenant: Tenant, error: type[BaseException]) -> None:
    store = make_store()
    product = Product.objects.create(store=store, external_id="p1", title="Soap")
    soap = Variant.objects.create(product=product, store=store, external_id="v1", sku="SOAP-1")
    make_flow(definition(trigger={"price_drop": {"by": 10}}))
    for _ in range(2):
        make_event("Product Viewed", make_profile(), sku="SOAP-1")
    fell = NewEvent(
        name="Price Dropped",
        occurred_at=clock.now(),
        source="sync",
        store_id=store.pk,
        object_id=soap.pk,
        properties={"before": "10.00", "after": "5.00"},
    )
    refs = append_events([fell])

    def react() -> None:
        with transaction.atomic():
            note_goods(refs)

    assert die_everywhere(react, error) > 2
    assert die_everywhere(lambda: start_wanted(Deadline(seconds=None)), error) > 5
    assert not WantedChange.objects.exists()
    assert FlowRun.objects.count() == 2
    assert FlowEntry.objects.count() == 2


@ERRORS
def test_hands(tenant: Tenant, error: type[BaseException], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flows.services.manual.BATCH", 2)
    members = tuple(make_profile() for _ in range(3))
    segment = make_segment(members=members)
    flow = make_flow(definition(trigger={"manual": True}))
    enrol_segment(flow.pk, segment.pk, actor=ADA, key="1")
    assert die_everywhere(jobs, error) > 5
    assert FlowRun.objects.count() == 3


@ERRORS
def test_reviews_and_policies(tenant: Tenant, error: type[BaseException]) -> None:
    nodes = {
        "note": message_node(then="lost", state="manual"),
        "lost": message_node("order_note", then="tag", on_error={"then": "skip"}),
        "tag": act("tag", add=["seen"]),
    }
    flow = make_flow(definition(nodes))
    Template.objects.filter(key="order_note").update(key="gone")
    people = [make_profile(), make_profile()]
    for person in people:
        happen("Order Placed", person)
    assert die_everywhere(advance, error) > 5
    assert ReviewItem.objects.count() == 2
    assert [each.tags for each in Profile.objects.order_by("pk")] == [["seen"]] * 2
    die_everywhere(lambda: release_reviews(flow.pk, None, actor=ADA), error)
    assert Message.objects.count() == 2
    assert set(FlowRun.objects.values_list("status", flat=True)) == {"completed"}
    assert find_differences() == []


@ERRORS
def test_stock_coupons_and_tasks(
    tenant: Tenant, error: type[BaseException], noon: time_machine.Traveller
) -> None:
    store = make_store()
    product = Product.objects.create(
        store=store, external_id="p1", title="Soap", status="active", source_version_at=clock.now()
    )
    soap = Variant.objects.create(
        product=product, store=store, external_id="v1", inventory_policy="deny", is_tracked=True,
        inventory_quantity=0,
    )  # fmt: skip
    nodes = {
        "back": wait_stock(tranche=1, on_stock="code"),
        "code": act("coupon", "note", coupon=str(make_pool().pk)),
        "note": message_node(then="call"),
        "call": {
            "type": "task",
            "title": "Call them",
            "timeout": {"n": 3, "unit": "days"},
            "on_done": "end",
            "on_timeout": "end",
        },
    }
    make_flow(definition(nodes, trigger={"event": "Waitlist Joined"}))
    people = [make_profile(), make_profile()]
    for person in people:
        happen("Waitlist Joined", person, variant_id=str(soap.pk))
    assert die_everywhere(advance, error) > 5
    Variant.objects.update(inventory_quantity=9)
    came = [make_event("Back In Stock", people[0], object_id=soap.pk, pieces=9)]

    def react() -> None:
        with transaction.atomic():
            wake_for_stock(came)

    assert die_everywhere(react, error) > 1
    die_everywhere(advance, error)
    noon.shift(30 * 60)
    die_everywhere(advance, error)
    assert [message.profile_id for message in Message.objects.order_by("profile_id")] == [
        person.pk for person in people
    ]
    assert all("coupon" in message.context for message in Message.objects.all())
    assert Task.objects.count() == len(people)
    noon.shift(3 * 24 * 3600)
    die_everywhere(advance, error)
    assert set(FlowRun.objects.values_list("status", flat=True)) == {"completed"}
    assert find_differences() == []
