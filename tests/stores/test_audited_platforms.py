"""Every platform's list of orders against ours: one story for each difference, told by all four."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import transaction
from django.urls import reverse

from crm.models import Event, Order, Store
from stores.models import StoreDay
from stores.services.auditing import TRIES, check_now, drain_audits
from stores.services.connections import save_credentials
from tenants.models import Tenant
from tests.factories.crm import apply, order
from tests.factories.tenants import sign_in
from tests.support.audited import FOREVER, NOW, SHOPS, Shop, connect, days, kinds, told, totals
from tests.support.magento_api import FOUR

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.covers("I1", "I2", "I3", "I4")]

MONDAY, TUESDAY = date(2026, 5, 4), date(2026, 5, 5)
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
"""Of Monday."""
NEXT_NOON = NOON + timedelta(days=1)


@pytest.fixture(autouse=True)
def at_nine(monkeypatch: pytest.MonkeyPatch) -> Iterator[time_machine.Traveller]:
    monkeypatch.setattr("kernel.work.ring_now", lambda kind, tenant: None)
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture(params=SHOPS)
def shop(request: pytest.FixtureRequest, tenant: Tenant) -> Shop:
    """A shop with two orders of Monday and one of Tuesday, none of them here yet."""
    return stocked(request.param, request)


def stocked(platform: str, request: pytest.FixtureRequest) -> Shop:
    made = connect(platform, request)
    made.put(1, NOON)
    made.put(2, NOON + timedelta(minutes=1))
    made.put(3, NEXT_NOON)
    return made


def test_missing_changed_and_deleted_orders_are_mended(
    shop: Shop, at_nine: time_machine.Traveller
) -> None:
    monday = shop.compare(at_nine)[MONDAY]
    assert told(monday) == ("mended", 0, 0, 2, 2000)
    assert kinds(monday) == {"1": ("missing", True), "2": ("missing", True)}
    with transaction.atomic():
        assert set(Event.objects.values_list("is_backfill", flat=True)) == {True}

    shop.drop(2)
    shop.put(4, NOON, "7.00")
    shop.put(3, NEXT_NOON, "12.50")
    found = shop.compare(at_nine)
    assert told(found[MONDAY]) == ("mended", 2, 2000, 2, 1700)
    assert kinds(found[MONDAY]) == {"4": ("missing", True), "2": ("gone", True)}
    assert told(found[TUESDAY]) == ("mended", 1, 1000, 1, 1250)
    assert kinds(found[TUESDAY]) == {"3": ("changed", True)}
    assert totals() == {"1": (1000, True), "2": (1000, False), "3": (1250, True), "4": (700, True)}

    again = shop.compare(at_nine)
    assert {row.status for row in again.values()} == {"equal"}
    assert told(again[MONDAY]) == ("equal", 2, 1700, 2, 1700)


def test_a_key_that_sees_nothing_cancels_nothing(
    shop: Shop, at_nine: time_machine.Traveller
) -> None:
    shop.compare(at_nine)
    shop.orders.clear()
    found = shop.compare(at_nine)
    monday = found[MONDAY]
    assert (monday.status, monday.difference_count, monday.mended_count) == ("different", 2, 0)
    assert monday.detail.startswith("The shop shows no order at all, so nothing was cancelled")
    assert totals() == dict.fromkeys("123", (1000, True))


def test_the_only_order_of_a_day_that_is_deleted_is_cancelled(
    shop: Shop, at_nine: time_machine.Traveller
) -> None:
    shop.compare(at_nine)
    shop.drop(3)
    assert kinds(shop.compare(at_nine)[TUESDAY]) == {"3": ("gone", True)}
    assert totals()["3"] == (1000, False)


def test_many_gone_at_once_cancel_nothing_and_what_is_missing_still_comes(
    shop: Shop, at_nine: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.compare(at_nine)
    monkeypatch.setattr("stores.domain.audits.BRAKE_FROM", 1)
    shop.drop(1)
    shop.drop(2)
    shop.put(5, NOON)
    monday = shop.compare(at_nine)[MONDAY]
    assert (monday.status, monday.difference_count, monday.mended_count) == ("different", 3, 1)
    assert monday.detail.startswith("The shop lists 2 orders fewer than are here")
    assert totals() == dict.fromkeys("1235", (1000, True))


def test_an_order_at_the_edge_belongs_to_the_day_of_the_tenants_clock(
    shop: Shop, tenant: Tenant, at_nine: time_machine.Traveller
) -> None:
    with transaction.atomic():
        Tenant.objects.filter(pk=tenant.pk).update(timezone="America/New_York")
    shop.orders.clear()
    midnight = datetime(2026, 5, 5, 4, tzinfo=UTC)
    shop.put(1, midnight - timedelta(seconds=1))
    shop.put(2, midnight)
    first = shop.compare(at_nine)
    assert kinds(first[MONDAY]) == {"1": ("missing", True)}
    assert kinds(first[TUESDAY]) == {"2": ("missing", True)}
    again = shop.compare(at_nine)
    assert told(again[MONDAY]) == ("equal", 1, 1000, 1, 1000)
    assert told(again[TUESDAY]) == ("equal", 1, 1000, 1, 1000)


def test_an_order_that_moved_to_another_day_is_found_by_its_number(
    shop: Shop, at_nine: time_machine.Traveller
) -> None:
    shop.compare(at_nine)
    shop.put(1, NOON - timedelta(days=30))
    assert kinds(shop.compare(at_nine)[MONDAY]) == {"1": ("moved", True)}
    assert totals()["1"] == (1000, True)
    assert kinds(shop.compare(at_nine)[MONDAY]) == {}


@pytest.mark.parametrize("shop", ["woocommerce", "bigcommerce", "magento"], indirect=True)
def test_an_order_that_pages_pass_over_is_not_taken_for_deleted(
    shop: Shop, at_nine: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(10, 15):
        shop.put(number, NOON + timedelta(minutes=number))
    shop.compare(at_nine)
    name = "LIMIT" if shop.platform == "bigcommerce" else "PAGE_SIZE"
    monkeypatch.setattr(f"stores.platforms.{shop.platform}.audit.{name}", 2)
    pages: list[Any] = []

    def drop_behind(path: str, params: dict[str, str]) -> None:
        """Delete an order of a page that was given, so that the next page skips one."""
        is_list = "2026-05-03" in str(params) and "2026-05-04" in str(params)
        pages.extend([path] * is_list)
        if len(pages) == 2:
            shop.drop(1)

    shop.api.before_answer = drop_behind
    monday = shop.compare(at_nine)[MONDAY]
    assert ("gone" in dict(kinds(monday).values())) is False
    assert kinds(monday) == {"10": ("moved", True)}
    shop.api.before_answer = None
    assert kinds(shop.compare(at_nine)[MONDAY]) == {"1": ("gone", True)}
    assert totals() == {
        "1": (1000, False),
        **dict.fromkeys(["10", "11", "12", "13", "14", "2", "3"], (1000, True)),
    }


def test_orders_of_a_file_that_the_shop_never_had_stay(
    shop: Shop, at_nine: time_machine.Traveller
) -> None:
    shop.compare(at_nine)
    with transaction.atomic():
        apply(Store.objects.get(pk=shop.store.store_id), order("till-7", ordered_at=NOON))
    assert told(shop.compare(at_nine)[MONDAY]) == ("equal", 2, 2000, 2, 2000)
    with transaction.atomic():
        assert Order.objects.get(external_id="till-7").is_counted


def test_a_shop_that_is_down_is_asked_again_and_given_up_with_the_reason(
    shop: Shop, at_nine: time_machine.Traveller
) -> None:
    shop.api.fails = [(500, {}, {})] * (8 * TRIES)
    found = shop.compare(at_nine)
    assert {row.status for row in found.values()} == {"failed"}
    assert "answers with an error of its own (500)" in found[MONDAY].detail
    assert totals() == {}


def test_check_now_and_the_days_are_on_the_page_of_the_store(
    shop: Shop, tenant: Tenant, at_nine: time_machine.Traveller
) -> None:
    member = sign_in(tenant)
    page = reverse("stores:detail", args=["ada-soap", shop.store.store_id])
    assert "Check now" in member.get(page).content.decode()
    member.post(reverse("stores:check_days", args=["ada-soap", shop.store.store_id]))
    drain_audits(FOREVER)
    shown = member.get(page).content.decode()
    assert "Order 3 was missing here, fetched" in shown
    assert "0 here, 2 in the shop" in shown


class TestShopify:
    """Points, pages and orders of every state."""

    @pytest.fixture
    def shopify(self, request: pytest.FixtureRequest, tenant: Tenant) -> Shop:
        return stocked("shopify", request)

    def test_a_busy_day_is_listed_and_filled_in_as_points_allow(
        self, shopify: Shop, at_nine: time_machine.Traveller
    ) -> None:
        for number in range(100, 300):
            shopify.put(number, NEXT_NOON)
        shopify.api.most = shopify.api.points = 1_000.0
        shopify.api.restores = 50.0
        tuesday = shopify.compare(at_nine)[TUESDAY]
        assert (told(tuesday), tuesday.difference_count, tuesday.mended_count) == (
            ("mended", 0, 0, 201, 201_000),
            201,
            201,
        )
        assert tuesday.progress == {}
        assert len(totals()) == 203
        asked = [said["after"] for kind, said in shopify.api.asked if kind == "orders"]
        pages = [page for page in asked if page]
        assert shopify.api.throttled > 0
        assert len(pages) == len(set(pages)), "the list was begun anew"

    def test_closed_cancelled_and_test_orders_are_no_difference(
        self, shopify: Shop, at_nine: time_machine.Traveller
    ) -> None:
        shopify.put(1, NOON, cancelledAt="2026-05-04T13:00:00Z")
        shopify.put(2, NOON, test=True)
        shopify.compare(at_nine)
        assert totals() == {"1": (1000, False), "2": (1000, False), "3": (1000, True)}
        again = shopify.compare(at_nine)
        assert told(again[MONDAY]) == ("equal", 2, 2000, 2, 2000)

    def test_a_page_that_leads_to_itself_is_no_list(
        self, shopify: Shop, at_nine: time_machine.Traveller
    ) -> None:
        shopify.compare(at_nine)
        page = {"hasNextPage": True, "endCursor": "same"}
        body = {"data": {"orders": {"pageInfo": page, "nodes": []}}}
        check_now(shopify.store.store_id)
        shopify.api.fails = [(200, {}, body)] * 16
        drain_audits(FOREVER)
        assert {row.status for row in days().values()} == {"due"}
        assert days()[MONDAY].detail == "Shopify gives the same page again and again"
        assert totals() == dict.fromkeys("123", (1000, True))

    def test_a_request_that_costs_too_much_is_made_smaller(
        self, shopify: Shop, at_nine: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("stores.platforms.shopify.audit.FIRST_SIZE", 1_000)
        monkeypatch.setattr("stores.platforms.shopify.audit.WHOLE_AT_ONCE", 100)
        for number in range(100, 115):
            shopify.put(number, NOON)
        assert shopify.compare(at_nine)[MONDAY].mended_count == 17

    def test_an_app_without_the_scope_cancels_nothing(
        self, shopify: Shop, at_nine: time_machine.Traveller
    ) -> None:
        shopify.compare(at_nine)
        error = {"message": "Access denied for orders", "extensions": {"code": "ACCESS_DENIED"}}
        check_now(shopify.store.store_id)
        shopify.api.fails = [(200, {}, {"errors": [error]})] * 8
        drain_audits(FOREVER)
        assert days()[MONDAY].detail == "Shopify denies access: Access denied for orders"
        assert totals() == dict.fromkeys("123", (1000, True))


class TestBigCommerce:
    """A quota, a list of archived orders, and checkouts among the orders."""

    @pytest.fixture
    def big(self, request: pytest.FixtureRequest, tenant: Tenant) -> Shop:
        return stocked("bigcommerce", request)

    def test_a_small_quota_fills_a_day_in_over_several_turns(
        self, big: Shop, at_nine: time_machine.Traveller
    ) -> None:
        for number in range(100, 150):
            big.put(number, NOON)
        big.api.quota = 25
        check_now(big.store.store_id)
        turns = 0
        while waiting := [row.due_at for row in days().values() if row.status == "due"]:
            at_nine.move_to(max(min(waiting), datetime.now(UTC)))
            big.api.quota = 25
            drain_audits(FOREVER)
            turns += 1
            assert turns < 30
        assert days()[MONDAY].mended_count == 52
        assert turns > 3
        assert len(totals()) == 53

    def test_what_was_archived_is_not_gone_and_not_missed(
        self, big: Shop, at_nine: time_machine.Traveller
    ) -> None:
        big.compare(at_nine)
        big.put(1, NOON, is_deleted=True)
        big.put(7, NOON, is_deleted=True)
        monday = big.compare(at_nine)[MONDAY]
        assert told(monday) == ("equal", 2, 2000, 2, 2000)
        assert totals() == dict.fromkeys("123", (1000, True))

    def test_a_checkout_that_is_not_finished_is_no_order(
        self, big: Shop, at_nine: time_machine.Traveller
    ) -> None:
        big.put(8, NOON, status_id=0)
        assert told(big.compare(at_nine)[MONDAY]) == ("mended", 0, 0, 2, 2000)
        assert told(big.compare(at_nine)[MONDAY]) == ("equal", 2, 2000, 2, 2000)
        assert "8" not in totals()


class TestMagento:
    """Orders of every state, the last page again and again, one website of several."""

    @pytest.fixture
    def mage(self, request: pytest.FixtureRequest, tenant: Tenant) -> Shop:
        return stocked("magento", request)

    def test_orders_on_hold_and_cancelled_ones_are_not_missing(
        self, mage: Shop, at_nine: time_machine.Traveller
    ) -> None:
        mage.compare(at_nine)
        mage.put(1, NOON, state="holded", status="holded")
        mage.put(2, NOON, state="canceled", status="canceled")
        monday = mage.compare(at_nine)[MONDAY]
        assert told(monday) == ("equal", 2, 2000, 2, 2000)

    def test_the_last_page_that_is_repeated_ends_the_list(
        self, mage: Shop, at_nine: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("stores.platforms.magento.audit.PAGE_SIZE", 2)
        for number in range(10, 13):
            mage.put(number, NOON)
        assert told(mage.compare(at_nine)[MONDAY]) == ("mended", 0, 0, 5, 5000)
        assert told(mage.compare(at_nine)[MONDAY]) == ("equal", 5, 5000, 5, 5000)

    def test_patience_in_the_middle_of_a_list_keeps_what_was_listed(
        self, mage: Shop, at_nine: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("stores.platforms.magento.audit.PAGE_SIZE", 1)

        def refuse(path: str, params: dict[str, str]) -> None:
            is_second = params.get("searchCriteria[currentPage]") == "2"
            if is_second and not mage.api.fails and not refused:
                refused.append(path)
                mage.api.fails.append((429, {"Retry-After": "90"}, {}))

        refused: list[str] = []
        mage.api.before_answer = refuse
        check_now(mage.store.store_id)
        drain_audits(FOREVER)
        [waiting] = [row for row in days().values() if row.status == "due"]
        assert waiting.day == MONDAY
        assert waiting.detail == "The shop asks for patience"
        assert [head[0] for head in waiting.progress["heads"]] == ["1"]
        assert waiting.due_at == NOW + timedelta(seconds=90)
        at_nine.move_to(waiting.due_at)
        drain_audits(FOREVER)
        assert told(days()[MONDAY]) == ("mended", 0, 0, 2, 2000)

    def test_of_several_websites_one_is_compared(
        self, mage: Shop, at_nine: time_machine.Traveller
    ) -> None:
        mage.api.plain = {
            "store/websites": [{"id": 1, "code": "base"}, {"id": 2, "code": "other"}],
            "store/storeViews": [{"id": 1, "website_id": 1}, {"id": 2, "website_id": 2}],
        }
        keys = {**FOUR, "website": "base"}
        save_credentials(
            mage.store.store_id, url=mage.api.url, credentials=keys, actor="ada@example.com"
        )
        mage.put(9, NOON, store_id=2)
        assert kinds(mage.compare(at_nine)[MONDAY]).keys() == {"1", "2"}


def test_a_plan_made_anew_forgets_how_far_a_day_was(
    request: pytest.FixtureRequest, tenant: Tenant
) -> None:
    shop = stocked("magento", request)
    check_now(shop.store.store_id)
    with transaction.atomic():
        StoreDay.objects.update(progress={"until": "x"})
    check_now(shop.store.store_id)
    assert {str(row.progress) for row in days().values()} == {"{}"}
