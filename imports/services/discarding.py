"""Discarding a file that was not imported: its rows go some at a time, then the file and all of it.

The first rows go at once, which is all of most files. What is left goes by a background job: each
batch commits with the progress, so a worker that is killed leaves rows of which nothing was
imported, and the next one goes on.
"""

from django.db import transaction

from imports.choices import Stage
from imports.models import Import
from imports.services import staging
from imports.services.imports import KEEP, RUN, is_at_work, lock_import
from imports.services.uploads import forget_upload
from kernel import clock
from kernel.errors import Conflict
from tenants.services import audit
from tenants.services.jobs import start_job
from tenants.types import JobStep, JobTurn


@transaction.atomic
def discard_import(import_id: int, *, actor: str) -> bool:
    """Forget a file that was not imported, or go on where that was stopped.

    Args:
        import_id: one that was not run.
        actor: e-mail address of the member.

    Returns:
        Whether it is gone; else a job goes on with its rows, and the file goes with the last ones.

    Raises:
        NotFound: the tenant has no such import.
        Conflict: it was imported, or a job works on it: it stays.
    """
    source = lock_import(import_id)
    if source.stage in RUN or is_at_work(source):
        raise Conflict("It was imported, or is at work: it stays.")
    if source.stage != Stage.DISCARDING:
        before = {"file": source.filename}
        audit.record("import.discarded", "import", source.pk, before=before, actor=actor)
    _, has_more = _delete_some(source)
    if not has_more:
        _forget(source)
        return True
    job = start_job(
        "import.discard",
        {"import_id": source.pk, "file": source.filename},
        actor=actor,
        total=source.row_count,
    )
    source.stage, source.job_id = Stage.DISCARDING, job.pk
    source.checked, source.problems = {}, []
    source.expires_at = clock.now() + KEEP
    source.save(update_fields=["stage", "job_id", "row_count", "checked", "problems", "expires_at"])
    return False


def discard_batch(turn: JobTurn) -> JobStep:
    """Delete the next rows, inside the transaction of the job's progress."""
    found = Import.objects.select_for_update(no_key=True).filter(
        pk=turn.params["import_id"], stage=Stage.DISCARDING, job_id=turn.job_id
    )
    source = found.first()
    if source is None:
        raise Conflict("There is nothing to discard any more.")
    gone, has_more = _delete_some(source)
    if not has_more:
        _forget(source)
        return JobStep(rows=gone, cursor=None)
    source.save(update_fields=["row_count"])
    return JobStep(rows=gone, cursor={"left": source.row_count})


def _delete_some(source: Import) -> tuple[int, bool]:
    """Delete some rows, then what they were compared by.

    Returns:
        How many rows went, and whether anything may be left.
    """
    gone = staging.clear_rows(source)
    source.row_count = max(0, source.row_count - gone)
    if gone >= staging.CLEAR_ROWS:
        return gone, True
    return gone, staging.clear_keys(source) >= staging.CLEAR_ROWS


def _forget(source: Import) -> None:
    forget_upload(source.path)
    source.delete()
