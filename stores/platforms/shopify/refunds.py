"""Refunds, by themselves and inside an order."""

from datetime import datetime

from crm.types import RefundRecord
from stores.platforms.fields import (
    Json,
    child,
    children,
    currency,
    identifier,
    instant,
    money,
    text,
)
from stores.platforms.shopify.money import shop_money
from stores.types import Delivery, StoreContext, Translation


def translate_refund(payload: Json, delivery: Delivery, store: StoreContext) -> Translation:
    """Read refunds/create."""
    code = _currency_inside(payload) or store.currency
    return Translation([read_refund(payload, text(payload, "order_id"), code, delivery.arrived_at)])


def read_refund(payload: Json, order_id: str, code: str, arrived_at: datetime) -> RefundRecord:
    """Read a refund object.

    Args:
        payload: the refund.
        order_id: the store's id of the order.
        code: currency of the order, in which the refunded lines are worded.
        arrived_at: the time of a refund that names none.
    """
    at = instant(payload, "processed_at") or instant(payload, "created_at") or arrived_at
    paid_in, amount = _paid_back(payload, code)
    base_currency, base_amount = _by_lines(payload, "shop")
    return RefundRecord(
        external_id=identifier(payload),
        version_at=instant(payload, "updated_at") or at,
        refunded_at=at,
        currency=paid_in,
        amount_minor=amount,
        order_external_id=order_id,
        base_currency=base_currency if paid_in != code else "",
        base_amount_minor=base_amount if paid_in != code and base_currency else None,
        note=text(payload, "note"),
        lines=[
            {"line_key": text(item, "line_item_id"), "quantity": text(item, "quantity")}
            for item in children(payload, "refund_line_items")
        ],
    )


def _paid_back(payload: Json, code: str) -> tuple[str, int]:
    """Return what the payment provider gave back; without payments, what the lines are worth."""
    payments = [
        item for item in children(payload, "transactions") if text(item, "kind") == "refund"
    ]
    codes = {currency(item, "currency", code) for item in payments}
    if len(codes) != 1:
        return code, _worth(payload, code)
    paid_in = codes.pop()
    done = (item for item in payments if text(item, "status") == "success")
    return paid_in, sum(money(item, "amount", paid_in) for item in done)


def _worth(payload: Json, code: str) -> int:
    lines = sum(
        money(item, "subtotal", code) + money(item, "total_tax", code)
        for item in children(payload, "refund_line_items")
    )
    shipping = sum(
        money(item, "subtotal_amount", code) for item in children(payload, "refund_shipping_lines")
    )
    # An adjustment is worded from the merchant's side: -5.00 means 5.00 more went back.
    adjustments = sum(
        money(item, "amount", code) + money(item, "tax_amount", code)
        for item in children(payload, "order_adjustments")
    )
    return max(0, lines + (shipping or 0) - adjustments)


def _by_lines(payload: Json, side: str) -> tuple[str, int | None]:
    """Return what the refunded lines are worth in the shop's currency."""
    code, total = "", 0
    for item in children(payload, "refund_line_items"):
        for name in ("subtotal_set", "total_tax_set"):
            found, minor = shop_money(item, name)
            code, total = found or code, total + (minor or 0)
    return code, total if code else None


def _currency_inside(payload: Json) -> str:
    for item in children(payload, "refund_line_items"):
        if code := shop_money(item, "subtotal_set")[0]:
            return code
    return text(child(child(payload, "total_duties_set"), "shop_money"), "currency_code").upper()
