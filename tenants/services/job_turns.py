"""Working off background jobs: one batch, one transaction, whatever dies in between."""

import functools
from collections.abc import Callable
from datetime import timedelta
from pathlib import PurePath

import structlog
from django.db import OperationalError, transaction
from django.utils.module_loading import import_string

from kernel import clock
from kernel.batches import Deadline
from kernel.errors import DomainError
from tenants.choices import JobStatus
from tenants.models import Job
from tenants.services import files
from tenants.services.jobs import WAITING, job_kinds
from tenants.types import JobStep, JobTurn

KEEP = timedelta(days=7)
"""How long the file of a job can be fetched."""
UNKNOWN_FAULT = "Something went wrong on our side; the log of the installation says what."

log = structlog.get_logger(__name__)


def run_jobs(deadline: Deadline) -> int:
    """Do batches of the active tenant's jobs, the one that waited longest first.

    Each batch is one transaction that holds the claim, what the job's service writes, and the
    progress: a worker that dies leaves the job at its last batch, where the next one goes on. A
    batch that fails leaves what the batches before it did, and the job with a reason.

    Args:
        deadline: when to stop; what is left is rung for again.

    Returns:
        Batches done and files swept; 0 when nothing was due or other workers hold it.

    Raises:
        OperationalError: the database was lost; nothing of the batch is kept.
    """
    done = _sweep_files()
    while not deadline.passed and _run_batch():
        done += 1
    return done


@transaction.atomic
def _run_batch() -> bool:
    job = (
        Job.objects.select_for_update(skip_locked=True, no_key=True)
        .filter(status__in=WAITING)
        .order_by("turned_at", "pk")
        .first()
    )
    if job is None:
        return False
    try:
        with transaction.atomic():
            job.started_at = job.started_at or clock.now()
            _move_on(job, _find_service(job_kinds()[job.kind].service)(_turn_of(job)))
    except OperationalError:
        raise
    except DomainError as exc:
        _fail(job, exc.detail)
    except Exception:
        log.exception("job_failed", job=job.pk, kind=job.kind)
        _fail(job, UNKNOWN_FAULT)
    return True


def _turn_of(job: Job) -> JobTurn:
    return JobTurn(
        job_id=job.pk,
        params=job.params,
        cursor=job.cursor,
        done=job.done,
        total=job.total,
        actor=job.actor,
        undoes=job.undoes_id,
    )


def _move_on(job: Job, step: JobStep) -> None:
    now = clock.now()
    job.done += step.rows
    job.total = job.total if step.total is None else step.total
    job.cursor = step.cursor
    job.turned_at = now
    job.status = JobStatus.RUNNING
    if step.output:
        job.result_path = job.result_path or files.new_path(PurePath(job.result_name).suffix)
        job.result_bytes = files.append(job.result_path, step.output, at_byte=job.result_bytes)
    if step.cursor is None:
        job.status = JobStatus.DONE
        job.total = job.done
        job.finished_at = now
        job.expires_at = now + KEEP if job.result_path else None
    job.save(update_fields=_PROGRESS)


_PROGRESS = [
    "cursor",
    "done",
    "expires_at",
    "finished_at",
    "result_bytes",
    "result_path",
    "started_at",
    "status",
    "total",
    "turned_at",
]


def _fail(job: Job, reason: str) -> None:
    now = clock.now()
    Job.objects.filter(pk=job.pk).update(
        status=JobStatus.FAILED, error=reason, finished_at=now, expires_at=now + KEEP
    )


@transaction.atomic
def _sweep_files() -> int:
    """Delete the files whose time is over; jobs keep their row, which says so.

    One that failed before its file was whole begins anew when it is tried again.
    """
    expired = list(
        Job.objects.select_for_update(skip_locked=True, no_key=True)
        .filter(expires_at__lte=clock.now())
        .exclude(result_path="")
        .order_by("expires_at")[:100]
    )
    for job in expired:
        files.delete_file(job.result_path)
    swept = Job.objects.filter(pk__in=[job.pk for job in expired])
    swept.filter(status=JobStatus.FAILED).update(cursor=None, done=0, started_from=0)
    swept.update(result_path="", result_bytes=0)
    return len(expired)


@functools.cache
def _find_service(path: str) -> Callable[[JobTurn], JobStep]:
    service: Callable[[JobTurn], JobStep] = import_string(path)
    return service
