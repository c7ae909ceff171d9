"""The way in and the settings pages."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from kernel.tenancy import tenant_scope
from tenants import queries
from tenants.choices import Role
from tenants.models import ApiKey, Tenant, User
from tests.factories.tenants import PASSWORD, make_key, make_member, sign_in

KEYS = "/t/ada-soap/settings/keys/"


def test_somebody_who_is_no_member_is_told_so(db: None, client: Client) -> None:
    client.force_login(User.objects.create_user("eve@example.com", PASSWORD))
    page = client.get("/")
    assert page.status_code == 200
    assert "You are in no shop yet" in page.content.decode()


def test_a_member_is_sent_into_the_first_tenant(tenant: Tenant) -> None:
    page = sign_in(tenant).get("/")
    assert page.status_code == 302
    assert page.headers["Location"].startswith("/t/ada-soap/")


def test_who_is_not_signed_in_is_sent_to_the_log_in(db: None, client: Client) -> None:
    assert client.get("/").headers["Location"] == "/accounts/login/?next=/"
    assert client.get(KEYS).headers["Location"] == f"/accounts/login/?next={KEYS}"


def test_a_new_key_is_shown_once_and_works(tenant: Tenant) -> None:
    client = sign_in(tenant)
    data = {"name": "Till", "kind": "secret", "scopes": ["orders:read", "profiles:read"]}
    page = client.post(KEYS, data)
    assert page.status_code == 201
    found = re.search(r"sk_[\w-]{43}", page.content.decode())
    assert found is not None
    key = queries.find_api_key(found[0])
    assert key is not None
    assert (key.name, key.scopes) == ("Till", ["orders:read", "profiles:read"])
    assert found[0] not in client.get(KEYS).content.decode()


def test_a_key_without_scopes_is_not_made(tenant: Tenant) -> None:
    page = sign_in(tenant).post(KEYS, {"name": "Till", "kind": "secret"})
    assert page.status_code == 422
    assert "Choose at least one" in page.content.decode()
    assert not ApiKey.objects.exists()


def test_a_key_is_revoked_by_its_button(tenant: Tenant) -> None:
    secret = make_key(tenant)
    address = reverse("tenants:revoke_api_key", args=["ada-soap", ApiKey.objects.get().pk])
    client = sign_in(tenant)
    assert client.get(address).status_code == 405
    assert client.post(address).headers["Location"] == KEYS
    assert queries.find_api_key(secret) is None
    assert "Revoked" in client.get(KEYS).content.decode()


def test_the_key_of_another_tenant_answers_404(tenant: Tenant, other_tenant: Tenant) -> None:
    with tenant_scope(other_tenant.pk):
        secret = make_key(other_tenant)
    address = reverse("tenants:revoke_api_key", args=["ada-soap", ApiKey.objects.get().pk])
    assert sign_in(tenant).post(address).status_code == 404
    assert queries.find_api_key(secret) is not None


def test_a_marketer_may_not_see_the_keys_and_is_told_who_can_help(tenant: Tenant) -> None:
    page = sign_in(tenant, Role.MARKETER).get(KEYS)
    assert page.status_code == 403
    assert "An owner or admin of the shop can give you the role" in page.content.decode()


def test_the_settings_begin_with_what_the_member_may_see(tenant: Tenant) -> None:
    owner = sign_in(tenant).get("/t/ada-soap/settings/")
    support = sign_in(tenant, Role.SUPPORT).get("/t/ada-soap/settings/")
    assert owner.headers["Location"] == "/t/ada-soap/settings/general/"
    assert support.headers["Location"] == "/t/ada-soap/settings/members/"


def test_members_are_listed_with_their_role(tenant: Tenant, other_tenant: Tenant) -> None:
    make_member(tenant, Role.ANALYST, "ann@soap.example")
    make_member(other_tenant, Role.OWNER, "basho@tea.example")
    text = sign_in(tenant, Role.SUPPORT).get("/t/ada-soap/settings/members/").content.decode()
    assert "ann@soap.example" in text
    assert "basho@tea.example" not in text


@pytest.mark.usefixtures("broker")
def test_guessing_a_password_is_stopped(tenant: Tenant, client: Client) -> None:
    make_member(tenant, Role.OWNER, "ada@soap.example")
    wrong = {"login": "ada@soap.example", "password": "wrong"}
    pages = [client.post("/accounts/login/", wrong) for _ in range(6)]
    page = pages[-1]
    assert (
        "Too many failed attempts. Log-in with this address rests for 5 minutes"
        in page.content.decode()
    )
    page = client.post("/accounts/login/", {**wrong, "password": PASSWORD})
    assert page.status_code == 200
    assert "_auth_user_id" not in client.session


def test_the_list_of_settings_has_what_the_member_may_see_and_no_more(tenant: Tenant) -> None:
    address = "/t/ada-soap/settings/members/"
    owner = sign_in(tenant).get(address).content.decode()
    support = sign_in(tenant, Role.SUPPORT).get(address).content.decode()
    assert 'href="/t/ada-soap/settings/keys/"' in owner
    assert 'href="/t/ada-soap/settings/keys/"' not in support
    assert 'href="/t/ada-soap/settings/deliverability/"' in support
    assert support.count('class="settings-link"') == 4
    links = queries.list_settings_links(
        "ada-soap", Role.OWNER, here="/t/ada-soap/settings/domains/"
    )
    assert [link.label for link in links if link.active] == ["Senders and domains"]
