"""Products of a batch, from the catalogue and from order lines that name them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from crm.choices import Platform
from crm.services.batch import NEW, UNCHANGED, UPDATED, Batch, Item
from crm.services.stock import tell_variants
from crm.services.variant_changes import note_prices
from crm.types import LineData, ProductRecord, VariantData
from kernel.arrays import array, columns
from kernel.sql import run_sql

_COLUMNS = (
    "external_id title category brand handle url image_url status tags published_at deleted_at "
    "version_at"
)

NEWS: Final = timedelta(days=7)
"""What was published longer ago is told to nobody as new."""


@dataclass(frozen=True, slots=True)
class KnownProduct:
    """What order lines need of a product."""

    id: int
    title: str
    category: str
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Products and variants that lines name, by the store's ids."""

    products: dict[str, KnownProduct]
    variants: dict[str, int]


def apply_products(batch: Batch, items: Sequence[Item[ProductRecord]]) -> None:
    """Write the products of a batch; a record older than what is stored changes nothing.

    A deletion marks a product and keeps what is known of it; of an unknown one it says nothing.
    """
    told = [item for item in items if not _is_bare_deletion(item.record)]
    ended = [item for item in items if _is_bare_deletion(item.record)]
    _apply(batch, told)
    _apply(batch, ended)


def _apply(batch: Batch, items: Sequence[Item[ProductRecord]]) -> None:
    newest = batch.newest(items, lambda record: record.external_id)
    if not newest:
        return
    known = {row.external_id: row for row in _find_products(batch, newest)}
    current = [
        _with_known(item, known.get(name))
        for name, item in newest.items()
        if not _is_past(batch, item, known.get(name))
    ]
    changed_names = {
        item.record.external_id
        for item in current
        if _differs(item.record, known.get(item.record.external_id))
    }
    ids = {name: row.id for name, row in known.items()}
    ids |= _write_products(
        batch,
        [
            item
            for item in current
            if item.record.external_id in changed_names
            or item.record.version_at > known[item.record.external_id].source_version_at
        ],
    )
    batch.regrouped.update(
        known[item.record.external_id].id
        for item in current
        if item.record.external_id in known
        and item.record.brand != known[item.record.external_id].brand
    )
    touched = _write_variants(batch, current, ids)
    _note_published(batch, current, known, ids)
    for item in current:
        name = item.record.external_id
        if name not in known or known[name].source_version_at is None:
            batch.outcomes[item.index] = NEW
        elif name in changed_names or ids[name] in touched:
            batch.outcomes[item.index] = UPDATED
        else:
            batch.outcomes[item.index] = UNCHANGED


def _note_published(
    batch: Batch, items: Sequence[Item[ProductRecord]], known: dict[str, Any], ids: dict[str, int]
) -> None:
    """Note which products can be bought for the first time, each once; old ones are no news."""
    for item in items:
        record, before = item.record, known.get(item.record.external_id)
        at = _published_at(batch, record.status, record.published_at, is_gone=record.is_deleted)
        if at is None or at <= batch.now - NEWS or _was_published(batch, before):
            continue
        product_id = ids[record.external_id]
        batch.add_event(
            "Product Published",
            at,
            profile_id=None,
            object_id=product_id,
            properties={"product_id": record.external_id, "name": record.title},
            dedupe_key=f"product_published:{product_id}",
        )


def _was_published(batch: Batch, before: Any) -> bool:
    if before is None or before.source_version_at is None:
        return False
    is_gone = before.deleted_at is not None
    return _published_at(batch, before.status, before.published_at, is_gone=is_gone) is not None


def _published_at(
    batch: Batch, status: str, published_at: datetime | None, *, is_gone: bool
) -> datetime | None:
    """Return since when a product can be bought; None while it cannot.

    A shop of one's own tells no time: what is active there can be bought from now on.
    """
    at = batch.now if published_at is None and batch.platform == Platform.CUSTOM else published_at
    return at if status == "active" and not is_gone and at is not None and at <= batch.now else None


def find_or_add(batch: Batch, lines: Iterable[LineData]) -> Catalogue:
    """Return the products and variants that lines name; unknown ones become bare rows."""
    products: dict[str, LineData] = {}
    variants: dict[str, LineData] = {}
    for line in lines:
        if line.product_external_id:
            products.setdefault(line.product_external_id, line)
            if line.variant_external_id:
                variants.setdefault(line.variant_external_id, line)
    known = _known_products(batch, products)
    return Catalogue(known, _known_variants(batch, variants, known))


def _known_products(batch: Batch, wanted: dict[str, LineData]) -> dict[str, KnownProduct]:
    if not wanted:
        return {}
    rows = _find_products(batch, wanted)
    known = {
        row.external_id: KnownProduct(row.id, row.title, row.category, tuple(row.flags))
        for row in rows
    }
    missing = [
        (name, line.title, line.category) for name, line in wanted.items() if name not in known
    ]
    if missing:
        added = run_sql(
            "crm.add_bare_products",
            store_id=batch.store_id,
            now=batch.now,
            **columns("external_id title category", missing),
        )
        known |= {row.external_id: KnownProduct(row.id, row.title, row.category) for row in added}
        batch.goods.update(row.id for row in added)
        _open_figures(row.id for row in added)
    return known


def _known_variants(
    batch: Batch, wanted: dict[str, LineData], products: dict[str, KnownProduct]
) -> dict[str, int]:
    if not wanted:
        return {}
    rows = run_sql("crm.find_variants", store_id=batch.store_id, external_ids=array(wanted))
    known = {row.external_id: row.id for row in rows}
    missing = [
        (name, products[line.product_external_id].id, line.sku)
        for name, line in wanted.items()
        if name not in known
    ]
    if missing:
        added = run_sql(
            "crm.add_bare_variants",
            store_id=batch.store_id,
            now=batch.now,
            **columns("external_id product_id sku", missing),
        )
        known |= {row.external_id: row.id for row in added}
    return known


def _find_products(batch: Batch, names: Iterable[str]) -> list[Any]:
    return run_sql("crm.find_products", store_id=batch.store_id, external_ids=array(names))


def _is_bare_deletion(record: ProductRecord) -> bool:
    """Say whether a record names no more than the id of a product that is gone."""
    return record.is_deleted and not record.title


def _is_past(batch: Batch, item: Item[ProductRecord], known: Any) -> bool:
    """Say whether a record is older than what is stored, or the end of what never was here."""
    if known is None:
        is_past = _is_bare_deletion(item.record)
    else:
        version = known.source_version_at
        is_past = version is not None and item.record.version_at < version
    if is_past:
        batch.outcomes[item.index] = UNCHANGED
    return is_past


def _with_known(item: Item[ProductRecord], known: Any) -> Item[ProductRecord]:
    """Let a deletion that names no more than the id keep what is known.

    The category that a member gave holds while the store names none.
    """
    if known is not None and not item.record.category and known.own_category:
        item = Item(item.index, replace(item.record, category=known.own_category))
    if known is None or not _is_bare_deletion(item.record):
        return item
    kept = replace(
        item.record,
        title=known.title,
        category=known.category,
        brand=known.brand,
        handle=known.handle,
        url=known.url,
        image_url=known.image_url,
        status=known.status,
        tags=known.tags,
        published_at=known.published_at,
    )
    return Item(item.index, kept)


def _differs(record: ProductRecord, known: Any) -> bool:
    if known is None or known.source_version_at is None:
        return True
    said = (
        record.title,
        record.category,
        record.brand,
        record.handle,
        record.url,
        record.image_url,
        record.status,
        list(record.tags),
        record.published_at,
        record.is_deleted,
    )
    stored = (
        known.title,
        known.category,
        known.brand,
        known.handle,
        known.url,
        known.image_url,
        known.status,
        known.tags,
        known.published_at,
        known.deleted_at is not None,
    )
    return said != stored


def _write_products(batch: Batch, items: Sequence[Item[ProductRecord]]) -> dict[str, int]:
    if not items:
        return {}
    rows = [_product_row(item.record) for item in items]
    written = run_sql(
        "crm.upsert_products",
        store_id=batch.store_id,
        now=batch.now,
        **columns(_COLUMNS, rows),
    )
    ids = {row.external_id: row.id for row in written}
    batch.goods.update(ids.values())
    _open_figures(ids.values())
    filled = run_sql("crm.fill_line_categories", ids=array(ids.values()))
    batch.regrouped.update(row.product_id for row in filled)
    batch.stale.update(row.profile_id for row in filled if row.profile_id is not None)
    return ids


def _open_figures(product_ids: Iterable[int]) -> None:
    """Give products their row of zeros, so that lists by figures have new ones at once."""
    run_sql("crm.open_figures", ids=array(product_ids))


def _product_row(record: ProductRecord) -> tuple[Any, ...]:
    return (
        record.external_id,
        record.title,
        record.category,
        record.brand,
        record.handle,
        record.url,
        record.image_url,
        record.status,
        array(record.tags),
        record.published_at,
        record.version_at if record.is_deleted else None,
        record.version_at,
    )


def _write_variants(
    batch: Batch, items: Sequence[Item[ProductRecord]], product_ids: dict[str, int]
) -> set[int]:
    """Write the variants of products; returns the products of those that changed."""
    changed = write_variants(
        batch,
        [
            (variant, product_ids[item.record.external_id], item.record.version_at)
            for item in items
            for variant in item.record.variants
        ],
    )
    return set(changed.values())


def write_variants(
    batch: Batch, variants: Sequence[tuple[VariantData, int, datetime]]
) -> dict[str, int]:
    """Write variants with the ids of their products and the versions of what is told, and stock.

    Returns:
        The products of those that are new or changed, by the store's id of the variant.
    """
    rows = {
        variant.external_id: _variant_row(variant, product_id)
        for variant, product_id, _ in variants
        if variant.external_id
    }
    if not rows:
        return {}
    names = "external_id product_id sku title price_minor compare_at_minor currency"
    written = run_sql(
        "crm.upsert_variants",
        store_id=batch.store_id,
        now=batch.now,
        **columns(names, list(rows.values())),
    )
    note_prices(batch, written)
    batch.goods.update(row.product_id for row in written)
    changed = {row.external_id: row.product_id for row in written}
    return changed | tell_variants(batch, [(variant, at) for variant, _, at in variants])


def _variant_row(variant: VariantData, product_id: int) -> tuple[Any, ...]:
    return (
        variant.external_id,
        product_id,
        variant.sku,
        variant.title,
        variant.price_minor,
        _reduced_from(variant),
        variant.currency,
    )


def _reduced_from(variant: VariantData) -> int | None:
    """Return the compare-at price where it is above the price: else nothing is reduced."""
    price, compared = variant.price_minor, variant.compare_at_minor
    return None if price is None or compared is None or compared <= price else compared
