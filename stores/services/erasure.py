"""Forgetting people: what raw deliveries say of them is emptied, the outcome stays on record.

What was about their orders is emptied at once. Whatever else names them is looked for in all
deliveries of a store page by page, apart from the erasure (the `forget` bell), so that it holds
nobody up; everybody who was erased meanwhile is looked for in the same pass.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from crm.panels import OrderPart, fill_order_part
from crm.services.erasure import BEFORE_ERASE
from crm.services.repointing import REPOINTED
from crm.types import EraseRecord
from kernel import clock
from kernel.arrays import array, columns
from kernel.batches import Deadline
from kernel.scope import current_tenant_id
from kernel.sql import count_sql, run_sql
from kernel.work import ring
from stores.domain import traces
from stores.models import ErasedTrace
from stores.services.outgoing import forget_people

KIND: Final = "forget"
NOTE: Final = "The content was erased on request"
PAGE: Final = 500
PAGE_BYTES: Final = 4 * 1024 * 1024
PATIENCE: Final = timedelta(hours=1)
"""How long deliveries of before an erasure may wait to be worked off until they are passed by."""
RETRY: Final = timedelta(seconds=10)
MOST_OPEN: Final = 1_000
"""Erasures that are worked on together."""
_TOLD = ("stores_webhookdelivery", "profile_id")
_Name = tuple[str, str, int | None]
"""Kind, value, and the store whose word it is; None: any may use it."""


def register() -> None:
    """Forget raw deliveries whenever profiles are erased, and show them on the page of an order.

    A repeat registers nothing twice.
    """
    if forget_profiles not in BEFORE_ERASE:
        BEFORE_ERASE.append(forget_profiles)
    if _TOLD not in REPOINTED:
        REPOINTED.append(_TOLD)
    fill_order_part(OrderPart("deliveries", "Deliveries", "stores:order", 40))


def forget_profiles(profile_ids: Sequence[int]) -> None:
    """Forget what names people who are about to be erased: raw deliveries, and what is written.

    What was written to their stores is the stores' own by then; the shop erases its customer.
    """
    wanted = array(profile_ids)
    count_sql("stores.forget_writes", profile_ids=wanted)
    forget_people(profile_ids)
    count_sql("stores.forget_orders", profile_ids=wanted, note=NOTE)
    rows = run_sql("stores.list_traces", profile_ids=wanted)
    _look_for([(row.kind, row.value, row.store_id) for row in rows])


def forget_named(store_id: int, record: EraseRecord) -> None:
    """Have the raw deliveries of a store emptied that name whom a privacy request names."""
    said = (
        (traces.EMAIL, record.email),
        (traces.PHONE, record.phone),
        (traces.CUSTOMER, record.external_id),
    )
    _look_for([(kind, value, store_id) for kind, value in said if value], [store_id])


def empty_store(store_id: int) -> None:
    """Have every raw delivery of a store emptied that came until now."""
    _keep([ErasedTrace(store_id=store_id, is_whole=True)], _list_ends())


def forget_due(deadline: Deadline) -> int:
    """Look through raw deliveries of the active tenant for people who were erased.

    A page is one transaction with how far it is, so a worker that dies repeats one page at most.

    Args:
        deadline: when to stop.

    Returns:
        Pages looked through; 0 when nobody is to be looked for.
    """
    now = clock.now()
    with transaction.atomic():
        count_sql("stores.put_off_traces", now=now, since=now - PATIENCE, due_at=now + RETRY)
    return deadline.repeat(lambda: _forget_page(now))


def _look_for(names: Iterable[_Name], store_ids: Collection[int] | None = None) -> None:
    """Have names looked for in the deliveries of stores, of all by default."""
    anywhere: set[str] = set()
    known: defaultdict[int, set[str]] = defaultdict(set)
    for kind, value, store_id in names:
        (anywhere if store_id is None else known[store_id]).add(traces.digest(kind, value))
    ends = _list_ends()
    wanted = {
        store_id: sorted(anywhere | known[store_id])
        for store_id in ends
        if store_ids is None or store_id in store_ids
    }
    rows = [ErasedTrace(store_id=key, names=found) for key, found in wanted.items() if found]
    _keep(rows, ends)


def _keep(rows: Iterable[ErasedTrace], ends: Mapping[int, int]) -> None:
    """Note what is to be looked for up to the newest delivery of each store, and ring."""
    now = clock.now()
    found = [row for row in rows if row.store_id in ends]
    for row in found:
        row.until_id, row.created_at, row.due_at = ends[row.store_id], now, now
    ErasedTrace.objects.bulk_create(found)
    if found:
        ring(KIND, current_tenant_id())


def _list_ends() -> dict[int, int]:
    return {row.store_id: row.last_id for row in run_sql("stores.last_deliveries")}


@transaction.atomic
def _forget_page(now: datetime) -> int:
    """Look through the next page of one store; returns whether anybody was to be looked for.

    Those who are furthest behind go on, up to where the next ones are, who then join them.
    """
    free = ErasedTrace.objects.select_for_update(no_key=True, skip_locked=True)
    opened = free.filter(due_at__lte=now).order_by("store_id", "after_id", "pk")[:MOST_OPEN]
    rows = list(opened)
    if not rows:
        return 0
    store_id, after = rows[0].store_id, rows[0].after_id
    theirs = [row for row in rows if row.store_id == store_id]
    together = [row for row in theirs if row.after_id == after]
    ends = {row.until_id for row in together} | {row.after_id for row in theirs} - {after}
    reached = _look_through(store_id, together, after, min(ends))
    done = [row.pk for row in together if row.until_id <= reached]
    ErasedTrace.objects.filter(pk__in=[row.pk for row in together]).update(after_id=reached)
    ErasedTrace.objects.filter(pk__in=done).delete()
    return 1


def _look_through(store_id: int, wanted: Sequence[ErasedTrace], after: int, until: int) -> int:
    """Write what stays of a page of deliveries; returns up to where it went."""
    rows = run_sql(
        "stores.read_page",
        store_id=store_id,
        after_id=after,
        until_id=until,
        page_size=PAGE,
        max_bytes=PAGE_BYTES,
    )
    is_whole = any(row.is_whole for row in wanted)
    names = {name for row in wanted for name in row.names}
    left = [
        (row.id, traces.EMPTY if is_whole else traces.forget(row.topic, bytes(row.body), names))
        for row in rows
        if row.body is not None
    ]
    changed = [(delivery_id, body.decode()) for delivery_id, body in left if body is not None]
    if changed:
        count_sql("stores.forget_deliveries", note=NOTE, **columns("ids bodies", changed))
    return int(rows[-1].id) if rows else until
