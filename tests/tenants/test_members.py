"""Members: roles, going, owners, and pages that were open when something changed."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.test import Client
from django.utils.html import escape

from kernel.errors import Conflict
from kernel.tenancy import tenant_scope
from tenants.choices import Role
from tenants.models import AuditEntry, FormerMember, Member, Tenant
from tenants.services.members import leave_tenant, remove_member
from tests.factories.tenants import PASSWORD, make_member, make_tenant, sign_in

PAGE = "/t/ada-soap/settings/members/"


def sent(client: Client, address: str, **data: str) -> int:
    return client.post(f"{PAGE}{address}", data).status_code


def role_of(member: Member) -> str:
    return Member.objects.get(pk=member.pk).role


def sign_in_as(member: Member) -> Client:
    client = Client()
    client.force_login(member.user)
    return client


def test_an_owner_gives_a_role_and_the_trail_says_who_had_which(tenant: Tenant) -> None:
    ann = make_member(tenant, Role.ANALYST, "ann@soap.example")
    assert sent(sign_in(tenant), f"{ann.pk}/role/", role="marketer") == 302
    assert role_of(ann) == "marketer"
    entry = AuditEntry.objects.get(action="member.role_changed")
    assert entry.actor == "owner@ada-soap.example"
    assert entry.before == {"email": "ann@soap.example", "role": "analyst"}
    assert entry.after == {"email": "ann@soap.example", "role": "marketer"}


@pytest.mark.parametrize("role", ["", "emperor"])
def test_a_role_that_does_not_exist_changes_nothing(tenant: Tenant, role: str) -> None:
    ann = make_member(tenant, Role.ANALYST, "ann@soap.example")
    assert sent(sign_in(tenant), f"{ann.pk}/role/", role=role) == 422
    assert role_of(ann) == "analyst"
    assert not AuditEntry.objects.exists()


def test_an_admin_neither_makes_nor_unmakes_an_owner(tenant: Tenant) -> None:
    owner = make_member(tenant, Role.OWNER, "ada@soap.example")
    ann = make_member(tenant, Role.ANALYST, "ann@soap.example")
    admin = sign_in(tenant, Role.ADMIN)
    assert sent(admin, f"{ann.pk}/role/", role="owner") == 403
    assert sent(admin, f"{owner.pk}/role/", role="analyst") == 403
    assert sent(admin, f"{owner.pk}/remove/") == 403
    assert sent(admin, f"{owner.pk}/hand-over/", password=PASSWORD) == 403
    assert (role_of(owner), role_of(ann)) == ("owner", "analyst")
    assert not AuditEntry.objects.exists()


def test_the_last_owner_neither_leaves_nor_steps_down(tenant: Tenant) -> None:
    owner = make_member(tenant, Role.OWNER, "ada@soap.example")
    client = sign_in_as(owner)
    page = client.post(f"{PAGE}leave/")
    assert page.status_code == 422
    assert "A shop needs an owner. Make somebody else the owner first." in page.content.decode()
    assert sent(client, f"{owner.pk}/role/", role="admin") == 422
    assert sent(client, f"{owner.pk}/remove/") == 422
    assert role_of(owner) == "owner"


def test_one_of_two_owners_leaves(tenant: Tenant) -> None:
    make_member(tenant, Role.OWNER, "ada@soap.example")
    other = make_member(tenant, Role.OWNER, "bea@soap.example")
    assert sent(sign_in_as(other), "leave/") == 302
    assert not Member.objects.filter(pk=other.pk).exists()
    assert FormerMember.objects.get().has_left


def test_handing_over_needs_the_password(tenant: Tenant) -> None:
    owner = make_member(tenant, Role.OWNER, "ada@soap.example")
    heir = make_member(tenant, Role.MARKETER, "bea@soap.example")
    client = sign_in_as(owner)
    client.post(f"{PAGE}{heir.pk}/hand-over/", {"password": "wrong"})
    assert (role_of(owner), role_of(heir)) == ("owner", "marketer")
    client.post(f"{PAGE}{heir.pk}/hand-over/", {"password": PASSWORD})
    assert (role_of(owner), role_of(heir)) == ("admin", "owner")
    entry = AuditEntry.objects.get(action="tenant.handed_over")
    assert entry.after == {
        "email": "bea@soap.example",
        "owner": "bea@soap.example",
        "ada@soap.example": "admin",
    }


def test_guessing_the_password_of_a_hand_over_is_stopped(tenant: Tenant) -> None:
    owner = make_member(tenant, Role.OWNER, "ada@soap.example")
    heir = make_member(tenant, Role.MARKETER, "bea@soap.example")
    client = sign_in_as(owner)
    for _ in range(10):
        client.post(f"{PAGE}{heir.pk}/hand-over/", {"password": "wrong"})
    client.post(f"{PAGE}{heir.pk}/hand-over/", {"password": PASSWORD})
    assert role_of(owner) == "owner"


def test_a_member_removed_while_a_page_is_open_reads_what_happened(tenant: Tenant) -> None:
    ann = make_member(tenant, Role.ANALYST, "ann@soap.example")
    client = sign_in_as(ann)
    assert client.get(PAGE).status_code == 200
    assert sent(sign_in(tenant), f"{ann.pk}/remove/") == 302
    page = client.get(PAGE)
    assert page.status_code == 404
    assert "Somebody removed you from Ada Soap" in page.content.decode()
    part = client.get("/t/ada-soap/home/kpis/", headers={"HX-Request": "true"})
    assert (part.status_code, part.headers["HX-Refresh"]) == (404, "true")


def test_a_role_taken_while_a_page_is_open_is_refused_with_who_can_help(tenant: Tenant) -> None:
    make_member(tenant, Role.OWNER, "ada@soap.example")
    ann = make_member(tenant, Role.MARKETER, "ann@soap.example")
    client = sign_in_as(ann)
    assert client.get("/t/ada-soap/segments/new/").status_code == 200
    Member.objects.filter(pk=ann.pk).update(role=Role.ANALYST)
    page = client.post("/t/ada-soap/segments/new/", {"name": "Mine"})
    assert page.status_code == 403
    text = page.content.decode()
    assert "Your role in Ada Soap is Analyst, which cannot change segments" in text
    assert "ada@soap.example" in text
    part = client.get("/t/ada-soap/segments/new/", headers={"HX-Request": "true"})
    assert part.status_code == 403
    assert "Your role does not allow this any more" in part.headers["HX-Trigger"]


def test_a_part_asked_for_after_the_session_ended_leads_to_the_log_in(tenant: Tenant) -> None:
    headers = {
        "HX-Request": "true",
        "HX-Current-URL": "https://patron.example/t/ada-soap/profiles/?q=ada",
    }
    part = Client().get("/t/ada-soap/home/kpis/", headers=headers)
    assert part.status_code == 401
    address = "/accounts/login/?next=/t/ada-soap/profiles/%3Fq%3Dada"
    assert part.headers["HX-Redirect"] == address


def test_two_tabs_of_two_tenants_stay_apart(tenant: Tenant, other_tenant: Tenant) -> None:
    ada = make_member(tenant, Role.OWNER, "ada@soap.example")
    Member.objects.create(tenant=other_tenant, user=ada.user, role=Role.ANALYST)
    client = sign_in_as(ada)
    tea = PAGE.replace("ada-soap", "basho-tea")
    for _ in range(2):
        assert "Basho Tea" in client.get(tea).content.decode()
        assert client.get(PAGE).context["request"].tenant == tenant
    data = {"email": "eve@tea.example", "role": "analyst"}
    assert client.post(f"{tea}invite/", data).status_code == 403
    assert client.post(f"{PAGE}invite/", data).status_code == 302
    with tenant_scope(other_tenant.pk):
        assert not AuditEntry.objects.exists()


NAMES = ["A" * 200, "مريم الأسطرلابي", "👩🏽‍🚀 Zoë", "<script>alert(1)</script>", '"><img src=x>']


@pytest.mark.parametrize("name", NAMES)
def test_every_name_is_shown_as_it_is_written(tenant: Tenant, name: str) -> None:
    ann = make_member(tenant, Role.ANALYST, "ann@soap.example")
    answer = sign_in_as(ann).post("/accounts/profile/", {"name": name})
    assert answer.status_code == 302
    text = sign_in(tenant).get(PAGE).content.decode()
    assert "<script>alert" not in text
    assert "<img src=x>" not in text
    assert escape(name) in text


def test_a_name_longer_than_200_letters_is_refused(tenant: Tenant) -> None:
    ann = make_member(tenant, Role.ANALYST, "ann@soap.example")
    page = sign_in_as(ann).post("/accounts/profile/", {"name": "A" * 201})
    assert page.status_code == 422
    ann.user.refresh_from_db()
    assert ann.user.name == ""


def test_every_capability_of_every_role_is_on_the_page(tenant: Tenant) -> None:
    page = sign_in(tenant, Role.SUPPORT).get(PAGE)
    assert len(page.context["matrix"]) == 15
    assert "Invite people and give roles" in page.content.decode()


@pytest.mark.django_db(transaction=True)
def test_two_owners_who_go_at_once_leave_one() -> None:
    tenant = make_tenant()
    members = [make_member(tenant, Role.OWNER, f"{name}@soap.example") for name in ("ada", "bea")]

    def go(member: Member) -> bool:
        try:
            with tenant_scope(tenant.pk):
                leave_tenant(member.pk)
        except Conflict:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(go, members)) == [False, True]
    assert Member.objects.get().role == "owner"


def test_who_removes_themselves_has_left(tenant: Tenant) -> None:
    admin = make_member(tenant, Role.ADMIN, "ann@soap.example")
    remove_member(admin.pk, by=admin)
    assert FormerMember.objects.get().has_left
