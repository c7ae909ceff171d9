"""Orders with credit memos and parcels, which a pull puts beside them.

A configurable or bundled product is two lines or more of an order: what was bought, and below it
what it is made of. The first is the line; the others say which variant it is, and are not counted.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_CEILING, Decimal, InvalidOperation
from typing import Final

from crm.types import LineData, OrderRecord, Record, RefundRecord, ShipmentRecord
from kernel.money import average
from stores.errors import Untranslatable
from stores.platforms.fields import (
    Json,
    child,
    children,
    currency,
    identifier,
    money,
    text,
    whole,
)
from stores.platforms.magento.customers import read_buyer
from stores.platforms.magento.reading import moment, read_address
from stores.types import Delivery, StoreContext, Translation

CANCELLED, CLOSED, COMPLETE = "canceled", "closed", "complete"
CONFIGURABLE: Final = "configurable"
MEMO_CANCELLED: Final = "3"


@dataclass(frozen=True, slots=True)
class _Purse:
    """In what an order is worded.

    Attributes:
        base: currency of the shop's books where that is another one; else empty.
    """

    code: str
    base: str

    def in_base(self, item: Json, name: str) -> int | None:
        """Return the amount of a field in the currency of the shop's books."""
        return money(item, f"base_{name}", self.base) if self.base else None


def translate_order(payload: Json, delivery: Delivery, store: StoreContext) -> Translation:
    """Read ``{"order": …, "creditmemos": […], "shipments": […]}``."""
    order = child(payload, "order")
    code = currency(order, "order_currency_code", store.currency)
    base = text(order, "base_currency_code").upper()
    purse = _Purse(code, currency(order, "base_currency_code") if base not in ("", code) else "")
    record = _read_order(order, purse, delivery.arrived_at)
    return Translation(
        [
            record,
            *_read_refunds(payload, record, purse),
            *_read_shipments(payload, record),
        ]
    )


def _read_order(order: Json, purse: _Purse, arrived_at: datetime) -> OrderRecord:
    external_id = identifier(order, "entity_id")
    ordered_at = moment(order, "created_at")
    if ordered_at is None:
        raise Untranslatable("created_at is missing")
    version_at = moment(order, "updated_at") or arrived_at
    state = text(order, "state")
    billing, shipping = child(order, "billing_address"), _shipping_address(order)
    place = read_address(shipping) if text(shipping, "country_id") else read_address(billing)
    lines = _read_lines(order, purse)
    buyer = read_buyer(order, billing, shipping)
    return OrderRecord(
        external_id=external_id,
        number=text(order, "increment_id") or external_id,
        version_at=version_at,
        ordered_at=ordered_at,
        currency=purse.code,
        gross_minor=money(order, "grand_total", purse.code, required=True),
        base_currency=purse.base,
        base_gross_minor=purse.in_base(order, "grand_total"),
        subtotal_minor=sum(line.total_minor for line in lines),
        discount_minor=abs(money(order, "discount_amount", purse.code)),
        shipping_minor=money(order, "shipping_amount", purse.code),
        tax_minor=money(order, "tax_amount", purse.code),
        lines=lines,
        customer=buyer,
        email=buyer.email if buyer else "",
        phone=buyer.phone if buyer else "",
        financial_status=_payment(order, state),
        fulfillment_status="fulfilled" if state == COMPLETE else "",
        cancelled_at=version_at if state == CANCELLED else None,
        channel="web" if text(order, "remote_ip") else "",
        payment_names=[text(child(order, "payment"), "method")],
        country=place.country,
        city=place.city,
        discount_codes=[code] if (code := text(order, "coupon_code")) else [],
    )


def _payment(order: Json, state: str) -> str:
    if _is_positive(order, "total_refunded"):
        return "refunded" if state == CLOSED else "partially_refunded"
    is_paid = _is_positive(order, "total_paid") and not _is_positive(order, "total_due")
    return "paid" if is_paid or state == COMPLETE else "pending"


def _is_positive(payload: Json, name: str) -> bool:
    return _number(payload, name) > 0


def _number(payload: Json, name: str) -> Decimal:
    try:
        return Decimal(text(payload, name) or "0")
    except InvalidOperation as exc:
        raise Untranslatable(f"{name}: {text(payload, name)[:60]!r} is not a number") from exc


def _shipping_address(order: Json) -> Json:
    assignments = children(child(order, "extension_attributes"), "shipping_assignments")
    return child(child(assignments[0], "shipping"), "address") if assignments else {}


def _read_lines(order: Json, purse: _Purse) -> list[LineData]:
    items = children(order, "items")
    parts: dict[str, list[Json]] = defaultdict(list)
    for item in items:
        parts[_parent(item)].append(item)
    has_tax_inside = any(_is_priced_with_tax(item) for item in items)
    lines = [
        _read_line(place, item, parts[text(item, "item_id")], purse, has_tax_inside=has_tax_inside)
        for place, item in enumerate(parts[""], start=1)
    ]
    return [line for line in lines if line.quantity > 0]


def _parent(item: Json) -> str:
    return text(item, "parent_item_id") or text(child(item, "parent_item"), "item_id")


def _is_priced_with_tax(item: Json) -> bool:
    """Say whether the price of the catalogue is the one with tax; the shop does not say it."""
    given, bare = _number(item, "original_price"), _number(item, "price")
    with_tax = _number(item, "price_incl_tax")
    return with_tax != bare and abs(given - with_tax) < abs(given - bare)


def _read_line(
    place: int, item: Json, parts: list[Json], purse: _Purse, *, has_tax_inside: bool
) -> LineData:
    quantity = _quantity(item, "qty_ordered")
    name = "row_total_incl_tax" if has_tax_inside else "row_total"
    worth = money(item, name, purse.code) or sum(money(part, name, purse.code) for part in parts)
    off = money(item, "discount_amount", purse.code) or sum(
        money(part, "discount_amount", purse.code) for part in parts
    )
    total = max(0, worth - abs(off))
    product_id = text(item, "product_id")
    return LineData(
        line_key=text(item, "item_id") or f"place:{place}",
        position=place,
        quantity=quantity,
        unit_price_minor=average(worth, quantity) or 0,
        discount_minor=worth - total,
        total_minor=total,
        sku=text(item, "sku"),
        title=text(item, "name"),
        product_external_id=product_id,
        variant_external_id=_variant(product_id, item, parts),
    )


def _variant(product_id: str, item: Json, parts: list[Json]) -> str:
    """Return which variant a line is: of a configurable product the simple one below it."""
    if text(item, "product_type") == CONFIGURABLE and parts:
        return variant_of(product_id, text(parts[0], "product_id"))
    return product_id


def variant_of(product_id: str, part_id: str) -> str:
    """Return the id of a simple product as a variant of a configurable one.

    A simple product may be sold by itself as well, so that its own id is taken.
    """
    return f"{product_id}-{part_id}" if part_id else product_id


def _quantity(item: Json, name: str) -> int:
    """Return how many were bought; of what is sold by weight begun units."""
    counted = _number(item, name).to_integral_value(ROUND_CEILING)
    return whole({name: str(counted)}, name)


def _read_refunds(payload: Json, order: OrderRecord, purse: _Purse) -> list[Record]:
    records: list[Record] = []
    for item in children(payload, "creditmemos"):
        if text(item, "state") == MEMO_CANCELLED:
            continue
        at = moment(item, "created_at")
        comments = [text(each, "comment") for each in children(item, "comments")]
        records.append(
            RefundRecord(
                external_id=identifier(item, "entity_id"),
                version_at=max(order.version_at, moment(item, "updated_at") or order.version_at),
                refunded_at=at or order.version_at,
                is_dated=at is not None,
                currency=purse.code,
                amount_minor=money(item, "grand_total", purse.code, required=True),
                base_currency=purse.base,
                base_amount_minor=purse.in_base(item, "grand_total"),
                order_external_id=order.external_id,
                note=next((comment for comment in comments if comment), ""),
                lines=[
                    {"line_key": text(each, "order_item_id"), "quantity": str(quantity)}
                    for each in children(item, "items")
                    if (quantity := _quantity(each, "qty")) > 0
                    and any(line.line_key == text(each, "order_item_id") for line in order.lines)
                ],
            )
        )
    return records


def _read_shipments(payload: Json, order: OrderRecord) -> list[Record]:
    """Read parcels. Magento tells no arrival, so that none counts as delivered."""
    records: list[Record] = []
    for item in children(payload, "shipments"):
        tracks = children(item, "tracks")
        track = tracks[0] if tracks else {}
        at = moment(item, "created_at")
        records.append(
            ShipmentRecord(
                external_id=identifier(item, "entity_id"),
                version_at=max(order.version_at, moment(item, "updated_at") or order.version_at),
                order_external_id=order.external_id,
                status="shipped",
                carrier=text(track, "title") or text(track, "carrier_code"),
                tracking_number=text(track, "track_number"),
                shipped_at=at,
            )
        )
    return records
