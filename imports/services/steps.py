"""What the background jobs of imports do in one batch, inside the transaction of its progress."""

from typing import Any

from crm.services.import_runs import ImportCounts, finish_run, start_run
from imports.choices import Stage
from imports.models import Import
from imports.queries import count_problems
from imports.services import journal
from imports.services.applying import apply_batch
from imports.services.imports import KEEP
from imports.services.staging import clear_keys, clear_rows, stage_batch
from imports.types import Counts
from kernel import clock
from kernel.errors import Conflict, NotFound
from tenants.types import JobStep, JobTurn


def check_batch(turn: JobTurn) -> JobStep:
    """Read the next rows of a file, or try the next ones without keeping what they write."""
    source = _lock(turn)
    cursor = turn.cursor or {"phase": "clear"}
    match cursor["phase"]:
        case "clear":
            return _clear(source)
        case "read":
            return _read(source, cursor)
        case "forget":
            return _forget(source)
        case _:
            return _try(source, cursor)


def run_batch(turn: JobTurn) -> JobStep:
    """Apply the next rows of a file that was checked."""
    source = _lock(turn)
    counts = Counts.read(source.counts)
    before = counts.rows
    after = apply_batch(source, counts, after=source.applied_to, is_trial=False)
    source.undo_until = clock.now() + journal.KEEP
    source.counts = counts.as_json()
    if after is None:
        _finish(source, counts)
    else:
        source.applied_to = after
    source.save(
        update_fields=[
            "applied_to", "counts", "stage", "problems", "finished_at", "expires_at", "undo_until"
        ]
    )  # fmt: skip
    return JobStep(rows=counts.rows - before, cursor=after)


def _finish(source: Import, counts: Counts) -> None:
    """Close an import and list it on the page of its store."""
    now = clock.now()
    source.stage, source.finished_at = Stage.DONE, now
    source.problems = count_problems(source)
    run_id = start_run(
        store_id=source.store_id,
        kind=source.kind,
        filename=source.filename,
        total=source.row_count,
    )
    finish_run(
        run_id,
        ImportCounts(
            rows_read=source.row_count,
            new=counts.new,
            updated=counts.updated,
            unchanged=counts.unchanged,
            quarantined=counts.refused + counts.duplicate,
        ),
    )


def _clear(source: Import) -> JobStep:
    if clear_keys(source) or clear_rows(source):
        return JobStep(rows=0, cursor={"phase": "clear"})
    source.checked, source.row_count = Counts().as_json(), 0
    source.save(update_fields=["checked", "row_count", "expires_at"])
    return JobStep(rows=0, cursor=_reading(source.layout["start"]), total=source.lines)


def _read(source: Import, cursor: dict[str, Any]) -> JobStep:
    counts = Counts.read(source.checked)
    offset, read, copies = stage_batch(source, offset=cursor["offset"], place=source.row_count + 1)
    if not read:
        return _forget(source)
    source.row_count += read
    counts.duplicate += copies
    source.checked = counts.as_json()
    source.save(update_fields=["row_count", "checked", "expires_at"])
    return JobStep(rows=0, cursor=_reading(offset))


def _forget(source: Import) -> JobStep:
    """Drop what the rows were compared by, some at a time, then try them."""
    cursor = {"phase": "forget"} if clear_keys(source) else {"phase": "try", "after": 0}
    return JobStep(rows=0, cursor=cursor, total=source.row_count)


def _try(source: Import, cursor: dict[str, Any]) -> JobStep:
    counts = Counts.read(source.checked)
    before = counts.rows
    after = apply_batch(source, counts, after=cursor["after"], is_trial=True)
    source.checked = counts.as_json()
    if after is None:
        source.stage, source.problems = Stage.CHECKED, count_problems(source)
    source.save(update_fields=["checked", "stage", "problems", "expires_at"])
    return JobStep(
        rows=counts.rows - before,
        cursor=None if after is None else {"phase": "try", "after": after},
    )


def _reading(offset: int) -> dict[str, Any]:
    return {"phase": "read", "offset": offset}


def _lock(turn: JobTurn) -> Import:
    source = (
        Import.objects.select_for_update(no_key=True).filter(pk=turn.params["import_id"]).first()
    )
    if source is None or not source.path:
        raise NotFound("The file was discarded, or deleted after seven days.")
    if source.stage in {Stage.UNDOING, Stage.UNDONE}:
        raise Conflict("The import was undone.")
    if source.job_id != turn.job_id:
        raise Conflict("A later job took this file over; go on from the page of the import.")
    source.expires_at = clock.now() + KEEP
    return source
