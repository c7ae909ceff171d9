"""What is left of variants: totals of the catalogue and levels by place, the newest word wins."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Final

from crm.models import Store, Variant
from crm.services.batch import UNCHANGED, UPDATED, Batch, Item
from crm.services.variant_changes import note_stock
from crm.types import StockRecord, VariantData
from kernel.arrays import array, columns
from kernel.sql import run_sql

_TOTALS = "external_id quantity policy item tracked version_at back_on tells_level"
_LEVELS = "item location available tracked version_at"
_Total = tuple[str, int | None, str, str, bool | None, datetime, date | None, bool]
_VERSION: Final = 5
"""Place of the version in a total."""


def apply_stock(batch: Batch, items: Sequence[Item[StockRecord]]) -> None:
    """Keep what a batch says of stock; an older word changes nothing.

    A level of an item that no variant is known of waits for it. A total of an unknown variant is
    left out: the catalogue brings it with the variant.
    """
    items = _named(batch, items)
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


def _named(batch: Batch, items: Sequence[Item[StockRecord]]) -> list[Item[StockRecord]]:
    """Put in the ids of variants that are named by their SKU; reject what names none, or several.

    So it is with those that must be known by their id.
    """
    asked = [item for item in items if item.record.sku or item.record.needs_variant]
    if not asked:
        return list(items)
    by_sku, known = _find_named(batch, asked)
    named = []
    for item in items:
        record = item.record
        if record.sku and not record.variant_external_id:
            found = by_sku.get(record.sku, [])
            if len(found) == 1:
                named.append(Item(item.index, replace(record, variant_external_id=found[0])))
            else:
                batch.reject(item.index, _say_unnamed(record.sku, len(found)))
        elif record.needs_variant and record.variant_external_id not in known:
            words = f"Variant “{record.variant_external_id[:60]}” is not known in this store"
            batch.reject(item.index, words)
        else:
            named.append(item)
    return named


def _find_named(
    batch: Batch, items: Sequence[Item[StockRecord]]
) -> tuple[dict[str, list[str]], set[str]]:
    """Return the ids of the store by SKU, and those of the wanted ids that are known."""
    skus = {item.record.sku for item in items if item.record.sku}
    names = {item.record.variant_external_id for item in items}
    variants = Variant.objects.filter(store_id=batch.store_id)
    by_sku: dict[str, list[str]] = {}
    for sku, name in variants.filter(sku__in=skus).values_list("sku", "external_id"):
        by_sku.setdefault(sku, []).append(name)
    known = variants.filter(external_id__in=names - {""}).values_list("external_id", flat=True)
    return by_sku, set(known)


def _say_unnamed(sku: str, count: int) -> str:
    if not count:
        return f"SKU “{sku[:60]}” is not known in this store"
    return f"SKU “{sku[:60]}” is that of {count} variants; name the id of one"


def tell_variants(batch: Batch, variants: Iterable[tuple[VariantData, datetime]]) -> dict[str, int]:
    """Keep the totals of variants as a catalogue tells them, each with its version.

    Returns:
        The products of those whose stock changed, by the store's id of the variant.
    """
    rows: dict[str, _Total] = {}
    for variant, version_at in variants:
        known = rows.get(variant.external_id)
        if variant.external_id and (known is None or version_at >= known[_VERSION]):
            rows[variant.external_id] = (
                variant.external_id,
                variant.inventory_quantity,
                variant.inventory_policy,
                variant.inventory_item,
                variant.is_tracked,
                version_at,
                variant.back_on,
                variant.tells_stock,
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
    changed = [row for row in told if row.is_changed]
    moved = _refresh(batch, [row.id for row in told], [])
    if changed:
        products = sorted({row.product_id for row in changed})
        run_sql("crm.refresh_stock_states", ids=array(products))
    return {row.external_id: row.product_id for row in changed} | moved


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
        record.back_on,
        record.tells_level,
    )
