"""Orders that their store deleted: they end as cancelled, and stay in the history."""

from collections.abc import Sequence

from crm.services.batch import UNCHANGED, UPDATED, Batch, Item
from crm.types import OrderDeletionRecord, OrderRecord
from kernel import money
from kernel.arrays import columns
from kernel.sql import run_sql


def apply_deletions(
    batch: Batch,
    items: Sequence[Item[OrderDeletionRecord]],
    told: Sequence[Item[OrderRecord]],
) -> list[int]:
    """Cancel known orders that were deleted; an unknown one, and a cancelled one, stay as they are.

    Args:
        batch: whose orders are written.
        items: the deletions.
        told: the orders of the batch; a newer version behind its deletion takes that back.

    Returns:
        Ids of the orders that are cancelled by it.
    """
    newest = batch.newest(items, lambda record: record.external_id)
    for name in [name for name, item in newest.items() if _is_taken_back(item, told)]:
        batch.outcomes[newest.pop(name).index] = UNCHANGED
    if not newest:
        return []
    asked = [(name, item.record.version_at) for name, item in newest.items()]
    cancelled = run_sql(
        "crm.cancel_orders",
        store_id=batch.store_id,
        now=batch.now,
        **columns("external_ids times", asked),
    )
    for item in newest.values():
        batch.outcomes[item.index] = UNCHANGED
    for row in cancelled:
        batch.outcomes[newest[row.external_id].index] = UPDATED
        if not row.is_test:
            batch.add_event(
                "Order Cancelled",
                row.cancelled_at,
                profile_id=row.profile_id,
                object_id=row.id,
                properties={
                    "number": row.number or row.external_id,
                    "total": money.to_text(row.gross_minor, row.currency),
                    "currency": row.currency,
                },
                dedupe_key=f"order_cancelled:{row.id}:{int(row.cancelled_at.timestamp())}",
            )
    return [row.id for row in cancelled]


def _is_taken_back(item: Item[OrderDeletionRecord], told: Sequence[Item[OrderRecord]]) -> bool:
    same = [each for each in told if each.record.external_id == item.record.external_id]
    before = [each.record.version_at for each in same if each.index < item.index]
    after = [each.record.version_at for each in same if each.index > item.index]
    return bool(after) and (not before or max(after) > max(before))
