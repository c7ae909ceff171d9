"""The steps over HTTP, and jobs that die, are stopped, or are asked for twice."""

from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError
from django.test import Client

from crm.models import ImportRun, Profile
from imports.models import Import, ImportRow
from imports.services import applying, staging
from imports.services.imports import create_import, propose_mapping, start_check, start_import
from imports.services.sweeping import sweep_due
from kernel.batches import Deadline
from kernel.errors import Conflict, Invalid
from tenants.models import AuditEntry, Job, Tenant
from tenants.services import files
from tenants.services.job_turns import run_jobs
from tenants.services.jobs import retry_job
from tests.factories.tenants import sign_in
from tests.imports.files import ACTOR, check, counted, finish, upload

BODY = "Email,Soap\n" + "".join(f"p{number}@example.com,Lemon\n" for number in range(7))


class After:
    """A deadline that counts turns."""

    def __init__(self, turns: int) -> None:
        self.left = turns

    @property
    def passed(self) -> bool:
        self.left -= 1
        return self.left < 0


def run_batches(count: int) -> int:
    return run_jobs(After(count))  # type: ignore[arg-type] # a deadline that counts


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staging, "BATCH_ROWS", 3)
    monkeypatch.setattr(applying, "BATCH_DOCUMENTS", 2)


@pytest.fixture
def client(tenant: Tenant) -> Client:
    return sign_in(tenant)


def post_file(client: Client, tenant: Tenant, body: bytes, name: str = "people.csv") -> str:
    answer = client.post(
        f"/t/{tenant.slug}/imports/new/",
        {"kind": "customers", "file": SimpleUploadedFile(name, body), "store": ""},
    )
    return str(answer.headers.get("Location", "")) or answer.content.decode()


def test_a_file_goes_through_the_four_steps(tenant: Tenant, client: Client) -> None:
    columns = post_file(client, tenant, BODY.encode())
    source = Import.objects.get()
    assert columns == f"/t/{tenant.slug}/imports/{source.pk}/columns/"
    assert "Lemon" in client.get(columns).content.decode()

    answer = client.post(
        columns, {"column-0": "email", "column-1": "property", "date_order": "iso"}
    )
    assert answer.headers["Location"].endswith("/check/")
    finish(source)
    page = client.get(answer.headers["Location"]).content.decode()
    assert "Import 7" in page
    assert Profile.objects.count() == 0

    answer = client.post(f"/t/{tenant.slug}/imports/{source.pk}/run/")
    finish(source)
    page = client.get(answer.headers["Location"]).content.decode()
    assert "New people" in page
    assert Profile.objects.count() == 7
    assert (source.stage, counted(source.counts)) == ("done", {"rows": 7, "new": 7})
    run = ImportRun.objects.get()
    assert (run.filename, run.status, run.new_count, run.total) == (
        "people.csv",
        "finished",
        7,
        7,
    )
    actions = AuditEntry.objects.order_by("pk").values_list("action", flat=True)
    assert [action for action in actions if action.startswith(("import", "job"))] == [
        "import.uploaded",
        "job.started",
        "job.started",
    ]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "empty"),
        (b"\xff\xfe\x00", "no text"),
        (b"email\n", "no rows"),
        (b"PK\x03\x04", "spreadsheet"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_at_once(
    tenant: Tenant, client: Client, body: bytes, words: str
) -> None:
    assert words in post_file(client, tenant, body)
    assert Import.objects.count() == 0


def test_a_wrong_header_says_what_is_missing(tenant: Tenant, client: Client) -> None:
    columns = post_file(client, tenant, b"Colour\nred\n")
    answer = client.post(columns, {"column-0": "property", "date_order": "iso"})
    assert answer.status_code == 422
    assert "No column is mapped to Email or Phone or Customer id" in answer.content.decode()
    assert Job.objects.count() == 0


def test_two_columns_cannot_mean_the_same(tenant: Tenant) -> None:
    source = upload("a,b\nx,y\n")
    with pytest.raises(Invalid, match="Two columns are mapped to “Email”"):
        start_check(source.pk, mapping=["email", "email"], options={}, actor=ACTOR)


def test_consent_needs_a_source(tenant: Tenant) -> None:
    source = upload("email,email consent\nada@example.com,yes\n")
    with pytest.raises(Invalid, match="where the people in this file gave their consent"):
        start_check(source.pk, mapping=["email", "email_consent"], options={}, actor=ACTOR)


def test_the_next_file_with_the_same_columns_is_mapped_likewise(tenant: Tenant) -> None:
    first = upload("Email,Colour\na@example.com,red\n")
    start_check(first.pk, mapping=["email", ""], options={}, actor=ACTOR)
    second = upload("EMAIL, colour\nb@example.com,blue\n")
    assert propose_mapping(second)[0] == ["email", ""]
    assert propose_mapping(upload("Email,Other\nb@example.com,x\n"))[0] == ["email", "property"]


@pytest.mark.parametrize("turns", range(1, 12))
def test_jobs_that_die_between_batches_end_with_the_same_counts(
    tenant: Tenant, small_batches: None, turns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = upload(BODY + "P3@example.com,Rose\nnobody,Rose\n")
    start_check(source.pk, mapping=["email", "property"], options={}, actor=ACTOR)
    _die_after(turns, monkeypatch)
    finish(source)
    assert counted(source.checked) == {"rows": 8, "new": 7, "duplicate": 1, "refused": 1}
    start_import(source.pk, actor=ACTOR)
    _die_after(turns, monkeypatch)
    finish(source)
    assert counted(source.counts) == {"rows": 8, "new": 7, "duplicate": 1, "refused": 1}
    assert Profile.objects.count() == 7
    assert ImportRow.objects.exclude(outcome="").count() == 2


def _die_after(turns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Do some batches, and lose the database at the end of the next one."""
    run_batches(turns)
    with monkeypatch.context() as patch:
        patch.setattr("tenants.services.job_turns._move_on", _lose)
        if Job.objects.filter(status__in=["queued", "running"]).exists():
            with pytest.raises(OperationalError):
                run_batches(1)


def _lose(*_: object) -> None:
    raise OperationalError("lost")


def test_a_run_that_was_stopped_goes_on_where_it_was(
    tenant: Tenant, client: Client, small_batches: None
) -> None:
    source = check(BODY)
    job = start_import(source.pk, actor=ACTOR)
    run_batches(2)
    client.post(f"/t/{tenant.slug}/imports/{source.pk}/stop/")
    assert Profile.objects.count() == 4
    assert "The import" in client.get(f"/t/{tenant.slug}/imports/{source.pk}/").content.decode()

    client.post(f"/t/{tenant.slug}/imports/{source.pk}/run/")
    finish(source)

    assert counted(source.counts) == {"rows": 7, "new": 7}
    assert Profile.objects.count() == 7
    assert source.job_id != job.pk


def test_an_import_is_started_once(tenant: Tenant) -> None:
    source = check(BODY)
    start_import(source.pk, actor=ACTOR)
    with pytest.raises(Conflict):
        start_import(source.pk, actor=ACTOR)
    finish(source)
    with pytest.raises(Conflict):
        start_import(source.pk, actor=ACTOR)
    with pytest.raises(Conflict):
        start_check(source.pk, mapping=["email", ""], options={}, actor=ACTOR)
    assert Profile.objects.count() == 7


def test_a_job_that_was_overtaken_by_a_later_one_does_nothing(
    tenant: Tenant, small_batches: None
) -> None:
    source = upload(BODY)
    old = start_check(source.pk, mapping=["email", ""], options={}, actor=ACTOR)
    run_batches(2)
    Job.objects.filter(pk=old.pk).update(status="failed")
    start_check(source.pk, mapping=["email", "property"], options={}, actor=ACTOR)
    retry_job(old.pk, actor=ACTOR)

    finish(source)

    old.refresh_from_db()
    assert (old.status, old.error) == (
        "failed",
        "A later job took this file over; go on from the page of the import.",
    )
    assert counted(source.checked) == {"rows": 7, "new": 7}


def test_a_file_that_is_damaged_further_down_says_where(tenant: Tenant, client: Client) -> None:
    source = upload(b'email\na@example.com\nb@example.com\nc@example.com\n"' + b"x" * 200_000)
    start_check(source.pk, mapping=["email"], options={}, actor=ACTOR)
    finish(source)
    page = client.get(f"/t/{tenant.slug}/imports/{source.pk}/check/").content.decode()
    assert "damaged at row 4" in page
    assert Profile.objects.count() == 0


def test_a_file_that_is_discarded_goes_with_its_rows(tenant: Tenant, client: Client) -> None:
    source = check(BODY)
    path = files.locate(source.path)
    assert path.exists()
    client.post(f"/t/{tenant.slug}/imports/{source.pk}/discard/")
    assert Import.objects.count() == ImportRow.objects.count() == 0


def test_what_was_imported_cannot_be_discarded(tenant: Tenant, client: Client) -> None:
    source = check(BODY)
    start_import(source.pk, actor=ACTOR)
    finish(source)
    client.post(f"/t/{tenant.slug}/imports/{source.pk}/discard/")
    assert Import.objects.count() == 1


def test_after_a_week_file_and_rows_go_and_the_counts_stay(tenant: Tenant, client: Client) -> None:
    source = check(BODY + "nobody,x\n")
    start_import(source.pk, actor=ACTOR)
    finish(source)
    Import.objects.filter(pk=source.pk).update(expires_at=source.created_at)

    sweep_due(Deadline(seconds=60))

    source.refresh_from_db()
    assert (ImportRow.objects.count(), source.path, source.expires_at) == (0, "", None)
    assert counted(source.counts) == {"rows": 8, "new": 7, "refused": 1}
    page = client.get(f"/t/{tenant.slug}/imports/{source.pk}/").content.decode()
    assert "Download these rows" not in page


def test_an_empty_tenant_is_told_what_imports_are_for(tenant: Tenant, client: Client) -> None:
    assert "No file imported yet" in client.get(f"/t/{tenant.slug}/imports/").content.decode()


def test_a_list_shows_each_import_with_its_state(tenant: Tenant, client: Client) -> None:
    check(BODY)
    create_import(
        BytesIO(b"email\nx\n"), kind="customers", store_id=None, filename="b.csv", actor=ACTOR
    )
    page = client.get(f"/t/{tenant.slug}/imports/").content.decode()
    assert "Ready to import" in page
    assert "Columns not confirmed" in page
