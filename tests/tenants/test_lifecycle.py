"""A merchant is suspended, resumed, deleted, restored and at last removed for good."""

from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connections, transaction
from django.test import Client
from psycopg import sql

from config.provisioning import provision_tenant
from config.purge import purge_tenant
from kernel import clock
from kernel.postgres.compiler import tenant_models
from kernel.tenancy import tenant_scope
from kernel.work import drain_tenant
from tenants.choices import Role, TenantStatus
from tenants.models import AuditEntry, Member, Tenant, User
from tenants.services.lifecycle import GRACE, request_deletion, suspend_tenant
from tests.factories.samples import make_everything
from tests.factories.tenants import call_with, make_key, make_member, sign_in

DANGER = "/t/ada-soap/settings/danger/"
SYSTEM = pytest.mark.django_db(databases=["default", "sys"], transaction=True)


@pytest.fixture(autouse=True)
def media(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of files for this test."""
    monkeypatch.setattr(settings, "MEDIA_ROOT", tmp_path)
    return tmp_path


def status_of(tenant: Tenant) -> str:
    return Tenant.objects.get(pk=tenant.pk).status


def count_rows(tenant: Tenant) -> dict[str, int]:
    """Return how many rows of each table a tenant has, over all tenant tables."""
    found = {}
    with connections["sys"].cursor() as cursor:
        for table in [*tenant_models(), *settings.REFERENCE_TABLES]:
            name = sql.Identifier(table)
            count = sql.SQL("SELECT count(*) FROM {} WHERE tenant_id = %s").format(name)
            cursor.execute(count, [tenant.pk])
            if rows := cursor.fetchone()[0]:
                found[table] = rows
    return found


def test_a_suspended_shop_shows_one_page_to_everybody_and_the_danger_zone_to_its_owner(
    tenant: Tenant,
) -> None:
    owner, support = sign_in(tenant), sign_in(tenant, Role.SUPPORT)
    assert owner.post(f"{DANGER}suspend/").headers["Location"] == DANGER
    assert status_of(tenant) == TenantStatus.SUSPENDED
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor) == ("tenant.suspended", "owner@ada-soap.example")

    for path in ("", "profiles/", "settings/members/", "stores/"):
        page = support.get(f"/t/ada-soap/{path}")
        assert page.status_code == 403
        assert "Ada Soap is suspended" in page.content.decode()
        assert "owner@ada-soap.example" in page.content.decode()
    assert support.get(DANGER).status_code == 403
    assert owner.get("/t/ada-soap/").status_code == 403
    assert "Resume the shop" in owner.get(DANGER).content.decode()


def test_keys_of_a_suspended_shop_are_told_so(tenant: Tenant, broker: object) -> None:
    client = call_with(make_key(tenant))
    suspend_tenant(actor="ada@example.com")
    answer = client.get("/api/v1/profiles/")
    assert (answer.status_code, answer.json()["code"]) == (403, "tenant_suspended")
    assert call_with("sk_wrong").get("/api/v1/profiles/").status_code == 401


def test_suspending_and_resuming_twice_is_recorded_once(tenant: Tenant) -> None:
    owner = sign_in(tenant)
    for action in ("suspend/", "suspend/", "resume/", "resume/"):
        owner.post(DANGER + action)
    assert status_of(tenant) == TenantStatus.ACTIVE
    actions = AuditEntry.objects.order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["tenant.suspended", "tenant.resumed"]


def test_a_shop_is_deleted_only_by_its_own_name(tenant: Tenant) -> None:
    owner = sign_in(tenant)
    page = owner.post(f"{DANGER}delete/", {"name": "Basho Tea"}, follow=True)
    assert "You typed another name than Ada Soap" in page.content.decode()
    assert status_of(tenant) == TenantStatus.ACTIVE
    assert not AuditEntry.objects.exists()

    page = owner.post(f"{DANGER}delete/", {"name": " ada  soap "}, follow=True)
    assert "This shop is being deleted" in page.content.decode()
    found = Tenant.objects.get(pk=tenant.pk)
    assert found.status == TenantStatus.DELETING
    assert found.purge_at is not None
    assert timedelta() < found.purge_at - clock.now() <= GRACE
    assert AuditEntry.objects.get().action == "tenant.deletion_requested"


def test_an_owner_restores_a_shop_within_the_time_of_grace(tenant: Tenant) -> None:
    owner = sign_in(tenant)
    owner.post(f"{DANGER}delete/", {"name": "Ada Soap"})
    owner.post(f"{DANGER}restore/")
    found = Tenant.objects.get(pk=tenant.pk)
    assert (found.status, found.purge_at, found.status_at) == (TenantStatus.ACTIVE, None, None)
    assert owner.get("/t/ada-soap/").status_code == 200


@pytest.mark.parametrize("role", [role for role in Role if role != Role.OWNER])
def test_nobody_but_an_owner_stops_or_deletes_a_shop(tenant: Tenant, role: Role) -> None:
    client = sign_in(tenant, role)
    for action in ("suspend/", "delete/"):
        assert client.post(DANGER + action, {"name": "Ada Soap"}).status_code == 403
    assert status_of(tenant) == TenantStatus.ACTIVE


@SYSTEM
def test_after_the_time_of_grace_everything_is_removed_and_nothing_of_others(
    tenant: Tenant, other_tenant: Tenant, broker: object
) -> None:
    for merchant in (tenant, other_tenant):
        provision_tenant(merchant.pk)
        with tenant_scope(merchant.pk), transaction.atomic():
            make_everything()
            make_key(merchant)
        make_member(merchant)
        logo = Path(settings.MEDIA_ROOT) / str(merchant.pk) / "logo.png"
        logo.parent.mkdir(parents=True, exist_ok=True)
        logo.write_bytes(b"logo")
    theirs = count_rows(other_tenant)
    with transaction.atomic():
        request_deletion("Ada Soap", actor="ada@example.com")
    drain_tenant(tenant.pk)
    assert status_of(tenant) == TenantStatus.DELETING
    assert count_rows(tenant) != {}

    with time_machine.travel(clock.now() + GRACE + timedelta(seconds=1), tick=False):
        drain_tenant(tenant.pk)

    assert not Tenant.objects.filter(pk=tenant.pk).exists()
    assert count_rows(tenant) == {}
    assert count_rows(other_tenant) == theirs
    assert not (Path(settings.MEDIA_ROOT) / str(tenant.pk)).exists()
    assert (Path(settings.MEDIA_ROOT) / str(other_tenant.pk) / "logo.png").exists()
    assert User.objects.filter(email="owner@ada-soap.example").exists()
    assert not Member.objects.filter(tenant_id=tenant.pk).exists()
    assert Member.objects.filter(tenant=other_tenant).exists()


@SYSTEM
def test_a_removal_that_broke_off_goes_on_and_cannot_be_restored(
    tenant: Tenant, broker: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    with transaction.atomic():
        make_everything()
    monkeypatch.setattr("config.purge.CHUNK", 1)
    Tenant.objects.filter(pk=tenant.pk).update(status=TenantStatus.PURGING)
    owner = sign_in(tenant)
    owner.post(f"{DANGER}restore/")
    assert status_of(tenant) == TenantStatus.PURGING

    purge_tenant(tenant.pk)
    assert count_rows(tenant) == {}
    assert owner.get("/t/ada-soap/").status_code == 404


@SYSTEM
def test_a_shop_with_nothing_is_removed_too(tenant: Tenant) -> None:
    assert purge_tenant(tenant.pk) == 1
    assert not Tenant.objects.exists()


@SYSTEM
def test_the_command_removes_only_what_is_named_twice(tenant: Tenant) -> None:
    with pytest.raises(CommandError, match="another name"):
        call_command("purge_tenant", "--tenant", "ada-soap", "--name", "Ada")
    assert Tenant.objects.exists()
    call_command("purge_tenant", "--tenant", "ada-soap", "--name", "Ada Soap", "--json")
    assert not Tenant.objects.exists()


def test_the_way_in_prefers_a_shop_that_works(
    tenant: Tenant, other_tenant: Tenant, client: Client
) -> None:
    ada = make_member(tenant).user
    Member.objects.create(tenant=other_tenant, user=ada, role=Role.ANALYST)
    suspend_tenant(actor="ada@example.com")
    client.force_login(ada)
    assert client.get("/").headers["Location"] == "/t/basho-tea/"
