"""Progress of imports, for pages: real counts while they run."""

from dataclasses import dataclass

from django.db import transaction

from crm.choices import ImportStatus
from crm.models import ImportRun
from kernel import clock


@dataclass(slots=True)
class ImportCounts:
    """What an import did so far."""

    rows_read: int = 0
    new: int = 0
    updated: int = 0
    unchanged: int = 0
    quarantined: int = 0


@transaction.atomic
def start_run(*, store_id: int, kind: str, filename: str, total: int | None) -> int:
    """Open a run and return its id.

    Args:
        store_id: store that takes the records.
        kind: what is imported, such as ``orders``.
        filename: as people know it; no folders.
        total: rows to come; None when unknown.
    """
    run = ImportRun.objects.create(
        store_id=store_id, kind=kind, filename=filename, total=total, started_at=clock.now()
    )
    return run.pk


@transaction.atomic
def save_counts(run_id: int, counts: ImportCounts) -> None:
    """Write how far a run got."""
    ImportRun.objects.filter(pk=run_id).update(**_columns(counts))


@transaction.atomic
def finish_run(run_id: int, counts: ImportCounts, *, failure: str = "") -> None:
    """Close a run; ``failure`` says for people why it stopped early."""
    ImportRun.objects.filter(pk=run_id).update(
        **_columns(counts),
        status=ImportStatus.FAILED if failure else ImportStatus.FINISHED,
        detail=failure,
        finished_at=clock.now(),
    )


def _columns(counts: ImportCounts) -> dict[str, int]:
    return {
        "rows_read": counts.rows_read,
        "new_count": counts.new,
        "updated_count": counts.updated,
        "unchanged_count": counts.unchanged,
        "quarantined_count": counts.quarantined,
    }
