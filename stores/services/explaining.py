"""What a merchant should know of a delivery that was applied all the same."""

from collections.abc import Sequence
from typing import Final

from crm.domain.identifiers import normalize_email
from crm.queries.refunds import find_waiting_refunds
from crm.types import (
    CartRecord,
    CustomerRecord,
    OrderRecord,
    Record,
    RefundRecord,
    ShipmentRecord,
)
from crm.types.care import ReturnRecord, ReviewRecord, TicketRecord

NO_CUSTOMER: Final = "The order names no customer: it counts, and belongs to no profile"
NO_ORDER: Final = "Its order has not arrived yet: the refund is kept and joined to it when it does"
NO_ADDRESS: Final = "{!r} is not an email address: nobody is known by it or written to"
NO_SHOPPER: Final = "Nobody can be named by it yet: a cart is taken once its shopper is known"
SHARED: Final = "Several people have used the browser of this cart, so nobody can be named by it"
NOBODY: Final = "It names nobody: it belongs to a profile only if it did before"
MAX_SHOWN: Final = 60


def explain(store_id: int, applied: Sequence[Sequence[Record]]) -> list[str]:
    """Return a remark for the records of each delivery; empty where nothing is remarkable.

    Args:
        store_id: that the deliveries came to; their records were applied in this transaction.
        applied: records by delivery.
    """
    refunds = [
        record for records in applied for record in records if isinstance(record, RefundRecord)
    ]
    waited_for = find_waiting_refunds(
        store_id, {refund.order_external_id for refund in refunds} - {""}
    )
    return [_remark(records, waited_for) for records in applied]


def order_of(records: Sequence[Record]) -> str:
    """Return the store's id of the order that a delivery's records are about; empty for none."""
    for record in records:
        match record:
            case OrderRecord(external_id=name):
                return name
            case RefundRecord(order_external_id=name) | ShipmentRecord(order_external_id=name):
                return name
            case ReturnRecord(order_external_id=name) | TicketRecord(order_external_id=name):
                return name
            case _:
                continue
    return ""


def _remark(records: Sequence[Record], waited_for: set[str]) -> str:
    remarks: dict[str, None] = {}
    for record in records:
        match record:
            case OrderRecord(customer=None, email="", phone=""):
                remarks[NO_CUSTOMER] = None
            case OrderRecord(customer=customer, email=email):
                remarks |= _judge_address(email or (customer.email if customer else ""))
            case CustomerRecord(email=email):
                remarks |= _judge_address(email)
            case RefundRecord(order_external_id=name) if name in waited_for:
                remarks[NO_ORDER] = None
            case ReviewRecord(customer=customer) | TicketRecord(customer=customer):
                remarks |= _judge_address(customer.email) if customer else {NOBODY: None}
            case CartRecord(customer=None, email="", phone="", cart_id=""):
                remarks[NO_SHOPPER] = None
            case _:
                continue
    return "; ".join(remarks)


def _judge_address(email: str) -> dict[str, None]:
    if not email or normalize_email(email):
        return {}
    return {NO_ADDRESS.format(email[:MAX_SHOWN]): None}
