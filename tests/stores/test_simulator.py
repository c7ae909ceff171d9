import json
from datetime import UTC, datetime, timedelta
from io import StringIO
from itertools import pairwise
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from crm.services.stores import StoreData
from crm.types import (
    CartRecord,
    ConsentRecord,
    CustomerRecord,
    OrderRecord,
    Record,
    RefundRecord,
    ShipmentRecord,
    StockRecord,
)
from stores.platforms import PLATFORMS
from stores.services.connections import connect_store
from stores.simulator.catalogue import JUNIPER, NORTHLINE
from stores.simulator.history import COUNT_DAYS, DAYS, Year
from stores.simulator.payloads import LiveStore, Post
from stores.simulator.people import name_shopper
from stores.simulator.runner import Stall, run
from stores.simulator.sender import Sender
from stores.simulator.stock import Shelves, full_shelf
from stores.types import Delivery, DeliveryHead, StoreContext
from tenants.models import Tenant
from tests.support.storefront import Recorder

NOW = datetime(2026, 5, 4, 10, 0, tzinfo=UTC)
SHOPIFY = PLATFORMS["shopify"]


def head_of(headers: dict[str, str]) -> DeliveryHead:
    return SHOPIFY.read_head({name.lower(): value for name, value in headers.items()}, b"")


def posts(store: LiveStore, purchases: int) -> list[Post]:
    return [post for _ in range(purchases) for post in store.purchase(NOW)]


def read(post: Post, currency: str = "GBP") -> list[Record]:
    body = json.dumps(post.payload).encode()
    delivery = Delivery(1, post.topic, "webhook", {}, body, None, NOW)
    return list(SHOPIFY.translate(delivery, StoreContext(1, "shopify", currency, "UTC")).records)


def test_the_same_seed_makes_the_same_deliveries() -> None:
    assert posts(LiveStore(JUNIPER, seed=7), 20) == posts(LiveStore(JUNIPER, seed=7), 20)
    assert posts(LiveStore(JUNIPER, seed=7), 5) != posts(LiveStore(JUNIPER, seed=8), 5)


@pytest.mark.parametrize("shop", [JUNIPER, NORTHLINE])
def test_every_payload_is_read_and_adds_up(shop: Any) -> None:
    made = posts(LiveStore(shop, seed=1), 300)
    kinds = {post.topic: type(read(post, shop.currency)[0]) for post in made}
    assert kinds == {
        "orders/create": OrderRecord,
        "customers/create": CustomerRecord,
        "fulfillments/create": ShipmentRecord,
        "inventory_levels/update": StockRecord,
        "refunds/create": RefundRecord,
    }
    orders = [read(post, shop.currency)[0] for post in made if post.topic == "orders/create"]
    assert len({order.external_id for order in orders if isinstance(order, OrderRecord)}) == 300
    for order in orders:
        assert isinstance(order, OrderRecord)
        assert (
            order.gross_minor
            == sum(line.total_minor for line in order.lines) + order.shipping_minor
        )
    assert len({post.delivery_id for post in made}) == len(made)


def test_a_year_ends_with_a_count_of_its_stock() -> None:
    days = list(Year(JUNIPER, until=NOW, seed=1).tell())
    counts = [[each for each in day.records if isinstance(each, StockRecord)] for day in days]
    counted = [day.ends_at for day, count in zip(days, counts, strict=True) if count]
    assert (counted[-1], len(counted)) == (NOW, DAYS // COUNT_DAYS + 1)
    assert {later - sooner for sooner, later in pairwise(counted)} == {timedelta(COUNT_DAYS)}
    names = {f"{item.external_id}V" for item in JUNIPER.items}
    assert {record.variant_external_id for record in counts[-1]} == names
    assert all(record.available for count in counts for record in count)


def test_stock_goes_down_with_what_is_sold_and_never_runs_out() -> None:
    item = JUNIPER.items[0]
    shelves = Shelves(JUNIPER)
    left = [shelves.sell(item.external_id, 3) for _ in range(60)]
    assert left[:2] == [full_shelf(item) - 3, full_shelf(item) - 6]
    assert (min(left) > 0, max(left)) == (True, full_shelf(item))


def test_everything_but_200_is_repeated_with_the_same_id(recorder: Recorder) -> None:
    recorder.statuses = [503, 500, 401]
    pauses: list[float] = []
    sender = Sender(recorder.url, "schlüssel", "ada.example", sleep=pauses.append)
    post = Post(NOW, "orders/create", {"id": 1}, "d-1")
    sender.send(post)
    sender.close()

    assert pauses == [0.5, 1.0, 2.0]
    assert (sender.counts.acknowledged, sender.counts.orders, sender.counts.repeats) == (1, 1, 3)
    assert [headers["X-Shopify-Webhook-Id"] for headers, _ in recorder.seen] == ["d-1"] * 4
    headers, body = recorder.seen[0]
    assert SHOPIFY.is_signed("schlüssel", body, head_of(headers))


def test_a_cart_that_was_left_an_hour_ago_is_read_with_who_left_it() -> None:
    ada = name_shopper([], JUNIPER, "ada@shoppers.example", "+447700900123")
    told, left = LiveStore(JUNIPER, seed=7, only=ada).leave_cart(NOW)
    [cart] = read(left)
    assert isinstance(cart, CartRecord)
    assert (cart.version_at, cart.email) == (NOW - timedelta(hours=1), "ada@shoppers.example")
    assert cart.url.startswith("https://juniper-moss.example/checkouts/")
    channels = [record.channel for record in read(told) if isinstance(record, ConsentRecord)]
    assert channels == ["sms"]
    [order] = [
        record
        for post in LiveStore(JUNIPER, seed=8, only=ada).purchase(NOW)
        for record in read(post)
        if isinstance(record, OrderRecord)
    ]
    assert order.customer is not None
    assert order.customer.email == "ada@shoppers.example"


def test_shoppers_who_are_named_are_different_customers() -> None:
    addresses = [f"{name}@shoppers.example" for name in ("ada", "bo", "cleo", "dan", "eve")]
    named = [name_shopper([], JUNIPER, address) for address in addresses]
    assert len({shopper.external_id for shopper in named if shopper}) == len(addresses)
    again = name_shopper([], JUNIPER, addresses[0])
    assert again == named[0]


def test_a_run_sends_all_that_follows_from_its_orders(recorder: Recorder) -> None:
    sender = Sender(recorder.url, "s", "ada.example")
    run([Stall(LiveStore(JUNIPER, seed=3), sender)], pause=lambda made: 0.0, count=10, seed=3)
    sender.close()
    topics = [headers["X-Shopify-Topic"] for headers, _ in recorder.seen]
    assert topics.count("orders/create") == 10
    assert topics.count("fulfillments/create") == 10
    assert sender.counts.acknowledged == len(topics)


@pytest.mark.django_db
def test_the_command_posts_to_a_connected_store(tenant: Tenant, recorder: Recorder) -> None:
    made = connect_store(StoreData(name="Ada Shopify", platform="shopify"))
    out = StringIO()
    arguments = ["--tenant", "ada-soap", "--count", "3", "--rate", "0", "--seed", "1", "--json"]
    call_command("simulate", *arguments, "--to", recorder.url, stdout=out)
    figures = json.loads(out.getvalue())
    assert (figures["orders"], figures["repeats"], figures["seed"]) == (3, 0, 1)
    headers, body = recorder.seen[0]
    assert SHOPIFY.is_signed(made.secret, body, head_of(headers))


@pytest.mark.django_db
def test_a_tenant_without_store_is_said(tenant: Tenant) -> None:
    with pytest.raises(CommandError, match="no such connected Shopify store"):
        call_command("simulate", tenant="ada-soap")
    with pytest.raises(CommandError, match="Name a tenant"):
        call_command("simulate")
