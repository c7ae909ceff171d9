"""Working off the inbox: translate, apply, and say what became of each delivery.

One transaction per batch holds the claim, the records and the new status, so a worker that dies
leaves the batch as it was. The lock of the store's row lets one worker at a time write for a
store; another passes by, so that a long queue of one store never holds up a second worker.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import Final

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from django.db import InterfaceError, OperationalError, transaction

from crm.errors import IngestConflict
from crm.services.ingest import apply_records
from crm.types import DataRequestRecord, EraseRecord, Record, StoreClosedRecord
from kernel import clock
from kernel.arrays import array
from kernel.batches import Deadline
from kernel.scope import current_tenant_id
from kernel.sql import count_sql, run_sql
from kernel.work import ring
from stores.choices import DeliverySource, DeliveryStatus
from stores.errors import Untranslatable
from stores.platforms import FETCHERS, PLATFORMS
from stores.platforms.order_file import OrderFile
from stores.services import parts
from stores.services.echoes import leave_out_own
from stores.services.erasure import empty_store, forget_named
from stores.services.explaining import SHARED, explain, order_of
from stores.services.parts import PartOutcome, Request, read_request, settle_request
from stores.types import Delivery, Pulled, StoreContext, Translation
from tenants.services import audit

log = structlog.get_logger(__name__)

BATCH_SIZE: Final = 500
BATCH_BYTES: Final = 4 * 1024 * 1024
"""Some 6,000 calls of sites and apps."""
CONFLICT_TRIES: Final = 5
REJECTED: Final = "rejected:"
NOBODY: Final = "nobody"
"""What became of a cart whose browser several people have used."""
NOTHING_NEW: Final = "Nothing new: it is known already, or older than what is known"
NOT_POISON: Final = (IngestConflict, OperationalError, InterfaceError, SoftTimeLimitExceeded)
"""Failures that no delivery is to blame for: the batch is rolled back and tried again."""

HISTORY: Final = frozenset({DeliverySource.IMPORT, DeliverySource.SYNC})
"""What comes so is recorded, and starts no flow."""

ONCE: Final = "It asks for something that is done once, and is not replayed"
_ASKED_ONCE: Final = (EraseRecord, DataRequestRecord, StoreClosedRecord)
FETCH: Final = "fetch"
Told = Mapping[int, Pulled | str | None]
"""What a delivery is about, by its id: the object, why it cannot be had, or nothing else."""

_ORDER_FILE = OrderFile()
RECORDED_IDS: Final = 100
"""Most ids that the audit trail keeps of one retry; how many there were it always says."""


@dataclass(frozen=True, slots=True)
class _Readable:
    delivery: Delivery
    records: Sequence[Record]
    place: int = 0
    """Of one call among those of a tracking request."""

    @property
    def together_with(self) -> tuple[str, bool]:
        """Source and whether it is history: neighbours that agree are applied together."""
        source = self.delivery.source
        return source, source in HISTORY or parts.is_history(self.delivery)


@dataclass(frozen=True, slots=True)
class _Setting:
    """What the deliveries of one batch share."""

    store: StoreContext
    source: str
    is_backfill: bool
    now: datetime


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one delivery, or of one part of it."""

    delivery_id: int
    status: DeliveryStatus
    reason: str = ""
    order_id: str = ""
    place: int = 0
    word: str = ""


def drain_inbox(deadline: Deadline) -> int:
    """Work off the waiting deliveries of the active tenant, store by store, oldest first.

    Args:
        deadline: when to stop claiming; what is left is rung for again.

    Returns:
        Deliveries worked off, whatever became of them; 0 when none waits or another worker
        holds the stores that have some.
    """
    done = 0
    while turn := sum(_drain_turn(deadline)):
        done += turn
    return done


def _drain_turn(deadline: Deadline) -> Iterator[int]:
    """Give each store with waiting deliveries one batch."""
    for store in [] if deadline.passed else _list_waiting_stores():
        yield _drain_batch(store)
        if deadline.passed:
            return


def retry_deliveries(ids: Sequence[int]) -> int:
    """Let quarantined or ignored deliveries be read once more, and ring.

    Args:
        ids: of the active tenant; those that were applied or wait already are passed by.

    Returns:
        Deliveries that wait again.
    """
    with transaction.atomic():
        waiting = count_sql("stores.retry_deliveries", ids=array(ids))
        if waiting:
            _record_retry(ids, waiting)
            ring("inbox", current_tenant_id())
    return waiting


def _record_retry(ids: Sequence[int], waiting: int) -> None:
    what = str(ids[0]) if len(ids) == 1 else f"{len(ids)} deliveries"
    after = {"waiting": waiting, "delivery_ids": list(ids[:RECORDED_IDS])}
    audit.record("delivery.retried", "delivery", what, after=after)


def _list_waiting_stores() -> list[StoreContext]:
    """Return the stores whose deliveries say what they are about; for the others, ring."""
    waiting = list_waiting_stores()
    apart = [store for store in waiting if store.platform in FETCHERS]
    if apart:
        with transaction.atomic():
            ring(FETCH, current_tenant_id())
    return [store for store in waiting if store not in apart]


@transaction.atomic
def list_waiting_stores() -> list[StoreContext]:
    """Return the stores of the active tenant that have waiting deliveries."""
    return [StoreContext(*row) for row in run_sql("stores.list_waiting_stores")]


def settle_fetched(store: StoreContext, told: Told) -> int:
    """Work off waiting deliveries of a store with what was fetched for them.

    Args:
        store: theirs.
        told: what is known of them; deliveries that are not in it go on waiting.

    Returns:
        Deliveries worked off; 0 when another writer is at work on the store.

    Raises:
        IngestConflict: other stores brought the same people, five times.
    """
    return _drain_batch(store, told) if told else 0


def _drain_batch(store: StoreContext, told: Told | None = None) -> int:
    for attempt in range(1, CONFLICT_TRIES + 1):
        try:
            with transaction.atomic():
                return _settle_batch(store, clock.now(), told)
        except IngestConflict:
            if attempt == CONFLICT_TRIES:
                raise
            log.info("ingest_conflict", store=store.store_id, attempt=attempt)
    return 0


def _settle_batch(store: StoreContext, now: datetime, told: Told | None) -> int:
    if not run_sql("stores.lock_store", store_id=store.store_id):
        return 0
    batch = _claim(store)
    if told is not None:
        batch = [each for each in batch if each.id in told]
    if not batch:
        return 0
    refused = _refuse(batch, told or {})
    left = [_put_in(each, told or {}) for each in batch if each.id not in refused]
    outcomes, readable = _take_in(left, store, now)
    _write_outcomes([*outcomes, *refused.values()], now)
    _forget_erased(readable, outcomes, store)
    return len(batch)


def _refuse(batch: Sequence[Delivery], told: Told) -> dict[int, Outcome]:
    reasons = {each.id: told.get(each.id) for each in batch}
    return {
        name: Outcome(name, DeliveryStatus.QUARANTINED, reason)
        for name, reason in reasons.items()
        if isinstance(reason, str)
    }


def _put_in(delivery: Delivery, told: Told) -> Delivery:
    """Return a delivery as the object that it is about."""
    found = told.get(delivery.id)
    if not isinstance(found, Pulled):
        return delivery
    return replace(delivery, topic=found.topic, body=found.body)


def apply_deliveries(
    batch: Sequence[Delivery], store: StoreContext, now: datetime, *, is_replay: bool = False
) -> Sequence[Outcome]:
    """Translate what was fetched from one store and apply it, in the caller's transaction.

    What cannot be read, or is to blame for a failure, ends as quarantined; its neighbours are
    applied.

    Args:
        batch: in order of arrival; their ids are distinct.
        store: where they come from.
        now: aware.
        is_replay: they were applied before: whatever brought them, they are history now, and what
            is asked for once (erasures, copies of data, closing a store) is left out.

    Returns:
        What became of each, in any order.

    Raises:
        IngestConflict: roll back and call again.
    """
    return _take_in(batch, store, now, is_replay=is_replay)[0]


def _take_in(
    batch: Sequence[Delivery], store: StoreContext, now: datetime, *, is_replay: bool = False
) -> tuple[Sequence[Outcome], Sequence[_Readable]]:
    outcomes: list[Outcome] = []
    readable: list[_Readable] = []
    requests: dict[int, Request] = {}
    for delivery in batch:
        found = _read(delivery, store)
        if is_replay and isinstance(found, _Readable) and _is_once(found.records):
            outcomes.append(Outcome(delivery.id, DeliveryStatus.IGNORED, ONCE))
        elif isinstance(found, _Readable):
            readable.append(found)
        elif isinstance(found, Request):
            requests[delivery.id] = found
            readable += [_Readable(delivery, [part.record], part.place) for part in found.parts]
        else:
            outcomes.append(found)
    for (source, is_backfill), group in groupby(readable, key=lambda item: item.together_with):
        setting = _Setting(store, source, is_backfill or is_replay, now)
        outcomes += _apply(list(group), setting)
    return _gather(outcomes, requests, store, now), readable


def _is_once(records: Sequence[Record]) -> bool:
    return any(isinstance(each, _ASKED_ONCE) for each in records)


def _claim(store: StoreContext) -> list[Delivery]:
    rows = run_sql(
        "stores.claim_deliveries",
        store_id=store.store_id,
        batch_size=BATCH_SIZE,
        max_bytes=BATCH_BYTES,
    )
    return [
        Delivery(
            id=row.id,
            topic=row.topic,
            source=row.source,
            headers=json.loads(row.headers),
            body=bytes(row.body),
            triggered_at=row.triggered_at,
            received_at=row.received_at,
        )
        for row in rows
    ]


def _gather(
    outcomes: Sequence[Outcome],
    requests: Mapping[int, Request],
    store: StoreContext,
    now: datetime,
) -> list[Outcome]:
    """Say of each tracking request what became of it, from what became of its calls."""
    whole = [outcome for outcome in outcomes if outcome.delivery_id not in requests]
    by_request: dict[int, list[PartOutcome]] = {delivery_id: [] for delivery_id in requests}
    for outcome in outcomes:
        if outcome.delivery_id in requests:
            is_aside = outcome.status == DeliveryStatus.QUARANTINED
            part = PartOutcome(outcome.place, outcome.word, outcome.reason if is_aside else "")
            by_request[outcome.delivery_id].append(part)
    for delivery_id, request in requests.items():
        settled = settle_request(request, by_request[delivery_id], now, store_id=store.store_id)
        whole.append(Outcome(delivery_id, *settled))
    return whole


def _read(delivery: Delivery, store: StoreContext) -> _Readable | Request | Outcome:
    try:
        if delivery.source == DeliverySource.TRACKING:
            return read_request(delivery)
        translation = _translate(delivery, store)
    except Untranslatable as exc:
        return Outcome(delivery.id, DeliveryStatus.QUARANTINED, str(exc))
    except NOT_POISON:
        raise
    except Exception as exc:  # noqa: BLE001 one delivery must not stop its neighbours
        return _poison(delivery, exc)
    if translation.ignored:
        return Outcome(delivery.id, DeliveryStatus.IGNORED, translation.ignored)
    return _Readable(delivery, translation.records)


def _translate(delivery: Delivery, store: StoreContext) -> Translation:
    if delivery.source == DeliverySource.IMPORT:
        return _ORDER_FILE.translate(delivery, store)
    platform = PLATFORMS.get(store.platform)
    if platform is None:
        return Translation(ignored=f"Deliveries of {store.platform} are not read yet")
    return platform.translate(delivery, store)


def _apply(batch: list[_Readable], setting: _Setting) -> list[Outcome]:
    """Apply a batch; one that fails is halved until the delivery to blame stands alone."""
    try:
        with transaction.atomic():
            return _apply_together(batch, setting)
    except NOT_POISON:
        raise
    except Exception as exc:  # noqa: BLE001 one delivery must not stop its neighbours
        if len(batch) == 1:
            return [replace(_poison(batch[0].delivery, exc), place=batch[0].place)]
        middle = len(batch) // 2
    return _apply(batch[:middle], setting) + _apply(batch[middle:], setting)


def _apply_together(batch: list[_Readable], setting: _Setting) -> list[Outcome]:
    store_id = setting.store.store_id
    records = [record for item in batch for record in item.records]
    if any(isinstance(record, StoreClosedRecord) and record.erase for record in records):
        empty_store(store_id)
    result = apply_records(
        store_id,
        leave_out_own(store_id, records),
        source=setting.source,
        is_backfill=setting.is_backfill,
        now=setting.now,
    )
    words = iter(result.outcomes)
    remarks = [""] * len(batch)
    if setting.source != DeliverySource.TRACKING:
        remarks = explain(store_id, [item.records for item in batch])
    return [
        _judge(item, [next(words) for _ in item.records], remark)
        for item, remark in zip(batch, remarks, strict=True)
    ]


def _judge(item: _Readable, words: Sequence[str], remark: str) -> Outcome:
    delivery_id, order_id = item.delivery.id, order_of(item.records)
    refused = [word.removeprefix(REJECTED).strip() for word in words if word.startswith(REJECTED)]
    if refused:
        reason = "; ".join(dict.fromkeys(refused))
        return Outcome(delivery_id, DeliveryStatus.QUARANTINED, reason, order_id, item.place)
    is_old = bool(words) and all(word == "unchanged" for word in words)
    word = words[0] if words else ""
    if word == NOBODY and not remark:
        remark = SHARED
    reason = NOTHING_NEW if is_old else remark
    return Outcome(delivery_id, DeliveryStatus.APPLIED, reason, order_id, item.place, word)


def _poison(delivery: Delivery, exc: Exception) -> Outcome:
    log.error("delivery_failed", delivery=delivery.id, topic=delivery.topic, exc_info=exc)
    reason = f"Internal error: {type(exc).__name__}. It is logged; retry after an update."
    return Outcome(delivery.id, DeliveryStatus.QUARANTINED, reason)


def _write_outcomes(outcomes: Sequence[Outcome], now: datetime) -> None:
    run_sql(
        "stores.settle_deliveries",
        ids=array(outcome.delivery_id for outcome in outcomes),
        statuses=array(str(outcome.status) for outcome in outcomes),
        reasons=array(outcome.reason for outcome in outcomes),
        orders=array(outcome.order_id for outcome in outcomes),
        now=now,
    )


def _forget_erased(
    readable: Sequence[_Readable], outcomes: Sequence[Outcome], store: StoreContext
) -> None:
    applied = {item.delivery_id for item in outcomes if item.status == DeliveryStatus.APPLIED}
    for item in readable:
        for record in item.records:
            if isinstance(record, EraseRecord) and item.delivery.id in applied:
                forget_named(store.store_id, record)
