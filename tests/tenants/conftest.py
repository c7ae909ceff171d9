"""Jobs that only count, nobody who tried before, and a tenant with one of each thing."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from django.conf import settings
from django.core.cache import cache
from pytest_django import DjangoDbBlocker

from crm.services.stores import StoreData
from kernel.tenancy import tenant_scope
from stores.services.connections import connect_store
from tenants.models import Tenant
from tests.factories.tenants import make_tenant
from tests.support import jobs
from tests.support.worlds import World, world


@pytest.fixture(autouse=True)
def counting_jobs(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Run the jobs of `tests.support.jobs`."""
    monkeypatch.setattr(settings, "JOB_KINDS", "tests.support.jobs.JOBS")
    jobs.turns.clear()
    jobs.faults.clear()
    yield
    jobs.turns.clear()
    jobs.faults.clear()


@pytest.fixture(autouse=True)
def nobody_tried_before() -> Iterator[None]:
    """Forget the tries of other tests, which the limits would count along."""
    cache.clear()
    yield
    cache.clear()


@pytest.fixture(scope="module")
def own_world(
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[World]:
    """A tenant with one of each thing and a store that has a webhook address."""
    media = tmp_path_factory.mktemp("own-world")
    new_tenant = partial(make_tenant, name="Ada Soap")
    with world(django_db_blocker, media, new_tenant, connect_another_store) as made:
        yield made


@pytest.fixture
def own_tenant(own_world: World, db: None) -> Iterator[Tenant]:
    """The tenant of the module's world, whose scope is open during the test."""
    with tenant_scope(own_world.tenant_id):
        yield Tenant.objects.get(pk=own_world.tenant_id)


@pytest.fixture
def own_ids(
    own_world: World, own_tenant: Tenant, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> dict[str, int]:
    """One of each thing, by the name of the argument that takes its id in addresses."""
    return own_world.lend(monkeypatch, tmp_path)


def connect_another_store() -> dict[str, int]:
    """Connect a store; returns its id under a name of its own."""
    store = connect_store(StoreData("Shop FR", "shopify", currency="EUR"))
    return {"connected_id": store.store_id}
