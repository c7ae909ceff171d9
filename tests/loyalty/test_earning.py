"""How many points an order is worth."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty.domain.earning import points_for, points_kept, points_taken

POINTS = st.integers(0, 10**7)
MINOR = st.integers(0, 10**9)


@pytest.mark.parametrize(
    ("paid", "unit", "rate", "points"),
    [
        (5990, 100, "1", 59),
        (5990, 100, "2.5", 149),
        (99, 100, "1", 0),
        (1200, 1, "0.1", 120),
        (-500, 100, "1", 0),
    ],
)
def test_points_are_units_times_the_rate(paid: int, unit: int, rate: str, points: int) -> None:
    assert points_for(paid, unit=unit, rate=Decimal(rate)) == points


def test_a_refund_is_rounded_toward_the_customer() -> None:
    assert points_taken(59, refunded_minor=1000, paid_minor=5990) == 9
    assert points_taken(59, refunded_minor=5990, paid_minor=5990) == 59
    assert points_taken(59, refunded_minor=9000, paid_minor=5990) == 59
    assert points_taken(59, refunded_minor=100, paid_minor=0) == 0


@given(earned=POINTS, paid=MINOR, refunds=st.lists(MINOR, max_size=6))
def test_refunds_never_take_more_than_was_earned(
    earned: int, paid: int, refunds: list[int]
) -> None:
    taken = [
        points_taken(earned, refunded_minor=sum(refunds[:upto]), paid_minor=paid)
        for upto in range(len(refunds) + 1)
    ]
    assert taken == sorted(taken)
    assert 0 <= taken[-1] <= earned
    assert points_kept(earned, refunded_minor=sum(refunds), paid_minor=paid, is_counted=True) >= 0


def test_an_order_that_does_not_count_keeps_nothing() -> None:
    assert points_kept(59, refunded_minor=0, paid_minor=5990, is_counted=False) == 0
