"""What the benches work on: merchants, storefronts, deliveries, and the database behind them."""

import itertools
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import psycopg
from django.db import transaction
from psycopg import Cursor

from crm.services.stores import StoreData
from kernel.scope import tenant_scope
from kernel.work import drain_tenant
from stores.models import InboxDelivery
from stores.services.connections import connect_store
from tenants.services.tenants import TenantData, create_tenant
from tests.support.shopify import simple_order

KINDS = ("inbox", "reactions")
_numbers = itertools.count(1)


@dataclass
class Merchant:
    """A tenant with one connected Shopify store, provisioned as every new one."""

    tenant_id: int
    store_id: int
    filed: int = field(default=0)

    def file_orders(self, count: int) -> list[int]:
        """Put new orders of new guests into the inbox; returns the ids of the deliveries."""
        numbers = range(self.filed, self.filed + count)
        self.filed += count
        with tenant_scope(self.tenant_id), transaction.atomic():
            rows = InboxDelivery.objects.bulk_create(
                [self._delivery(number) for number in numbers], batch_size=1_000
            )
        return [row.pk for row in rows]

    def drain(self) -> None:
        """Work off the inbox and every reaction, in this process."""
        drain_tenant(self.tenant_id, kinds=KINDS)

    def _delivery(self, number: int) -> InboxDelivery:
        return InboxDelivery(
            store_id=self.store_id,
            delivery_id=f"bench-{number}",
            topic="orders/create",
            headers={},
            body=json.dumps(simple_order(number)).encode(),
        )


def make_merchant() -> Merchant:
    """Create a tenant and its store."""
    number = next(_numbers)
    data = TenantData(
        name=f"Bench {number}",
        currency="GBP",
        timezone="Europe/London",
        owner_email=f"bench{number}@example.com",
        owner_password="a-long-bench-password",
    )
    tenant_id = create_tenant(data).tenant.pk
    with tenant_scope(tenant_id):
        store = connect_store(StoreData(name="Soap", platform="shopify"))
    return Merchant(tenant_id, store.store_id)


@contextmanager
def bare(*, replica: bool = False) -> Iterator[Cursor[Any]]:
    """Open a transaction past all fences, for floors and for putting things back.

    Args:
        replica: without foreign keys and triggers, to remove or load rows in any order.
    """
    address = os.environ["PATRON_SUPERUSER_URL"]
    with psycopg.connect(address, dbname=_database()) as connection, connection.cursor() as cursor:
        if replica:
            cursor.execute("SET session_replication_role = replica")
        yield cursor


def vacuum(tables: Sequence[str]) -> None:
    """Remove dead rows and renew statistics, so that no run pays for the one before."""
    address = os.environ["PATRON_SUPERUSER_URL"]
    with psycopg.connect(address, dbname=_database(), autocommit=True) as connection:
        for table in tables:
            connection.execute(f'VACUUM (ANALYZE) "{table}"'.encode())


def database_address() -> str:
    """Return the address of the database past all fences."""
    parts = urlsplit(os.environ["PATRON_SUPERUSER_URL"])
    return parts._replace(path=f"/{_database()}").geturl()


def _database() -> str:
    return os.environ["DATABASE_URL"].rsplit("/", 1)[1].split("?")[0]
