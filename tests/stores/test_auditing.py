"""The orders of a shop compared with ours, day by day, and what is missing filled in."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import transaction
from django.urls import reverse

from analytics.queries.attention import list_attention
from crm.models import Event
from crm.services.stores import StoreData
from kernel import clock
from kernel.batches import Deadline
from kernel.errors import Invalid
from stores.domain.audits import OurOrder, compare
from stores.models import Connection, InboxDelivery
from stores.services import auditing
from stores.services.auditing import LEASE, TRIES, check_now, drain_audits
from stores.services.connections import connect_store, disconnect_store
from stores.services.pruning import prune_due
from stores.services.syncing import drain_syncs, start_sync
from stores.types import ConnectedStore, OrderHead
from tenants.models import AuditEntry, Tenant
from tests.factories.tenants import sign_in
from tests.support.audited import days, told, totals
from tests.support.payloads import load_payload
from tests.support.woocommerce_api import KEY, SECRET, WooApi

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 5, 6, 9, 0, tzinfo=UTC)
"""A Wednesday."""
FOREVER = Deadline(seconds=None)
MONDAY, TUESDAY = date(2026, 5, 4), date(2026, 5, 5)


@pytest.fixture(autouse=True)
def at_nine(monkeypatch: pytest.MonkeyPatch) -> Iterator[time_machine.Traveller]:
    monkeypatch.setattr("kernel.work.ring_now", lambda kind, tenant: None)
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def store(tenant: Tenant, woo_api: WooApi) -> ConnectedStore:
    """A shop with two orders of Monday and one of Tuesday, all pulled."""
    data = StoreData(name="Ada Woo", platform="woocommerce", url=woo_api.url, currency="GBP")
    keys = {"consumer_key": KEY, "consumer_secret": SECRET}
    made = connect_store(data, credentials=keys)
    woo_api.objects["orders"] = [order(1, MONDAY), order(2, MONDAY), order(3, TUESDAY)]
    start_sync(made.store_id)
    drain_syncs(FOREVER)
    return made


def order(number: int, day: date, **changes: Any) -> dict[str, Any]:
    at = f"{day.isoformat()}T12:00:{number % 60:02}"
    guest = {"email": f"shopper{number}@example.com", "country": "GB", "first_name": "S"}
    return load_payload(
        "woocommerce/order",
        id=number,
        number=str(number),
        customer_id=0,
        billing=guest,
        refunds=[],
        **{
            "date_created_gmt": at,
            "date_modified_gmt": at,
            "date_created": at,
            "date_modified": at,
            "total": "10.00",
            "currency": "GBP",
            "status": "completed",
            **changes,
        },
    )


def test_every_night_the_last_three_days_are_compared(store: ConnectedStore) -> None:
    drain_audits(FOREVER)
    found = days()
    assert sorted(found) == [date(2026, 5, 3), MONDAY, TUESDAY]
    assert told(found[MONDAY]) == ("equal", 2, 2000, 2, 2000)
    assert told(found[date(2026, 5, 3)]) == ("equal", 0, 0, 0, 0)
    with transaction.atomic():
        due_at = Connection.objects.get().audit_due_at
    assert due_at is not None
    assert timedelta(hours=16) < due_at - NOW < timedelta(hours=19)
    assert drain_audits(FOREVER) == 0


def test_on_mondays_the_last_thirty(store: ConnectedStore, at_nine: time_machine.Traveller) -> None:
    at_nine.move_to(NOW + timedelta(days=5))
    drain_audits(FOREVER)
    assert len(days()) == 30


def test_what_webhooks_and_pulls_missed_is_filled_in(
    store: ConnectedStore, woo_api: WooApi
) -> None:
    woo_api.objects["orders"] = [
        order(1, MONDAY),
        order(3, TUESDAY, total="12.50", date_modified_gmt="2026-05-05T13:00:00"),
        order(4, MONDAY, total="7.00"),
    ]
    drain_audits(FOREVER)
    monday, tuesday = days()[MONDAY], days()[TUESDAY]
    assert told(monday) == ("mended", 2, 2000, 2, 1700)
    kinds = {one["id"]: (one["kind"], one["is_mended"]) for one in monday.differences}
    assert kinds == {"4": ("missing", True), "2": ("gone", True)}
    assert told(tuesday) == ("mended", 1, 1000, 1, 1250)
    assert totals() == {
        "1": (1000, True),
        "2": (1000, False),
        "3": (1250, True),
        "4": (700, True),
    }
    with transaction.atomic():
        assert set(Event.objects.values_list("is_backfill", flat=True)) == {True}
    check_now(store.store_id)
    drain_audits(FOREVER)
    assert told(days()[MONDAY]) == ("equal", 2, 1700, 2, 1700)


def test_an_order_that_only_moved_to_another_day_is_not_cancelled(
    store: ConnectedStore, woo_api: WooApi
) -> None:
    woo_api.objects["orders"][0] = order(
        1, date(2026, 4, 1), date_modified_gmt="2026-05-05T13:00:00"
    )
    drain_audits(FOREVER)
    assert days()[MONDAY].status == "mended"
    assert totals()["1"] == (1000, True)


def test_so_many_gone_at_once_cancel_nothing(
    store: ConnectedStore, woo_api: WooApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stores.domain.audits.BRAKE_FROM", 1)
    woo_api.objects["orders"] = []
    drain_audits(FOREVER)
    row = days()[MONDAY]
    assert (row.status, row.mended_count, row.difference_count) == ("different", 0, 2)
    assert row.detail.startswith("The shop lists 2 orders fewer than are here")
    assert totals()["1"] == (1000, True)
    with transaction.atomic():
        [item] = [one for one in list_attention() if one.key.startswith("days:")]
    assert item.title == "Ada Woo: 2 days differ from the shop"


def test_more_than_a_page_is_walked(store: ConnectedStore, woo_api: WooApi) -> None:
    woo_api.objects["orders"] += [order(number, TUESDAY) for number in range(100, 350)]
    drain_audits(FOREVER)
    row = days()[TUESDAY]
    assert (row.status, row.our_count, row.their_count) == ("mended", 1, 251)
    assert (row.difference_count, row.mended_count, len(row.differences)) == (250, 250, 50)
    assert len(totals()) == 253


def test_a_shop_that_asks_for_patience_or_is_down_is_asked_again(
    store: ConnectedStore, woo_api: WooApi, at_nine: time_machine.Traveller
) -> None:
    woo_api.fails = [(429, {"Retry-After": "90"}, {}), (500, {}, {}), (500, {}, {})]
    drain_audits(FOREVER)
    assert {row.status for row in days().values()} == {"due"}
    at_nine.shift(timedelta(seconds=90))
    drain_audits(FOREVER)
    assert sorted(row.status for row in days().values()) == ["due", "due", "equal"]
    at_nine.shift(timedelta(minutes=15))
    drain_audits(FOREVER)
    assert {row.status for row in days().values()} == {"equal"}


def test_a_shop_that_stays_down_is_given_up_with_the_reason(
    store: ConnectedStore, woo_api: WooApi, at_nine: time_machine.Traveller
) -> None:
    woo_api.fails = [(500, {}, {})] * (3 * TRIES)
    for _ in range(TRIES):
        drain_audits(FOREVER)
        at_nine.shift(timedelta(minutes=15))
    assert {row.status for row in days().values()} == {"failed"}
    assert days()[MONDAY].detail == "The shop answers with an error of its own (500)"


def test_a_refused_key_is_told(store: ConnectedStore, woo_api: WooApi) -> None:
    with transaction.atomic():
        Connection.objects.update(credentials_encrypted="")
    drain_audits(FOREVER)
    assert days()[MONDAY].status == "failed"
    assert days()[MONDAY].detail.startswith("Enter the shop's address")


def test_a_worker_that_died_leaves_its_day_to_another(
    store: ConnectedStore, at_nine: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(auditing, "ask", _die)
        with pytest.raises(SystemExit):
            drain_audits(FOREVER)
    drain_audits(FOREVER)
    assert sorted(row.status for row in days().values()) == ["due", "equal", "equal"]
    at_nine.shift(LEASE + timedelta(seconds=1))
    drain_audits(FOREVER)
    assert {row.status for row in days().values()} == {"equal"}


def _die(claim: object) -> None:
    raise SystemExit


def test_a_store_that_is_cut_off_is_left_alone(store: ConnectedStore, woo_api: WooApi) -> None:
    check_now(store.store_id)
    disconnect_store(store.store_id, actor="ada@example.com")
    asked = len(woo_api.asked)
    drain_audits(FOREVER)
    assert {row.status for row in days().values()} == {"failed"}
    assert len(woo_api.asked) == asked


def test_a_store_that_cannot_be_compared_is_refused(tenant: Tenant) -> None:
    made = connect_store(StoreData(name="Own", platform="custom"))
    with pytest.raises(Invalid):
        check_now(made.store_id)
    assert days() == {}


def test_check_now_is_a_button_on_the_page_of_the_store(
    store: ConnectedStore, tenant: Tenant, woo_api: WooApi
) -> None:
    woo_api.objects["orders"].append(order(9, TUESDAY))
    member = sign_in(tenant)
    page = reverse("stores:detail", args=["ada-soap", store.store_id])
    assert "Check now" in member.get(page).content.decode()
    member.post(reverse("stores:check_days", args=["ada-soap", store.store_id]))
    assert len(days()) == 8
    drain_audits(FOREVER)
    shown = member.get(page).content.decode()
    assert "Order 9 was missing here, fetched" in shown
    assert "1 here, 2 in the shop" in shown
    with transaction.atomic():
        assert AuditEntry.objects.filter(action="store.check_started").count() == 1


def test_orders_on_their_way_are_no_difference(store: ConnectedStore, woo_api: WooApi) -> None:
    woo_api.objects["orders"].append(order(9, NOW.date(), date_created_gmt="2026-05-06T08:50:00"))
    check_now(store.store_id)
    drain_audits(FOREVER)
    assert told(days()[NOW.date()]) == ("equal", 0, 0, 0, 0)


def test_an_order_that_is_over_here_and_gone_there_counts_on_neither_side() -> None:
    at = datetime(2026, 5, 4, tzinfo=UTC)
    ours = [OurOrder("1", "GBP", 100, is_over=True), OurOrder("2", "EUR", 200, is_over=False)]
    theirs = [OrderHead("2", at, "EUR", 200)] * 2
    found = compare(ours, theirs, currency="GBP")
    assert (found.our_count, found.their_count, found.our_minor, found.differences) == (1, 1, 0, [])


def test_calls_of_sites_are_forgotten_after_their_time(store: ConnectedStore) -> None:
    old = clock.now() - timedelta(days=30, seconds=1)

    def file(name: str, **fields: Any) -> None:
        values = {"source": "tracking", "status": "applied", "received_at": old, **fields}
        InboxDelivery.objects.create(
            store_id=store.store_id, delivery_id=name, topic="tracking/track", body=b"{}", **values
        )

    with transaction.atomic():
        file("old")
        file("new", received_at=clock.now() - timedelta(days=29))
        file("put aside", status="quarantined")
        file("webhook", source="webhook")
    assert prune_due(FOREVER) == 1
    with transaction.atomic():
        left = sorted(InboxDelivery.objects.values_list("delivery_id", flat=True))
    assert left == ["new", "put aside", "webhook"]
    assert prune_due(FOREVER) == 0
