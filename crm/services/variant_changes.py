"""History of prices and stock: a new price, and that a variant ran out or came back."""

from collections.abc import Sequence
from typing import Any

from crm.choices import ChangeOfVariant
from crm.models import VariantChange
from crm.services.batch import Batch
from kernel.money import to_text


def note_prices(batch: Batch, rows: Sequence[Any]) -> None:
    """Keep new prices of known variants, and say which dropped.

    Args:
        batch: the ingest; its row of the store is locked, so each change is seen once.
        rows: variants that were written, with price and currency before and now.
    """
    changed = [
        row
        for row in rows
        if None not in (row.price_before, row.price_minor)
        and row.price_before != row.price_minor
        and row.currency_before == row.currency
    ]
    _keep(
        batch,
        ChangeOfVariant.PRICE,
        [(row, row.price_before, row.price_minor, row.currency) for row in changed],
    )
    for row in changed:
        if row.price_minor < row.price_before:
            prices = (row.price_before, row.price_minor)
            before, after = (to_text(minor, row.currency) for minor in prices)
            _say(batch, "Price Dropped", row, before=before, after=after, currency=row.currency)


def note_stock(batch: Batch, rows: Sequence[Any]) -> None:
    """Keep which variants ran out or came back, and say which came back.

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
        batch,
        ChangeOfVariant.STOCK,
        [(row, row.quantity_before, row.quantity, "") for row in crossed],
    )
    for row in crossed:
        if row.quantity > 0:
            _say(batch, "Back In Stock", row, pieces=row.quantity)


def _keep(
    batch: Batch, what: ChangeOfVariant, changes: Sequence[tuple[Any, int, int, str]]
) -> None:
    VariantChange.objects.bulk_create(
        VariantChange(
            product_id=row.product_id,
            variant_id=row.id,
            what=what,
            before=before,
            after=after,
            currency=currency,
            at=batch.now,
        )
        for row, before, after, currency in changes
    )


def _say(batch: Batch, name: str, row: Any, **said: object) -> None:
    """Note an event of a variant, which is nobody's: whoever waits for it asks by the variant."""
    properties = {"product_id": str(row.product_id), "variant": row.external_id, "sku": row.sku}
    batch.add_event(
        name, batch.now, profile_id=None, object_id=row.id, properties={**properties, **said}
    )
