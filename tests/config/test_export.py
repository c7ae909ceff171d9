"""The export of everything: what is in the ZIP, what is not, and whose it is."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction

from config import export
from crm.models import Profile
from kernel.postgres.compiler import tenant_models
from kernel.tenancy import tenant_scope
from kernel.work import drain_tenant
from tenants.models import Job, Tenant
from tenants.services.lifecycle import suspend_tenant
from tests.factories.samples import make_everything, make_profile
from tests.factories.tenants import make_key, sign_in

EXPORT = "/t/ada-soap/settings/danger/export/"
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def media(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(settings, "MEDIA_ROOT", tmp_path)
    return tmp_path


def fetch(tenant: Tenant) -> zipfile.ZipFile:
    """Start an export as the owner would, let it run, and open its file."""
    owner = sign_in(tenant)
    page = owner.post(EXPORT)
    drain_tenant(tenant.pk, kinds=["jobs"])
    answer: Any = owner.get(f"{page.headers['Location']}file/")
    assert answer.status_code == 200
    archive = zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content)))
    assert archive.testzip() is None
    return archive


def rows_of(archive: zipfile.ZipFile, table: str) -> list[dict[str, Any]]:
    names = sorted(name for name in archive.namelist() if name.startswith(f"tables/{table}/"))
    lines = [line for name in names for line in archive.read(name).decode().splitlines()]
    return [json.loads(line) for line in lines]


def test_the_zip_has_every_row_of_the_tenant_and_of_nobody_else(
    tenant: Tenant, other_tenant: Tenant, broker: object, media: Path
) -> None:
    with transaction.atomic():
        make_everything()
        for number in range(5):
            make_profile(first_name=f"P{number}")
    with tenant_scope(other_tenant.pk), transaction.atomic():
        make_everything()
        make_profile(first_name="Basho")
    for owner, name in ((tenant, "ours.png"), (other_tenant, "theirs.png")):
        (media / str(owner.pk)).mkdir(exist_ok=True)
        (media / str(owner.pk) / name).write_bytes(b"picture")
    archive = fetch(tenant)
    with transaction.atomic():
        ids = list(Profile.objects.order_by("pk").values_list("id", flat=True))
    assert [row["id"] for row in rows_of(archive, "crm_profile")] == ids
    assert b"Basho" not in b"".join(archive.read(name) for name in archive.namelist())
    for table in tenant_models():
        assert {row["tenant_id"] for row in rows_of(archive, table)} <= {tenant.pk}, table
    assert archive.read("media/ours.png") == b"picture"
    assert "media/theirs.png" not in archive.namelist()
    members = [json.loads(line)["email"] for line in archive.read("members.jsonl").splitlines()]
    assert "owner@ada-soap.example" in members
    assert [email for email in members if not email.endswith("@ada-soap.example")] == []
    assert "Ada Soap: everything" in archive.read("README.txt").decode()


def test_small_batches_end_in_the_same_rows(
    tenant: Tenant, broker: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "ROWS", 2)
    with transaction.atomic():
        for number in range(5):
            make_profile(first_name=f"P{number}")
    archive = fetch(tenant)
    parts = [name for name in archive.namelist() if name.startswith("tables/crm_profile/")]
    names = [row["first_name"] for row in rows_of(archive, "crm_profile")]
    assert len(parts) == 3
    assert names == ["P0", "P1", "P2", "P3", "P4"]


def test_secrets_stay_out(tenant: Tenant, broker: object) -> None:
    secret = make_key(tenant)
    archive = fetch(tenant)
    [key] = rows_of(archive, "tenants_apikey")
    assert {"key_hash", "token"} & key.keys() == set()
    assert "tables/tenants_accesstoken/0001.jsonl" not in archive.namelist()
    assert secret.encode() not in b"".join(archive.read(name) for name in archive.namelist())


def test_a_suspended_shop_can_still_be_taken_along(tenant: Tenant, broker: object) -> None:
    with transaction.atomic():
        make_profile()
        suspend_tenant(actor="ada@example.com")
    assert len(rows_of(fetch(tenant), "crm_profile")) == 1


def test_a_second_click_leads_to_the_export_that_runs(tenant: Tenant, broker: object) -> None:
    owner = sign_in(tenant)
    first, second = owner.post(EXPORT), owner.post(EXPORT)
    assert first.headers["Location"] == second.headers["Location"]
    with transaction.atomic():
        assert Job.objects.count() == 1
