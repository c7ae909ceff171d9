"""What an order record means. Pure."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from crm.domain.sales import payment_of
from crm.types import LineData, OrderRecord

COUNTED_DAYS = 90
"""What a product sold is counted for so many days, the present one included."""


def digest_of_order(order: OrderRecord) -> str:
    """Return a digest of what a record says apart from its version: an equal one is no news."""
    customer = order.customer
    content = (
        order.number,
        order.ordered_at.timestamp(),
        order.currency,
        order.gross_minor,
        order.subtotal_minor,
        order.discount_minor,
        order.shipping_minor,
        order.tax_minor,
        order.base_currency,
        order.base_gross_minor,
        order.financial_status,
        order.fulfillment_status,
        order.cancelled_at and order.cancelled_at.timestamp(),
        order.is_test,
        order.is_voided,
        order.channel,
        order.country,
        order.city,
        tuple(order.discount_codes),
        sorted((order.attribution or {}).items()),
        payment_of(order.payment_names),
        order.email or (customer and customer.email),
        order.phone or (customer and customer.phone),
        customer and customer.external_id,
        [
            (
                line.line_key,
                line.position,
                line.quantity,
                line.unit_price_minor,
                line.total_minor,
                line.discount_minor,
                line.sku,
                line.title,
                line.category,
                line.product_external_id,
                line.variant_external_id,
            )
            for line in order.lines
        ],
    )
    return digest(content)


def digest(content: Any) -> str:
    """Return a short digest of plain values."""
    return hashlib.blake2b(repr(content).encode("utf-8", "replace"), digest_size=12).hexdigest()


def has_bought_line(order: OrderRecord) -> bool:
    """Say whether anything was bought at all."""
    return any(line.quantity > 0 for line in order.lines)


def is_counted(order: OrderRecord) -> bool:
    """Say whether figures count an order: no test, not cancelled, not voided, something bought."""
    return (
        not order.is_test
        and order.cancelled_at is None
        and not order.is_voided
        and has_bought_line(order)
    )


def with_distinct_keys(lines: Sequence[LineData]) -> Sequence[LineData]:
    """Return lines whose keys are distinct: a repeated key gets its turn behind it."""
    if len({line.line_key for line in lines}) == len(lines):
        return lines
    turns: dict[str, int] = {}
    distinct = []
    for line in lines:
        turn = turns[line.line_key] = turns.get(line.line_key, 0) + 1
        distinct.append(line if turn == 1 else replace(line, line_key=f"{line.line_key}#{turn}"))
    return distinct
