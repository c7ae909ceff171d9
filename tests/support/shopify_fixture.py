"""A Shopify store whose Admin API is a stand-in, at a time that stands still."""

from collections.abc import Iterator
from datetime import datetime

import pytest
import time_machine
from django.db import transaction

from crm.models import Order
from crm.services.stores import StoreData
from kernel import clock
from kernel.batches import Deadline
from stores.models import SyncRun
from stores.platforms.shopify import tokens
from stores.services.connections import connect_store
from stores.services.syncing import drain_syncs, start_sync
from stores.types import ConnectedStore
from tenants.models import Tenant
from tests.support.shopify_api import TOKEN, ShopifyApi

FOREVER = Deadline(seconds=None)


@pytest.fixture
def at_ten(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[time_machine.Traveller]:
    """Ten o'clock; no bell rings, and no app has a token yet."""
    monkeypatch.setattr("kernel.work.ring_now", lambda kind, tenant: None)
    tokens._cache.clear()
    with time_machine.travel("2026-06-01T10:00:00Z", tick=False) as traveller:
        yield traveller
    tokens._cache.clear()


@pytest.fixture
def shopify(
    at_ten: time_machine.Traveller, tenant: Tenant, shopify_api: ShopifyApi
) -> ConnectedStore:
    """A store with an access token."""
    shopify_api.filled_at = clock.now()
    data = StoreData(name="Ada Shopify", platform="shopify", url=shopify_api.url, currency="GBP")
    return connect_store(data, credentials={"access_token": TOKEN})


@transaction.atomic
def run() -> SyncRun:
    """Return the newest pull."""
    return SyncRun.objects.order_by("-pk")[0]


@transaction.atomic
def numbers() -> list[int]:
    """Return the orders that are here."""
    return sorted(int(each) for each in Order.objects.values_list("external_id", flat=True))


def pull(
    store: ConnectedStore, traveller: time_machine.Traveller, since: datetime | None = None
) -> SyncRun:
    """Begin, and go on whenever Shopify is ready again, until the run ends."""
    start_sync(store.store_id, since=since)
    return follow(traveller)


def follow(traveller: time_machine.Traveller) -> SyncRun:
    """Go on whenever Shopify is ready again, until the run ends."""
    for _ in range(400):
        drain_syncs(FOREVER)
        found = run()
        if found.status not in {"waiting", "queued", "running"}:
            return found
        traveller.move_to(max(found.wake_at, clock.now()))
    raise AssertionError(f"it does not end: {run().detail}")
