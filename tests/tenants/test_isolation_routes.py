"""Another tenant's ids answer 404, on every page and every address of the REST API."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from django.test import Client
from pytest_django import DjangoDbBlocker

from kernel.tenancy import tenant_scope
from tenants.models import Tenant
from tests.factories.samples import make_profile
from tests.factories.tenants import call_with, come_back, make_key, make_tenant, open_session
from tests.support.worlds import World, forget_tenant, world
from tests.tenants.routes import (
    API,
    API_UNDER,
    OPEN_TO_ALL,
    PAGES,
    Endpoint,
    Page,
    find_routes,
)

WITH_IDS = [page for page in PAGES if "<int:" in page.path]
DETAILS = [endpoint for endpoint in API if endpoint.names]
LISTS = [
    endpoint
    for endpoint in API
    if not endpoint.names and "get" in endpoint.methods and "reports" not in endpoint.path
]
SAME_FOR_ALL = {"segments/fields/", "flows/nodes/", "flows/triggers/", "flows/library/"}
BELOW = {"delivery_id": "outgoing_id", "profile_id": "profile_id"}
"""Whose id stands in an address below another one."""


class Us(NamedTuple):
    """Our own tenant: its id, and what opens its pages and its addresses of the API."""

    tenant_id: int
    session: str
    key: str


@pytest.fixture(scope="module")
def their_world(
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[World]:
    """The other tenant with one of each thing."""
    media = tmp_path_factory.mktemp("theirs")
    with world(django_db_blocker, media, lambda: make_tenant("basho-tea")) as made:
        yield made


@pytest.fixture
def other_tenant(their_world: World, db: None) -> Tenant:
    """The tenant of that world."""
    return Tenant.objects.get(pk=their_world.tenant_id)


@pytest.fixture
def theirs(
    their_world: World, db: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> dict[str, int]:
    """Ids of one of each thing of the other tenant."""
    return their_world.lend(monkeypatch, tmp_path)


@pytest.fixture(scope="module")
def us(their_world: World, django_db_blocker: DjangoDbBlocker) -> Us:
    """A tenant beside that world, with an owner who is signed in."""
    with django_db_blocker.unblock():
        ours = make_tenant()
        with tenant_scope(ours.pk):
            made = Us(ours.pk, open_session(ours), make_key(ours))
        forget_tenant()
    return made


@pytest.fixture
def tenant(us: Us, db: None) -> Iterator[Tenant]:
    """Our tenant, whose scope is open during the test."""
    with tenant_scope(us.tenant_id):
        yield Tenant.objects.get(pk=us.tenant_id)


@pytest.fixture
def member(us: Us, tenant: Tenant) -> Client:
    """Signed in as its owner."""
    return come_back(us.session)


@pytest.fixture
def api(us: Us, tenant: Tenant, broker: object) -> Client:
    """A client with a key of this tenant."""
    return call_with(us.key)


def fill(path: str, ids: dict[str, int]) -> str:
    return re.sub(r"<int:(\w+)>", lambda found: str(ids[found[1]]), path)


def fill_api(endpoint: Endpoint, ids: dict[str, int]) -> str:
    """Return an address with the id that the table names, and of what lies below it its own."""

    def named(found: re.Match[str]) -> str:
        return str(ids[BELOW.get(found[1], endpoint.names)])

    return f"/api/v1/{re.sub(r'<(?:int:)?([a-z_]+)>', named, endpoint.path)}"


def test_the_table_of_the_api_is_complete() -> None:
    assert {endpoint.path for endpoint in API} | set(OPEN_TO_ALL) == set(find_routes(API_UNDER))


@pytest.mark.parametrize("page", WITH_IDS, ids=lambda page: page.path)
def test_a_page_with_the_id_of_another_tenant_is_not_there(
    tenant: Tenant, member: Client, theirs: dict[str, int], page: Page
) -> None:
    answer = getattr(member, page.method)(f"/t/{tenant.slug}/{fill(page.path, theirs)}")
    assert answer.status_code == 404


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path)
def test_the_pages_of_another_tenant_are_not_there(
    member: Client, other_tenant: Tenant, theirs: dict[str, int], page: Page
) -> None:
    address = f"/t/{other_tenant.slug}/{fill(page.path, theirs)}"
    assert getattr(member, page.method)(address).status_code == 404


@pytest.mark.parametrize("endpoint", DETAILS, ids=lambda endpoint: endpoint.path)
def test_the_id_of_another_tenant_is_not_found(
    api: Client, theirs: dict[str, int], endpoint: Endpoint
) -> None:
    address = fill_api(endpoint, theirs)
    for method in endpoint.methods:
        answer = getattr(api, method)(address, content_type="application/json")
        assert answer.status_code == 404, method
        assert answer.json()["code"] == "not_found"


@pytest.mark.parametrize("endpoint", DETAILS, ids=lambda endpoint: endpoint.path)
def test_the_same_address_exists_for_its_own_tenant(
    other_tenant: Tenant, theirs: dict[str, int], broker: object, endpoint: Endpoint
) -> None:
    client = call_with(make_key(other_tenant))
    address = fill_api(endpoint, theirs)
    for method in endpoint.methods:
        answer = getattr(client, method)(address, content_type="application/json")
        assert answer.status_code in {200, 201, 204, 409}, method


@pytest.mark.parametrize("endpoint", LISTS, ids=lambda endpoint: endpoint.path)
def test_a_list_has_nothing_of_another_tenant(
    api: Client, theirs: dict[str, int], endpoint: Endpoint
) -> None:
    rows = api.get(f"/api/v1/{endpoint.path}").json()["results"]
    assert (rows == []) is (endpoint.path not in SAME_FOR_ALL)


@pytest.mark.parametrize("name", ["profile_id", "store_id"])
def test_a_filter_with_an_id_of_another_tenant_finds_nothing(
    api: Client, theirs: dict[str, int], name: str
) -> None:
    assert api.get(f"/api/v1/orders/?{name}={theirs[name]}").json()["results"] == []


@pytest.mark.parametrize("path", ["orders/bulk/", "products/bulk/", "events/bulk/"])
def test_a_bulk_call_cannot_name_the_store_of_another_tenant(
    api: Client, theirs: dict[str, int], path: str
) -> None:
    body = json.dumps({"items": [{}], "store_id": str(theirs["store_id"])})
    answer = api.post(f"/api/v1/{path}", body, content_type="application/json")
    assert answer.status_code == 404


def test_a_profile_of_another_tenant_cannot_be_merged(api: Client, theirs: dict[str, int]) -> None:
    ours = make_profile().pk
    for winner, loser in ((ours, theirs["profile_id"]), (theirs["profile_id"], ours)):
        body = json.dumps({"winner_id": str(winner), "loser_ids": [str(loser)]})
        answer = api.post("/api/v1/profiles/merge/", body, content_type="application/json")
        assert answer.status_code == 404
        assert answer.json()["code"] == "not_found"


def test_reports_count_nothing_of_another_tenant(api: Client, theirs: dict[str, int]) -> None:
    figures = {
        row["key"]: row["value"] for row in api.get("/api/v1/reports/kpis/").json()["results"]
    }
    assert (figures["orders"], figures["net_revenue"]) == (0, "0.00")
