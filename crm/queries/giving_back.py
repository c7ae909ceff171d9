"""What of an order can go back, what can be had in its place, and what was asked for here."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from crm.choices import OPEN_RETURNS, OrderState, ReturnStatus
from crm.models import Order, OrderLine, Refund, Return, Variant
from crm.queries.stock import find_exchanges

OURS: Final = "patron-"
"""Begins the id of what was asked for here, at the store of its order."""
DAYS: Final = 60
"""So long after an order its customer may ask; members always may."""
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
    """

    order: Order
    lines: list[BackLine]
    asked: Return | None
    until: datetime


def find_giving_back(order: Order) -> GivingBack:
    """Return what of an order can go back; five statements at the most."""
    returns = list(Return.objects.filter(order=order).order_by("-requested_at", "-pk"))
    may = order.is_counted and order.state != OrderState.REFUNDED
    lines = list(OrderLine.objects.filter(order=order).order_by("position", "pk") if may else ())
    gone = _count_gone(order, returns) if lines else Counter[str]()
    left = {line.pk: line.quantity - gone[line.line_key] for line in lines}
    open_lines = [(place, line) for place, line in enumerate(lines) if left[line.pk] > 0]
    others = find_exchanges({line.sku for _, line in open_lines})
    own = [row for row in returns if row.external_id.startswith(OURS)]
    return GivingBack(
        order=order,
        lines=[
            BackLine(line, place, left[line.pk], _instead(line, others))
            for place, line in open_lines
        ],
        asked=next((row for row in own if row.status in OPEN_RETURNS), None),
        until=order.ordered_at + timedelta(days=DAYS),
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


def _count_gone(order: Order, returns: Iterable[Return]) -> Counter[str]:
    """Count by key of the line what is on its way back or was paid back, whichever is more."""
    back = _count(item for row in returns if row.status not in _KEPT for item in row.items)
    refunds = Refund.objects.filter(order=order).values_list("lines", flat=True)
    return back | _count(item for items in refunds for item in items)


def _count(items: Iterable[Mapping[str, Any]]) -> Counter[str]:
    found = Counter[str]()
    for item in items:
        found[str(item.get("line_key", ""))] += int(item.get("quantity") or 1)
    return found


def _instead(line: OrderLine, others: Mapping[str, list[Variant]]) -> list[Variant]:
    found = [one for one in others.get(line.sku, []) if one.sku and one.sku != line.sku]
    return found[:MOST_INSTEAD]
