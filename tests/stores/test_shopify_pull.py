import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import transaction
from django.test import override_settings
from django.urls import reverse

from crm.models import Event, Order, Product, Profile, Refund
from kernel import clock
from stores.models import InboxDelivery
from stores.platforms.shopify import bulk
from stores.services.connections import save_credentials
from stores.services.syncing import drain_syncs, start_sync
from stores.types import ConnectedStore
from tenants.models import Tenant
from tests.factories.tenants import sign_in
from tests.stores.test_shopify_shapes import pushed_order
from tests.support.payloads import load_payload
from tests.support.shopify import FakeShop
from tests.support.shopify_api import TOKEN, ShopifyApi
from tests.support.shopify_fixture import FOREVER, follow, numbers, pull, run
from tests.support.shopify_objects import graph_line, graph_order, graph_refund, stamp

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_first_fill_is_complete_and_starts_nothing(
    shopify: ConnectedStore, shopify_api: ShopifyApi, at_ten: time_machine.Traveller
) -> None:
    shopify_api.objects["orders"] = [
        *(graph_order(number) for number in range(1, 121)),
        load_payload("shopify/graph_order"),
    ]
    shopify_api.objects["customers"] = [load_payload("shopify/graph_customer")]
    shopify_api.objects["products"] = [load_payload("shopify/graph_product")]

    done = pull(shopify, at_ten)

    assert (done.status, done.detail) == ("finished", "")
    assert (done.expected, done.read_count, done.quarantined_count) == (123, 123, 0)
    assert numbers() == [*range(1, 121), 9007199254740993]
    with transaction.atomic():
        refund = Refund.objects.get()
        assert (refund.amount_minor, refund.lines) == (
            1000,
            [{"quantity": "1", "line_key": "11001"}],
        )
        assert Product.objects.get(external_id="501").title == "Rosehip Night Oil"
        ada = Profile.objects.get(email="ada@example.com")
        assert (ada.email_consent, ada.sms_consent) == ("subscribed", "unsubscribed")
        assert Event.objects.filter(is_backfill=False).count() == 0
        assert Event.objects.filter(name="Order Placed").count() == 121
        assert InboxDelivery.objects.count() == 0


def test_what_was_pulled_is_not_changed_by_the_webhook_of_the_same(
    shop: FakeShop, shopify_api: ShopifyApi, at_ten: time_machine.Traveller
) -> None:
    shopify_api.filled_at = clock.now()
    save_credentials(
        shop.store.store_id,
        url=shopify_api.url,
        credentials={"access_token": TOKEN},
        actor="ada@example.com",
    )
    shopify_api.objects["orders"] = [load_payload("shopify/graph_order")]
    assert pull(shop.store, at_ten).written_count == 1
    shop.deliver("orders/updated", pushed_order(), "d-1")
    shop.drain()
    status, reason = shop.outcome("d-1")
    assert (status, reason.split(":")[0]) == ("applied", "Nothing new")


def test_changes_while_the_file_is_made_are_caught_up(
    shopify: ConnectedStore, shopify_api: ShopifyApi, at_ten: time_machine.Traveller
) -> None:
    shopify_api.skew = timedelta(days=2)
    orders = [graph_order(number) for number in range(1, 6)]
    shopify_api.objects["orders"] = orders

    def change(kind: str) -> None:
        if kind == "file" and len(orders) == 5:
            at = (clock.now() + shopify_api.skew).isoformat().replace("+00:00", "Z")
            orders[0] = {**orders[0], "updatedAt": at, "displayFinancialStatus": "REFUNDED"}
            orders.append({**graph_order(6), "updatedAt": at})

    shopify_api.before_answer = change
    done = pull(shopify, at_ten)
    assert (done.read_count, numbers()) == (5, [1, 2, 3, 4, 5, 6])
    with transaction.atomic():
        assert Order.objects.get(external_id="1").financial_status == "refunded"


def test_a_file_is_read_a_stretch_at_a_time(
    shopify: ConnectedStore,
    shopify_api: ShopifyApi,
    at_ten: time_machine.Traveller,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bulk, "STRETCH", 4_000)
    monkeypatch.setattr(bulk, "LARGEST", 64_000)
    many = [graph_line(line) for line in range(1, 101)]
    shopify_api.objects["orders"] = [
        *(graph_order(number) for number in range(1, 21)),
        graph_order(21, lineItems=many),
        graph_order(22),
    ]
    done = pull(shopify, at_ten)
    assert (done.read_count, numbers()) == (22, list(range(1, 23)))
    assert len(shopify_api.fetched) > 10
    with transaction.atomic():
        assert Order.objects.get(external_id="21").lines.count() == 100
    ignoring = len(shopify_api.fetched)
    shopify_api.ignores_ranges = True
    again = pull(shopify, at_ten)
    assert (again.read_count, again.written_count, again.unchanged_count) == (22, 0, 22)
    assert len(shopify_api.fetched) == 2 * ignoring


def test_since_asks_for_what_changed_alone(
    shopify: ConnectedStore, shopify_api: ShopifyApi, at_ten: time_machine.Traveller
) -> None:
    shopify_api.objects["orders"] = [graph_order(number) for number in range(1, 11)]
    done = pull(shopify, at_ten, datetime(2026, 5, 1, 0, 0, 8, tzinfo=UTC))
    assert numbers() == [8, 9, 10]
    assert (done.expected, done.read_count) == (3, 3)
    assert "bulkOperationRunQuery" not in shopify_api.kinds()


def test_pages_grow_and_shrink_with_what_they_cost(
    shopify: ConnectedStore, shopify_api: ShopifyApi, at_ten: time_machine.Traveller
) -> None:
    shopify_api.objects["orders"] = [graph_order(number) for number in range(1, 61)]
    shopify_api.objects["products"] = [
        load_payload(
            "shopify/graph_product",
            id=f"gid://shopify/Product/{number}",
            legacyResourceId=str(number),
            updatedAt=stamp(number),
        )
        for number in range(1, 41)
    ]
    shopify_api.most = shopify_api.points = 1_200.0
    done = pull(shopify, at_ten, datetime(2026, 5, 1, tzinfo=UTC))
    assert (done.status, done.read_count) == ("finished", 100)
    sizes = [given["first"] for kind, given in shopify_api.asked if kind == "orders"]
    assert (sizes[0], min(sizes) < 10) == (10, True)
    assert shopify_api.throttled == 0


def test_a_shop_whose_points_are_gone_is_left_alone(
    shopify: ConnectedStore, shopify_api: ShopifyApi, at_ten: time_machine.Traveller
) -> None:
    shopify_api.objects["orders"] = [graph_order(1)]
    shopify_api.points = 0.0
    shopify_api.restores = 1.0
    start_sync(shopify.store_id)
    drain_syncs(FOREVER)
    assert (run().status, run().detail) == ("waiting", "The shop asks for patience")
    assert run().wake_at == clock.now() + timedelta(seconds=3)
    assert follow(at_ten).status == "finished"
    assert numbers() == [1]


def test_patience_that_is_asked_for_in_a_header_is_had(
    shopify: ConnectedStore, shopify_api: ShopifyApi
) -> None:
    shopify_api.fails = [(429, {"Retry-After": "2.5"}, {})]
    start_sync(shopify.store_id)
    drain_syncs(FOREVER)
    assert run().wake_at == clock.now() + timedelta(seconds=2.5)


@pytest.mark.parametrize(
    ("answer", "status", "reason"),
    [
        (
            (401, {}, {"errors": "[API] Invalid API key or access token"}),
            "paused",
            "Shopify refuses the access token: Invalid API key or access token",
        ),
        ((403, {}, {"errors": "Forbidden"}), "paused", "Shopify denies access: Forbidden"),
        ((402, {}, {}), "paused", "The shop's Shopify plan is not paid, so its API is closed"),
        ((404, {}, {}), "paused", "enter the address that ends in .myshopify.com"),
        ((302, {"Location": "https://x.example/"}, {}), "paused", "There is no Shopify shop at"),
        ((423, {}, {}), "paused", "Shopify has locked the shop; ask Shopify's support"),
        ((500, {}, {}), "waiting", "Shopify answers with an error of its own (500)"),
        ((200, {}, b"<html>"), "waiting", "Shopify's answer is not JSON"),
        ((200, {}, {"data": None}), "waiting", "Shopify's answer holds no data"),
        (
            (
                200,
                {},
                {
                    "errors": [
                        {
                            "message": "Access denied for orders field.",
                            "extensions": {"code": "ACCESS_DENIED"},
                        }
                    ],
                    "data": {},
                },
            ),
            "paused",
            "Shopify denies access: Access denied for orders field.",
        ),
        (
            (200, {}, {"errors": [{"message": "x", "extensions": {"code": "TIMEOUT"}}]}),
            "waiting",
            "Shopify answers with an error of its own: x",
        ),
        (
            (200, {}, {"errors": [{"message": "Field 'x' doesn't exist on type 'Order'"}]}),
            "paused",
            "Shopify does not understand: Field 'x' doesn't exist on type 'Order'",
        ),
    ],
)
def test_what_is_wrong_is_said(
    shopify: ConnectedStore, shopify_api: ShopifyApi, answer: Any, status: str, reason: str
) -> None:
    shopify_api.fails = [answer]
    start_sync(shopify.store_id)
    drain_syncs(FOREVER)
    assert run().status == status
    assert reason in run().detail
    assert numbers() == []


def test_a_page_that_leads_to_itself_is_not_walked_for_ever(
    shopify: ConnectedStore, shopify_api: ShopifyApi, at_ten: time_machine.Traveller
) -> None:
    shopify_api.objects["orders"] = [graph_order(number) for number in range(1, 31)]
    since = datetime(2026, 5, 1, tzinfo=UTC)
    page = {"pageInfo": {"hasNextPage": True, "endCursor": "x"}, "nodes": []}

    def repeat(kind: str) -> None:
        if kind == "orders" and shopify_api.kinds().count("orders") in (1, 2):
            shopify_api.fails = [(200, {}, {"data": {"orders": page}})]

    shopify_api.before_answer = repeat
    start_sync(shopify.store_id, since=since)
    drain_syncs(FOREVER)
    assert (run().status, run().detail) == (
        "waiting",
        "Shopify gives the same page again and again",
    )


def test_a_page_that_repeats_counts_nothing_twice(
    shopify: ConnectedStore, shopify_api: ShopifyApi, at_ten: time_machine.Traveller
) -> None:
    orders = [graph_order(number) for number in range(1, 16)]
    shopify_api.objects["orders"] = orders

    def move(kind: str) -> None:
        if kind == "orders" and shopify_api.kinds().count("orders") == 2:
            orders[0] = {**orders[0], "updatedAt": stamp(900)}
            orders[9] = {**orders[9], "updatedAt": stamp(901)}

    shopify_api.before_answer = move
    done = pull(shopify, at_ten, datetime(2026, 5, 1, tzinfo=UTC))
    assert numbers() == list(range(1, 16))
    assert (done.expected, done.quarantined_count) == (15, 0)
    with transaction.atomic():
        assert Event.objects.filter(name="Order Placed").count() == 15


def test_what_a_page_skipped_is_found_an_hour_later(
    shopify: ConnectedStore, shopify_api: ShopifyApi, at_ten: time_machine.Traveller
) -> None:
    late = graph_order(3)
    late["updatedAt"] = clock.now().isoformat().replace("+00:00", "Z")
    shopify_api.objects["orders"] = [graph_order(1), graph_order(2)]
    pull(shopify, at_ten)
    assert numbers() == [1, 2]
    shopify_api.objects["orders"] = [graph_order(1), graph_order(2), late]
    at_ten.shift(timedelta(hours=1, minutes=2))
    drain_syncs(FOREVER)
    assert follow(at_ten).status == "finished"
    assert numbers() == [1, 2, 3]


def test_refunds_with_many_lines_come_whole(
    shopify: ConnectedStore, shopify_api: ShopifyApi, at_ten: time_machine.Traveller
) -> None:
    many = [graph_line(line) for line in range(1, 131)]
    refund = graph_refund(1, "125.00", lines=95)
    shopify_api.objects["orders"] = [graph_order(1, lineItems=many, refunds=[refund])]
    pull(shopify, at_ten, datetime(2026, 5, 1, tzinfo=UTC))
    with transaction.atomic():
        found = Refund.objects.get()
        assert (found.amount_minor, len(found.lines)) == (12_500, 95)
        assert Order.objects.get().lines.count() == 130


def test_what_cannot_be_read_is_put_aside(
    shopify: ConnectedStore, shopify_api: ShopifyApi, at_ten: time_machine.Traveller
) -> None:
    shopify_api.objects["orders"] = [graph_order(1), graph_order(2, currencyCode="XQZ")]
    assert pull(shopify, at_ten).quarantined_count == 1
    assert numbers() == [1]
    with transaction.atomic():
        kept = InboxDelivery.objects.get()
    assert (kept.delivery_id, kept.topic) == ("sync:order:2", "orders/updated")
    assert kept.reason == "currency is 'XQZ', which is not a known currency"


@override_settings(OUTGOING_PRIVATE=False)
def test_no_address_of_a_private_network_is_asked(
    shopify: ConnectedStore, shopify_api: ShopifyApi, at_ten: time_machine.Traveller
) -> None:
    assert pull(shopify, at_ten).status == "paused"
    assert shopify_api.asked == []


def test_a_refused_token_pauses_the_pull_with_a_notice(
    tenant: Tenant,
    shopify: ConnectedStore,
    shopify_api: ShopifyApi,
    at_ten: time_machine.Traveller,
) -> None:
    shopify_api.tokens = set()
    assert pull(shopify, at_ten).status == "paused"
    owner = sign_in(tenant)
    page = owner.get(reverse("stores:detail", args=["ada-soap", shopify.store_id]))
    assert "Fetching from the shop is paused" in page.content.decode()
    notices = owner.get(reverse("analytics:notices", args=["ada-soap"])).content.decode()
    assert "Fetching from Ada Shopify has stopped" in notices
    shopify_api.tokens = {TOKEN}
    assert pull(shopify, at_ten).status == "finished"


def test_the_cursor_is_plain_json(shopify: ConnectedStore, shopify_api: ShopifyApi) -> None:
    start_sync(shopify.store_id)
    drain_syncs(FOREVER)
    assert json.loads(json.dumps(run().cursor))["operation"] == "gid://shopify/BulkOperation/1"
    assert run().detail == "Shopify puts the products together"
