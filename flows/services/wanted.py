"""Prices, stock and new products: noted as they are told, and worked off apart from reactions.

A sale changes thousands of them at once, and everybody who was interested in any is looked for. It
shall hold up nobody's order meanwhile.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import structlog
from django.db import OperationalError, transaction

from crm.types import EventRef
from flows.models import WantedChange
from flows.services import arrivals
from flows.services.audiences import find_wanting, start_for_goods
from kernel import clock
from kernel.batches import Deadline
from kernel.tenancy import current_tenant_id
from kernel.work import ring

KIND: Final = "wanted"
BATCH: Final = 500
"""Changes of one transaction: what people looked at is read once for all of them."""
TRIED_AGAIN: Final = timedelta(hours=1)
TRIED_FOR: Final = timedelta(days=1)
"""So long a change is tried again that breaks; nobody wants to hear of it later."""

log = structlog.get_logger(__name__)


class _BatchFailed(Exception):
    def __init__(self, changes: Sequence[WantedChange], cause: Exception) -> None:
        super().__init__(str(cause))
        self.changes = changes
        self.cause = cause


@transaction.atomic(savepoint=False)
def note_goods(refs: Sequence[EventRef]) -> None:
    """Note what got cheaper, runs low, is back or new, where a flow wants to tell people of it.

    All goods are noted where any such flow is live; those that no flow wants start nothing.
    A repeat notes nothing twice, and what was worked off already starts nothing twice.

    Args:
        refs: new events of the active tenant; only those of goods are looked at.
    """
    told = [(ref, ref.object_id) for ref in refs if ref.object_id and not ref.is_backfill]
    if not told or not (find_wanting() or arrivals.find_wanting()):
        return
    now = clock.now()
    WantedChange.objects.bulk_create(
        [
            WantedChange(
                event_id=ref.event_id,
                event_name=ref.name,
                occurred_at=ref.occurred_at,
                variant_id=variant_id,
                due_at=now,
            )
            for ref, variant_id in told
        ],
        ignore_conflicts=True,
    )
    ring(KIND, current_tenant_id())


def start_wanted(deadline: Deadline) -> int:
    """Start the runs of those who were interested in what changed, the longest due first.

    A batch is one transaction. A change that breaks it is found by halves and tried again later;
    the others go on.

    Args:
        deadline: when to stop claiming.

    Returns:
        Changes looked at; 0 when nothing is due or other workers hold it.

    Raises:
        OperationalError: the database was lost or chose this batch as a deadlock's victim; it is
            safe to call again.
    """
    done = 0
    while not deadline.passed:
        try:
            count = _start_batch(None)
        except _BatchFailed as failure:
            count = _isolate(failure)
        if not count:
            break
        done += count
    return done


@transaction.atomic
def _start_batch(ids: Sequence[int] | None) -> int:
    due = WantedChange.objects.filter(due_at__lte=clock.now()).order_by("due_at", "pk")
    if ids is not None:
        due = due.filter(pk__in=ids)
    changes = list(due.select_for_update(no_key=True, skip_locked=True)[:BATCH])
    if not changes:
        return 0
    try:
        refs = [_ref(change) for change in changes]
        start_for_goods([ref for ref in refs if ref.name != arrivals.PUBLISHED])
        arrivals.start_for_arrivals(refs)
    except OperationalError:
        raise
    except Exception as exc:
        raise _BatchFailed(changes, exc) from exc
    WantedChange.objects.filter(pk__in=[change.pk for change in changes]).delete()
    return len(changes)


def _isolate(failure: _BatchFailed) -> int:
    changes = failure.changes
    if len(changes) == 1:
        _put_off(changes[0], failure.cause)
        return 1
    middle = len(changes) // 2
    for half in (changes[:middle], changes[middle:]):
        try:
            _start_batch([change.pk for change in half])
        except _BatchFailed as smaller:
            _isolate(smaller)
    return len(changes)


@transaction.atomic
def _put_off(change: WantedChange, cause: Exception) -> None:
    now = clock.now()
    log.error("wanted_change_failed", event_id=change.event_id, exc_info=cause)
    row = WantedChange.objects.filter(pk=change.pk)
    if change.occurred_at < now - TRIED_FOR:
        row.delete()
    else:
        row.update(due_at=now + TRIED_AGAIN)


def _ref(change: WantedChange) -> EventRef:
    return EventRef(
        change.event_id,
        change.event_name,
        change.occurred_at,
        None,
        change.variant_id,
        is_backfill=False,
    )
