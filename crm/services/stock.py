"""What is left of variants: totals of the catalogue and levels by place, the newest word wins."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from crm.models import Store
from crm.services.batch import UNCHANGED, UPDATED, Batch, Item
from crm.services.variant_changes import note_stock
from crm.types import StockRecord, VariantData
from kernel.arrays import array, columns
from kernel.sql import run_sql

_TOTALS = "external_id quantity policy item tracked version_at"
_LEVELS = "item location available tracked version_at"
_Total = tuple[str, int | None, str, str, bool | None, datetime]


def apply_stock(batch: Batch, items: Sequence[Item[StockRecord]]) -> None:
    """Keep what a batch says of stock; an older word changes nothing.

    A level of an item that no variant is known of waits for it. A total of an unknown variant is
    left out: the catalogue brings it with the variant.
    """
    if not items:
        return
    totals = batch.newest(
        [item for item in items if item.record.variant_external_id],
        lambda record: record.variant_external_id,
    )
    levels = batch.newest(
        [item for item in items if not item.record.variant_external_id],
        lambda record: f"{record.item_external_id} {record.location_external_id}",
    )
    changed = _tell(batch, [_total(item.record) for item in totals.values()])
    news = _keep_levels(batch, [item.record for item in levels.values()])
    _refresh(batch, [], news)
    for name, item in totals.items():
        batch.outcomes[item.index] = UPDATED if name in changed else UNCHANGED
    for item in levels.values():
        is_news = item.record.item_external_id in news
        batch.outcomes[item.index] = UPDATED if is_news else UNCHANGED


def tell_variants(batch: Batch, variants: Iterable[tuple[VariantData, datetime]]) -> dict[str, int]:
    """Keep the totals of variants as a catalogue tells them, each with its version.

    Returns:
        The products of those whose stock changed, by the store's id of the variant.
    """
    rows: dict[str, _Total] = {}
    for variant, version_at in variants:
        known = rows.get(variant.external_id)
        if variant.external_id and (known is None or version_at >= known[-1]):
            rows[variant.external_id] = (
                variant.external_id,
                variant.inventory_quantity,
                variant.inventory_policy,
                variant.inventory_item,
                variant.is_tracked,
                version_at,
            )
    return _tell(batch, list(rows.values()))


def note_told(batch: Batch) -> None:
    """Note when the store last told of any stock; its row is locked by the batch."""
    if batch.has_stock:
        Store.objects.filter(pk=batch.store_id).update(stock_told_at=batch.now)


def _tell(batch: Batch, rows: Sequence[_Total]) -> dict[str, int]:
    if not rows:
        return {}
    batch.has_stock = batch.has_stock or any(row[1] is not None for row in rows)
    told = run_sql("crm.tell_stock", store_id=batch.store_id, **columns(_TOTALS, rows))
    return _refresh(batch, [row.id for row in told], [])


def _keep_levels(batch: Batch, records: Sequence[StockRecord]) -> set[str]:
    if not records:
        return set()
    batch.has_stock = True
    rows = [
        (
            record.item_external_id,
            record.location_external_id,
            record.available,
            record.is_tracked,
            record.version_at,
        )
        for record in records
    ]
    written = run_sql("crm.upsert_stock_levels", store_id=batch.store_id, **columns(_LEVELS, rows))
    return {row.item_external_id for row in written}


def _refresh(batch: Batch, ids: Iterable[int], items: Iterable[str]) -> dict[str, int]:
    wanted = {"ids": array(sorted(ids)), "items": array(sorted(items))}
    if wanted["ids"] == wanted["items"] == array([]):
        return {}
    rows = run_sql("crm.refresh_stock", store_id=batch.store_id, now=batch.now, **wanted)
    if rows:
        run_sql("crm.refresh_stock_states", ids=array(sorted({row.product_id for row in rows})))
        note_stock(batch, rows)
    return {row.external_id: row.product_id for row in rows if row.is_changed}


def _total(record: StockRecord) -> _Total:
    return (
        record.variant_external_id,
        record.available,
        record.policy,
        record.item_external_id,
        record.is_tracked,
        record.version_at,
    )
