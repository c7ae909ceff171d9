"""The palette finds pages, people, orders, segments and flows of its tenant, and of no other."""

import re

import pytest
from django.test import Client

from config.provisioning import provision_tenant
from kernel.tenancy import tenant_scope
from tenants.models import Tenant
from tests.factories.samples import make_order, make_profile, make_store
from tests.factories.tenants import sign_in

PERSON = {"first_name": "Ada", "last_name": "Byron", "name_norm": "ada byron"}


@pytest.fixture
def owner(tenant: Tenant) -> Client:
    """The browser of the tenant's owner."""
    return sign_in(tenant)


def find(client: Client, text: str) -> dict[str, list[str]]:
    """Return the titles that a member of the tenant finds, by the label of their group."""
    page = client.get("/t/ada-soap/search/", {"q": text}).content.decode()
    found: dict[str, list[str]] = {}
    group: list[str] = []
    for label, title in re.findall(r"menu-label[^>]*>([^<]+)<|palette-title[^>]*>([^<]+)<", page):
        if label:
            group = found.setdefault(label.strip(), [])
        else:
            group.append(title.strip())
    return found


@pytest.mark.covers("O2")
def test_without_a_text_it_lists_the_pages(owner: Client) -> None:
    found = find(owner, "")
    assert list(found) == ["Pages"]
    assert found["Pages"][:2] == ["Home", "Profiles"]
    assert "API keys" in found["Pages"]


def test_it_lists_only_what_the_role_may_do(owner: Client, tenant: Tenant) -> None:
    assert find(owner, "connect store") == {"Pages": ["Connect a store"]}
    assert find(sign_in(tenant, "analyst"), "connect store") == {}


def test_it_finds_people_by_name_and_by_address(owner: Client) -> None:
    make_profile(**PERSON, email="ada@example.com", email_norm="ada@example.com")
    make_profile(first_name="", email="bo@example.com", email_norm="bo@example.com")

    assert find(owner, "byr") == {"Profiles": ["Ada Byron"]}
    assert find(owner, "bo@exa") == {"Profiles": ["bo@example.com"]}


def test_two_letters_look_up_nobody(owner: Client) -> None:
    make_profile(**PERSON)
    assert find(owner, "by") == {}


def test_it_finds_an_order_and_its_person_by_its_number(owner: Client) -> None:
    make_order(make_store(), make_profile(**PERSON), number="#1001")
    assert find(owner, "1001") == {"Profiles": ["Ada Byron"], "Orders": ["Order #1001"]}


def test_an_order_without_a_person_is_found_as_well(owner: Client) -> None:
    make_order(make_store(), number="#1002")
    assert find(owner, "#1002") == {"Orders": ["Order #1002"]}


def test_it_finds_segments_and_flows_by_a_part_of_their_name(owner: Client, tenant: Tenant) -> None:
    provision_tenant(tenant.pk)
    assert find(owner, "risk")["Segments"] == ["At risk"]
    assert find(owner, "win-back")["Flows"] == ["Win-back"]


def test_it_finds_nothing_of_another_tenant(owner: Client, other_tenant: Tenant) -> None:
    with tenant_scope(other_tenant.pk):
        provision_tenant(other_tenant.pk)
        make_order(make_store(), make_profile(**PERSON), number="#1001")

    for text in ("byron", "1001", "risk", "win-back"):
        assert find(owner, text) == {}


def test_script_in_the_text_stays_text(owner: Client) -> None:
    answer = owner.get("/t/ada-soap/search/", {"q": "<script>alert(1)</script>"})
    assert "<script>" not in answer.content.decode()
    assert "&lt;script&gt;" in answer.content.decode()
