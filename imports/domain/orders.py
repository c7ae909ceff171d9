"""Orders out of rows: the lines of one order, and what only its first row says of the whole. Pure.

Exports of shops repeat the number of an order on each of its lines and write its total, its
customer and its state once. Lines are read as those of the command `import_orders` are.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from crm.types import OrderRecord, Record, RefundRecord
from imports.domain.people import split_name
from imports.domain.values import plain_number, read_money, read_time, without_quote
from imports.types import Options, Refused, Row
from stores.errors import Untranslatable
from stores.platforms.order_file import (
    CANCELLED,
    REFUNDED,
    FileDefaults,
    OrderRow,
    read_document,
)

_OF_LINE = ("sku", "title", "category", "quantity", "unit_price", "discount")
_NUMBERS = frozenset({"quantity", "unit_price", "discount"})


def read_order(rows: Sequence[Row], options: Options) -> list[Record]:
    """Turn the rows of one order into an order, and what was paid back of it.

    Raises:
        Refused: a row breaks a rule; the reason names it.
    """
    order = _Order(rows, options)
    try:
        records = read_document(order.lines(), FileDefaults(options.currency, options.timezone))
    except Untranslatable as exc:
        raise Refused(f"{exc}.") from exc
    found: list[Record] = []
    for record in records:
        if isinstance(record, OrderRecord):
            whole = order.complete(record)
            found.append(whole)
            if len(records) == 1 and (refund := order.refund_of(whole)):
                found.append(refund)
        else:
            found.append(record)
    return found


def order_keys(row: Row) -> list[str]:
    """Return what makes two rows be lines of the same order."""
    number = row.get("order_id")
    return [f"order:{number}"] if number else []


class _Order:
    """What the rows of an order say of the whole: the first of them that says it."""

    def __init__(self, rows: Sequence[Row], options: Options) -> None:
        self._rows = rows
        self._options = options
        self._number = self._say("order_id")
        if not self._number:
            raise Refused("The order has no number.")
        self._at = self._time("ordered_at", "Ordered at")
        if self._at is None:
            raise Refused("The order has no date.")
        self._status = self._say("status").lower()

    def lines(self) -> list[OrderRow]:
        first, last = split_name(
            self._say("first_name"), self._say("last_name"), self._say("full_name")
        )
        whole = {
            "order_id": without_quote(self._say("reference")) or self._number,
            "ordered_at": self._at.isoformat() if self._at else "",
            "customer_id": without_quote(self._say("customer_id")),
            "email": self._say("email"),
            "phone": without_quote(self._say("phone")),
            "first_name": first,
            "last_name": last,
            "country": self._say("country"),
            "currency": self._say("currency"),
        }
        return [
            OrderRow(**whole, **{name: self._of_line(row, name) for name in _OF_LINE})
            for row in self._rows
        ]

    def complete(self, order: OrderRecord) -> OrderRecord:
        """Put in what is said of the whole order; a total includes tax and shipping."""
        cancelled_at = self._time("cancelled_at", "Cancelled at")
        if cancelled_at is None and self._status in CANCELLED:
            cancelled_at = self._at
        codes = [code.strip() for code in self._say("discount_code").split(",") if code.strip()]
        return replace(
            order,
            number=self._number,
            gross_minor=self._money("total", "Total", order.currency, order.gross_minor),
            subtotal_minor=self._money(
                "subtotal", "Subtotal", order.currency, order.subtotal_minor
            ),
            shipping_minor=self._money("shipping", "Shipping", order.currency, 0),
            tax_minor=self._money("tax", "Tax", order.currency, 0),
            discount_minor=self._money(
                "discount_total", "Discount", order.currency, order.discount_minor
            ),
            discount_codes=codes,
            financial_status=self._status,
            fulfillment_status=self._say("fulfillment").lower(),
            cancelled_at=cancelled_at,
            is_voided=self._status == "voided",
        )

    def refund_of(self, order: OrderRecord) -> RefundRecord | None:
        """Return what was paid back, in one sum; an export does not say when it was."""
        whole = order.gross_minor if self._status == REFUNDED else 0
        amount = self._money("refunded", "Refunded", order.currency, whole)
        if not amount:
            return None
        return RefundRecord(
            external_id=f"{order.external_id}:refund",
            version_at=order.version_at,
            refunded_at=order.cancelled_at or order.ordered_at,
            currency=order.currency,
            amount_minor=amount,
            order_external_id=order.external_id,
            customer=order.customer,
        )

    def _of_line(self, row: Row, name: str) -> str:
        text = row.get(name)
        return plain_number(text, self._options) if name in _NUMBERS and text else text

    def _say(self, target: str) -> str:
        return next((row.get(target) for row in self._rows if row.get(target)), "")

    def _time(self, target: str, label: str) -> datetime | None:
        return read_time(self._say(target), label, self._options)

    def _money(self, target: str, label: str, currency: str, otherwise: int) -> int:
        text = self._say(target)
        return read_money(text, label, currency, self._options) if text else otherwise
