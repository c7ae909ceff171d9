"""Applying what happened long ago: records of files, which start no flow."""

from collections.abc import Sequence

from django.db import transaction

from crm.errors import IngestConflict
from crm.services.ingest import apply_records
from crm.types import ApplyResult, Record
from kernel import clock
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
    for attempt in range(1, CONFLICT_TRIES + 1):
        try:
            with transaction.atomic():
                return apply_records(
                    store_id,
                    records,
                    source=DeliverySource.IMPORT,
                    is_backfill=True,
                    now=clock.now(),
                )
        except IngestConflict:
            if attempt == CONFLICT_TRIES:
                raise
    return ApplyResult()
