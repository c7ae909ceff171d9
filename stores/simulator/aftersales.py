"""What happens to the last orders of a make-believe year: parcels, returns, reviews, tickets.

Pure: the same orders, end and seed give the same records.
"""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from crm.types import OrderRecord, Record, ShipmentRecord
from crm.types.care import ReturnRecord, ReviewRecord, TicketRecord

SHIPS_AFTER: Final = timedelta(hours=20)
PROMISED_AFTER: Final = timedelta(days=4)
LATE_SHARE: Final = 0.05
RETURN_SHARE: Final = 0.06
REVIEW_SHARE: Final = 0.16
TICKET_SHARE: Final = 0.09
CARRIERS: Final = ("Royal Mail", "DPD", "DHL")
STARS: Final = ((5, 4, 3, 2, 1), (52, 24, 11, 7, 6))
SAID: Final = {
    5: ("Will buy again", "Exactly as described, and it smells wonderful."),
    4: ("Very nice", "Lovely quality. The box was a little dented."),
    3: ("Fine", "It does what it should. I had hoped for a bit more."),
    2: ("Not what I expected", "The colour is different from the picture."),
    1: ("Arrived broken", "It was cracked when I opened the parcel."),
}
REASONS: Final = ("Changed my mind", "Arrived damaged", "Not as described", "Ordered twice")
QUESTIONS: Final = (
    "Where is my parcel?",
    "Can I change the address?",
    "The item arrived damaged",
    "How do I return something?",
    "Is this suitable for sensitive skin?",
)


@dataclass(slots=True)
class AfterSales:
    """Records by who tells them: the shop, the tool for reviews, the helpdesk."""

    shop: list[Record] = field(default_factory=list)
    reviews: list[Record] = field(default_factory=list)
    tickets: list[Record] = field(default_factory=list)


def tell_aftersales(orders: Iterable[OrderRecord], *, until: datetime, seed: int) -> AfterSales:
    """Make up what followed from some orders until an instant.

    Args:
        orders: with a customer each.
        until: aware; nothing happens later.
        seed: of the random generator.
    """
    rng = random.Random(seed)
    told = AfterSales()
    for place, order in enumerate(orders, start=1):
        told.shop += _parcel(rng, order, place, until)
        if rng.random() < RETURN_SHARE:
            told.shop += _return(rng, order, until)
        if rng.random() < REVIEW_SHARE:
            told.reviews += _review(rng, order, place, until)
        if rng.random() < TICKET_SHARE:
            told.tickets += _ticket(rng, order, place, until)
    return told


def _parcel(
    rng: random.Random, order: OrderRecord, place: int, until: datetime
) -> Sequence[Record]:
    shipped_at = order.ordered_at + SHIPS_AFTER
    if shipped_at > until:
        return []
    is_lost = rng.random() < LATE_SHARE
    delivered_at = shipped_at + timedelta(hours=rng.randint(28, 80))
    has_arrived = delivered_at <= until and not is_lost
    number = f"{order.number.removeprefix('#')}{place:05d}GB"
    return [
        ShipmentRecord(
            external_id=f"S{order.external_id}",
            version_at=delivered_at if has_arrived else shipped_at,
            order_external_id=order.external_id,
            status="delivered" if has_arrived else "in_transit",
            carrier=rng.choice(CARRIERS),
            tracking_number=number,
            tracking_url=f"https://carrier.example/track/{number}",
            shipped_at=shipped_at,
            promised_at=order.ordered_at + PROMISED_AFTER,
            delivered_at=delivered_at if has_arrived else None,
        )
    ]


def _return(rng: random.Random, order: OrderRecord, until: datetime) -> Sequence[Record]:
    asked_at = order.ordered_at + timedelta(days=rng.randint(5, 12))
    if asked_at > until:
        return []
    closed_at = asked_at + timedelta(days=rng.randint(3, 9))
    line = order.lines[0]
    is_over = closed_at <= until
    return [
        ReturnRecord(
            external_id=f"B{order.external_id}",
            version_at=closed_at if is_over else asked_at,
            status="completed" if is_over else rng.choice(("requested", "approved")),
            order_external_id=order.external_id,
            number=f"{order.number}-R1",
            requested_at=asked_at,
            closed_at=closed_at if is_over else None,
            reason=rng.choice(REASONS),
            items=[{"sku": line.sku, "title": line.title, "quantity": 1}],
        )
    ]


def _review(
    rng: random.Random, order: OrderRecord, place: int, until: datetime
) -> Sequence[Record]:
    at = order.ordered_at + timedelta(days=rng.randint(6, 16), minutes=rng.randint(0, 900))
    if at > until or order.customer is None:
        return []
    stars = rng.choices(*STARS)[0]
    title, body = SAID[stars]
    line = order.lines[0]
    is_answered = stars <= 3 and rng.random() < 0.5  # noqa: PLR2004 half of the critical ones
    return [
        ReviewRecord(
            external_id=str(880_000 + place),
            version_at=at,
            rating=stars,
            status="published",
            customer=replace(order.customer, external_id=""),
            product_external_id=line.product_external_id,
            order_external_id=order.external_id,
            title=title,
            body=body,
            author=order.customer.first_name,
            is_verified=True,
            reviewed_at=at,
            answered_at=min(at + timedelta(hours=9), until) if is_answered else None,
        )
    ]


def _ticket(
    rng: random.Random, order: OrderRecord, place: int, until: datetime
) -> Sequence[Record]:
    at = order.ordered_at + timedelta(hours=rng.randint(20, 190))
    if at > until or order.customer is None:
        return []
    closed_at = at + timedelta(hours=rng.randint(2, 60))
    is_over = closed_at <= until and rng.random() > 0.06  # noqa: PLR2004 a few are forgotten
    return [
        TicketRecord(
            external_id=str(35_000 + place),
            version_at=closed_at if is_over else at,
            status="resolved" if is_over else rng.choice(("open", "open", "pending")),
            customer=replace(order.customer, external_id=""),
            order_external_id=order.external_id,
            subject=rng.choice(QUESTIONS),
            channel=rng.choice(("email", "email", "chat")),
            priority="normal",
            satisfaction=rng.choice(("", "", "good", "good", "bad")) if is_over else "",
            opened_at=at,
            answered_at=min(at + timedelta(minutes=50), until),
            resolved_at=closed_at if is_over else None,
            url=f"https://help.example/tickets/{35_000 + place}",
        )
    ]
