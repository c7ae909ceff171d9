"""Prices, stock and new products: noted as they are told, and worked off apart from reactions.

A sale changes thousands of them at once, and everybody who was interested in any is looked for. It
shall hold up nobody's order meanwhile.

Who takes a batch says so first, and puts it behind all others that are due. So a batch whose worker
dies, which no exception tells, holds up no other, and is taken again by halves.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import structlog
from django.db import OperationalError, transaction
from django.db.models import Q

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
MOST_TRIES: Final = 20
"""After so many a change whose workers all died is given up, once `TRIED_FOR` has passed too."""

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

    A batch is one transaction, of new products one for each page of people. A change that breaks it
    is found by halves and tried again later; the others go on.

    Args:
        deadline: when to stop claiming.

    Returns:
        Changes looked at, for each page anew; 0 when nothing is due or other workers hold it.

    Raises:
        OperationalError: the database was lost or chose this batch as a deadlock's victim; it is
            safe to call again.
    """
    done = 0
    while not deadline.passed:
        try:
            count = _start_batch(_claim())
        except _BatchFailed as failure:
            count = _isolate(failure)
        if not count:
            break
        done += count
    return done


@transaction.atomic
def _claim() -> list[int]:
    """Return the changes of the next batch, which are of one kind and equally far."""
    now = clock.now()
    due = WantedChange.objects.filter(due_at__lte=now).order_by("due_at", "pk")
    due = due.select_for_update(no_key=True, skip_locked=True)
    while (first := due.first()) is not None and _is_hopeless(first, now):
        log.error("wanted_change_given_up", event_id=first.event_id)
        first.delete()
    if first is None:
        return []
    is_new = Q(event_name=arrivals.PUBLISHED)
    alike = due.filter(
        is_new if first.event_name == arrivals.PUBLISHED else ~is_new,
        after=first.after,
        tries=first.tries,
    )
    ids = list(alike.values_list("pk", flat=True)[: max(1, BATCH >> first.tries)])
    WantedChange.objects.filter(pk__in=ids).update(tries=first.tries + 1, due_at=now)
    return ids


def _is_hopeless(change: WantedChange, now: datetime) -> bool:
    return change.tries >= MOST_TRIES and change.occurred_at < now - TRIED_FOR


@transaction.atomic
def _start_batch(ids: Sequence[int]) -> int:
    claimed = WantedChange.objects.filter(pk__in=ids)
    locked = claimed.order_by("pk").select_for_update(no_key=True, skip_locked=True)
    changes = list(locked)
    if not changes:
        return 0
    try:
        after = _start(changes)
    except OperationalError:
        raise
    except Exception as exc:
        raise _BatchFailed(changes, exc) from exc
    done = WantedChange.objects.filter(pk__in=[change.pk for change in changes])
    if after is None:
        done.delete()
    else:
        done.update(after=after, tries=0)
    return len(changes)


def _start(changes: Sequence[WantedChange]) -> int | None:
    """Start runs by changes of one kind; return after whom it goes on, None when it is done."""
    refs = [_ref(change) for change in changes]
    if changes[0].event_name == arrivals.PUBLISHED:
        return arrivals.start_page(refs, min(change.after for change in changes))
    start_for_goods(refs)
    return None


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
        row.update(due_at=now + TRIED_AGAIN, tries=0)


def _ref(change: WantedChange) -> EventRef:
    return EventRef(
        change.event_id,
        change.event_name,
        change.occurred_at,
        None,
        change.variant_id,
        is_backfill=False,
    )
