"""Every figure of this app computed again from what it came from, each difference in words."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db import transaction

from kernel import clock
from kernel.sql import run_sql
from segments.domain.rfm import score_buyer
from segments.models import RfmScale
from segments.queries.conditions import get_moment
from segments.services.auditing import find_wrong
from segments.services.rfm import bounds_of, measure_buyers
from segments.types import BuyerMeasures, RfmBounds

PAGE = 20_000


@transaction.atomic
def find_differences() -> list[str]:
    """Return what is stored otherwise than it should be; empty when all is right.

    RFM is computed for every buyer by the plain rules and the bounds of the last scoring, from
    orders themselves where a past day is looked at. Memberships are decided anew for this
    instant; those whose time has come and whose turn has not yet are not taken for wrong.
    """
    now = clock.now()
    return [
        *_rfm_differences(now),
        *_sum_differences(),
        *_membership_differences(now),
        *_size_differences(),
        *_day_differences(now),
    ]


def _rfm_differences(now: datetime) -> Iterator[str]:
    """Walk buyers and stored scores side by side, page by page, both in order of profile."""
    scale = RfmScale.objects.first()
    if scale is None or not scale.buyers:
        for row in run_sql("segments.list_scores", after=0, count=PAGE):
            yield f"rfm of profile {row.profile_id}: scored, though nobody was"
        return
    bounds = bounds_of(scale)
    after: int | None = 0
    while after is not None:
        stored = run_sql("segments.list_scores", after=after, count=PAGE)
        upto = stored[-1].profile_id if len(stored) == PAGE else None
        buyers = measure_buyers(scale, now, after=after, upto=upto)
        yield from _compare_scores({row.profile_id: row for row in stored}, buyers, bounds)
        after = upto


def _compare_scores(
    stored: dict[int, Any], buyers: list[BuyerMeasures], bounds: RfmBounds
) -> Iterator[str]:
    for buyer in buyers:
        scores = score_buyer(buyer, bounds)
        wanted = (scores.recency, scores.frequency, scores.monetary, scores.group)
        row = stored.pop(buyer.profile_id, None)
        found = row and (row.recency, row.frequency, row.monetary, row.rfm_group)
        if found != wanted:
            yield f"rfm of profile {buyer.profile_id}: stored {found}, computed {wanted}"
        elif row and found != (row.fact_r, row.fact_f, row.fact_m, row.fact_group):
            yield f"rfm of profile {buyer.profile_id}: facts do not carry {wanted}"
    for profile_id in stored:
        yield f"rfm of profile {profile_id}: scored, but no buyer"


def _membership_differences(now: datetime) -> Iterator[str]:
    for row in find_wrong(now):
        yield f"segments of profile {row.profile_id}: stored {row.stored}, computed {row.computed}"


def _size_differences() -> Iterator[str]:
    for row in run_sql("segments.find_wrong_sizes"):
        yield f"size of segment {row.id}: stored {row.stored}, counted {row.counted}"


def _sum_differences() -> Iterator[str]:
    for row in run_sql("segments.find_wrong_sums"):
        where = f"recency {row.recency}, frequency {row.frequency}, {row.rfm_group}"
        stored, counted = (row.stored_count, row.stored_minor), (row.people, row.net_minor)
        yield f"rfm sum of {where}: stored {stored}, counted {counted}"
    for row in run_sql("segments.find_wrong_recencies"):
        yield f"buyers who last ordered on {row.day}: stored {row.stored}, counted {row.counted}"


def _day_differences(now: datetime) -> Iterator[str]:
    for row in run_sql("segments.find_wrong_days", zone=get_moment(now).zone.key):
        stored, counted = (row.stored_entered, row.stored_left), (row.entered, row.left_count)
        yield f"{row.day} of segment {row.segment_id}: stored {stored}, counted {counted}"
