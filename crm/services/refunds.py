"""Refunds of a batch; one that comes before its order waits for it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from crm.domain.purchases import digest
from crm.services.batch import NEW, UNCHANGED, UPDATED, Batch, Item
from crm.services.claims import Claim
from crm.services.ids import allocate_ids
from crm.services.rates import Converter
from crm.types import RefundRecord
from kernel import money
from kernel.arrays import array, columns
from kernel.sql import run_sql

_COLUMNS = (
    "id external_id order_id order_external_id profile_id refunded_at currency amount_minor "
    "base_amount_minor note lines version_at digest"
)


@dataclass(slots=True, eq=False)
class RefundChange:
    """A refund that a batch writes; ``known`` is its row before, None when it is new."""

    item: Item[RefundRecord]
    known: Any
    digest: str
    claim: Claim | None = None
    refund_id: int = 0
    order: Any = None
    profile_id: int | None = None

    @property
    def record(self) -> RefundRecord:
        """What the store says."""
        return self.item.record

    @property
    def waits(self) -> bool:
        """Whether its order has still to arrive."""
        return self.order is None and self.record.order_external_id != ""


def find_changes(batch: Batch, items: Sequence[Item[RefundRecord]]) -> list[RefundChange]:
    """Return the refunds that are new or say something new; the others end as unchanged."""
    newest = batch.newest(items, lambda record: record.external_id)
    if not newest:
        return []
    rows = run_sql("crm.find_refunds", store_id=batch.store_id, external_ids=array(newest))
    known = {row.external_id: row for row in rows}
    changes = []
    for name, item in newest.items():
        row = known.get(name)
        if row is not None and not item.record.is_dated:
            item = Item(item.index, replace(item.record, refunded_at=row.refunded_at))  # noqa: PLW2901
        change = RefundChange(item, row, _digest(item.record))
        if row is not None and (
            item.record.version_at < row.source_version_at or change.digest == row.source_hash
        ):
            batch.outcomes[item.index] = UNCHANGED
            continue
        batch.outcomes[item.index] = NEW if row is None else UPDATED
        changes.append(change)
    return changes


def write_refunds(batch: Batch, changes: Sequence[RefundChange]) -> None:
    """Write refunds whose claims are resolved and whose orders are written."""
    if not changes:
        return
    _complete(batch, changes)
    converter = Converter(
        batch, [(each.record.currency, each.record.refunded_at) for each in changes]
    )
    run_sql(
        "crm.upsert_refunds",
        store_id=batch.store_id,
        is_backfill=batch.is_backfill,
        now=batch.now,
        **columns(_COLUMNS, [_row(change, converter) for change in changes]),
    )
    for change in changes:
        _note(batch, change)
        of_order = change.order.id if change.order is not None else None
        before = change.known.order_id if change.known is not None else None
        batch.refunded.update(order_id for order_id in (of_order, before) if order_id)


def link_waiting(batch: Batch, order_external_ids: Sequence[str]) -> None:
    """Link refunds that waited for orders which have just arrived."""
    waiting = run_sql(
        "crm.find_waiting_refunds",
        store_id=batch.store_id,
        external_ids=array(order_external_ids),
    )
    if not waiting:
        return
    orders = _find_orders(batch, {row.order_external_id for row in waiting})
    linked = []
    for row in waiting:
        order = orders[row.order_external_id]
        profile_id = row.profile_id if order.profile_id is None else order.profile_id
        linked.append((row.id, order.id, profile_id))
        batch.refunded.add(order.id)
        if row.profile_id not in (None, profile_id):
            batch.stale.add(row.profile_id)
        if not order.is_test:
            _add_event(batch, row, order, profile_id)
    run_sql("crm.link_refunds", **columns("ids order_ids profile_ids", linked))


def sum_up(batch: Batch) -> None:
    """Bring along what went back of the orders whose refunds changed."""
    if batch.refunded:
        run_sql("crm.sum_refunds", ids=array(sorted(batch.refunded)))


def _digest(refund: RefundRecord) -> str:
    customer = refund.customer
    return digest(
        (
            refund.refunded_at.timestamp(),
            refund.currency,
            refund.amount_minor,
            refund.order_external_id,
            customer and (customer.external_id, customer.email, customer.phone),
            refund.base_currency,
            refund.base_amount_minor,
            refund.note,
            [sorted(line.items()) for line in refund.lines],
        )
    )


def _complete(batch: Batch, changes: Sequence[RefundChange]) -> None:
    names = {each.record.order_external_id for each in changes if each.record.order_external_id}
    orders = _find_orders(batch, names)
    new_ids = iter(allocate_ids("crm_refund", sum(1 for each in changes if each.known is None)))
    for change in changes:
        change.refund_id = next(new_ids) if change.known is None else change.known.id
        change.order = orders.get(change.record.order_external_id)
        claimed = change.claim.profile_id if change.claim else None
        of_order = change.order.profile_id if change.order is not None else None
        change.profile_id = claimed if of_order is None else of_order


def _find_orders(batch: Batch, external_ids: set[str]) -> dict[str, Any]:
    if not external_ids:
        return {}
    found = run_sql("crm.find_orders_of", store_id=batch.store_id, external_ids=array(external_ids))
    return {row.external_id: row for row in found}


def _row(change: RefundChange, converter: Converter) -> tuple[Any, ...]:
    refund = change.record
    given = (refund.base_currency.upper(), refund.base_amount_minor)
    is_erased = change.order is not None and change.order.is_erased
    return (
        change.refund_id,
        refund.external_id,
        change.order.id if change.order is not None else None,
        refund.order_external_id,
        change.profile_id,
        refund.refunded_at,
        refund.currency,
        refund.amount_minor,
        converter.convert(refund.amount_minor, refund.currency, refund.refunded_at, given),
        "" if is_erased else refund.note,
        [dict(line) for line in refund.lines],
        refund.version_at,
        change.digest,
    )


def _note(batch: Batch, change: RefundChange) -> None:
    """Note the event; a refund that waits has it when its order arrives."""
    refund = change.record
    before = change.known.profile_id if change.known is not None else None
    batch.stale.update(
        profile_id
        for profile_id in (before, change.profile_id if change.waits else None)
        if profile_id is not None
    )
    if change.waits or (change.order is not None and change.order.is_test):
        return
    if _is_same_money(change):
        # A time or a note that is told later is no second refund; figures by day still move.
        if change.profile_id is not None:
            batch.stale.add(change.profile_id)
        return
    batch.add_event(
        "Order Refunded",
        refund.refunded_at,
        profile_id=change.profile_id,
        object_id=change.refund_id,
        properties=_describe(change.order, refund.amount_minor, refund.currency),
        dedupe_key=_key(change.refund_id, "" if change.known is None else change.digest),
    )


def _is_same_money(change: RefundChange) -> bool:
    known, said = change.known, change.record
    return (
        known is not None
        and known.order_id is not None
        and change.order is not None
        and (known.order_id, known.currency, known.amount_minor)
        == (change.order.id, said.currency, said.amount_minor)
    )


def _add_event(batch: Batch, row: Any, order: Any, profile_id: int | None) -> None:
    batch.add_event(
        "Order Refunded",
        row.refunded_at,
        profile_id=profile_id,
        object_id=row.id,
        properties=_describe(order, row.amount_minor, row.currency),
        dedupe_key=_key(row.id, ""),
    )


def _key(refund_id: int, version: str) -> str:
    return f"order_refunded:{refund_id}:{version}" if version else f"order_refunded:{refund_id}"


def _describe(order: Any, amount_minor: int, currency: str) -> dict[str, Any]:
    of_order = {} if order is None else {"order_id": order.id}
    return {
        **of_order,
        "number": (order.number or order.external_id) if order is not None else "",
        "amount": money.to_text(amount_minor, currency),
        "currency": currency,
    }
