"""Which days a word means, what stands beside them, and how they are cut."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.domain.periods import (
    CHOICES,
    MAX_DAYS,
    choose_own,
    choose_period,
    compare_to,
    cut,
    cut_beside,
    grain_of,
    move_months,
)
from analytics.types import Period

TODAY = date(2026, 11, 25)
DAYS = st.dates(date(2015, 1, 1), date(2030, 12, 31))


def period(first: str, last: str) -> Period:
    return Period(date.fromisoformat(first), date.fromisoformat(last))


@pytest.mark.parametrize(
    ("key", "days", "before"),
    [
        ("7", ("2026-11-19", "2026-11-25"), ("2026-11-12", "2026-11-18")),
        ("30", ("2026-10-27", "2026-11-25"), ("2026-09-27", "2026-10-26")),
        ("month", ("2026-11-01", "2026-11-25"), ("2026-10-01", "2026-10-25")),
        ("last_month", ("2026-10-01", "2026-10-31"), ("2026-09-01", "2026-09-30")),
        ("quarter", ("2026-10-01", "2026-11-25"), ("2026-07-01", "2026-08-25")),
        ("year", ("2026-01-01", "2026-11-25"), ("2025-01-01", "2025-11-25")),
    ],
)
def test_each_word_means_its_days_and_those_before(
    key: str, days: tuple[str, str], before: tuple[str, str]
) -> None:
    chosen = choose_period(key, TODAY)
    assert chosen == period(*days)
    assert compare_to(chosen, "previous", key) == period(*before)


def test_a_month_that_runs_never_reaches_into_itself() -> None:
    chosen = choose_period("month", date(2026, 3, 31))
    assert compare_to(chosen, "previous", "month") == period("2026-02-01", "2026-02-28")


def test_last_year_is_the_same_days_also_in_a_leap_year() -> None:
    chosen = period("2028-02-29", "2028-03-02")
    assert compare_to(chosen, "year", "custom") == period("2027-02-28", "2027-03-02")
    assert compare_to(chosen, "none", "custom") is None


def test_own_days_are_put_right() -> None:
    assert choose_own(date(2026, 12, 1), date(2027, 1, 1), TODAY) == Period(TODAY, TODAY)
    assert choose_own(None, date(2026, 5, 4), TODAY) == period("2026-05-04", "2026-05-04")
    assert choose_own(date(1990, 1, 1), None, TODAY).days == MAX_DAYS


def test_weeks_begin_on_monday_and_ends_are_shorter() -> None:
    assert cut(period("2026-11-18", "2026-11-25"), "week") == [
        period("2026-11-18", "2026-11-22"),
        period("2026-11-23", "2026-11-25"),
    ]
    assert cut(period("2026-01-31", "2026-03-01"), "month") == [
        period("2026-01-31", "2026-01-31"),
        period("2026-02-01", "2026-02-28"),
        period("2026-03-01", "2026-03-01"),
    ]


def test_weeks_begin_on_the_day_that_the_merchant_chose() -> None:
    sunday = cut(period("2026-11-18", "2026-11-25"), "week", 7)
    saturday = cut(period("2026-11-18", "2026-11-25"), "week", 6)
    assert [part.first.isoformat() for part in sunday] == ["2026-11-18", "2026-11-22"]
    assert [part.first.isoformat() for part in saturday] == ["2026-11-18", "2026-11-21"]


def test_parts_of_a_longer_month_have_nothing_beside_them() -> None:
    chosen = choose_period("last_month", TODAY)
    other = compare_to(chosen, "previous", "last_month")
    assert other
    beside = cut_beside(cut(chosen, "day"), chosen, other, "day")
    assert (len(beside), beside[0], beside[29], beside[30]) == (
        31,
        period("2026-09-01", "2026-09-01"),
        period("2026-09-30", "2026-09-30"),
        None,
    )


@given(first=DAYS, days=st.integers(0, MAX_DAYS), mode=st.sampled_from(["previous", "year"]))
def test_parts_make_up_the_whole_and_what_stands_beside_them_never_overlaps(
    first: date, days: int, mode: str
) -> None:
    chosen = Period(first, first + timedelta(days=days))
    grain = grain_of(chosen)
    parts = cut(chosen, grain)
    assert (parts[0].first, parts[-1].last) == (chosen.first, chosen.last)
    assert all(a.last + timedelta(days=1) == b.first for a, b in pairwise(parts))
    assert len(parts) <= 62
    other = compare_to(chosen, mode, "custom")
    assert other
    beside = [part for part in cut_beside(parts, chosen, other, grain) if part]
    assert all(a.last + timedelta(days=1) == b.first for a, b in pairwise(beside))
    assert beside[0].first == other.first
    assert beside[-1].last <= other.last


@given(day=DAYS, key=st.sampled_from([key for key, _ in CHOICES if key != "custom"]))
def test_no_word_means_days_after_today(day: date, key: str) -> None:
    chosen = choose_period(key, day)
    other = compare_to(chosen, "previous", key)
    assert chosen.first <= chosen.last <= day
    assert other
    assert other.last < chosen.first


def test_a_month_moves_to_its_last_day() -> None:
    assert move_months(date(2026, 3, 31), -1) == date(2026, 2, 28)
    assert move_months(date(2026, 11, 5), 14) == date(2028, 1, 5)
