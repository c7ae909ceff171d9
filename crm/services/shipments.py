"""Shipments of a batch; one that comes before its order waits for it."""

from collections.abc import Sequence
from typing import Any

from crm.services.batch import NEW, UNCHANGED, UPDATED, Batch, Item
from crm.services.ids import allocate_ids
from crm.types import ShipmentRecord
from kernel.arrays import array, columns
from kernel.sql import run_sql

_COLUMNS = (
    "id external_id order_id order_external_id status carrier tracking_number tracking_url "
    "shipped_at delivered_at version_at"
)
_NOT_ON_ITS_WAY = frozenset({"pending", "open", "cancelled", "canceled", "error", "failure"})


def apply_shipments(batch: Batch, items: Sequence[Item[ShipmentRecord]]) -> None:
    """Write the shipments of a batch; a record older than what is stored changes nothing."""
    newest = batch.newest(items, lambda record: record.external_id)
    if not newest:
        return
    rows = run_sql("crm.find_shipments", store_id=batch.store_id, external_ids=array(newest))
    known = {row.external_id: row for row in rows}
    changed = [item for name, item in newest.items() if _says_new(batch, item, known.get(name))]
    if not changed:
        return
    orders = _find_orders(batch, changed)
    new_ids = iter(
        allocate_ids(
            "crm_shipment", sum(1 for item in changed if item.record.external_id not in known)
        )
    )
    ids = [
        known[item.record.external_id].id if item.record.external_id in known else next(new_ids)
        for item in changed
    ]
    numbered = [(each, item.record) for each, item in zip(ids, changed, strict=True)]
    rows = [_row(each, record, orders.get(record.order_external_id)) for each, record in numbered]
    run_sql(
        "crm.upsert_shipments",
        store_id=batch.store_id,
        now=batch.now,
        **columns(_COLUMNS, rows),
    )
    for shipment_id, record in numbered:
        order = orders.get(record.order_external_id)
        if order is not None:
            _note(batch, shipment_id, record, order)


def link_waiting(batch: Batch, order_external_ids: Sequence[str]) -> None:
    """Link shipments that waited for orders which have just arrived."""
    rows = run_sql(
        "crm.link_shipments", store_id=batch.store_id, external_ids=array(order_external_ids)
    )
    for row in rows:
        _note(batch, row.id, row, row)


def _says_new(batch: Batch, item: Item[ShipmentRecord], known: Any) -> bool:
    record = item.record
    if known is None:
        batch.outcomes[item.index] = NEW
        return True
    names = ("status", "carrier", "tracking_number", "tracking_url", "shipped_at", "delivered_at")
    is_older = record.version_at < known.source_version_at
    is_same = all(getattr(record, name) == getattr(known, name) for name in names)
    batch.outcomes[item.index] = UNCHANGED if is_older or is_same else UPDATED
    return not (is_older or is_same)


def _find_orders(batch: Batch, items: Sequence[Item[ShipmentRecord]]) -> dict[str, Any]:
    names = {item.record.order_external_id for item in items}
    rows = run_sql("crm.find_orders_of", store_id=batch.store_id, external_ids=array(names))
    return {row.external_id: row for row in rows}


def _row(shipment_id: int, record: ShipmentRecord, order: Any) -> tuple[Any, ...]:
    return (
        shipment_id,
        record.external_id,
        order.id if order is not None else None,
        record.order_external_id,
        record.status,
        record.carrier,
        record.tracking_number,
        record.tracking_url,
        record.shipped_at,
        record.delivered_at,
        record.version_at,
    )


def _note(batch: Batch, shipment_id: int, shipment: Any, order: Any) -> None:
    """Note that a parcel is on its way, once; ``shipment`` and ``order`` may be one row."""
    if order.is_test or shipment.status.lower() in _NOT_ON_ITS_WAY:
        return
    batch.add_event(
        "Order Fulfilled",
        shipment.shipped_at or shipment.version_at,
        profile_id=order.profile_id,
        object_id=shipment_id,
        properties={
            "number": order.number or shipment.order_external_id,
            "carrier": shipment.carrier,
            "tracking_number": shipment.tracking_number,
            "tracking_url": shipment.tracking_url,
        },
        dedupe_key=f"order_fulfilled:{shipment_id}",
    )
