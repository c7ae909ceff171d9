"""Deliveries that only name things: what they are about is fetched, then applied.

A worker takes a lease, reads the oldest waiting deliveries, asks the platform for what they name,
outside any transaction and each thing once, and works them off in one. Until then they wait: a
worker that dies, or a platform that does not answer, loses none. What fails makes the store rest.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog
from django.db import transaction
from django.db.models import Q

from crm.choices import StoreStatus
from kernel import clock
from kernel.batches import Deadline
from kernel.http import AddressForbidden, Client
from stores.choices import DeliverySource, DeliveryStatus
from stores.errors import PullBusy, PullRefused
from stores.models import Connection, InboxDelivery
from stores.platforms import FETCHERS
from stores.platforms.base import Fetcher
from stores.services.inbox import list_waiting_stores, settle_fetched
from stores.services.syncing import BACK_OFF, describe_failure, read_access
from stores.types import Delivery, Fetched, Pulled, StoreAccess, StoreContext

log = structlog.get_logger(__name__)

BATCH_SIZE: Final = 100
LEASE: Final = timedelta(minutes=4)
"""How long a worker may take for one batch until it is taken for dead."""
REFUSED_WAIT: Final = timedelta(hours=1)
"""How often a platform that refuses is asked again without anybody having changed something."""
GIVEN_UP_AFTER: Final = 8
"""After so many tries a thing that cannot be had, while others can, is put aside."""
QUICK_TRIES: Final = 2
"""While other things can be had, a store rests no longer than after so many failures."""


@dataclass(frozen=True, slots=True)
class _Claim:
    """The oldest waiting deliveries of a store, in the hands of this worker."""

    store: StoreContext
    until: datetime
    tries: int
    access: StoreAccess | None
    deliveries: Sequence[Delivery]


def drain_fetches(deadline: Deadline) -> int:
    """Fetch what waiting deliveries of the active tenant name, store by store, and apply it.

    Args:
        deadline: when to stop; a batch that was begun ends first.

    Returns:
        Deliveries worked off; 0 when none waits, their stores rest or other workers hold them.
    """
    done = 0
    while turn := sum(_drain_turn(deadline)):
        done += turn
    return done


def _drain_turn(deadline: Deadline) -> Iterator[int]:
    """Give each store with waiting deliveries one batch."""
    for store in [] if deadline.passed else list_waiting_stores():
        if store.platform in FETCHERS:
            yield _fetch_batch(store, FETCHERS[store.platform])
        if deadline.passed:
            return


def _fetch_batch(store: StoreContext, fetcher: Fetcher) -> int:
    claim = _claim(store)
    if claim is None:
        return 0
    names = {each.id: _name(fetcher, each) for each in claim.deliveries}
    fetched = _ask(claim, fetcher, [each for each in claim.deliveries if names[each.id]])
    gives_up = claim.tries + 1 >= GIVEN_UP_AFTER
    told = {
        each: _tell(name, fetched, gives_up=gives_up)
        for each, name in names.items()
        if not name or claim.access is None or _is_told(name, fetched, gives_up=gives_up)
    }
    told |= fetched.forged
    done = settle_fetched(store, told)
    _release(claim, fetched, has_given_up=gives_up)
    return done


def _name(fetcher: Fetcher, delivery: Delivery) -> str:
    """Return what a delivery is about; a document that was put aside carries it already."""
    return fetcher.name(delivery) if delivery.source == DeliverySource.WEBHOOK else ""


def _is_told(name: str, fetched: Fetched, *, gives_up: bool) -> bool:
    return name in fetched.found or name in fetched.refused or (gives_up and name in fetched.failed)


def _tell(name: str, fetched: Fetched, *, gives_up: bool) -> Pulled | str | None:
    if gives_up and name in fetched.failed:
        return f"{fetched.failed[name]}, {GIVEN_UP_AFTER} times in a row. Retry it later"
    return fetched.found.get(name) or fetched.refused.get(name)


def _ask(claim: _Claim, fetcher: Fetcher, deliveries: Sequence[Delivery]) -> Fetched:
    if not deliveries or claim.access is None:
        return Fetched()
    with Client() as client:
        return fetcher.fetch(claim.access, client, deliveries)


@transaction.atomic
def _claim(store: StoreContext) -> _Claim | None:
    now = clock.now()
    until = now + LEASE
    mine = Connection.objects.filter(store_id=store.store_id)
    rested = Q(fetch_at=None) | Q(fetch_at__lte=now)
    if not mine.filter(rested).update(fetch_at=until):
        return None
    rows = InboxDelivery.objects.filter(
        store_id=store.store_id, status=DeliveryStatus.PENDING
    ).order_by("pk")[:BATCH_SIZE]
    deliveries = [_read(row) for row in rows]
    found = mine.select_related("store").get()
    is_connected = found.store.status == StoreStatus.CONNECTED
    access = read_access(store.store_id)[0] if is_connected else None
    return _Claim(store, until, found.fetch_tries, access, deliveries)


def _read(row: InboxDelivery) -> Delivery:
    return Delivery(
        id=row.pk,
        topic=row.topic,
        source=row.source,
        headers=row.headers,
        body=bytes(row.body),
        triggered_at=row.triggered_at,
        received_at=row.received_at,
    )


@transaction.atomic
def _release(claim: _Claim, fetched: Fetched, *, has_given_up: bool) -> None:
    """Let the store go on at once, or rest for as long as what went wrong asks for."""
    mine = Connection.objects.filter(store_id=claim.store.store_id, fetch_at=claim.until)
    now, stopped_by = clock.now(), fetched.stopped_by
    match stopped_by:
        case PullBusy(seconds=seconds):
            mine.update(fetch_at=now + timedelta(seconds=seconds))
        case PullRefused() | AddressForbidden():
            mine.update(fetch_at=now + REFUSED_WAIT, fetch_detail=describe_failure(stopped_by))
        case None if not fetched.failed or has_given_up:
            mine.update(fetch_at=None, fetch_tries=0, fetch_detail="")
        case _:
            tries = min(claim.tries, QUICK_TRIES if fetched.found else len(BACK_OFF) - 1)
            reason = (
                describe_failure(stopped_by) if stopped_by else next(iter(fetched.failed.values()))
            )
            log.warning("fetch_failed", store=claim.store.store_id, reason=reason)
            mine.update(
                fetch_at=now + timedelta(seconds=BACK_OFF[tries]),
                fetch_tries=min(claim.tries + 1, GIVEN_UP_AFTER),
                fetch_detail=reason,
            )
