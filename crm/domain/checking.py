"""What makes a canonical record unusable, in words for the merchant. Pure."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from crm.choices import (
    Channel,
    ConsentState,
    ReturnStatus,
    ReviewStatus,
    Satisfaction,
    TicketStatus,
)
from crm.types import (
    CartRecord,
    ConsentRecord,
    CustomerRecord,
    DataRequestRecord,
    EraseRecord,
    EventRecord,
    OrderDeletionRecord,
    OrderRecord,
    ProductRecord,
    Record,
    RefundRecord,
    ShipmentRecord,
    StockRecord,
    StoreClosedRecord,
    TrackedRecord,
    VariantData,
    VariantRecord,
)
from crm.types.care import CareRecord, ReturnRecord, ReviewRecord, TicketRecord
from kernel.money import is_currency

EARLIEST = datetime(2009, 1, 1, tzinfo=UTC)
LATEST = datetime(2031, 1, 1, tzinfo=UTC)
"""Times that events may have: the partitions that exist."""

MAX_MINOR = 10**15
MAX_QUANTITY = 10**9
MAX_ID = 255
TOP_RATING = 5

OWN_EVENTS = frozenset(
    {
        "Order Placed",
        "Order Updated",
        "Order Cancelled",
        "Order Refunded",
        "Order Fulfilled",
        "Cart Updated",
        "Cart Abandoned",
        "Price Dropped",
        "Back In Stock",
        "Stock Low",
        "Date Reached",
        "Task Finished",
        "Wanted Price Dropped",
        "Wanted Stock Low",
        "Wanted Back In Stock",
        "Refill Due",
        "Wanted Product Published",
        "Product Published",
        "Early Access Opened",
        "Added To Flow",
        "Order Delivered",
        "Shipment Delayed",
        "Return Initiated",
        "Return Updated",
        "Return Completed",
        "Review Submitted",
        "Review Updated",
        "Ticket Opened",
        "Ticket Reopened",
        "Ticket Resolved",
        "Profile Created",
        "Profile Updated",
        "Profile Merged",
        "Consent Changed",
        "Suppression Changed",
        "Push Device Changed",
        "Data Requested",
        "Segment Entered",
        "Segment Exited",
        "RFM Group Changed",
        "Message Sent",
        "Message Opened",
        "Message Clicked",
        "Message Unsubscribed",
        "Preferences Changed",
        "Form Submitted",
        "Points Earned",
        "Points Reversed",
        "Points Activated",
        "Loyalty Tier Changed",
        "Points Expiring",
        "Points Expired",
    }
)
"""Names that only this product gives, so that nobody can make figures or flows believe them."""


class Unusable(ValueError):
    """A record that cannot be applied; the text is the reason."""


def check_record(record: Record) -> None:
    """Refuse a record that cannot be applied.

    Raises:
        Unusable: with the reason.
    """
    _CHECKS[type(record)](record)


def _check_customer(record: CustomerRecord) -> None:
    _check_aware("version_at", record.version_at)
    if record.created_at is not None:
        _check_time("created_at", record.created_at)
    if record.consent_at is not None:
        _check_time("consent_at", record.consent_at)


def _check_order(record: OrderRecord) -> None:
    _check_id(record.external_id)
    _check_aware("version_at", record.version_at)
    _check_time("ordered_at", record.ordered_at)
    if record.cancelled_at is not None:
        _check_time("cancelled_at", record.cancelled_at)
    _check_currency(record.currency)
    _check_amount("total", record.gross_minor)
    for name in ("subtotal_minor", "discount_minor", "shipping_minor", "tax_minor"):
        if abs(getattr(record, name)) > MAX_MINOR:
            raise Unusable(f"{name} is out of range")
    for line in record.lines:
        if not 0 <= line.quantity <= MAX_QUANTITY:
            raise Unusable(f"line {line.line_key} has the quantity {line.quantity}")
        if abs(line.unit_price_minor) > MAX_MINOR or abs(line.total_minor) > MAX_MINOR:
            raise Unusable(f"line {line.line_key} has an amount out of range")
    if record.customer is not None:
        _check_customer(record.customer)


def _check_refund(record: RefundRecord) -> None:
    _check_id(record.external_id)
    _check_aware("version_at", record.version_at)
    _check_time("refunded_at", record.refunded_at)
    _check_currency(record.currency)
    _check_amount("amount", record.amount_minor)
    if record.customer is not None:
        _check_customer(record.customer)


def _check_product(record: ProductRecord) -> None:
    _check_id(record.external_id)
    _check_aware("version_at", record.version_at)
    for variant in record.variants:
        _check_prices(variant)


def _check_deletion(record: OrderDeletionRecord) -> None:
    _check_id(record.external_id)
    _check_time("version_at", record.version_at)


def _check_variant(record: VariantRecord) -> None:
    _check_id(record.product_external_id)
    _check_id(record.variant.external_id)
    _check_aware("version_at", record.version_at)
    _check_prices(record.variant)


def _check_prices(variant: VariantData) -> None:
    for minor in (variant.price_minor, variant.compare_at_minor):
        if minor is not None and abs(minor) > MAX_MINOR:
            raise Unusable(f"variant {variant.external_id} has a price out of range")


def _check_stock(record: StockRecord) -> None:
    _check_id(record.variant_external_id or record.item_external_id or record.sku)
    _check_aware("version_at", record.version_at)
    if record.available is not None and abs(record.available) > MAX_QUANTITY:
        raise Unusable(f"the stock {record.available} is out of range")


def _check_shipment(record: ShipmentRecord) -> None:
    _check_id(record.external_id)
    _check_length("order_external_id", record.order_external_id)
    _check_time("version_at", record.version_at)
    _check_times(record, "shipped_at", "delivered_at", "promised_at")


def _check_return(record: ReturnRecord) -> None:
    _check_care(record, "requested_at", "closed_at")
    _check_word("status", record.status, ReturnStatus.values)


def _check_review(record: ReviewRecord) -> None:
    _check_care(record, "reviewed_at", "answered_at")
    _check_word("status", record.status, ReviewStatus.values)
    _check_length("product_external_id", record.product_external_id)
    if record.rating is not None and not 1 <= record.rating <= TOP_RATING:
        raise Unusable(f"the rating is {record.rating}, which is not 1 to 5 stars")


def _check_ticket(record: TicketRecord) -> None:
    _check_care(record, "opened_at", "answered_at", "resolved_at")
    _check_word("status", record.status, TicketStatus.values)
    _check_word("satisfaction", record.satisfaction, Satisfaction.values)


def _check_care(record: CareRecord, *times: str) -> None:
    _check_id(record.external_id)
    _check_length("order_external_id", record.order_external_id)
    _check_time("version_at", record.version_at)
    _check_times(record, *times)
    if record.customer is not None:
        _check_customer(record.customer)


def _check_consent(record: ConsentRecord) -> None:
    if record.channel not in Channel.values:
        raise Unusable(f"unknown channel {record.channel!r}")
    if record.state not in ConsentState.values:
        raise Unusable(f"unknown consent {record.state!r}")
    if record.occurred_at is not None:
        _check_time("occurred_at", record.occurred_at)


def _check_event(record: EventRecord) -> None:
    if not record.name.strip() or len(record.name) > MAX_ID:
        raise Unusable("an event needs a name")
    if record.name in OWN_EVENTS:
        raise Unusable(f"{record.name!r} is a name that only Patron gives")
    _check_time("occurred_at", record.occurred_at)
    _check_customer(record.customer)


def _check_tracked(record: TrackedRecord) -> None:
    _check_time("the time of the event", record.occurred_at)
    if len(record.name) > MAX_ID:
        raise Unusable("the name of the event is too long")
    if record.name in OWN_EVENTS:
        raise Unusable(f"{record.name!r} is a name that only Patron gives")


def _check_cart(record: CartRecord) -> None:
    _check_id(record.external_id)
    _check_time("version_at", record.version_at)
    _check_time("started_at", record.started_at)
    _check_currency(record.currency)
    if record.total_minor is not None:
        _check_amount("total", record.total_minor)
    if record.customer is not None:
        _check_customer(record.customer)


def _check_erase(record: EraseRecord) -> None:
    if not (record.external_id or record.email or record.phone):
        raise Unusable("nobody is named")


def _check_data_request(record: DataRequestRecord) -> None:
    _check_id(record.request_id)


def _check_closed(record: StoreClosedRecord) -> None:
    _check_aware("occurred_at", record.occurred_at)


def _check_id(value: str) -> None:
    if not value.strip():
        raise Unusable("no id")
    if len(value) > MAX_ID:
        raise Unusable("the id is too long")


def _check_length(name: str, value: str) -> None:
    if len(value) > MAX_ID:
        raise Unusable(f"{name} is too long")


def _check_word(name: str, value: str, known: Sequence[str]) -> None:
    if value and value not in known:
        raise Unusable(f"{name} is {value!r}; write one of {', '.join(known)}")


def _check_times(record: object, *names: str) -> None:
    for name in names:
        at = getattr(record, name)
        if at is not None:
            _check_time(name, at)


def _check_aware(name: str, at: datetime) -> None:
    if at.tzinfo is None:
        raise Unusable(f"{name} has no time zone")


def _check_time(name: str, at: datetime) -> None:
    _check_aware(name, at)
    if not EARLIEST <= at < LATEST:
        raise Unusable(f"{name} is out of range: {at.isoformat()}")


def _check_currency(currency: str) -> None:
    if not is_currency(currency.upper()):
        raise Unusable(f"unknown currency {currency!r}")


def _check_amount(name: str, minor: int) -> None:
    if not 0 <= minor <= MAX_MINOR:
        raise Unusable(f"{name} is negative or out of range")


_CHECKS: Mapping[type, Callable[[Any], None]] = {
    CustomerRecord: _check_customer,
    OrderRecord: _check_order,
    RefundRecord: _check_refund,
    OrderDeletionRecord: _check_deletion,
    ProductRecord: _check_product,
    VariantRecord: _check_variant,
    StockRecord: _check_stock,
    ShipmentRecord: _check_shipment,
    ReturnRecord: _check_return,
    ReviewRecord: _check_review,
    TicketRecord: _check_ticket,
    ConsentRecord: _check_consent,
    EventRecord: _check_event,
    TrackedRecord: _check_tracked,
    CartRecord: _check_cart,
    EraseRecord: _check_erase,
    DataRequestRecord: _check_data_request,
    StoreClosedRecord: _check_closed,
}
