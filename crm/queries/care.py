"""What happened after the sale, for pages: parcels that are late, returns, reviews, tickets."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Case, IntegerField, QuerySet, Value, When

from crm.choices import NEGATIVE_RATING, OPEN_RETURNS, OPEN_TICKETS
from crm.models import Return, Review, Shipment, Ticket
from crm.queries.giving_back import OURS
from crm.queries.order_detail import web_address

SHOWN = 50
"""Most of one kind that a page shows."""


@dataclass(frozen=True, slots=True)
class CareLine:
    """One return, review or ticket.

    Attributes:
        row: the thing itself; its store is loaded.
        url: in the tool that it comes from; empty unless it leads to a web page.
        pieces: of a return: what goes back, such as "1 × Soap".
        is_open: whether somebody still waits for something.
        is_ours: of a return: it was asked for here, and members lead it on.
    """

    row: Any
    url: str
    pieces: tuple[str, ...] = ()
    is_open: bool = False
    is_ours: bool = False


@dataclass(frozen=True, slots=True)
class Care:
    """All of one person or order, newest first, what is open at the top."""

    tickets: list[CareLine]
    returns: list[CareLine]
    reviews: list[CareLine]
    late: list[Shipment]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing at all."""
        return not (self.tickets or self.returns or self.reviews or self.late)


def care_of_person(profile_id: int) -> Care:
    """Return what happened to somebody after their orders, and the parcels they wait for."""
    late = Shipment.objects.filter(
        order__profile_id=profile_id, delayed_at__isnull=False, delivered_at=None
    ).exclude(state__in=["cancelled", "returned"])
    return _read({"profile_id": profile_id}, list(late.select_related("order")[:SHOWN]))


def care_of_order(order_id: int) -> Care:
    """Return the returns, reviews and tickets that name an order."""
    return _read({"order_id": order_id}, [])


def _read(wanted: dict[str, int], late: list[Shipment]) -> Care:
    tickets = _open_first(Ticket.objects.filter(**wanted), OPEN_TICKETS, "-opened_at")
    returns = _open_first(Return.objects.filter(**wanted), OPEN_RETURNS, "-requested_at")
    reviews = Review.objects.filter(**wanted).select_related("store", "product", "order")
    return Care(
        tickets=[_line(row, row.status in OPEN_TICKETS) for row in tickets],
        returns=[_line(row, row.status in OPEN_RETURNS) for row in returns],
        reviews=[
            _line(row, row.rating <= NEGATIVE_RATING and row.answered_at is None)
            for row in reviews.order_by("-reviewed_at", "-pk")[:SHOWN]
        ],
        late=late,
    )


def _open_first(rows: QuerySet[Any], states: tuple[str, ...], order: str) -> QuerySet[Any]:
    is_open = Case(
        When(status__in=states, then=Value(0)), default=Value(1), output_field=IntegerField()
    )
    loaded = rows.select_related("store", "order")
    return loaded.order_by(is_open, order, "-pk")[:SHOWN]


def _line(row: Any, is_open: bool) -> CareLine:  # noqa: FBT001 a word of the line itself
    url = web_address(row.url)
    if not isinstance(row, Return):
        return CareLine(row, url, is_open=is_open)
    pieces = tuple(_piece(item) for item in row.items)
    return CareLine(row, url, pieces, is_open, row.external_id.startswith(OURS))


def _piece(item: dict[str, Any]) -> str:
    name = item.get("title") or item.get("sku") or "an item without a name"
    reason = f" ({item['reason']})" if item.get("reason") else ""
    instead = f", for {item['instead']}" if item.get("instead") else ""
    return f"{item.get('quantity') or 1} × {name}{reason}{instead}"
