"""What the buyers of a segment buy, against the rest: of a fixed number of them, however many."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import Sum

from kernel.arrays import array
from kernel.sql import run_sql
from segments.models import BuyerSample, RfmSum, Segment

SAMPLE: Final = 2_500
"""Buyers that are looked at on each side; of more, so many drawn evenly."""
POOL: Final = 12_000
"""Buyers among whom members are told from the rest: all while there are no more, else so many that
the nightly scoring drew."""
MOVES: Final = 8_000
"""Entries and exits up to which the members of a small segment are found one by one."""
_TOP: Final = 10
_SEEDS: Final = 5
_LEAST_BOTH: Final = 3
_FEW: Final = 30
"""With fewer buyers on a side a lift would be chance, and none is shown."""


@dataclass(frozen=True, slots=True)
class Bought:
    """A product or category; shares of the buyers, 0 to 1.

    Attributes:
        product_id: None for a category.
        lift: how many times as often as the rest; None where one cannot tell.
    """

    product_id: int | None
    name: str
    people: int
    share: float
    rest_share: float | None
    lift: float | None


@dataclass(frozen=True, slots=True)
class CrossSell:
    """A product that goes with another one.

    Attributes:
        has_id, has_title: what they bought.
        lacks_id, lacks_title: what goes with it.
        open_share: of the members who have the first, how many lack the second, 0 to 1.
        people: about how many members that is.
        strength: how many times as often as by chance the two are together.
    """

    has_id: int
    has_title: str
    lacks_id: int
    lacks_title: str
    open_share: float
    people: int
    strength: float


@dataclass(frozen=True, slots=True)
class Insight:
    """What a segment buys.

    Attributes:
        members, rest: buyers of the last 24 months in the segment, and not in it.
        seen_members, seen_rest: how many of them were looked at.
        is_estimate: both are worked out from a sample.
        drawn_at: when the sample of all buyers was drawn; None where all were looked through.
    """

    members: int
    rest: int
    seen_members: int
    seen_rest: int
    is_estimate: bool
    drawn_at: datetime | None
    products: list[Bought]
    categories: list[Bought]
    cross_sell: list[CrossSell]

    @property
    def is_sampled(self) -> bool:
        """Whether not everybody was looked at."""
        return self.seen_members < self.members or self.seen_rest < self.rest


@dataclass(frozen=True, slots=True)
class _Sides:
    """Members and the rest: who is looked at, how many there are, and how one knows."""

    members: list[int]
    others: list[int]
    member_count: int
    rest_count: int
    is_estimate: bool
    drawn_at: datetime | None


def find_insight(segment_id: int) -> Insight:
    """Return what the buyers of a segment buy, and how that differs from the rest.

    It costs the same however many buyers there are.
    """
    sides = _find_sides(segment_id)
    members, others = sides.members[:SAMPLE], sides.others[:SAMPLE]
    ranked = run_sql(
        "segments.rank_bought", members=array(members), others=array(others), count=_TOP
    )
    bought = [_bought(row, len(members), len(others)) for row in ranked]
    products = [row for row in bought if row.product_id is not None]
    return Insight(
        members=sides.member_count,
        rest=sides.rest_count,
        seen_members=len(members),
        seen_rest=len(others),
        is_estimate=sides.is_estimate,
        drawn_at=sides.drawn_at,
        products=products,
        categories=[row for row in bought if row.product_id is None],
        cross_sell=_cross_sell(members, sides.member_count, products),
    )


INSIGHT_HEADINGS: Final = (
    "what",
    "name",
    "product_id",
    "offer",
    "offer_product_id",
    "people",
    "percent",
    "percent_of_others",
    "times_as_often",
)


def list_rows(insight: Insight) -> list[tuple[object, ...]]:
    """Return the cells of a file, below `INSIGHT_HEADINGS`.

    Of a product or category the people are the buyers looked at who have it, as the percent of all
    looked at, and the others likewise; of an offer they are about those who lack it, as the percent
    of those who have what it goes with.
    """
    bought = map(_row_of_bought, (*insight.products, *insight.categories))
    return [*bought, *map(_row_of_offer, insight.cross_sell)]


def _row_of_bought(row: Bought) -> tuple[object, ...]:
    return (
        "product" if row.product_id else "category",
        row.name,
        row.product_id,
        "",
        "",
        row.people,
        _percent(row.share),
        _percent(row.rest_share),
        _rounded(row.lift),
    )


def _row_of_offer(row: CrossSell) -> tuple[object, ...]:
    return (
        "offer",
        row.has_title,
        row.has_id,
        row.lacks_title,
        row.lacks_id,
        row.people,
        _percent(row.open_share),
        "",
        _rounded(row.strength),
    )


def _percent(share: float | None) -> float | None:
    return None if share is None else round(100 * share, 1)


def _rounded(times: float | None) -> float | None:
    return None if times is None else round(times, 2)


def _find_sides(segment_id: int) -> _Sides:
    buyers = RfmSum.objects.aggregate(people=Sum("profile_count"))["people"] or 0
    is_small = buyers <= POOL
    rows = run_sql("segments.sample_buyers", segment_id=segment_id, is_small=is_small, count=POOL)
    members = [row.profile_id for row in rows if row.is_member]
    others = [row.profile_id for row in rows if not row.is_member]
    if is_small:
        return _Sides(members, others, len(members), len(others), is_estimate=False, drawn_at=None)
    drawn_at = BuyerSample.objects.values_list("drawn_at", flat=True).first()
    if (found := _find_small(segment_id)) is not None:
        rest = buyers - len(found)
        return _Sides(found, others, len(found), rest, is_estimate=False, drawn_at=drawn_at)
    count = round(buyers * len(members) / max(len(rows), 1))
    return _Sides(members, others, count, buyers - count, is_estimate=True, drawn_at=drawn_at)


def _find_small(segment_id: int) -> list[int] | None:
    """Return all buyers of a segment in which few ever moved; None of any other."""
    if not Segment.objects.filter(pk=segment_id, member_count__lte=MOVES).exists():
        return None
    [found] = run_sql("segments.list_small_buyers", segment_id=segment_id, most=MOVES)
    return found.profile_ids if found.is_whole else None


def _bought(row: Any, members: int, others: int) -> Bought:
    share = row.members / max(members, 1)
    rest_share = row.others / others if others else None
    can_tell = members >= _FEW and others >= _FEW and bool(rest_share)
    return Bought(
        product_id=row.product_id,
        name=row.name,
        people=row.members,
        share=share,
        rest_share=rest_share,
        lift=share / rest_share if can_tell and rest_share else None,
    )


def _cross_sell(members: list[int], total: int, products: list[Bought]) -> list[CrossSell]:
    if len(members) < _FEW:
        return []
    rows = run_sql(
        "segments.pair_bought",
        members=array(members),
        products=array([row.product_id for row in products[:_SEEDS] if row.product_id]),
        least=max(_LEAST_BOTH, len(members) // 100),
        count=_TOP,
    )
    found = [
        CrossSell(
            has_id=row.has_id,
            has_title=row.has_title,
            lacks_id=row.lacks_id,
            lacks_title=row.lacks_title,
            open_share=(row.has - row.both) / row.has,
            people=round((row.has - row.both) * total / len(members)),
            strength=row.both * len(members) / (row.has * row.lacks_total),
        )
        for row in rows
    ]
    return [row for row in found if row.strength > 1]
