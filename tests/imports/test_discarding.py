"""Discarding a file with many rows: by and by, seen by the merchant, whoever dies meanwhile."""

import pytest
from django.db import OperationalError
from django.test import Client

from crm.models import Profile
from imports.models import Import, ImportKey, ImportRow
from imports.services import discarding, staging
from imports.services.discarding import discard_import
from imports.services.imports import start_check, start_import
from kernel.batches import Deadline
from kernel.errors import Conflict
from tenants.models import AuditEntry, Job, Tenant
from tenants.services import files
from tenants.services.job_turns import run_jobs
from tests.factories.tenants import sign_in
from tests.imports.files import ACTOR, check
from tests.imports.test_wizard import BODY, run_batches


@pytest.fixture
def client(tenant: Tenant) -> Client:
    return sign_in(tenant)


@pytest.fixture
def source(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> Import:
    """A checked file of seven rows, of which two are deleted at once."""
    found = check(BODY)
    monkeypatch.setattr(staging, "CLEAR_ROWS", 2)
    return found


def read(client: Client, tenant: Tenant, source: Import) -> str:
    return client.get(f"/t/{tenant.slug}/imports/{source.pk}/", follow=True).content.decode()


@pytest.mark.covers("D3")
def test_rows_go_by_and_by_and_the_file_with_the_last_of_them(
    tenant: Tenant, client: Client, source: Import
) -> None:
    path = files.locate(source.path)

    answer = client.post(f"/t/{tenant.slug}/imports/{source.pk}/discard/")

    assert answer.headers["Location"] == f"/t/{tenant.slug}/imports/{source.pk}/"
    source.refresh_from_db()
    assert (source.stage, source.row_count, ImportRow.objects.count()) == ("discarding", 5, 5)
    assert "Being discarded" in read(client, tenant, source)
    run_batches(1)
    job = Job.objects.get(kind="import.discard")
    assert (job.done, job.total, ImportRow.objects.count()) == (2, 5, 3)
    assert path.exists()
    run_jobs(Deadline(seconds=None))
    for model in (Import, ImportRow, ImportKey):
        assert not model.objects.exists()
    job.refresh_from_db()
    assert (job.status, job.done) == ("done", 5)
    assert AuditEntry.objects.filter(action="import.discarded").count() == 1
    assert Profile.objects.count() == 0


def test_a_worker_that_dies_half_way_leaves_it_to_the_next_one(
    source: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert discard_import(source.pk, actor=ACTOR) is False
    run_batches(1)

    def die(*_: object) -> None:
        raise OperationalError("the server went away")

    with monkeypatch.context() as broken:
        broken.setattr(discarding, "forget_upload", die)
        with pytest.raises(OperationalError):
            run_jobs(Deadline(seconds=None))
    source.refresh_from_db()
    assert (source.stage, source.row_count, ImportRow.objects.count()) == ("discarding", 1, 1)

    run_jobs(Deadline(seconds=None))
    assert not Import.objects.exists()


def test_one_that_was_cancelled_says_so_and_goes_on(
    tenant: Tenant, client: Client, source: Import
) -> None:
    discard_import(source.pk, actor=ACTOR)
    with pytest.raises(Conflict):
        discard_import(source.pk, actor=ACTOR)
    client.post(f"/t/{tenant.slug}/imports/{source.pk}/stop/")

    text = " ".join(read(client, tenant, source).split())
    assert "Discarding the file was cancelled after 0 rows" in text
    assert "Change the columns" not in text
    shown = client.get(f"/t/{tenant.slug}/imports/").content.decode()
    assert "Partly discarded" in shown
    assert source.filename in shown
    assert client.get(f"/t/{tenant.slug}/imports/{source.pk}/columns/").status_code == 302
    with pytest.raises(Conflict):
        start_import(source.pk, actor=ACTOR)
    with pytest.raises(Conflict):
        start_check(source.pk, mapping=source.mapping, options={}, actor=ACTOR)
    assert ImportRow.objects.count() == 5

    client.post(f"/t/{tenant.slug}/imports/{source.pk}/discard/")
    run_jobs(Deadline(seconds=None))
    assert not Import.objects.exists()
    assert AuditEntry.objects.filter(action="import.discarded").count() == 1


def test_who_watches_is_led_to_the_list_once_it_is_gone(
    tenant: Tenant, client: Client, source: Import
) -> None:
    address = f"/t/{tenant.slug}/imports/{source.pk}/progress/"
    discard_import(source.pk, actor=ACTOR)
    assert client.get(address, headers={"HX-Request": "true"}).status_code == 200
    run_jobs(Deadline(seconds=None))

    answer = client.get(address, headers={"HX-Request": "true"})

    assert answer.status_code == 404
    assert answer.headers["HX-Redirect"] == f"/t/{tenant.slug}/imports/"
    assert client.get(address).status_code == 404
