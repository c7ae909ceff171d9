"""Orders with the refunds inside them. Money in the order's own currency.

WooCommerce words lines without tax and beside it the tax. Where the shop's prices include tax, a
line here is worth both: that is what the shopper saw, and what other storefronts tell.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_CEILING, Decimal, InvalidOperation
from typing import Final

from crm.types import LineData, OrderDeletionRecord, OrderRecord, Record, RefundRecord
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
from stores.platforms.woocommerce.customers import read_address, read_buyer
from stores.platforms.woocommerce.parcels import read_parcels
from stores.platforms.woocommerce.reading import MAX_VALUE, label, moment, read_meta
from stores.types import Delivery, StoreContext, Translation

CANCELLED: Final = ("cancelled", "trash")
FAILED: Final = "failed"
DRAFTS: Final = ("checkout-draft", "auto-draft", "draft", "new")
NO_ORDER_YET: Final = "The checkout is not finished, so there is no order yet"
WEB: Final = ("checkout", "store-api")
ATTRIBUTION: Final = "_wc_order_attribution_"
"""How the meta data begin in which WooCommerce notes where a buyer came from."""


@dataclass(frozen=True, slots=True)
class _Purse:
    """In what an order is worded."""

    code: str
    has_tax_inside: bool

    def worth(self, item: Json, name: str, tax_name: str) -> int:
        """Return an amount of a line as the shopper saw it, in minor units."""
        tax = money(item, tax_name, self.code) if self.has_tax_inside else 0
        return money(item, name, self.code) + tax


def translate_order(payload: Json, delivery: Delivery, store: StoreContext) -> Translation:
    """Read order.created, updated and restored."""
    if text(payload, "status") in DRAFTS:
        return Translation(ignored=NO_ORDER_YET)
    order = read_order(payload, delivery.arrived_at, store)
    parcels = read_parcels(payload, order)
    return Translation([order, *_read_refunds(payload, order, store), *parcels])


def translate_order_deletion(payload: Json, delivery: Delivery, store: StoreContext) -> Translation:
    """Read order.deleted, which carries the id alone."""
    deletion = OrderDeletionRecord(external_id=identifier(payload), version_at=delivery.arrived_at)
    return Translation([deletion])


def read_order(payload: Json, arrived_at: datetime, store: StoreContext) -> OrderRecord:
    """Read an order object; ``total`` is what was paid, whatever was refunded since.

    Raises:
        Untranslatable: an amount, a time or the id cannot be read.
    """
    external_id = identifier(payload)
    purse = _Purse(
        code=currency(payload, "currency", store.currency),
        has_tax_inside=payload.get("prices_include_tax") is True,
    )
    ordered_at = moment(payload, "date_created", store)
    if ordered_at is None:
        raise Untranslatable("date_created_gmt is missing")
    version_at = moment(payload, "date_modified", store) or arrived_at
    status = text(payload, "status").removeprefix("wc-")
    lines = _read_lines(payload, purse)
    billing, shipping = child(payload, "billing"), child(payload, "shipping")
    place = read_address(shipping) if text(shipping, "country") else read_address(billing)
    return OrderRecord(
        external_id=external_id,
        number=text(payload, "number") or external_id,
        version_at=version_at,
        ordered_at=ordered_at,
        currency=purse.code,
        gross_minor=money(payload, "total", purse.code, required=True),
        subtotal_minor=sum(line.total_minor for line in lines),
        discount_minor=purse.worth(payload, "discount_total", "discount_tax"),
        shipping_minor=purse.worth(payload, "shipping_total", "shipping_tax"),
        tax_minor=money(payload, "total_tax", purse.code),
        lines=lines,
        customer=read_buyer(payload),
        email=text(billing, "email"),
        phone=text(billing, "phone"),
        financial_status=_payment(payload, status, store),
        fulfillment_status="fulfilled" if status == "completed" else "",
        cancelled_at=version_at if status in CANCELLED else None,
        is_voided=status == FAILED,
        channel=_channel(payload),
        payment_names=[text(payload, "payment_method"), text(payload, "payment_method_title")],
        country=place.country,
        city=place.city,
        discount_codes=[
            code for item in children(payload, "coupon_lines") if (code := text(item, "code"))
        ],
        attribution=_read_attribution(payload),
    )


def _payment(payload: Json, status: str, store: StoreContext) -> str:
    """Say whether the money has come; custom states of plugins are told by the date of payment."""
    if status in (FAILED, "refunded"):
        return status
    is_paid = status == "completed" or moment(payload, "date_paid", store) is not None
    return "paid" if is_paid else "pending"


def _channel(payload: Json) -> str:
    created_via = text(payload, "created_via")
    return "web" if created_via in WEB else created_via


def _read_lines(payload: Json, purse: _Purse) -> list[LineData]:
    lines: list[LineData] = []
    for place, item in enumerate(children(payload, "line_items"), start=1):
        quantity = _quantity(item)
        if quantity <= 0:
            continue
        total = purse.worth(item, "total", "total_tax")
        before = purse.worth(item, "subtotal", "subtotal_tax") if text(item, "subtotal") else total
        product_id, variation_id = text(item, "product_id"), text(item, "variation_id")
        lines.append(
            LineData(
                line_key=text(item, "id") or f"place:{place}",
                position=place,
                quantity=quantity,
                unit_price_minor=average(before, quantity) or 0,
                discount_minor=before - total,
                total_minor=total,
                sku=text(item, "sku"),
                title=label(item, "name"),
                product_external_id=_unless_zero(product_id),
                variant_external_id=_unless_zero(variation_id) or _unless_zero(product_id),
            )
        )
    return lines


def _quantity(item: Json) -> int:
    """Return how many were bought; plugins sell by weight, and 1.5 kg are two begun units."""
    try:
        counted = Decimal(text(item, "quantity") or "0").to_integral_value(ROUND_CEILING)
    except InvalidOperation:
        return whole(item, "quantity")
    return whole({"quantity": str(counted)}, "quantity")


def _unless_zero(found: str) -> str:
    return "" if found == "0" else found


def _read_refunds(payload: Json, order: OrderRecord, store: StoreContext) -> list[Record]:
    """Read the refunds inside an order.

    A webhook words them with an amount below zero and no time; a pull puts the refunds themselves
    in their place, which have both.
    """
    records: list[Record] = []
    for item in children(payload, "refunds"):
        name = "amount" if text(item, "amount") else "total"
        at = moment(item, "date_created", store)
        records.append(
            RefundRecord(
                external_id=identifier(item),
                version_at=order.version_at,
                refunded_at=at or order.version_at,
                is_dated=at is not None,
                currency=order.currency,
                amount_minor=abs(money(item, name, order.currency, required=True)),
                order_external_id=order.external_id,
                note=text(item, "reason"),
            )
        )
    return records


def _read_attribution(payload: Json) -> Mapping[str, str] | None:
    noted = {
        name.removeprefix(ATTRIBUTION): value[:MAX_VALUE]
        for name, value in read_meta(payload).items()
        if name.startswith(ATTRIBUTION) and value != "(none)"
    }
    found = {name: value for name, value in noted.items() if name.startswith("utm_")}
    found |= {
        "landing_site": noted.get("session_entry", ""),
        "referrer": noted.get("referrer", ""),
    }
    return {name: value for name, value in found.items() if value} or None
