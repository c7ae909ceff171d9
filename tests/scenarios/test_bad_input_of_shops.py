"""Bad input of storefronts, sites and apps: what comes of it, and where its merchant sees it.

One story for each; `stores/README.md` has the table of them. What a delivery may get wrong by
itself is told in `test_bad_input.py`.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import transaction
from django.test import Client

from crm.models import Event, Order, Product, Profile
from crm.services.stores import StoreData
from kernel import clock
from kernel.batches import Deadline
from kernel.postgres.edge import close_connections
from stores.models import InboxDelivery, RefusedDeliveries, SyncRun
from stores.services.auditing import check_now, drain_audits
from stores.services.connections import connect_store, forget_connections
from stores.services.syncing import drain_syncs, start_sync
from tenants.models import Tenant
from tests.factories.tenants import sign_in
from tests.scenarios.test_bad_input import rows, see
from tests.support.audited import Shop, connect
from tests.support.payloads import load_payload
from tests.support.shopify import FakeShop, simple_order
from tests.support.tracking import FakeSite, identify, send, track
from tests.support.woocommerce import FakeWooShop

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.covers("I1", "I2", "I5", "P1"),
]

TEN = datetime(2026, 5, 6, 10, tzinfo=UTC)
NOON = datetime(2026, 5, 5, 12, tzinfo=UTC)
FOREVER = Deadline(seconds=None)


@pytest.fixture(autouse=True)
def at_ten(monkeypatch: pytest.MonkeyPatch) -> Iterator[time_machine.Traveller]:
    monkeypatch.setattr("stores.services.filing.ring_soon", lambda kind, tenant: None)
    monkeypatch.setattr("kernel.work.ring_now", lambda kind, tenant: None)
    with time_machine.travel(TEN, tick=False) as traveller:
        yield traveller


@pytest.fixture
def merchant(tenant: Tenant) -> Client:
    return sign_in(tenant)


@pytest.fixture
def woo(request: pytest.FixtureRequest, tenant: Tenant) -> Iterator[Shop]:
    """A shop with five orders, none of them here yet."""
    forget_connections()
    made = connect("woocommerce", request)
    for number in range(1, 6):
        made.put(number, NOON + timedelta(minutes=number))
    yield made
    forget_connections()
    close_connections()


@transaction.atomic
def run() -> SyncRun:
    return SyncRun.objects.order_by("-pk")[0]


def follow(traveller: time_machine.Traveller, turns: int) -> SyncRun:
    """Go on whenever the shop is to be asked again, so many times or until the run ends."""
    for _ in range(turns):
        drain_syncs(FOREVER)
        found = run()
        if found.status not in {"waiting", "queued", "running"}:
            break
        traveller.move_to(max(found.wake_at, clock.now()))
    return run()


def orders() -> list[str]:
    return sorted(name for (name,) in rows(Order, "external_id"))


def newest_delivery(merchant: Client) -> str:
    """Return the page of the delivery that came last."""
    return see(merchant, "stores:delivery", rows(InboxDelivery, "pk")[-1][0])


def deliver(shop: FakeShop, topic: str, body: Any, name: str) -> tuple[str, str]:
    assert shop.deliver(topic, body, name) == 200
    shop.drain()
    return shop.outcome(name)


class TestPulls:
    """A shop that is asked, and does not answer as it should."""

    def test_an_expired_credential_pauses_the_pull_until_there_is_another(
        self, woo: Shop, merchant: Client
    ) -> None:
        words = {"code": "woocommerce_rest_authentication_error", "message": "Key is revoked."}
        woo.api.fails = [(401, {}, words)]
        start_sync(woo.store.store_id)
        drain_syncs(FOREVER)
        paused = run()
        assert (paused.status, orders()) == ("paused", [])
        assert paused.detail in see(merchant, "stores:detail", woo.store.store_id)
        assert "Ada Shop" in see(merchant, "analytics:attention")

        start_sync(woo.store.store_id)
        drain_syncs(FOREVER)
        assert (run().status, orders()) == ("finished", ["1", "2", "3", "4", "5"])
        assert paused.detail not in see(merchant, "stores:detail", woo.store.store_id)

    def test_a_shop_that_is_down_for_a_day_is_read_when_it_is_back(
        self, woo: Shop, merchant: Client, at_ten: time_machine.Traveller
    ) -> None:
        woo.api.fails = [(500, {}, {})] * 96
        start_sync(woo.store.store_id)
        waiting = follow(at_ten, 3)
        assert waiting.detail == "The shop answers with an error of its own (500)"
        assert waiting.detail in see(merchant, "stores:detail", woo.store.store_id)
        done = follow(at_ten, 200)
        assert clock.now() - TEN > timedelta(hours=22)
        assert (done.status, orders()) == ("finished", ["1", "2", "3", "4", "5"])

    def test_a_storm_of_429_slows_the_pull_and_loses_nothing(
        self, woo: Shop, merchant: Client, at_ten: time_machine.Traveller
    ) -> None:
        calls: list[str] = []

        def refuse_every_fifth(path: str, params: Any) -> None:
            calls.append(path)
            if len(calls) % 5 == 1:
                woo.api.fails.append((429, {"Retry-After": "30"}, {}))

        woo.api.before_answer = refuse_every_fifth
        start_sync(woo.store.store_id)
        waiting = follow(at_ten, 1)
        assert waiting.status == "waiting"
        assert "The shop asks for patience" in see(merchant, "stores:detail", woo.store.store_id)
        done = follow(at_ten, 50)
        assert (done.status, orders()) == ("finished", ["1", "2", "3", "4", "5"])
        assert clock.now() - TEN >= timedelta(seconds=60)

    def test_what_pages_repeat_counts_once_and_what_they_skip_is_found_at_night(
        self, woo: Shop, merchant: Client
    ) -> None:
        hidden = woo.orders.pop(2)
        woo.orders.append(dict(woo.orders[0]))
        start_sync(woo.store.store_id)
        drain_syncs(FOREVER)
        assert (run().status, orders()) == ("finished", ["1", "2", "4", "5"])
        woo.orders[-1] = hidden
        check_now(woo.store.store_id)
        drain_audits(FOREVER)
        assert orders() == ["1", "2", "3", "4", "5"]
        page = see(merchant, "stores:detail", woo.store.store_id)
        assert "Order 3 was missing here, fetched" in page
        assert "4 here, 5 in the shop" in page


class TestDeliveries:
    """Webhooks that come too early, of people who are gone, of shops that share numbers."""

    def test_a_webhook_before_the_first_fill_is_one_order_with_it(
        self, woo: Shop, client: Client, merchant: Client
    ) -> None:
        shop = FakeWooShop(woo.store, client)
        assert shop.deliver("order.created", woo.orders[0]) == 200
        shop.drain()
        assert rows(InboxDelivery, "status", "reason") == [("applied", "")]
        start_sync(woo.store.store_id)
        drain_syncs(FOREVER)
        assert orders() == ["1", "2", "3", "4", "5"]
        done = run()
        assert (done.written_count, done.unchanged_count) == (4, 1)
        placed = [name for (name,) in rows(Event, "name")].count("Order Placed")
        assert placed == 5
        assert "1 unchanged" in see(merchant, "stores:detail", woo.store.store_id)

    def test_an_order_of_a_deleted_customer_is_still_theirs(
        self, shop: FakeShop, merchant: Client
    ) -> None:
        deliver(shop, "customers/create", load_payload("shopify/customer", id=77), "d-1")
        gone = deliver(shop, "customers/delete", {"id": 77}, "d-2")
        assert gone == (
            "ignored",
            "A deleted customer keeps the profile; erasure has its own topic",
        )
        late = {**simple_order(1), "email": None, "customer": {"id": 77}}
        assert deliver(shop, "orders/create", late, "d-3") == ("applied", "")
        [(profile_id,)] = rows(Profile, "pk")
        assert "#1" in see(merchant, "crm:profile_orders", profile_id)

    def test_an_order_of_somebody_who_was_erased_counts_and_is_nobodys(
        self, shop: FakeShop, merchant: Client
    ) -> None:
        order = {**simple_order(1), "email": "mei@example.com"}
        deliver(shop, "orders/create", order, "d-1")
        named = {"id": 77, "email": "mei@example.com"}
        deliver(shop, "customers/redact", {"customer": named, "shop_domain": "x"}, "d-2")
        late = {**simple_order(2), "email": "mei@example.com"}
        status, _ = deliver(shop, "orders/create", late, "d-3")
        assert status == "applied"
        assert rows(Order, "external_id", "profile_id") == [("5000001", None), ("5000002", None)]
        assert "mei@example.com" not in json.dumps([str(row) for row in rows(Event, "properties")])
        assert "#2" in see(merchant, "crm:orders")

    def test_two_storefronts_with_one_customer_id_are_two_people(
        self, shop: FakeShop, client: Client, merchant: Client
    ) -> None:
        second = FakeShop(connect_store(StoreData(name="Second", platform="shopify")), client)
        one = load_payload("shopify/customer", id=77, email="ada@example.com")
        other = load_payload("shopify/customer", id=77, email="bob@example.com")
        deliver(shop, "customers/create", one, "d-1")
        deliver(second, "customers/create", other, "d-2")
        people = rows(Profile, "pk", "email")
        assert [email for _, email in people] == ["ada@example.com", "bob@example.com"]
        for profile_id, email in people:
            assert email in see(merchant, "crm:profile", profile_id)

    def test_a_family_address_stays_with_the_first_and_waits_for_a_member(
        self, shop: FakeShop, merchant: Client
    ) -> None:
        for number, name in ((77, "Ada"), (78, "Byron")):
            body = load_payload(
                "shopify/customer", id=number, first_name=name, email="home@example.com"
            )
            deliver(shop, "customers/create", body, f"d-{number}")
        assert rows(Profile, "first_name", "email") == [("Ada", "home@example.com"), ("Byron", "")]
        page = see(merchant, "crm:duplicates")
        assert "Claims the same email address" in page

    def test_a_product_that_is_deleted_stays_in_what_was_sold(
        self, shop: FakeShop, merchant: Client
    ) -> None:
        product = {"id": 11, "title": "Soap", "variants": [{"id": 12, "price": "12.50"}]}
        deliver(shop, "products/create", {**product, "updated_at": "2026-05-01T10:00:00Z"}, "d-1")
        sold = simple_order(1)
        sold["line_items"][0] |= {"product_id": 11, "variant_id": 12}
        deliver(shop, "orders/create", sold, "d-2")
        assert deliver(shop, "products/delete", {"id": 11}, "d-3") == ("applied", "")
        again = simple_order(2)
        again["line_items"][0] |= {"product_id": 11, "variant_id": 12}
        assert deliver(shop, "orders/create", again, "d-4") == ("applied", "")
        [(product_id, deleted_at)] = rows(Product, "pk", "deleted_at")
        assert deleted_at is not None
        assert [minor for (minor,) in rows(Order, "gross_minor")] == [1250, 1250]
        assert "Deleted" in see(merchant, "crm:product", product_id)


class TestCalls:
    """Sites and apps that say too much, too often, or the wrong thing."""

    def test_a_tablet_that_names_500_people_is_nobody_from_the_second_on(
        self, site: FakeSite, merchant: Client
    ) -> None:
        send(site, track("Products Searched", anonymousId="ipad"))
        people = [
            identify(f"u-{number}", anonymousId="ipad", email=f"u{number}@example.com")
            for number in range(500)
        ]
        send(site, *people)
        send(site, track("Product Viewed", anonymousId="ipad"))
        known = [row for row in rows(Profile, "is_anonymous", "merged_into_id") if row[1] is None]
        assert known == [(False, None)] * 500
        viewed = [row for row in rows(Event, "name", "profile_id") if row[0] == "Product Viewed"]
        assert viewed == [("Product Viewed", None)]
        assert "of a device that several people use" in newest_delivery(merchant)

    @pytest.mark.parametrize("junk", ["null", "anonymous", "-1", "00000000"])
    def test_an_id_that_anybody_may_have_is_none(
        self, site: FakeSite, merchant: Client, junk: str
    ) -> None:
        send(site, track(userId=junk))
        assert rows(Profile, "pk") == []
        assert "Its id is one that anybody may have" in newest_delivery(merchant)

    def test_a_clock_that_is_two_days_off_is_put_right(
        self, site: FakeSite, merchant: Client
    ) -> None:
        call = {"timestamp": "2026-05-08T09:59:00Z", "sentAt": "2026-05-08T10:00:00Z"}
        send(site, track("Product Viewed", userId="u-1", **call))
        at = dict(rows(Event, "name", "occurred_at"))["Product Viewed"]
        assert at == TEN - timedelta(minutes=1)
        [(profile_id,)] = rows(Profile, "pk")
        page = see(merchant, "crm:timeline", profile_id)
        assert "Wed 6 May 2026, 10:59" in page
        assert "8 May" not in page

    @pytest.mark.parametrize("size", [33 * 1024, 501 * 1024], ids=["32 KB event", "500 KB batch"])
    def test_what_is_too_large_is_refused_and_counted(
        self, site: FakeSite, merchant: Client, size: int
    ) -> None:
        words = "a tracking call is over 500 KB, or one event over 32 KB"
        filled = track("Product Viewed", userId="u-1", properties={"note": "x" * size})
        answer = site.post("track" if size < 100_000 else "batch", {"batch": [filled], **filled})
        assert answer.status_code == 413
        assert rows(Event, "pk") == []
        [(store_id, count)] = rows(RefusedDeliveries, "store_id", "count")
        assert count == 1
        assert words in see(merchant, "stores:detail", store_id)
        assert words in see(merchant, "analytics:attention")

    def test_a_message_id_that_is_repeated_in_one_batch_is_one_event(
        self, site: FakeSite, merchant: Client
    ) -> None:
        call = track("Product Viewed", userId="u-1", messageId="m-1")
        send(site, call, call)
        names = [name for (name,) in rows(Event, "name")]
        assert names.count("Product Viewed") == 1
        assert "1 of 2 repeated in the same request" in newest_delivery(merchant)
