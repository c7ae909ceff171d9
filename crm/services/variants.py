"""Variants that stores tell of by themselves, one at a time."""

from collections.abc import Sequence

from crm.services.batch import UNCHANGED, UPDATED, Batch, Item
from crm.services.products import find_or_add, write_variants
from crm.types import LineData, VariantRecord


def apply_variants(batch: Batch, items: Sequence[Item[VariantRecord]]) -> None:
    """Write variants of a batch; a product that is not known yet becomes a bare row."""
    newest = batch.newest(items, lambda record: record.variant.external_id)
    if not newest:
        return
    records = [item.record for item in newest.values()]
    known = find_or_add(batch, (_as_line(record) for record in records)).products
    changed = write_variants(
        batch,
        [
            (record.variant, known[record.product_external_id].id, record.version_at)
            for record in records
        ],
    )
    for name, item in newest.items():
        batch.outcomes[item.index] = UPDATED if name in changed else UNCHANGED


def _as_line(record: VariantRecord) -> LineData:
    return LineData(
        line_key="",
        position=0,
        quantity=0,
        unit_price_minor=0,
        total_minor=0,
        title=record.title,
        product_external_id=record.product_external_id,
    )
