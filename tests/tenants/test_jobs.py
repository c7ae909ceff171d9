"""Background jobs: batches that count whole or not at all, and what people do with them."""

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.db import OperationalError, connection, transaction
from django.test import Client

from kernel.errors import Conflict, Invalid, NotFound
from kernel.tenancy import tenant_scope
from kernel.work import drain_tenant
from tenants.choices import JobStatus
from tenants.models import AuditEntry, Job, Tenant
from tenants.services.job_turns import UNKNOWN_FAULT, run_jobs
from tenants.services.jobs import cancel_job, retry_job, start_job, undo_job
from tests.factories.tenants import sign_in
from tests.support import jobs

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def media(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for files, which go when the test ends."""
    monkeypatch.setattr(settings, "MEDIA_ROOT", tmp_path)
    return tmp_path


def start(top: int = 5, name: str = "numbers.csv") -> Job:
    return start_job("count", {"top": top}, actor="ada@example.com", result_name=name)


def run_batches(count: int) -> int:
    class After:
        left = count

        @property
        def passed(self) -> bool:
            self.left -= 1
            return self.left < 0

    return run_jobs(After())  # type: ignore[arg-type] # a deadline that counts


def contents(media: Path) -> list[str]:
    return [file.read_text() for file in media.rglob("*") if file.is_file()]


def test_a_job_ends_with_its_file_and_its_count(tenant: Tenant, media: Path) -> None:
    job = start()

    drain_tenant(tenant.pk, kinds=["jobs"])

    job.refresh_from_db()
    assert (job.status, job.done, job.total) == (JobStatus.DONE, 5, 5)
    assert contents(media) == ["0\n1\n2\n3\n4\n"]
    assert job.result_bytes == 10
    assert job.result_path.startswith(f"{tenant.pk}/jobs/")
    assert job.result_path.endswith(".csv")


def test_each_batch_goes_on_where_the_last_one_ended(tenant: Tenant) -> None:
    job = start()

    assert run_batches(1) == 1

    job.refresh_from_db()
    assert (job.status, job.done, job.total, job.cursor) == (JobStatus.RUNNING, 2, 5, 2)
    assert run_batches(5) == 2
    assert [turn.cursor for turn in jobs.turns] == [None, 2, 4]
    assert [turn.done for turn in jobs.turns] == [0, 2, 4]


def test_two_jobs_take_turns(tenant: Tenant) -> None:
    first, second = start(), start(3)

    run_batches(4)

    order = [turn.job_id for turn in jobs.turns]
    assert order == [first.pk, second.pk, first.pk, second.pk]


def test_what_a_broken_batch_wrote_into_the_file_is_cut_off(tenant: Tenant, media: Path) -> None:
    job = start()
    run_batches(1)
    job.refresh_from_db()
    file = media / job.result_path
    file.write_text("0\n1\n2\n3\nhalf a li")  # as if a worker died before it committed

    run_batches(9)

    assert file.read_text() == "0\n1\n2\n3\n4\n"


def test_a_lost_database_leaves_the_job_as_it_was(tenant: Tenant) -> None:
    job = start()
    jobs.faults.append(OperationalError("server closed the connection"))

    with pytest.raises(OperationalError):
        run_batches(1)

    job.refresh_from_db()
    assert (job.status, job.done, job.cursor) == (JobStatus.QUEUED, 0, None)
    run_batches(9)
    job.refresh_from_db()
    assert (job.status, job.done) == (JobStatus.DONE, 5)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (ValueError("password=hunter2"), UNKNOWN_FAULT),
        (Invalid("The segment is gone."), "The segment is gone."),
    ],
)
def test_a_failed_batch_says_why_and_can_be_tried_again(
    tenant: Tenant, media: Path, fault: Exception, reason: str
) -> None:
    job = start()
    run_batches(1)
    jobs.faults.append(fault)

    assert run_batches(9) == 1

    job.refresh_from_db()
    assert (job.status, job.done, job.error) == (JobStatus.FAILED, 2, reason)
    assert retry_job(job.pk, actor="ada@example.com")
    run_batches(9)
    job.refresh_from_db()
    assert (job.status, job.done, job.error) == (JobStatus.DONE, 5, "")
    assert contents(media) == ["0\n1\n2\n3\n4\n"]


def test_a_job_that_did_not_fail_is_not_tried_again(tenant: Tenant) -> None:
    job = start()

    assert not retry_job(job.pk, actor="ada@example.com")
    job.refresh_from_db()
    assert job.status == JobStatus.QUEUED


@pytest.mark.django_db(transaction=True)
def test_a_cancelled_job_stops_and_takes_its_half_file_away(
    transactional_db: None, broker: object
) -> None:
    tenant = Tenant.objects.create(name="Ada", slug="ada-soap", currency="GBP")
    with tenant_scope(tenant.pk):
        with transaction.atomic():
            job = start()
        run_batches(1)
        assert len(contents(Path(settings.MEDIA_ROOT))) == 1

        assert cancel_job(job.pk, actor="ada@example.com")

        assert contents(Path(settings.MEDIA_ROOT)) == []
        assert run_batches(9) == 0
        with transaction.atomic():
            job.refresh_from_db()
            assert (job.status, job.done, job.result_path) == (JobStatus.CANCELLED, 2, "")
        assert not cancel_job(job.pk, actor="ada@example.com")


def test_a_job_is_taken_back_once(tenant: Tenant) -> None:
    job = start()
    run_batches(9)

    undoing = undo_job(job.pk, actor="bob@example.com")
    again = undo_job(job.pk, actor="bob@example.com")

    assert again.pk == undoing.pk
    assert (undoing.kind, undoing.undoes_id, undoing.params) == ("uncount", job.pk, {"top": 5})
    run_batches(1)
    assert jobs.turns[-1].undoes == job.pk


def test_a_job_that_runs_cannot_be_taken_back(tenant: Tenant) -> None:
    job = start()

    with pytest.raises(Conflict):
        undo_job(job.pk, actor="ada@example.com")

    assert Job.objects.count() == 1


def test_after_seven_days_the_file_goes_and_the_row_stays(tenant: Tenant, media: Path) -> None:
    with time_machine.travel(NOW, tick=False):
        job = start()
        run_batches(9)
    with time_machine.travel(NOW + timedelta(days=6, hours=23), tick=False):
        assert run_batches(1) == 0
    with time_machine.travel(NOW + timedelta(days=7), tick=False):
        assert run_batches(1) == 1

    job.refresh_from_db()
    assert (job.status, job.result_path, job.done) == (JobStatus.DONE, "", 5)
    assert contents(media) == []


def test_a_failed_job_whose_file_went_begins_anew(tenant: Tenant, media: Path) -> None:
    with time_machine.travel(NOW, tick=False):
        job = start()
        run_batches(1)
        jobs.faults.append(ValueError())
        run_batches(1)
    with time_machine.travel(NOW + timedelta(days=8), tick=False):
        run_batches(1)
        retry_job(job.pk, actor="ada@example.com")
        run_batches(9)

    assert contents(media) == ["0\n1\n2\n3\n4\n"]


def test_what_members_do_with_jobs_is_in_the_audit_trail(tenant: Tenant) -> None:
    job = start()
    cancel_job(job.pk, actor="bob@example.com")

    found = list(AuditEntry.objects.order_by("pk").values_list("action", "actor", "object_id"))
    assert found == [
        ("job.started", "ada@example.com", str(job.pk)),
        ("job.cancelled", "bob@example.com", str(job.pk)),
    ]


def test_a_job_of_another_tenant_cannot_be_touched(tenant: Tenant, other_tenant: Tenant) -> None:
    with tenant_scope(other_tenant.pk):
        theirs = start()

    with pytest.raises(NotFound):
        cancel_job(theirs.pk, actor="ada@example.com")
    assert run_batches(1) == 0
    with tenant_scope(other_tenant.pk):
        theirs.refresh_from_db()
        assert theirs.status == JobStatus.QUEUED


def address(tenant: Tenant, job: Job, part: str = "") -> str:
    return f"/t/{tenant.slug}/jobs/{job.pk}/{part}"


def read(client: Client, path: str) -> str:
    return " ".join(client.get(path).content.decode().split())


def test_the_page_follows_a_job_to_its_file(tenant: Tenant) -> None:
    client, job = sign_in(tenant), start()

    assert "waits for its turn" in read(client, address(tenant, job))
    run_batches(1)
    part = read(client, address(tenant, job, "progress/"))
    assert "2 of 5" in part
    assert 'hx-trigger="every 2s"' in part
    run_batches(9)
    part = read(client, address(tenant, job, "progress/"))
    assert "Count is complete" in part
    assert "hx-trigger" not in part
    answer: Any = client.get(address(tenant, job, "file/"))
    assert b"".join(answer.streaming_content) == b"0\n1\n2\n3\n4\n"
    assert answer["Content-Disposition"] == 'attachment; filename="numbers.csv"'


def test_the_time_left_is_reckoned_from_the_pace_so_far(tenant: Tenant) -> None:
    client = sign_in(tenant)
    with time_machine.travel(NOW, tick=False):
        job = start(100)
        run_batches(1)
    with time_machine.travel(NOW + timedelta(minutes=2), tick=False):
        assert "about 98 minutes left" in read(client, address(tenant, job, "progress/"))


def test_a_file_that_is_not_complete_is_not_sent(tenant: Tenant) -> None:
    client, job = sign_in(tenant), start()
    run_batches(1)

    assert client.get(address(tenant, job, "file/")).status_code == 404


def test_only_who_may_do_a_kind_of_job_gets_its_file_and_its_buttons(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = type(jobs.COUNT)(**{**_fields(jobs.COUNT), "capability": "profiles.export"})
    monkeypatch.setitem(jobs.JOBS, "count", kind)
    job = start()
    run_batches(9)
    support, analyst = sign_in(tenant, "support"), sign_in(tenant, "analyst")

    assert support.get(address(tenant, job)).status_code == 200
    assert "Download" not in read(support, address(tenant, job))
    assert support.get(address(tenant, job, "file/")).status_code == 403
    assert support.post(address(tenant, job, "undo/")).status_code == 403
    assert Job.objects.count() == 1
    assert analyst.get(address(tenant, job, "file/")).status_code == 200


def _fields(kind: object) -> dict[str, str]:
    return {name: getattr(kind, name) for name in jobs.COUNT.__slots__}


def test_the_list_names_what_ran(tenant: Tenant) -> None:
    client = sign_in(tenant)
    assert "No jobs yet" in read(client, f"/t/{tenant.slug}/jobs/")
    start()
    run_batches(1)

    page = read(client, f"/t/{tenant.slug}/jobs/")
    assert "2 of 5 numbers" in page
    assert "ada@example.com" in page


@pytest.mark.django_db(transaction=True)
def test_a_job_that_another_worker_holds_is_left_alone(transactional_db: None) -> None:
    tenant = Tenant.objects.create(name="Ada", slug="ada-soap", currency="GBP")
    with tenant_scope(tenant.pk), transaction.atomic():
        job = start()
    elsewhere: Any = connection.copy()
    with closing(elsewhere) as other:
        with other.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute(f"SET LOCAL app.tenant_id = {tenant.pk}")
            cursor.execute(
                "SELECT 1 FROM tenants_job WHERE tenant_id = %s AND id = %s FOR NO KEY UPDATE",
                [tenant.pk, job.pk],
            )
        with tenant_scope(tenant.pk):
            assert run_batches(1) == 0
    assert jobs.turns == []
