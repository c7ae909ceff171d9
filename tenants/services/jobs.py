"""Background jobs: starting, stopping, trying again, taking back."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.module_loading import import_string

from kernel import clock
from kernel.errors import Conflict, NotFound
from kernel.work import ring
from tenants.choices import JobStatus
from tenants.models import Job
from tenants.services import audit, files
from tenants.types import JobKind

KIND = "jobs"
WAITING = (JobStatus.QUEUED, JobStatus.RUNNING)


def job_kinds() -> dict[str, JobKind]:
    """Return every kind of job by name."""
    kinds: dict[str, JobKind] = import_string(settings.JOB_KINDS)
    return kinds


@transaction.atomic
def start_job(
    kind: str,
    params: dict[str, Any],
    *,
    actor: str,
    total: int | None = None,
    result_name: str = "",
) -> Job:
    """Start a background job of the active tenant; it runs once this transaction commits.

    Args:
        kind: a key of ``settings.JOB_KINDS``.
        params: what its service is told, JSON.
        actor: e-mail address of the member who starts it.
        total: rows to do, where they were counted.
        result_name: what its file is called; empty when it makes none.

    Raises:
        KeyError: no such kind.
    """
    job = _queue(kind, params, actor=actor, total=total, result_name=result_name)
    audit.record("job.started", "job", job.pk, after={"kind": kind, **params}, actor=actor)
    return job


@transaction.atomic
def cancel_job(job_id: int, *, actor: str) -> bool:
    """Stop a job after the batch that runs; what is done stays, a half file does not.

    Returns:
        False when it had ended already.

    Raises:
        NotFound: the tenant has no such job.
    """
    job = _lock(job_id)
    if job.status not in WAITING:
        return False
    if job.result_path:
        path = job.result_path
        transaction.on_commit(lambda: files.delete_file(path))
    _set(job, status=JobStatus.CANCELLED, finished_at=clock.now(), result_path="", result_bytes=0)
    audit.record("job.cancelled", "job", job_id, after={"done": job.done}, actor=actor)
    return True


@transaction.atomic
def retry_job(job_id: int, *, actor: str) -> bool:
    """Let a failed job go on where it stopped.

    Returns:
        False when it did not fail, or was retried already.

    Raises:
        NotFound: the tenant has no such job.
    """
    job = _lock(job_id)
    if job.status != JobStatus.FAILED:
        return False
    now = clock.now()
    _set(
        job,
        status=JobStatus.QUEUED,
        error="",
        turned_at=now,
        started_at=None,
        started_from=job.done,
        finished_at=None,
        expires_at=None,
    )
    audit.record("job.retried", "job", job_id, after={"done": job.done}, actor=actor)
    ring(KIND, job.tenant_id)
    return True


@transaction.atomic
def undo_job(job_id: int, *, actor: str) -> Job:
    """Start the job that takes back what another one changed.

    Returns:
        The new job; the first one when it was started before.

    Raises:
        NotFound: the tenant has no such job.
        Conflict: it still runs, changed nothing, or cannot be taken back.
    """
    job = _lock(job_id)
    kind = job_kinds().get(job.kind)
    if kind is None or not kind.undo or job.status in WAITING or not job.done:
        raise Conflict("There is nothing of this job to take back.")
    try:
        with transaction.atomic():
            undoing = _queue(kind.undo, job.params, actor=actor, undoes=job.pk)
    except IntegrityError:
        return Job.objects.get(undoes_id=job.pk)
    audit.record("job.undone", "job", job_id, after={"by_job": undoing.pk}, actor=actor)
    return undoing


def redact_params(change: Callable[[Any], Any]) -> None:
    """Put other words into what jobs were asked for, also those that may be tried again.

    Joins the caller's transaction.

    Args:
        change: takes the parameters of a job and returns them as they are to be kept.
    """
    changed = []
    for job in Job.objects.only("params").iterator(chunk_size=1_000):
        kept = change(job.params)
        if kept != job.params:
            job.params = kept
            changed.append(job)
    Job.objects.bulk_update(changed, ["params"], batch_size=1_000)


def _queue(kind: str, params: dict[str, Any], *, actor: str, **values: Any) -> Job:
    if kind not in job_kinds():
        raise KeyError(kind)
    now = clock.now()
    values["undoes_id"] = values.pop("undoes", None)
    job = Job.objects.create(
        kind=kind, params=params, actor=actor, created_at=now, turned_at=now, **values
    )
    ring(KIND, job.tenant_id)
    return job


def _lock(job_id: int) -> Job:
    job = Job.objects.select_for_update(no_key=True).filter(pk=job_id).first()
    if job is None:
        raise NotFound("This job does not exist.")
    return job


def _set(job: Job, **values: Any) -> None:
    for name, value in values.items():
        setattr(job, name, value)
    job.save(update_fields=list(values))
