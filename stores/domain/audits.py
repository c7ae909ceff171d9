"""A day of orders as we have it against the platform's list of it. Pure."""

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from stores.choices import DayDifference
from stores.types import OrderHead

BRAKE_FROM: Final = 10
BRAKE_SHARE: Final = 0.2
"""More orders gone than both is no deletion: the key sees less, or the shop was restored."""


@dataclass(frozen=True, slots=True)
class OurOrder:
    """An order as it is kept here; ``is_over``: it was cancelled or is a test."""

    external_id: str
    currency: str
    total_minor: int
    is_over: bool


@dataclass(frozen=True, slots=True)
class Difference:
    """One order that is not as the platform has it; amounts None where one side has none."""

    external_id: str
    kind: DayDifference
    ours: int | None
    theirs: int | None
    currency: str


@dataclass(slots=True)
class Comparison:
    """Both sides of a day, and each order that differs.

    An order that is over here and is not listed there counts on neither side: that is how one
    ends that was deleted in the shop.
    """

    our_count: int = 0
    our_minor: int = 0
    their_count: int = 0
    their_minor: int = 0
    differences: list[Difference] = field(default_factory=list)

    @property
    def gone_count(self) -> int:
        """How many the platform no longer lists."""
        return sum(1 for one in self.differences if one.kind is DayDifference.GONE)

    @property
    def shows_nothing(self) -> bool:
        """Whether the platform lists no order at all, while some are here."""
        return self.gone_count > 0 and not self.their_count

    @property
    def is_doubtful(self) -> bool:
        """Whether so many are gone that nothing shall be cancelled for it."""
        return self.gone_count > max(BRAKE_FROM, BRAKE_SHARE * self.our_count)


def compare(ours: Iterable[OurOrder], theirs: Iterable[OrderHead], *, currency: str) -> Comparison:
    """Compare a day order by order.

    Args:
        ours: of the day.
        theirs: of the same span; one that is listed twice counts once, and one that was put away
            there only where it is here.
        currency: in which both sides are added up.
    """
    kept = {order.external_id: order for order in ours}
    listed = {head.external_id: head for head in theirs}
    found = Comparison()
    for name, head in listed.items():
        order = kept.get(name)
        if order is None and head.is_aside:
            continue
        found.their_count += 1
        found.their_minor += head.total_minor if head.currency == currency else 0
        if order is None:
            found.differences.append(_differ(DayDifference.MISSING, None, head))
        elif (order.currency, order.total_minor) != (head.currency, head.total_minor):
            found.differences.append(_differ(DayDifference.CHANGED, order, head))
    for name, order in kept.items():
        if name not in listed and order.is_over:
            continue
        found.our_count += 1
        found.our_minor += order.total_minor if order.currency == currency else 0
        if name not in listed:
            found.differences.append(_differ(DayDifference.GONE, order, None))
    return found


def describe(
    differences: Iterable[Difference], mended: Mapping[str, bool], found: Container[str] = ()
) -> list[dict[str, Any]]:
    """Return differences as plain values, to be kept.

    Args:
        differences: any.
        mended: by order, whether it is as the platform has it now.
        found: orders that the platform did not list and has all the same.
    """
    return [
        {
            "id": one.external_id,
            "kind": str(DayDifference.MOVED if _is_moved(one, found) else one.kind),
            "ours": one.ours,
            "theirs": one.theirs,
            "currency": one.currency,
            "is_mended": mended.get(one.external_id, False),
        }
        for one in differences
    ]


def _is_moved(one: Difference, found: Container[str]) -> bool:
    return one.kind is DayDifference.GONE and one.external_id in found


def _differ(kind: DayDifference, order: OurOrder | None, head: OrderHead | None) -> Difference:
    known = head or order
    return Difference(
        external_id=known.external_id if known else "",
        kind=kind,
        ours=order.total_minor if order else None,
        theirs=head.total_minor if head else None,
        currency=known.currency if known else "",
    )
