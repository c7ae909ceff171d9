"""Undoing an import as a whole: what it created goes, what it changed is what it was."""

from typing import Any

from django.db import transaction

from crm.services.snapshots import KINDS
from crm.services.taking_back import take_back
from imports.choices import Stage
from imports.models import Import
from imports.queries import count_changes
from imports.services.followers import TAKERS
from imports.services.imports import is_at_work
from imports.services.journal import next_changes, note_kept
from imports.types import Undone
from kernel import clock
from kernel.errors import Conflict, NotFound
from tenants.models import Job
from tenants.services import audit
from tenants.services.jobs import start_job
from tenants.types import JobStep, JobTurn

BATCH_CHANGES = 1_000


@transaction.atomic
def start_undo(import_id: int, *, actor: str) -> Job:
    """Start undoing an import, or go on where an undo was stopped.

    Args:
        import_id: one that was run, to the end or not.
        actor: e-mail address of the member.

    Raises:
        NotFound: the tenant has no such import.
        Conflict: it was undone already, was not run, a job works on it, or its time is over.
    """
    source = Import.objects.select_for_update(no_key=True).filter(pk=import_id).first()
    if source is None:
        raise NotFound("This import does not exist.")
    _check(source)
    total = sum(row.things for row in count_changes(source))
    done = sum(sum(counts.values()) for counts in source.undone.values())
    goes_on = source.stage == Stage.UNDOING
    job = start_job(
        "import.undo",
        {"import_id": source.pk, "file": source.filename},
        actor=actor,
        total=total - done,
    )
    source.stage, source.job_id = Stage.UNDOING, job.pk
    source.save(update_fields=["stage", "job_id"])
    if not goes_on:
        audit.record(
            "import.undo_started",
            "import",
            source.pk,
            before={"file": source.filename, "things": total},
            actor=actor,
        )
    return job


def undo_batch(turn: JobTurn) -> JobStep:
    """Take back the next changes, inside the transaction of the job's progress."""
    source = _lock(turn)
    undone = Undone.read(source.undone)
    kind, after = _place(source)
    changes = next_changes(source, kind, after=after, count=BATCH_CHANGES)
    if not changes:
        return _end_kind(source, turn, kind, undone)
    result = (TAKERS.get(kind) or take_back)(changes, reason=source.filename)
    note_kept(source, kind, result.kept)
    undone.add("removed", kind, len(result.removed))
    undone.add("restored", kind, len(result.restored))
    undone.add("kept", kind, len(result.kept))
    source.undone = undone.as_json()
    source.undo_cursor = {"kind": kind, "after": changes[-1].object_id}
    source.save(update_fields=["undone", "undo_cursor"])
    return JobStep(rows=len(changes), cursor=source.undo_cursor)


def _end_kind(source: Import, turn: JobTurn, kind: str, undone: Undone) -> JobStep:
    place = _kinds().index(kind) + 1
    if place < len(_kinds()):
        source.undo_cursor = {"kind": _kinds()[place], "after": 0}
        source.save(update_fields=["undo_cursor"])
        return JobStep(rows=0, cursor=source.undo_cursor)
    source.stage, source.finished_at = Stage.UNDONE, clock.now()
    source.undo_cursor, source.undone = {}, undone.as_json()
    source.save(update_fields=["stage", "finished_at", "undo_cursor", "undone"])
    audit.record(
        "import.undone",
        "import",
        source.pk,
        before={"file": source.filename},
        after=undone.as_json(),
        actor=turn.actor,
    )
    return JobStep(rows=0, cursor=None)


def _kinds() -> tuple[str, ...]:
    """Return the kinds of change in the order in which they go: those of apps above first."""
    return (*TAKERS, *KINDS)


def _place(source: Import) -> tuple[str, int]:
    """Return where to go on: where the last batch that counted ended, of whatever job."""
    cursor: dict[str, Any] = source.undo_cursor or {"kind": _kinds()[0], "after": 0}
    return cursor["kind"], cursor["after"]


def _check(source: Import) -> None:
    if source.stage == Stage.UNDONE:
        raise Conflict("This import was undone already.")
    if source.stage not in {Stage.RUNNING, Stage.DONE, Stage.UNDOING} or is_at_work(source):
        raise Conflict("Only an import that was run, and is not at work, can be undone.")
    if source.undo_until is None or source.undo_until <= clock.now():
        raise Conflict("An import can be undone for 30 days; they are over.")


def _lock(turn: JobTurn) -> Import:
    source = (
        Import.objects.select_for_update(no_key=True).filter(pk=turn.params["import_id"]).first()
    )
    if source is None or source.stage != Stage.UNDOING:
        raise Conflict("There is nothing to undo any more.")
    if source.job_id != turn.job_id:
        raise Conflict("A later job took this import over; go on from the page of the import.")
    return source
