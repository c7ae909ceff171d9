"""A Shopify shop that is written to: three customers, and what is asked of both sides in tests."""

from collections.abc import Iterator, Sequence
from copy import deepcopy
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db import connections, transaction
from django.test import Client

from crm.models import Profile
from crm.services.reactions import drain_reactions
from crm.services.stores import StoreData
from crm.services.tags import change_tags
from kernel import clock
from kernel.batches import Deadline
from kernel.postgres.edge import close_connections
from kernel.tenancy import tenant_scope
from stores.domain.codes import CodeTerms
from stores.models import StoreWrite, WriteLane
from stores.services.checks import find_differences
from stores.services.connections import (
    connect_store,
    forget_connections,
)
from stores.services.writes import drain_writes
from stores.services.writing import (
    switch_on,
)
from tenants.models import Tenant
from tests.support.payloads import load_payload
from tests.support.shopify import FakeShop
from tests.support.shopify_api import TOKEN, ShopifyApi
from tests.support.shopify_fixture import pull

FOREVER = Deadline(seconds=None)
ACTOR = "ada@example.com"
SCOPES = ("read_products", "read_customers", "read_orders", "write_customers", "write_discounts")
TERMS = CodeTerms("percent", Decimal(10), starts_at=datetime(2026, 6, 1, 9, tzinfo=UTC))


def person(number: int, **changes: Any) -> dict[str, Any]:
    """Return a customer of the shop with an address and a number of their own."""
    node: dict[str, Any] = {
        **deepcopy(load_payload("shopify/graph_customer")),
        "id": f"gid://shopify/Customer/{number}",
        "legacyResourceId": str(number),
        "tags": ["Oils", "vip"],
        **changes,
    }
    node["defaultEmailAddress"]["emailAddress"] = f"shopper{number}@example.com"
    node["defaultPhoneNumber"]["phoneNumber"] = f"+4477009{number:05}"
    return node


@pytest.fixture
def written_shop(
    at_ten: time_machine.Traveller, tenant: Tenant, client: Client, shopify_api: ShopifyApi
) -> Iterator[FakeShop]:
    """A shop of three customers, all of them known here."""
    forget_connections()
    shopify_api.filled_at = clock.now()
    shopify_api.scopes = SCOPES
    shopify_api.objects["customers"] = [person(number) for number in (1, 2, 3)]
    data = StoreData(name="Ada Shopify", platform="shopify", url=shopify_api.url, currency="GBP")
    store = connect_store(data, credentials={"access_token": TOKEN})
    pull(store, at_ten)
    react()
    yield FakeShop(store, client)
    forget_connections()
    close_connections()


def react() -> None:
    while drain_reactions(FOREVER):
        pass


def settle() -> int:
    """Let handlers see what happened, and write what they wish."""
    react()
    return drain_writes(FOREVER)


def write_elsewhere(tenant: Tenant) -> int:
    """Write as another worker would, from a thread of a stand-in; returns its batches."""
    try:
        with tenant_scope(tenant.pk):
            return drain_writes(FOREVER)
    finally:
        connections.close_all()


def on(shop: FakeShop, kind: str, **options: Any) -> None:
    switch_on(shop.store.store_id, kind, options, actor=ACTOR)
    settle()


@transaction.atomic
def who(number: int) -> int:
    return Profile.objects.get(email=f"shopper{number}@example.com").pk


def tag(number: int, *added: str, removed: Sequence[str] = ()) -> None:
    change_tags([who(number)], added=added, removed=removed, actor=ACTOR)


def tags_at(api: ShopifyApi, number: int) -> list[str]:
    found: list[str] = api.writes.customers[f"gid://shopify/Customer/{number}"]["tags"]
    return found


@transaction.atomic
def lane(kind: str) -> WriteLane:
    return WriteLane.objects.get(kind=kind)


@transaction.atomic
def row(subject: str, kind: str = "") -> tuple[str, str]:
    rows = StoreWrite.objects.filter(subject=subject)
    found = (rows.filter(lane__kind=kind) if kind else rows).get()
    return found.state, found.reason


@transaction.atomic
def differences() -> list[str]:
    return find_differences()


def echo(shop: FakeShop, api: ShopifyApi) -> int:
    """Deliver what the shop sends of what was changed, and let everything settle."""
    sent, api.writes.echoes = api.writes.echoes, []
    for place, (topic, payload) in enumerate(sent):
        assert shop.deliver(topic, payload, f"echo-{place}-{len(api.asked)}") == 200
    shop.drain()
    settle()
    return len(sent)


def quiet(api: ShopifyApi) -> list[str]:
    """Return what was really changed, and forget it."""
    made, api.writes.made = api.writes.made, []
    return made
