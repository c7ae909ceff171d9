"""Applying what happened long ago: records of files, which start no flow."""

from collections.abc import Sequence

from django.db import transaction

from crm.errors import IngestConflict
from crm.services.ingest import apply_records
from crm.types import ApplyResult, Record
from kernel import clock
from kernel.retry import retry_conflicts
from stores.choices import DeliverySource

CONFLICT_TRIES = 5


def apply_history(store_id: int, records: Sequence[Record]) -> ApplyResult:
    """Apply records of a file; another store's writer may get in the way, then again.

    Joins the caller's transaction.

    Args:
        store_id: the store that they belong to.
        records: in the order of the file.

    Raises:
        IngestConflict: it got in the way five times.
    """

    @transaction.atomic
    def apply() -> ApplyResult:
        return apply_records(
            store_id, records, source=DeliverySource.IMPORT, is_backfill=True, now=clock.now()
        )

    return retry_conflicts(apply, tries=CONFLICT_TRIES, conflict=IngestConflict)
