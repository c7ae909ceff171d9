"""Orders of a batch: which are new, what changed, their lines, and the events they make."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from crm.choices import OrderChannel
from crm.domain.purchases import (
    digest_of_order,
    has_bought_line,
    is_counted,
    with_distinct_keys,
)
from crm.domain.sales import channel_of, payment_of
from crm.services.batch import NEW, UNCHANGED, UPDATED, Batch, Item
from crm.services.claims import Claim
from crm.services.ids import allocate_ids
from crm.services.products import Catalogue, KnownProduct, find_or_add
from crm.services.rates import Converter
from crm.types import LineData, OrderRecord
from kernel import money
from kernel.arrays import array, columns
from kernel.sql import run_sql

ITEMS_IN_EVENT = 20
"""Lines that an event names; the order has them all."""

_COLUMNS = (
    "id external_id number profile_id ordered_at email phone currency gross_minor subtotal_minor "
    "discount_minor shipping_minor tax_minor base_gross_minor financial_status fulfillment_status "
    "cancelled_at is_test has_bought_line is_counted channel country city discount_codes "
    "attribution payment_method payment_name checkout_token source_version_at source_hash is_erased"
)
_LINE_COLUMNS = (
    "order_id line_key position product_id variant_id sku title category quantity "
    "unit_price_minor discount_minor total_minor"
)


@dataclass(slots=True, eq=False)
class OrderChange:
    """An order that a batch writes; ``known`` is its row before, None when it is new."""

    item: Item[OrderRecord]
    known: Any
    digest: str
    claim: Claim | None = None
    order_id: int = 0
    profile_id: int | None = None

    @property
    def record(self) -> OrderRecord:
        """What the store says."""
        return self.item.record

    @property
    def is_erased(self) -> bool:
        """Whether whose it is has been erased, and nobody else was named since."""
        if self.profile_id is not None:
            return False
        return self.names_erased or (self.known is not None and self.known.is_erased)

    @property
    def names_erased(self) -> bool:
        """Whether the store names somebody who was erased."""
        return self.claim is not None and self.claim.is_blocked

    @property
    def has_codes(self) -> bool:
        """Whether a discount code stands on it, or stood there before."""
        return bool(self.record.discount_codes or (self.known and self.known.has_codes))


def find_changes(batch: Batch, items: Sequence[Item[OrderRecord]]) -> list[OrderChange]:
    """Return the orders that are new or say something new; the others end as unchanged.

    A version older than what is stored changes nothing; an equal or newer one with the same
    content only moves the version.
    """
    newest = batch.newest(items, lambda record: record.external_id)
    if not newest:
        return []
    rows = run_sql("crm.find_orders", store_id=batch.store_id, external_ids=array(newest))
    known = {row.external_id: row for row in rows}
    changes: list[OrderChange] = []
    touched: list[tuple[int, Any]] = []
    for name, item in newest.items():
        row = known.get(name)
        change = OrderChange(item, row, digest_of_order(item.record))
        if row is None:
            batch.outcomes[item.index] = NEW
            changes.append(change)
        elif item.record.version_at < row.source_version_at:
            batch.outcomes[item.index] = UNCHANGED
        elif change.digest == row.source_hash:
            batch.outcomes[item.index] = UNCHANGED
            if item.record.version_at > row.source_version_at:
                touched.append((row.id, item.record.version_at))
        else:
            batch.outcomes[item.index] = UPDATED
            changes.append(change)
    if touched:
        run_sql("crm.touch_orders", **columns("ids versions", touched))
    return changes


def write_orders(batch: Batch, changes: Sequence[OrderChange]) -> None:
    """Write orders whose claims are resolved, with their lines, and note their events."""
    if not changes:
        return
    _number(changes)
    converter = Converter(
        batch, [(each.record.currency, each.record.ordered_at) for each in changes]
    )
    rows = [_row(change, converter) for change in changes]
    run_sql(
        "crm.upsert_orders",
        store_id=batch.store_id,
        is_backfill=batch.is_backfill,
        now=batch.now,
        **columns(_COLUMNS, rows),
    )
    catalogue = find_or_add(batch, (line for each in changes for line in each.record.lines))
    _write_lines(changes, catalogue)
    _hand_over(batch, changes)
    batch.refunded.update(each.order_id for each in changes if each.known is not None)
    for change in changes:
        _note_events(batch, change, catalogue)


def _number(changes: Sequence[OrderChange]) -> None:
    new_ids = iter(allocate_ids("crm_order", sum(1 for each in changes if each.known is None)))
    for change in changes:
        claimed = change.claim.profile_id if change.claim else None
        if change.known is None:
            change.order_id, change.profile_id = next(new_ids), claimed
        else:
            change.order_id = change.known.id
            change.profile_id = change.known.profile_id if claimed is None else claimed


def _row(change: OrderChange, converter: Converter) -> tuple[Any, ...]:
    order, claim = change.record, change.claim
    is_hidden = change.is_erased or change.names_erased
    given = (order.base_currency.upper(), order.base_gross_minor)
    return (
        change.order_id,
        order.external_id,
        order.number,
        change.profile_id,
        order.ordered_at,
        _email_of(claim, order) if claim and not is_hidden else "",
        (claim.phone or order.phone) if claim and not is_hidden else "",
        order.currency,
        order.gross_minor,
        order.subtotal_minor,
        order.discount_minor,
        order.shipping_minor,
        order.tax_minor,
        converter.convert(order.gross_minor, order.currency, order.ordered_at, given),
        order.financial_status,
        order.fulfillment_status,
        order.cancelled_at,
        order.is_test,
        has_bought_line(order),
        is_counted(order),
        channel_of(order.channel),
        order.country,
        "" if is_hidden else order.city,
        array(order.discount_codes),
        dict(order.attribution) if order.attribution else None,
        *payment_of(order.payment_names),
        order.checkout_token,
        order.version_at,
        change.digest,
        change.is_erased,
    )


def _email_of(claim: Claim, order: OrderRecord) -> str:
    """Return the address to show; where nothing says whose order it is, also a malformed one.

    A member may say later what it was meant to be (`crm.services.strays`).
    """
    return claim.email or ("" if claim.keys else order.email.strip())


def _write_lines(changes: Sequence[OrderChange], catalogue: Catalogue) -> None:
    rows = [
        _line_row(change.order_id, line, catalogue)
        for change in changes
        for line in with_distinct_keys(change.record.lines)
    ]
    changed = {change.order_id for change in changes if change.known is not None}
    if changed:
        kept = [row[:2] for row in rows if row[0] in changed]
        run_sql("crm.drop_lines", ids=array(changed), **columns("order_ids line_keys", kept))
    if rows:
        run_sql("crm.upsert_lines", **columns(_LINE_COLUMNS, rows))


_UNNAMED = KnownProduct(0, "", "")


def _line_row(order_id: int, line: LineData, catalogue: Catalogue) -> tuple[Any, ...]:
    product = catalogue.products.get(line.product_external_id, _UNNAMED)
    return (
        order_id,
        line.line_key,
        line.position,
        product.id or None,
        catalogue.variants.get(line.variant_external_id) if product.id else None,
        line.sku,
        line.title or product.title,
        line.category or product.category,
        line.quantity,
        line.unit_price_minor,
        line.discount_minor,
        line.total_minor,
    )


def _hand_over(batch: Batch, changes: Sequence[OrderChange]) -> None:
    """Let refunds follow orders that changed hands, and mark who lost one."""
    moved = [
        (change.order_id, change.profile_id)
        for change in changes
        if change.known is not None and change.known.profile_id != change.profile_id
    ]
    if not moved:
        return
    run_sql("crm.hand_over_refunds", **columns("ids profile_ids", moved))
    batch.stale.update(
        change.known.profile_id
        for change in changes
        if change.known is not None and change.known.profile_id is not None
    )


def _note_events(batch: Batch, change: OrderChange, catalogue: Catalogue) -> None:
    order = change.record
    if order.is_test and (change.known is None or change.known.is_test):
        return
    is_new = change.known is None
    was_cancelled = not is_new and change.known.cancelled_at is not None
    properties = _describe(order, catalogue)
    if is_new:
        _note(batch, change, "Order Placed", properties)
    if order.cancelled_at is not None and not was_cancelled:
        _note(batch, change, "Order Cancelled", properties)
    elif not is_new:
        _note(batch, change, "Order Updated", properties)


def _note(batch: Batch, change: OrderChange, name: str, properties: dict[str, Any]) -> None:
    order = change.record
    at, key = batch.now, ""
    if name == "Order Placed":
        at, key = order.ordered_at, f"order_placed:{change.order_id}"
    elif order.cancelled_at is not None and name == "Order Cancelled":
        at = order.cancelled_at
        key = f"order_cancelled:{change.order_id}:{int(at.timestamp())}"
    batch.add_event(
        name,
        at,
        profile_id=change.profile_id,
        object_id=change.order_id,
        properties=properties,
        dedupe_key=key,
    )


def _describe(order: OrderRecord, catalogue: Catalogue) -> dict[str, Any]:
    """Return what people and filters need of an order."""
    described: dict[str, Any] = {
        "number": order.number or order.external_id,
        "total": money.to_text(order.gross_minor, order.currency),
        "currency": order.currency,
        "items": [_describe_line(line, catalogue) for line in order.lines[:ITEMS_IN_EVENT]],
    }
    described |= _name_goods(order.lines[:ITEMS_IN_EVENT], catalogue)
    if channel := channel_of(order.channel):
        described["channel"] = channel
    if channel == OrderChannel.POS:
        described["at_till"] = True
    method, name = payment_of(order.payment_names)
    if method:
        described |= {"payment_method": method, "payment_name": name}
    if order.discount_codes:
        described["discount_codes"] = list(order.discount_codes)
    return described


def _name_goods(lines: Sequence[LineData], catalogue: Catalogue) -> dict[str, list[str]]:
    """Return the ids at the store of what was bought, and what it is, for flows that ask for it."""
    ids = dict.fromkeys(line.product_external_id for line in lines if line.product_external_id)
    known = [catalogue.products[each] for each in ids if each in catalogue.products]
    flags = sorted({flag for product in known for flag in product.flags})
    said = {"product_ids": list(ids), "product_flags": flags}
    return {name: listed for name, listed in said.items() if listed}


def _describe_line(line: LineData, catalogue: Catalogue) -> dict[str, Any]:
    product = catalogue.products.get(line.product_external_id, _UNNAMED)
    item: dict[str, Any] = {"title": line.title or product.title, "quantity": line.quantity}
    if line.sku:
        item["sku"] = line.sku
    if category := line.category or product.category:
        item["category"] = category
    return item
