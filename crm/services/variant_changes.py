"""History of prices and stock: a new price, and that a variant ran out or came back."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from crm.choices import ChangeOfVariant
from crm.domain.stock_marks import passes_mark
from crm.models import VariantChange
from crm.services.batch import Batch
from kernel.money import to_text


def note_prices(batch: Batch, rows: Sequence[Any]) -> None:
    """Keep new prices of known variants, and say which dropped.

    Args:
        batch: the ingest; its row of the store is locked, so each change is seen once.
        rows: variants that were written, with price and currency before and now.
    """
    for row in keep_prices(rows, batch.now):
        if row.price_minor < row.price_before:
            prices = (row.price_before, row.price_minor)
            before, after = (to_text(minor, row.currency) for minor in prices)
            _say(batch, "Price Dropped", row, before=before, after=after, currency=row.currency)


def keep_prices(rows: Sequence[Any], now: datetime) -> list[Any]:
    """Keep new prices of variants in their history, and return those whose price is another."""
    changed = [
        row
        for row in rows
        if None not in (row.price_before, row.price_minor)
        and row.price_before != row.price_minor
        and row.currency_before == row.currency
    ]
    prices = [(row, row.price_before, row.price_minor, row.currency) for row in changed]
    _keep(now, ChangeOfVariant.PRICE, prices)
    _keep(now, ChangeOfVariant.COMPARE_AT, _compared(rows))
    return changed


def _compared(rows: Sequence[Any]) -> list[tuple[Any, int, int, str]]:
    """Return which compare-at prices of known variants are new, came or went; 0 is none."""
    return [
        (row, row.compare_before or 0, row.compare_at_minor or 0, row.currency)
        for row in rows
        if row.currency_before == row.currency and row.compare_before != row.compare_at_minor
    ]


def note_stock(batch: Batch, rows: Sequence[Any]) -> None:
    """Keep which variants ran out or came back, and say which came back or run low.

    Args:
        batch: the ingest.
        rows: variants whose stock changed, with what was left before and what is left now.
    """
    crossed = [
        row
        for row in rows
        if None not in (row.quantity_before, row.quantity)
        and (row.quantity_before > 0) != (row.quantity > 0)
    ]
    _keep(
        batch.now,
        ChangeOfVariant.STOCK,
        [(row, row.quantity_before, row.quantity, "") for row in crossed],
    )
    for row in crossed:
        if row.quantity > 0:
            _say(batch, "Back In Stock", row, pieces=row.quantity)
    for row in rows:
        if None not in (row.quantity_before, row.quantity) and passes_mark(
            row.quantity_before, row.quantity
        ):
            _say(batch, "Stock Low", row, before=row.quantity_before, pieces=row.quantity)


def _keep(
    now: datetime, what: ChangeOfVariant, changes: Sequence[tuple[Any, int, int, str]]
) -> None:
    VariantChange.objects.bulk_create(
        VariantChange(
            product_id=row.product_id,
            variant_id=row.id,
            what=what,
            before=before,
            after=after,
            currency=currency,
            at=now,
        )
        for row, before, after, currency in changes
    )


def _say(batch: Batch, name: str, row: Any, **said: object) -> None:
    """Note an event of a variant, which is nobody's: whoever waits for it asks by the variant."""
    properties = {"product_id": str(row.product_id), "variant": row.external_id, "sku": row.sku}
    batch.add_event(
        name, batch.now, profile_id=None, object_id=row.id, properties={**properties, **said}
    )
