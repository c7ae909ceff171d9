"""The pure rules of RFM."""

from collections import Counter
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segments.domain.rfm import (
    GROUP_LABELS,
    choose_mode,
    group_of,
    quantile_bounds,
    score_buyer,
    score_by_share,
    score_of,
    threshold_bounds,
)
from segments.types import BuyerMeasures, Scores

TODAY = date(2026, 6, 30)
BUYERS = st.lists(
    st.builds(
        BuyerMeasures,
        profile_id=st.integers(1, 10**6),
        last_order_on=st.integers(0, 40).map(lambda days: TODAY - timedelta(days=days * 9)),
        order_count=st.integers(1, 9),
        net_minor=st.integers(-5_000, 60_000),
    ),
    min_size=1,
    max_size=60,
)


@given(BUYERS)
def test_bounds_score_as_the_share_of_smaller_values_says(buyers: list[BuyerMeasures]) -> None:
    bounds = quantile_bounds(buyers)
    scored = [score_buyer(buyer, bounds) for buyer in buyers]
    assert [s.recency for s in scored] == score_by_share([b.last_order_on for b in buyers])
    assert [s.frequency for s in scored] == score_by_share([b.order_count for b in buyers])
    assert [s.monetary for s in scored] == score_by_share([b.net_minor for b in buyers])


@given(st.lists(st.integers(-100, 100), min_size=1, max_size=80))
def test_equal_values_score_equal_and_larger_never_lower(values: list[int]) -> None:
    pairs = sorted(zip(values, score_by_share(values), strict=True))
    for (low, low_score), (high, high_score) in pairwise(pairs):
        assert low_score <= high_score
        if low == high:
            assert low_score == high_score


@given(BUYERS)
def test_every_buyer_has_exactly_one_group(buyers: list[BuyerMeasures]) -> None:
    bounds = quantile_bounds(buyers)
    groups = Counter(score_buyer(buyer, bounds).group for buyer in buyers)
    assert set(groups) <= set(GROUP_LABELS)
    assert groups.total() == len(buyers)


def test_all_groups_are_reached_and_nothing_else() -> None:
    found = {
        group_of(r, f, m, order_count=orders)
        for r in range(1, 6)
        for f in range(1, 6)
        for m in range(1, 6)
        for orders in (1, 2)
    }
    assert found == set(GROUP_LABELS)


@pytest.mark.parametrize(
    ("scores", "orders", "group"),
    [
        ((4, 4, 4), 5, "champions"),
        ((5, 4, 3), 5, "loyal"),
        ((3, 4, 5), 5, "loyal"),
        ((4, 1, 5), 1, "potential"),
        ((4, 3, 5), 3, "promising"),
        ((3, 1, 1), 1, "one_time_lapsed"),
        ((1, 5, 5), 1, "one_time_lapsed"),
        ((3, 3, 1), 2, "needs_attention"),
        ((2, 5, 5), 9, "at_risk"),
        ((1, 3, 1), 3, "lapsed_regular"),
        ((1, 2, 4), 2, "lapsed_regular"),
        ((1, 2, 3), 2, "lost"),
    ],
)
def test_the_first_rule_that_fits_names_the_group(
    scores: tuple[int, int, int], orders: int, group: str
) -> None:
    assert group_of(*scores, order_count=orders) == group


def test_seventy_per_cent_with_one_order_share_the_lowest_frequency() -> None:
    assert score_by_share([1] * 7 + [2, 2, 9]) == [1] * 7 + [4, 4, 5]


@pytest.mark.parametrize(
    ("days", "score"),
    [(0, 5), (30, 5), (31, 4), (60, 4), (61, 3), (90, 3), (91, 2), (180, 2), (181, 1)],
)
def test_thresholds_of_recency(days: int, score: int) -> None:
    bounds = threshold_bounds(today=TODAY, net_minor=100, order_count=1)
    assert score_of(TODAY - timedelta(days=days), bounds.recency) == score


@pytest.mark.parametrize(
    ("orders", "score"), [(1, 1), (2, 2), (3, 3), (4, 3), (5, 4), (7, 4), (8, 5), (80, 5)]
)
def test_thresholds_of_frequency(orders: int, score: int) -> None:
    bounds = threshold_bounds(today=TODAY, net_minor=100, order_count=1)
    assert score_of(orders, bounds.frequency) == score


@pytest.mark.parametrize(
    ("net", "score"),
    [(-5, 1), (16, 1), (17, 2), (33, 2), (34, 3), (66, 3), (67, 4), (133, 4), (134, 5)],
)
def test_thresholds_of_money_are_multiples_of_the_exact_average(net: int, score: int) -> None:
    # The average order is 100/3: halves are 16.67, 33.33, 66.67 and 133.33.
    bounds = threshold_bounds(today=TODAY, net_minor=100, order_count=3)
    assert score_of(net, bounds.monetary) == score


def test_without_positive_revenue_only_positive_values_stand_out() -> None:
    bounds = threshold_bounds(today=TODAY, net_minor=-400, order_count=3)
    assert [score_of(net, bounds.monetary) for net in (-1, 0, 1)] == [1, 1, 5]


def test_quantiles_from_two_hundred_buyers_unless_the_merchant_says_so() -> None:
    assert [choose_mode("", 199), choose_mode("", 200)] == ["thresholds", "quantile"]
    assert choose_mode("thresholds", 5_000) == "thresholds"


def test_scores_carry_their_group() -> None:
    bounds = threshold_bounds(today=TODAY, net_minor=1_000, order_count=1)
    buyer = BuyerMeasures(1, TODAY, 8, 9_000)
    assert score_buyer(buyer, bounds) == Scores(5, 5, 5, "champions")
