"""Stories from an event to queued messages, with every kind of work drained and time moved."""

from datetime import timedelta

import pytest
import time_machine
from django.utils.module_loading import import_string

from crm.models import Order, Profile, Store
from crm.services.ingest import apply_records
from crm.types import CustomerRecord, LineData, OrderRecord, RefundRecord
from flows.choices import RunStatus
from flows.models import Flow, FlowEntry, FlowRun
from flows.services import checks
from flows.services.library import install_flows
from kernel import clock
from kernel.batches import Deadline
from kernel.work import work_kinds
from loyalty.queries.ledger import balance_of
from loyalty.services import checks as points_checks
from loyalty.services.program import ensure_program
from messaging.models import Message
from messaging.services.library import install_templates
from segments.models import Segment
from segments.services.library import install_core_segments
from tenants.models import Tenant

pytestmark = pytest.mark.usefixtures("noon")


@pytest.fixture
def shop(tenant: Tenant) -> Store:
    install_core_segments()
    ensure_program()
    install_templates()
    install_flows()
    Flow.objects.update(holdout=0)
    return Store.objects.create(
        name="Shop", platform="custom", currency="GBP", timezone="Europe/London"
    )


def drain() -> None:
    """Work off everything but the sending itself, until nothing is left."""
    kinds = ("reactions", "segments", "flows")
    services = [import_string(work_kinds()[kind].service) for kind in kinds]
    while sum(service(Deadline(seconds=None)) for service in services):
        pass


def buy(shop: Store, number: str, *, total: int = 5990, is_backfill: bool = False) -> Order:
    order = OrderRecord(
        external_id=number,
        number=f"#{number}",
        version_at=clock.now(),
        ordered_at=clock.now(),
        currency="GBP",
        gross_minor=total,
        lines=[LineData("1", 1, 1, total, total, title="Soap")],
        customer=CustomerRecord("c1", clock.now(), email="ada@example.com"),
    )
    apply_records(shop.pk, [order], source="webhook", is_backfill=is_backfill, now=clock.now())
    drain()
    return Order.objects.get(external_id=number)


def queued() -> list[str]:
    return list(Message.objects.order_by("id").values_list("template__key", flat=True))


def differences() -> list[str]:
    return [*checks.find_differences(), *points_checks.find_differences()]


def test_an_order_earns_points_and_is_confirmed_once(shop: Store) -> None:
    order = buy(shop, "1001")
    buy(shop, "1001")

    message = Message.objects.get()
    assert message.template.key == "post_purchase"
    assert message.message_class == "transactional"
    assert message.context["order_id"] == order.pk
    assert message.context["event"]["number"] == "#1001"
    assert balance_of(Profile.objects.get().pk) == 59
    assert differences() == []


def test_a_refund_takes_its_share_of_the_points(shop: Store) -> None:
    buy(shop, "1001")
    refund = RefundRecord(
        external_id="r1",
        version_at=clock.now(),
        refunded_at=clock.now(),
        currency="GBP",
        amount_minor=1000,
        order_external_id="1001",
    )
    apply_records(shop.pk, [refund], source="webhook", now=clock.now())
    drain()
    assert balance_of(Profile.objects.get().pk) == 59 - 9
    assert differences() == []


def test_history_earns_points_and_starts_nothing(shop: Store) -> None:
    buy(shop, "1001", is_backfill=True)
    assert balance_of(Profile.objects.get().pk) == 59
    assert queued() == []
    assert not FlowEntry.objects.exists()
    assert differences() == []


def test_win_back_runs_by_the_clock_alone(shop: Store, noon: time_machine.Traveller) -> None:
    buy(shop, "1001")
    at_risk = Segment.objects.get(key="at_risk")

    noon.shift(timedelta(days=59))
    drain()
    assert queued() == ["post_purchase"]

    noon.shift(timedelta(days=1))
    drain()
    assert queued() == ["post_purchase", "win_back"]
    run = FlowRun.objects.get(flow__key="win_back")
    assert run.trigger["object_id"] == at_risk.pk
    assert (run.status, run.current_node) == (RunStatus.ACTIVE, "week")
    assert run.wake_at == clock.now() + timedelta(days=7)

    noon.shift(timedelta(days=7))
    drain()
    assert queued() == ["post_purchase", "win_back", "win_back_reminder"]
    run.refresh_from_db()
    assert (run.status, run.exit_reason) == (RunStatus.COMPLETED, "reminded once")
    assert differences() == []


def test_an_order_ends_the_win_back(shop: Store, noon: time_machine.Traveller) -> None:
    buy(shop, "1001")
    noon.shift(timedelta(days=60))
    drain()
    noon.shift(timedelta(days=2))
    buy(shop, "1002")

    run = FlowRun.objects.get(flow__key="win_back")
    assert (run.status, run.exit_reason) == (RunStatus.EXITED, "goal: Order Placed")
    noon.shift(timedelta(days=10))
    drain()
    assert queued() == ["post_purchase", "win_back", "post_purchase"]
    assert differences() == []


def test_who_opened_gets_no_reminder(shop: Store, noon: time_machine.Traveller) -> None:
    buy(shop, "1001")
    noon.shift(timedelta(days=60))
    drain()
    Message.objects.filter(template__key="win_back").update(opened_at=clock.now())
    noon.shift(timedelta(days=7))
    drain()
    assert queued() == ["post_purchase", "win_back"]
    assert FlowRun.objects.get(flow__key="win_back").exit_reason == "opened, or no longer at risk"


def test_win_back_comes_again_after_the_next_silence(
    shop: Store, noon: time_machine.Traveller
) -> None:
    buy(shop, "1001")
    noon.shift(timedelta(days=60))
    drain()
    buy(shop, "1002")
    noon.shift(timedelta(days=60))
    drain()
    assert queued() == ["post_purchase", "win_back", "post_purchase", "win_back"]
    assert differences() == []
