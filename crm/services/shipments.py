"""Shipments of a batch; one that comes before its order waits for it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from crm.choices import TOOLS, OrderChannel, ShipmentState
from crm.domain.parcels import is_delay, later_state, state_of
from crm.domain.telling import join
from crm.services.batch import NEW, UNCHANGED, UPDATED, Batch, Item
from crm.services.care import find_elsewhere
from crm.services.ids import allocate_ids
from crm.types import ShipmentRecord
from kernel.arrays import array, columns
from kernel.sql import run_sql

_SAID: Final = (
    "order_external_id",
    "status",
    "carrier",
    "tracking_number",
    "tracking_url",
    "shipped_at",
    "delivered_at",
    "promised_at",
)
_COLUMNS = (
    "id external_id order_id order_external_id status carrier tracking_number tracking_url "
    "shipped_at delivered_at promised_at state delayed_at version_at"
)
_NOT_ON_ITS_WAY: Final = (ShipmentState.PENDING, ShipmentState.CANCELLED)
_NEVER_SENT: Final = frozenset({"error", "failure"})
"""Words for a parcel that the shop could not hand over."""


@dataclass(slots=True)
class _Parcel:
    """One parcel with all that was said of it; the names are those of its row."""

    external_id: str
    known: Any
    values: dict[str, Any]
    state: str
    delayed_at: datetime | None
    version_at: datetime
    id: int = 0
    order: Any = None

    def __getattr__(self, name: str) -> Any:
        return self.values[name]


def apply_shipments(batch: Batch, items: Sequence[Item[ShipmentRecord]]) -> None:
    """Write the shipments of a batch; an older word only fills what is empty."""
    by_name: dict[str, list[Item[ShipmentRecord]]] = {}
    for item in items:
        by_name.setdefault(item.record.external_id, []).append(item)
    if not by_name:
        return
    rows = run_sql("crm.find_shipments", store_id=batch.store_id, external_ids=array(by_name))
    known = {row.external_id: row for row in rows}
    told = (_join(batch, said, known.get(name)) for name, said in by_name.items())
    changed = [parcel for parcel in told if parcel is not None]
    if not changed:
        return
    orders = _find_orders(batch, {parcel.order_external_id for parcel in changed} - {""})
    fresh = [parcel for parcel in changed if parcel.known is None]
    for parcel, new_id in zip(fresh, allocate_ids("crm_shipment", len(fresh)), strict=True):
        parcel.id = new_id
    for parcel in changed:
        _set_order(parcel, orders.get(parcel.order_external_id))
    run_sql(
        "crm.upsert_shipments",
        store_id=batch.store_id,
        now=batch.now,
        is_backfill=batch.is_backfill,
        **columns(_COLUMNS, [_row(parcel) for parcel in changed]),
    )
    for parcel in changed:
        if parcel.order is not None:
            note_parcel(batch, parcel.id, parcel, parcel.order, order_id=parcel.order.id)


def link_waiting(batch: Batch, order_external_ids: Sequence[str]) -> None:
    """Link shipments that waited for orders which have just arrived."""
    rows = run_sql(
        "crm.link_shipments", store_id=batch.store_id, external_ids=array(order_external_ids)
    )
    for row in rows:
        note_parcel(batch, row.id, row, row, order_id=row.order_id)


def note_parcel(batch: Batch, shipment_id: int, parcel: Any, order: Any, *, order_id: int) -> None:
    """Note what is news of a parcel, each once; ``parcel`` and ``order`` may be one row."""
    if order.is_test:
        return
    said = {"order_id": order_id, **_describe(parcel, order)}

    def add(name: str, at: datetime, key: str) -> None:
        batch.add_event(
            name,
            at,
            profile_id=order.profile_id,
            object_id=shipment_id,
            properties=said,
            dedupe_key=f"{key}:{shipment_id}",
        )

    if parcel.state not in _NOT_ON_ITS_WAY and parcel.status.lower() not in _NEVER_SENT:
        add("Order Fulfilled", _left_at(parcel), "order_fulfilled")
    if parcel.delivered_at is not None:
        add("Order Delivered", parcel.delivered_at, "order_delivered")
    elif parcel.delayed_at is not None:
        if parcel.state in (ShipmentState.CANCELLED, ShipmentState.RETURNED):
            batch.stale.update(filter(None, [order.profile_id]))
        else:
            add("Shipment Delayed", parcel.delayed_at, "shipment_delayed")


def _describe(parcel: Any, order: Any) -> dict[str, Any]:
    said = {
        "number": order.number or parcel.order_external_id,
        "carrier": parcel.carrier,
        "tracking_number": parcel.tracking_number,
        "tracking_url": parcel.tracking_url,
    }
    if order.channel == OrderChannel.POS:
        said["at_till"] = True
    if parcel.promised_at is not None:
        said["promised_at"] = parcel.promised_at.isoformat()
    return said


def _left_at(parcel: Any) -> datetime:
    """Return when a parcel left: before it arrived, also where a shop tells only of that."""
    left: datetime = parcel.shipped_at or parcel.version_at
    if parcel.delivered_at is None or left < parcel.delivered_at:
        return left
    arrived: datetime = parcel.delivered_at
    return arrived - timedelta(seconds=1)


def _join(batch: Batch, said: Iterable[Item[ShipmentRecord]], known: Any) -> _Parcel | None:
    """Join all words on one parcel; None where there is nothing new."""
    start = {name: getattr(known, name) for name in _SAID} if known is not None else {}
    parcel = _Parcel(
        external_id="",
        known=known,
        values=dict(start),
        state=known.state if known is not None else "",
        delayed_at=known.delayed_at if known is not None else None,
        version_at=known.source_version_at if known is not None else batch.now,
        id=known.id if known is not None else 0,
    )
    is_news = False
    for item in said:
        before = (dict(parcel.values), parcel.state, parcel.delayed_at)
        _hear(parcel, item.record, is_first=not parcel.values)
        is_new = (parcel.values, parcel.state, parcel.delayed_at) != before
        if not parcel.order_external_id:
            batch.reject(item.index, "order_external_id is missing")
            continue
        is_news = is_news or is_new
        batch.outcomes[item.index] = UPDATED if is_new else UNCHANGED
        if is_new and known is None and before[0] == {}:
            batch.outcomes[item.index] = NEW
    return parcel if is_news else None


def _hear(parcel: _Parcel, record: ShipmentRecord, *, is_first: bool) -> None:
    is_newer = is_first or record.version_at >= parcel.version_at
    said = {name: getattr(record, name) for name in _SAID}
    parcel.external_id = record.external_id
    parcel.values = join(parcel.values, said, _SAID, is_newer=is_newer)
    state = state_of(record.status)
    pair = (parcel.state, state) if is_newer else (state, parcel.state)
    parcel.state = later_state(*pair)
    parcel.version_at = record.version_at if is_first else max(parcel.version_at, record.version_at)
    if parcel.state == ShipmentState.DELIVERED and parcel.delivered_at is None:
        parcel.values["delivered_at"] = record.version_at
    if parcel.delivered_at is not None:
        parcel.state = str(ShipmentState.DELIVERED)
    elif parcel.delayed_at is None and (record.is_delayed or is_delay(record.status)):
        parcel.delayed_at = record.version_at


def _set_order(parcel: _Parcel, order: Any) -> None:
    """Give a parcel its order; nothing leads to that of somebody who was erased."""
    parcel.order = order
    if order is not None and order.is_erased:
        parcel.values |= {"tracking_number": "", "tracking_url": ""}


def _find_orders(batch: Batch, names: set[str]) -> Mapping[str, Any]:
    rows = run_sql("crm.find_orders_of", store_id=batch.store_id, external_ids=array(names))
    found = {row.external_id: row for row in rows}
    rest = names - found.keys()
    if rest and batch.platform in TOOLS:
        return {**find_elsewhere(batch.store_id, rest), **found}
    return found


def _row(parcel: _Parcel) -> tuple[Any, ...]:
    return (
        parcel.id,
        parcel.external_id,
        parcel.order.id if parcel.order is not None else None,
        parcel.order_external_id,
        parcel.status,
        parcel.carrier,
        parcel.tracking_number,
        parcel.tracking_url,
        parcel.shipped_at,
        parcel.delivered_at,
        parcel.promised_at,
        parcel.state,
        parcel.delayed_at,
        parcel.version_at,
    )
