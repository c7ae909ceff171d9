"""Role × capability, written out, and asked of every page over HTTP."""

import re

import pytest
from django.db import transaction
from pytest_django import DjangoDbBlocker

from kernel.tenancy import tenant_scope
from tenants.choices import Role
from tenants.domain import capabilities
from tenants.domain.capabilities import MATRIX, WORDS, may
from tenants.models import Tenant
from tests.factories.tenants import come_back, open_session
from tests.support.worlds import World, forget_tenant
from tests.tenants.routes import PAGES, PAGES_UNDER, Page, find_routes

ALLOWED = {
    #                   owner  admin  marketer analyst support
    "view":            (True,  True,  True,    True,   True),
    "profiles.export": (True,  True,  True,    True,   False),
    "profiles.tag":    (True,  True,  True,    False,  True),
    "profiles.note":   (True,  True,  True,    False,  True),
    "profiles.erase":  (True,  True,  False,   False,  False),
    "segments.edit":   (True,  True,  True,    False,  False),
    "flows.edit":      (True,  True,  True,    False,  False),
    "points.adjust":   (True,  True,  True,    False,  True),
    "stores.retry":    (True,  True,  True,    False,  True),
    "stores.manage":   (True,  True,  False,   False,  False),
    "keys.manage":     (True,  True,  False,   False,  False),
    "members.manage":  (True,  True,  False,   False,  False),
    "settings.manage": (True,  True,  False,   False,  False),
    "audit.read":      (True,  True,  False,   False,  False),
    "tenant.manage":   (True,  False, False,   False,  False),
}  # fmt: skip
ROLES = ("owner", "admin", "marketer", "analyst", "support")


@pytest.fixture
def tenant(own_tenant: Tenant) -> Tenant:
    """The tenant of the module's world."""
    return own_tenant


@pytest.fixture(scope="module")
def sessions(own_world: World, django_db_blocker: DjangoDbBlocker) -> dict[str, str]:
    """The key of a session of somebody of each role, in the module's world."""
    with django_db_blocker.unblock():
        with tenant_scope(own_world.tenant_id):
            ours = Tenant.objects.get(pk=own_world.tenant_id)
            opened = {role: open_session(ours, role) for role in ROLES}
        forget_tenant()
    return opened


def test_the_matrix_is_what_is_written() -> None:
    written = {
        (role, capability): allowed
        for capability, row in ALLOWED.items()
        for role, allowed in zip(ROLES, row, strict=True)
    }
    assert {key: may(*key) for key in written} == written
    assert set(ROLES) == set(MATRIX) == set(Role.values)
    assert set(ALLOWED) == set(WORDS)


def test_every_capability_is_in_the_matrix() -> None:
    names = {
        value
        for name, value in vars(capabilities).items()
        if name.isupper() and isinstance(value, str)
    }
    assert names == set(ALLOWED)


def test_who_has_no_known_role_may_do_nothing() -> None:
    assert not may("", "view")
    assert not may("guest", "view")


def test_the_table_of_pages_is_complete() -> None:
    assert {page.path for page in PAGES} == set(find_routes(PAGES_UNDER))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path)
def test_every_page_says_the_capability_of_the_table(page: Page) -> None:
    route = find_routes(PAGES_UNDER)[page.path]
    assert getattr(route.callback, "capability", None) == page.capability


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path)
def test_each_role_sees_the_pages_it_may_and_no_other(
    tenant: Tenant, own_ids: dict[str, int], sessions: dict[str, str], page: Page
) -> None:
    address = f"/t/{tenant.slug}/" + re.sub(
        r"<int:(\w+)>", lambda found: str(own_ids[found[1]]), page.path
    )
    for role, allowed in zip(ROLES, ALLOWED[page.capability], strict=True):
        with transaction.atomic():  # what one role takes away is there again for the next
            answer = getattr(come_back(sessions[role]), page.method)(address)
            transaction.set_rollback(True)
        if allowed:
            assert answer.status_code < 400 or answer.status_code in {400, 422}, role
        else:
            assert answer.status_code == 403, role
