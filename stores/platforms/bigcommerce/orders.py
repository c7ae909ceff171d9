"""Orders of V2 with what hangs on them: lines, coupons, refunds, parcels.

Money is in the currency that was paid in (``default_currency_code``); what the shopper was shown
may have been another. BigCommerce words each amount with and without tax, and says which of the two
is exact; the other is an estimate with four digits.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from crm.types import (
    LineData,
    OrderDeletionRecord,
    OrderRecord,
    Record,
    RefundRecord,
    ShipmentRecord,
)
from kernel.money import average, convert, is_currency
from stores.errors import Untranslatable
from stores.platforms.bigcommerce.customers import read_buyer
from stores.platforms.bigcommerce.reading import moment, read_address, reference
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
from stores.types import Delivery, StoreContext, Translation

INCOMPLETE: Final = 0
SHIPPED, PARTIALLY_SHIPPED, REFUNDED, CANCELLED, DECLINED, COMPLETED = 2, 3, 4, 5, 6, 10
NO_ORDER_YET: Final = "The checkout is not finished, so there is no order yet"
PAID: Final = ("captured", "paid")
PAID_STATES: Final = (SHIPPED, PARTIALLY_SHIPPED, 8, 9, COMPLETED, 11)
"""States that BigCommerce gives an order when the money has come."""
MAX_DEPTH: Final = 4


@dataclass(frozen=True, slots=True)
class _Purse:
    """In what an order is worded.

    Attributes:
        base: currency of the shop, where it told a rate; else empty.
        rate: of the order's currency in the shop's, so many of the one for one of the other.
    """

    code: str
    tax_word: str
    base: str
    rate: Decimal

    def worth(self, item: Json, name: str) -> int:
        """Return an amount as the shopper saw it, in minor units."""
        return money(item, f"{name}_{self.tax_word}", self.code)

    def in_base(self, minor: int) -> int | None:
        """Return an amount in the currency of the shop; None where that is the same or unknown."""
        if not self.base:
            return None
        return convert(minor, source=self.code, target=self.base, rate=1 / self.rate)


def translate_order(payload: Json, delivery: Delivery, store: StoreContext) -> Translation:
    """Read an order that was fetched: ``{"order": …, "products": […], "refunds": […], …}``."""
    order = child(payload, "order")
    if whole(order, "status_id") == INCOMPLETE:
        return Translation(ignored=NO_ORDER_YET)
    purse = _read_purse(order, store)
    record = _read_order(payload, order, purse, delivery.arrived_at)
    return Translation(
        [
            record,
            *_read_refunds(payload, record, purse),
            *_read_shipments(payload, record),
        ]
    )


def translate_gone(payload: Json, delivery: Delivery, store: StoreContext) -> Translation:
    """Read that an order is gone: its page answers 404."""
    record = OrderDeletionRecord(external_id=identifier(payload), version_at=delivery.arrived_at)
    return Translation([record])


def read_total(order: Json, store: StoreContext) -> tuple[str, int]:
    """Return the currency that an order was paid in and its total, as it is kept here."""
    code = _read_purse(order, store).code
    return code, money(order, "total_inc_tax", code, required=True)


def lines_of(order: Json) -> list[Any]:
    """Return the lines inside the consignments of an order, in both structures there are.

    BigCommerce puts them into parcels, downloads, pick-ups and gift certificates; without
    ``include=consignments.line_items`` there are addresses in their place, which are left out.
    """
    found = {text(each, "id"): each for each in _walk(order.get("consignments"), 0)}
    return list(found.values())


def has_coupons(order: Json) -> bool:
    """Say whether it is worth while to ask for the coupons of an order."""
    return any(_is_positive(text(order, name)) for name in ("coupon_discount", "discount_amount"))


def is_refunded(order: Json) -> bool:
    """Say whether money of an order went back, so that it is worth while to ask for refunds."""
    if "refunded" in text(order, "payment_status").lower():
        return True
    return text(order, "status_id") in {"4", "14"} or _is_positive(text(order, "refunded_amount"))


def is_shipped(order: Json) -> bool:
    """Say whether an order has parcels."""
    return _is_positive(text(order, "items_shipped"))


def _walk(found: Any, depth: int) -> Iterator[Json]:
    if depth > MAX_DEPTH:
        return
    if isinstance(found, list):
        for each in found:
            yield from _walk(each, depth)
    elif isinstance(found, dict):
        for name, inner in found.items():
            if name == "line_items":
                items = inner if isinstance(inner, list) else [inner]
                yield from (each for each in items if isinstance(each, dict) and "quantity" in each)
            else:
                yield from _walk(inner, depth + 1)


def _is_positive(found: str) -> bool:
    try:
        return Decimal(found or "0") > 0
    except InvalidOperation:
        return False


def _read_purse(order: Json, store: StoreContext) -> _Purse:
    paid_in = "default_currency_code" if text(order, "default_currency_code") else "currency_code"
    code = currency(order, paid_in, store.currency)
    base = text(order, "store_default_currency_code").upper()
    rate = text(order, "store_default_to_transactional_exchange_rate")
    has_base = is_currency(base) and base != code and _is_positive(rate)
    return _Purse(
        code=code,
        tax_word="inc_tax" if order.get("is_tax_inclusive_pricing") is True else "ex_tax",
        base=base if has_base else "",
        rate=Decimal(rate) if has_base else Decimal(1),
    )


def _read_order(payload: Json, order: Json, purse: _Purse, arrived_at: datetime) -> OrderRecord:
    external_id = identifier(order)
    ordered_at = moment(order, "date_created")
    if ordered_at is None:
        raise Untranslatable("date_created is missing")
    version_at = moment(order, "date_modified") or arrived_at
    state = whole(order, "status_id")
    lines = _read_lines(payload, purse)
    gross = money(order, "total_inc_tax", purse.code, required=True)
    billing, places = child(order, "billing_address"), children(payload, "shipping_addresses")
    place = read_address(places[0]) if places else read_address(billing)
    buyer = read_buyer(order, places)
    return OrderRecord(
        external_id=external_id,
        number=external_id,
        version_at=version_at,
        ordered_at=ordered_at,
        currency=purse.code,
        gross_minor=gross,
        base_currency=purse.base,
        base_gross_minor=purse.in_base(gross),
        subtotal_minor=sum(line.total_minor for line in lines),
        discount_minor=money(order, "discount_amount", purse.code)
        + money(order, "coupon_discount", purse.code),
        shipping_minor=purse.worth(order, "shipping_cost") + purse.worth(order, "handling_cost"),
        tax_minor=money(order, "total_tax", purse.code),
        lines=lines,
        customer=buyer,
        email=text(billing, "email"),
        phone=buyer.phone if buyer else "",
        financial_status=_payment(order, state),
        fulfillment_status=_fulfillment(state),
        cancelled_at=version_at if state == CANCELLED else None,
        is_voided=_is_void(state, payload),
        channel=text(order, "order_source"),
        payment_names=[text(order, "payment_method")],
        country=place.country,
        city=place.city,
        discount_codes=_read_codes(payload),
    )


def _is_void(state: int, payload: Json) -> bool:
    """Say whether an order counts nothing: the payment was declined, or all of it went back.

    BigCommerce lets a merchant call an order refunded without a refund. Where there are refunds
    they say what went back, and the order counts.
    """
    return state == DECLINED or (state == REFUNDED and not children(payload, "refunds"))


def _payment(order: Json, state: int) -> str:
    told = text(order, "payment_status").lower()
    if "refunded" in told:
        return told.replace(" ", "_")
    if state in (REFUNDED, DECLINED):
        return "refunded" if state == REFUNDED else "failed"
    return "paid" if told in PAID or state in PAID_STATES else "pending"


def _fulfillment(state: int) -> str:
    if state in (SHIPPED, COMPLETED):
        return "fulfilled"
    return "partial" if state == PARTIALLY_SHIPPED else ""


def _read_codes(payload: Json) -> list[str]:
    coupons = [text(each, "code") for each in children(payload, "coupons")]
    in_lines = [
        text(each, "code")
        for item in children(payload, "products")
        for each in children(item, "applied_discounts")
    ]
    return list(dict.fromkeys(code for code in [*coupons, *in_lines] if code))


def _read_lines(payload: Json, purse: _Purse) -> list[LineData]:
    lines: list[LineData] = []
    for place, item in enumerate(children(payload, "products"), start=1):
        quantity = whole(item, "quantity")
        if quantity <= 0:
            continue
        before = purse.worth(item, "total")
        off = sum(money(each, "amount", purse.code) for each in children(item, "applied_discounts"))
        total = max(0, before - off)
        lines.append(
            LineData(
                line_key=text(item, "id") or f"place:{place}",
                position=place,
                quantity=quantity,
                unit_price_minor=average(before, quantity) or 0,
                discount_minor=before - total,
                total_minor=total,
                sku=text(item, "sku"),
                title=text(item, "name"),
                product_external_id=reference(item, "product_id"),
                variant_external_id=reference(item, "variant_id"),
            )
        )
    return lines


def _read_refunds(payload: Json, order: OrderRecord, purse: _Purse) -> list[Record]:
    records: list[Record] = []
    for item in children(payload, "refunds"):
        payments = children(item, "payments")
        if payments and all(each.get("is_declined") is True for each in payments):
            continue
        at = moment(item, "created")
        minor = money(item, "total_amount", purse.code, required=True)
        records.append(
            RefundRecord(
                external_id=identifier(item),
                version_at=max(order.version_at, at or order.version_at),
                refunded_at=at or order.version_at,
                is_dated=at is not None,
                currency=purse.code,
                amount_minor=minor,
                base_currency=purse.base,
                base_amount_minor=purse.in_base(minor),
                order_external_id=order.external_id,
                note=text(item, "reason"),
                lines=_refunded_lines(item),
            )
        )
    return records


def _refunded_lines(item: Json) -> list[dict[str, str]]:
    return [
        {"line_key": text(each, "item_id"), "quantity": text(each, "quantity")}
        for each in children(item, "items")
        if text(each, "item_type").upper() == "PRODUCT" and whole(each, "quantity") > 0
    ]


def _read_shipments(payload: Json, order: OrderRecord) -> list[Record]:
    """Read parcels. BigCommerce tells no arrival, so that none counts as delivered."""
    records: list[Record] = []
    for item in children(payload, "shipments"):
        at = moment(item, "date_created")
        provider = text(item, "shipping_provider_display_name") or text(item, "shipping_provider")
        records.append(
            ShipmentRecord(
                external_id=identifier(item),
                version_at=max(order.version_at, at or order.version_at),
                order_external_id=order.external_id,
                status="shipped",
                carrier=provider or text(item, "tracking_carrier"),
                tracking_number=text(item, "tracking_number"),
                tracking_url=text(item, "tracking_link") or text(item, "generated_tracking_link"),
                shipped_at=at,
            )
        )
    return records
