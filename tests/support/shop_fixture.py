"""The fixture of a connected store, for every folder of tests that needs one."""

from collections.abc import Iterator

import pytest
from django.test import Client

from crm.services.stores import StoreData
from kernel.postgres.edge import close_connections
from stores.services.connections import connect_store, forget_connections
from tenants.models import Tenant
from tests.support.bigcommerce import FakeBigShop
from tests.support.bigcommerce_api import TOKEN, BigApi
from tests.support.shopify import FakeShop
from tests.support.woocommerce import FakeWooShop


@pytest.fixture
def shop(transactional_db: None, tenant: Tenant, client: Client) -> Iterator[FakeShop]:
    """A Shopify store of the tenant, really committed: the edge has a connection of its own."""
    forget_connections()
    store = connect_store(StoreData(name="Ada Shopify", platform="shopify"))
    yield FakeShop(store, client)
    forget_connections()
    close_connections()


@pytest.fixture
def woo(transactional_db: None, tenant: Tenant, client: Client) -> Iterator[FakeWooShop]:
    """A WooCommerce store of the tenant likewise."""
    forget_connections()
    store = connect_store(StoreData(name="Ada Woo", platform="woocommerce", currency="GBP"))
    yield FakeWooShop(store, client)
    forget_connections()
    close_connections()


@pytest.fixture
def big(
    transactional_db: None, tenant: Tenant, client: Client, big_api: BigApi
) -> Iterator[FakeBigShop]:
    """A BigCommerce store of the tenant likewise, and the API that it is fetched from."""
    forget_connections()
    data = StoreData(
        name="Ada Big", platform="bigcommerce", url="https://soap.example", currency="GBP"
    )
    keys = {"api_path": big_api.path, "access_token": TOKEN}
    store = connect_store(data, secret="client-secret", credentials=keys)
    yield FakeBigShop(store, client)
    forget_connections()
    close_connections()
