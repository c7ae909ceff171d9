"""Parcels that have not arrived when they were promised."""

from datetime import timedelta
from typing import Any, Final

from django.db import transaction

from crm.choices import EventSource
from crm.services.events import append_events
from crm.types import NewEvent
from kernel import clock
from kernel.batches import Deadline
from kernel.sql import run_sql

BATCH: Final = 1_000
NEWS: Final = timedelta(days=3)
"""A promise that passed longer ago is history: nobody is written to about it."""


def find_late(deadline: Deadline) -> int:
    """Note the parcels whose promised time has passed, each once, and say so as events.

    Args:
        deadline: when to stop.

    Returns:
        Parcels noted; 0 when none is late.
    """
    return deadline.repeat(_find_batch)


@transaction.atomic
def _find_batch() -> int:
    now = clock.now()
    rows = run_sql("crm.mark_late_shipments", now=now, count=BATCH)
    append_events([_event(row) for row in rows if row.order_id and not row.is_void], now=now)
    return len(rows)


def _event(row: Any) -> NewEvent:
    now = clock.now()
    return NewEvent(
        name="Shipment Delayed",
        occurred_at=now,
        source=EventSource.SYSTEM,
        profile_id=row.profile_id,
        store_id=row.store_id,
        object_id=row.id,
        properties={
            "order_id": row.order_id,
            "number": row.number or row.order_external_id,
            "carrier": row.carrier,
            "tracking_number": row.tracking_number,
            "tracking_url": row.tracking_url,
            "promised_at": row.promised_at.isoformat(),
        },
        is_backfill=row.is_backfill or row.promised_at < now - NEWS,
        dedupe_key=f"shipment_delayed:{row.id}",
    )
