"""Somebody asks on the page of a waiting list to hear when a variant is back."""

from functools import partial
from uuid import UUID

from django.db import transaction

from crm.choices import EventSource
from crm.services.ingest import apply_records
from crm.types import CustomerRecord, TrackedRecord
from kernel import clock
from kernel.retry import retry_conflicts
from messaging.queries.waiting_lists import Waited

ASKED = "Back In Stock Requested"


def wait_for(store_id: int, wanted: Waited, email: str, key: UUID) -> None:
    """Tell that somebody waits; a repeat of its key changes nothing.

    What is typed is not verified, so it adds no address to somebody who is known, and is no visit
    of theirs.

    Args:
        store_id: the shop of the variant.
        wanted: the variant.
        email: as it was typed, checked.
        key: made for the page that was sent.

    Raises:
        Conflict: other writers were in the way again and again; nothing was kept.
    """
    retry_conflicts(partial(_wait_for, store_id, wanted, email, key))


@transaction.atomic
def _wait_for(store_id: int, wanted: Waited, email: str, key: UUID) -> None:
    now = clock.now()
    record = TrackedRecord(
        occurred_at=now,
        who=CustomerRecord(external_id="", version_at=now, email=email),
        name=ASKED,
        properties=wanted.properties,
        dedupe_key=f"waiting:{key}",
    )
    apply_records(store_id, [record], source=EventSource.TRACKING, now=now)
