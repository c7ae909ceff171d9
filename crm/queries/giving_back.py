"""What of an order can go back, what can be had in its place, and what was asked for here."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Max

from crm.choices import OPEN_RETURNS, OrderState, ReturnStatus
from crm.domain.pieces import Pieces, Taken, take_back
from crm.models import Order, OrderLine, Refund, Return, Shipment, Variant
from crm.queries.stock import find_exchanges

OURS: Final = "patron-"
"""Begins the id of what was asked for here, at the store of its order."""
DAYS: Final = 60
"""So long after an order arrived its customer may ask, or was placed where nothing is known
of its parcels; members always may."""
MOST_INSTEAD: Final = 12
_KEPT: Final = (ReturnStatus.DECLINED, ReturnStatus.CANCELLED)
"""States in which the goods stay where they are."""


@dataclass(frozen=True, slots=True)
class BackLine:
    """One line of an order of which something can still go back.

    Attributes:
        line: as it was bought.
        place: of it among all lines of the order, which stays when others are gone.
        left: pieces that are neither on their way back nor paid back.
        instead: variants of the same product that are in stock, for an exchange.
    """

    line: OrderLine
    place: int
    left: int
    instead: list[Variant]

    @property
    def title(self) -> str:
        """What people call it."""
        return self.line.title or self.line.sku or "An item without a name"


@dataclass(frozen=True, slots=True)
class GivingBack:
    """How things stand with the returns of one order.

    Attributes:
        order: that the goods are of.
        lines: of which something is left to send back; none of an order that does not count or
            was paid back as a whole.
        asked: what was asked for here and is still open, the newest; None for nothing.
        until: the last moment at which the customer may ask.
        nameless: refunds that do not say for what, so that no line is counted as paid back.
    """

    order: Order
    lines: list[BackLine]
    asked: Return | None
    until: datetime
    nameless: int


def find_giving_back(order: Order) -> GivingBack:
    """Return what of an order can go back; five statements at the most."""
    returns = list(Return.objects.filter(order=order).order_by("-requested_at", "-pk"))
    may = order.is_counted and order.state != OrderState.REFUNDED
    lines = list(OrderLine.objects.filter(order=order).order_by("position", "pk") if may else ())
    pieces = [Pieces(line.line_key, line.sku, line.title, max(line.quantity, 0)) for line in lines]
    nameless = take_back(pieces, _list_taken(order, returns)) if lines else 0
    still = list(zip(lines, (each.left for each in pieces), strict=True))
    others = find_exchanges({line.product_id for line, left in still if left and line.product_id})
    own = [row for row in returns if row.external_id.startswith(OURS)]
    return GivingBack(
        order=order,
        lines=[
            BackLine(line, place, left, _instead(line, others))
            for place, (line, left) in enumerate(still)
            if left
        ],
        asked=next((row for row in own if row.status in OPEN_RETURNS), None),
        until=_arrived_at(order) + timedelta(days=DAYS),
        nameless=nameless,
    )


def find_own_return(return_id: int) -> Return | None:
    """Return a return that was asked for here, whatever became of it."""
    return (
        Return.objects.filter(pk=return_id, external_id__startswith=OURS)
        .select_related("order")
        .first()
    )


def count_own(order: Order) -> int:
    """Return how many returns of an order were asked for here."""
    return Return.objects.filter(order=order, external_id__startswith=OURS).count()


def _arrived_at(order: Order) -> datetime:
    """Return when the last of its parcels arrived, as far as any did; else when it was placed."""
    parcels = Shipment.objects.filter(order=order).aggregate(last=Max("delivered_at"))
    return max(order.ordered_at, parcels["last"] or order.ordered_at)


def _list_taken(order: Order, returns: Iterable[Return]) -> list[Taken]:
    refunds = Refund.objects.filter(order=order).values_list("refunded_at", "lines")
    back = [row for row in returns if row.status not in _KEPT]
    return [
        *(Taken(row.requested_at, is_refund=False, items=row.items) for row in back),
        *(Taken(at, is_refund=True, items=items) for at, items in refunds),
    ]


def _instead(line: OrderLine, others: Mapping[int, list[Variant]]) -> list[Variant]:
    found = others.get(line.product_id or 0, [])
    return [one for one in found if one.sku and one.sku != line.sku][:MOST_INSTEAD]
