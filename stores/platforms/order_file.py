"""Orders out of a file: the rows of one order id become an order, a refund, or both.

Pure, and used twice: by the import while it reads a file, and by the inbox when a quarantined
document of a file is tried again. Nothing is guessed: a price with a comma, or a date that could
mean two days, quarantines the document.
"""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import pycountry

from crm.types import AddressData, CustomerRecord, LineData, OrderRecord, Record, RefundRecord
from kernel.money import exponent, is_currency
from stores.errors import Untranslatable
from stores.platforms.fields import LARGEST, read_object
from stores.types import Delivery, StoreContext, Translation

TOPIC: Final = "import/order"
REFUNDED: Final = "refunded"
CANCELLED: Final = ("cancelled", "canceled")
COUNTRY_NAMES: Final = {
    "eire": "IE",
    "rsa": "ZA",
    "uk": "GB",
    "great britain": "GB",
    "england": "GB",
    "scotland": "GB",
    "wales": "GB",
    "northern ireland": "GB",
    "usa": "US",
    "uae": "AE",
}
"""Names that people write and ISO 3166 does not list."""


class OrderRow(NamedTuple):
    """One line of the file by target, as text."""

    order_id: str = ""
    ordered_at: str = ""
    customer_id: str = ""
    email: str = ""
    phone: str = ""
    first_name: str = ""
    last_name: str = ""
    country: str = ""
    currency: str = ""
    sku: str = ""
    title: str = ""
    category: str = ""
    quantity: str = ""
    unit_price: str = ""
    discount: str = ""
    status: str = ""


TARGETS: Final = OrderRow._fields
REQUIRED: Final = ("order_id", "ordered_at", "quantity", "unit_price")


@dataclass(frozen=True, slots=True)
class FileDefaults:
    """What holds where a row says nothing.

    Attributes:
        currency: ISO 4217.
        timezone: IANA zone of times that name none.
    """

    currency: str
    timezone: str


class _Amounts(NamedTuple):
    """Figures of a line in minor units; a return has a quantity below zero."""

    quantity: int
    unit_price_minor: int
    discount_minor: int
    total_minor: int


class _Unreadable(Exception):
    """A figure of a line breaks a rule; the text says which, without the place of the line."""


class OrderFile:
    """Reads a quarantined document again."""

    def translate(self, delivery: Delivery, store: StoreContext) -> Translation:
        """Read one document.

        Raises:
            Untranslatable: a row breaks a rule.
        """
        body = read_object(delivery.body)
        rows = [_row(item) for item in body.get("rows", []) if isinstance(item, dict)]
        defaults = FileDefaults(
            currency=str(body.get("currency") or store.currency),
            timezone=str(body.get("timezone") or store.timezone),
        )
        return Translation(read_document(rows, defaults))


def document_body(rows: Sequence[OrderRow], defaults: FileDefaults) -> dict[str, Any]:
    """Return what `OrderFile` reads again, as JSON for people to see."""
    shown = [
        {target: value for target, value in zip(TARGETS, row, strict=True) if value} for row in rows
    ]
    return {"currency": defaults.currency, "timezone": defaults.timezone, "rows": shown}


def read_document(rows: Sequence[OrderRow], defaults: FileDefaults) -> list[Record]:
    """Turn the rows of one order id into records.

    Args:
        rows: in the order of the file; at least one.
        defaults: currency and zone where rows name none.

    Returns:
        An order, a refund, or an order and its refund.

    Raises:
        Untranslatable: a row breaks a rule; the reason names it.
    """
    if not rows or not rows[0].order_id:
        raise Untranslatable("order_id is missing")
    return _Reader(rows, defaults).read()


class _Reader:
    def __init__(self, rows: Sequence[OrderRow], defaults: FileDefaults) -> None:
        self.rows = rows
        self.first = rows[0]
        self.currency = _currency(
            next((row.currency for row in rows if row.currency), ""), defaults
        )
        self.at = _instant(self.first.ordered_at, defaults.timezone)
        self.customer = self._read_customer()

    def read(self) -> list[Record]:
        lines: list[LineData] = []
        returned: list[LineData] = []
        for place, row in enumerate(self.rows, start=1):
            line, is_return = self._read_line(place, row)
            (returned if is_return else lines).append(line)
        records: list[Record] = [self._order(lines)] if lines else []
        if returned:
            records.append(self._refund(returned, has_order=bool(lines)))
        return records

    def _read_line(self, place: int, row: OrderRow) -> tuple[LineData, bool]:
        try:
            amounts = _read_amounts(row.quantity, row.unit_price, row.discount, self.currency)
        except _Unreadable as exc:
            raise Untranslatable(f"Line {place}: {exc}") from exc
        line = LineData(
            line_key=str(place),
            position=place,
            quantity=abs(amounts.quantity),
            unit_price_minor=amounts.unit_price_minor,
            discount_minor=amounts.discount_minor,
            total_minor=amounts.total_minor,
            sku=row.sku,
            title=row.title or row.sku,
            category=row.category,
            product_external_id=row.sku,
        )
        return line, amounts.quantity < 0 or row.status.lower() == REFUNDED

    def _order(self, lines: Sequence[LineData]) -> OrderRecord:
        total = sum(line.total_minor for line in lines)
        status = self.first.status.lower()
        return OrderRecord(
            external_id=self.first.order_id,
            number=self.first.order_id,
            version_at=self.at,
            ordered_at=self.at,
            currency=self.currency,
            gross_minor=total,
            subtotal_minor=total,
            discount_minor=sum(line.discount_minor for line in lines),
            lines=lines,
            customer=self.customer,
            email=self.customer.email if self.customer else "",
            phone=self.customer.phone if self.customer else "",
            financial_status="" if status == REFUNDED else status,
            cancelled_at=self.at if status in CANCELLED else None,
            is_voided=status == "voided",
            country=country_code(self.first.country),
        )

    def _refund(self, lines: Sequence[LineData], *, has_order: bool) -> RefundRecord:
        order_id = self.first.order_id
        return RefundRecord(
            external_id=f"{order_id}:refund" if has_order else order_id,
            version_at=self.at,
            refunded_at=self.at,
            currency=self.currency,
            amount_minor=sum(line.total_minor for line in lines),
            order_external_id=order_id if has_order else "",
            customer=self.customer,
            lines=[
                {"sku": line.sku, "title": line.title, "quantity": line.quantity} for line in lines
            ],
        )

    def _read_customer(self) -> CustomerRecord | None:
        row = next((row for row in self.rows if row.customer_id or row.email or row.phone), None)
        if row is None:
            return None
        return CustomerRecord(
            external_id=_customer_id(row.customer_id),
            version_at=self.at,
            email=row.email,
            phone=row.phone,
            first_name=row.first_name,
            last_name=row.last_name,
            address=AddressData(country=country_code(row.country)),
        )


def _row(item: Mapping[str, Any]) -> OrderRow:
    return OrderRow(*(str(item.get(target) or "").strip() for target in TARGETS))


def _currency(found: str, defaults: FileDefaults) -> str:
    code = (found or defaults.currency).upper()
    if not is_currency(code):
        raise Untranslatable(f"currency {code!r} is not a known currency")
    return code


def _instant(found: str, zone: str) -> datetime:
    if not found:
        raise Untranslatable("ordered_at is missing")
    try:
        at = datetime.fromisoformat(found)
        return (at if at.tzinfo else at.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)
    except (ValueError, OverflowError) as exc:
        raise Untranslatable(f"ordered_at {found!r} is not a date; write 2026-05-31 14:05") from exc


@functools.lru_cache(maxsize=16_384)
def _read_amounts(quantity: str, unit_price: str, discount: str, currency: str) -> _Amounts:
    """Read the figures of a line; lines of a shop repeat each other.

    Raises:
        _Unreadable: one of them is not what it should be.
        Untranslatable: an amount is too large.
    """
    pieces = _quantity(quantity)
    price = _decimal(unit_price, "unit_price")
    cut = _decimal(discount, "discount") if discount else Decimal(0)
    for name, value in (("unit_price", price), ("discount", cut)):
        if value < 0:
            raise _Unreadable(f"{name} {value} is below zero")
    cut_minor = _minor(cut, currency)
    return _Amounts(
        quantity=pieces,
        unit_price_minor=_minor(price, currency),
        discount_minor=cut_minor,
        total_minor=_minor(price * abs(pieces), currency) - cut_minor,
    )


def _quantity(found: str) -> int:
    value = _decimal(found, "quantity")
    if value != int(value) or value == 0 or abs(value) >= 2**31:
        raise _Unreadable(f"quantity {found!r} is not a whole number of pieces")
    return int(value)


def _decimal(found: str, name: str) -> Decimal:
    try:
        value = Decimal(found)
    except InvalidOperation as exc:
        raise _Unreadable(f"{name} {found!r} is not a number; write 12.50") from exc
    if not value.is_finite() or abs(value) > LARGEST:
        raise _Unreadable(f"{name} {found!r} is not a number; write 12.50")
    return value


def _minor(value: Decimal, currency: str) -> int:
    scaled = value.scaleb(exponent(currency)).quantize(Decimal(1), rounding=ROUND_HALF_UP)
    if abs(scaled) > LARGEST:
        raise Untranslatable(f"{value} {currency} is too large")
    return int(scaled)


def _customer_id(found: str) -> str:
    """Undo what spreadsheets do to whole numbers: 17850.0 is 17850."""
    head, dot, tail = found.partition(".")
    return head if dot and head.isdigit() and not tail.strip("0") else found


@functools.cache
def country_code(found: str) -> str:
    """Return the ISO 3166-1 alpha-2 code of a code or a name; empty for an unknown one."""
    name = found.strip().lower()
    if not name:
        return ""
    if code := COUNTRY_NAMES.get(name):
        return code
    try:
        return str(pycountry.countries.lookup(name).alpha_2)
    except LookupError:
        return ""
