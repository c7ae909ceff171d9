"""Fixtures that every test can use."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from django.conf import settings
from django.test import TransactionTestCase
from pytest_django import DjangoDbBlocker

from kernel.tenancy import tenant_scope
from tenants.models import Tenant
from tests.support.database import WorkerDatabase, own_database, renew_connections
from tests.support.plugin import worker_number
from tests.support.requests_in_flight import finish_requests
from tests.support.savepoints import lazy_savepoints
from tests.support.watch import take_offenders, watched_statements

BROWSER_TESTS = Path(__file__).parent / "browser"


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    if config.getoption("--no-browser") and collection_path.is_relative_to(BROWSER_TESTS):
        return True
    return None


@pytest.fixture(scope="session")
def worker_database(django_db_blocker: DjangoDbBlocker) -> Iterator[WorkerDatabase]:
    """The database of this worker; what transactional tests leave in it is taken away."""
    with (
        django_db_blocker.unblock(),
        pytest.MonkeyPatch.context() as patch,
        lazy_savepoints(),
        own_database(worker_number()) as database,
        watched_statements(),
    ):

        def clean(_: TransactionTestCase) -> None:
            finish_requests()
            database.cleaner.clean()
            renew_connections()

        patch.setattr(TransactionTestCase, "_fixture_teardown", clean)
        patch.setattr(TransactionTestCase, "_should_reload_connections", lambda _: False)
        yield database


@pytest.fixture(scope="session")
def django_db_setup(worker_database: WorkerDatabase) -> None:
    """Let tests use the database of their worker."""


@pytest.fixture(autouse=True, scope="session")
def media_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let files that people make go with the test run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings, "MEDIA_ROOT", tmp_path_factory.mktemp("media"))
        yield


@pytest.fixture(autouse=True)
def statements_bind_their_tenant(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that sent SQL in which a tenant table is bound to no tenant.

    Tests of the fences themselves say ``@pytest.mark.unbound_sql``.
    """
    take_offenders()
    yield
    offenders = take_offenders()
    if not request.node.get_closest_marker("unbound_sql"):
        assert offenders == []


@pytest.fixture
def tenant(db: None) -> Iterator[Tenant]:
    """A merchant in Britain, whose scope is open during the test."""
    merchant = Tenant.objects.create(
        name="Ada Soap", slug="ada-soap", currency="GBP", timezone="Europe/London"
    )
    with tenant_scope(merchant.pk):
        yield merchant


@pytest.fixture
def other_tenant(db: None) -> Tenant:
    """A merchant in Japan, whose data the first one must never see."""
    return Tenant.objects.create(
        name="Basho Tea", slug="basho-tea", currency="JPY", timezone="Asia/Tokyo"
    )


@pytest.fixture
def broker() -> Iterator["redis.Redis"]:
    """This worker's Redis database, empty before and after the test."""
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        client.flushdb()
        yield client
        client.flushdb()
