from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.test import RequestFactory

from config.context import Navigation
from tenants.choices import Role, TenantStatus
from tenants.models import Member, Tenant, User


def page_request(path: str, tenant: Tenant | None = None, user: User | None = None) -> HttpRequest:
    request = RequestFactory().get(path)
    request.user = user or AnonymousUser()
    if tenant is not None:
        request.tenant = tenant  # type: ignore[attr-defined] # the tenants' middleware sets it
    return request


def test_only_the_section_of_the_page_is_marked() -> None:
    tenant = Tenant(pk=1, slug="ada-soap", name="Ada Soap")
    items = Navigation(page_request("/t/ada-soap/settings/keys/", tenant)).items

    assert [item.label for item in items if item.active] == ["Settings"]
    assert all(item.url.startswith("/t/ada-soap/") for item in items)


def test_without_a_tenant_there_is_nowhere_to_go() -> None:
    nav = Navigation(page_request("/accounts/login/"))

    assert nav.items == []
    assert nav.tenants == []


def test_the_switcher_lists_the_tenants_of_the_person_alone(
    tenant: Tenant, other_tenant: Tenant
) -> None:
    ada = User.objects.create_user("ada@example.com")
    Member.objects.create(tenant=tenant, user=ada, role=Role.OWNER)
    nav = Navigation(page_request("/t/ada-soap/", tenant, ada))

    assert [(item.name, item.active) for item in nav.tenants] == [("Ada Soap", True)]

    Member.objects.create(tenant=other_tenant, user=ada, role=Role.ANALYST)
    nav = Navigation(page_request("/t/ada-soap/", tenant, ada))

    assert [(item.name, item.active) for item in nav.tenants] == [
        ("Ada Soap", True),
        ("Basho Tea", False),
    ]


def test_a_suspended_tenant_is_not_said_to_be_in_step() -> None:
    tenant = Tenant(pk=1, slug="ada-soap", name="Ada Soap", status=TenantStatus.SUSPENDED)
    health = Navigation(page_request("/t/ada-soap/settings/danger/", tenant)).health

    assert health == ("warn", "Suspended: nothing is sent")
