"""Comparison with the whole store: mean, median, percentile, quartile and the best N%."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from math import ceil
from statistics import median
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kernel.clock import simulated
from segments.domain.definitions import parse
from segments.domain.words import describe
from segments.errors import DefinitionError
from segments.fields import FIELDS
from segments.models import SegmentReference
from segments.queries.listing import lines_of
from segments.queries.reasons import explain_segments
from segments.services.checks import find_differences
from segments.services.evaluate import matching
from segments.services.rebuild import refresh_everything
from tenants.models import Tenant
from tests.factories.segments import change_facts, make_buyer, make_segment

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)


def compared(operator: str, value: Any, field: str = "net_revenue") -> dict[str, Any]:
    return {"field": field, "is": operator, "value": value}


def percentile(percent: float) -> dict[str, Any]:
    return {"store": {"percentile": percent}}


@pytest.fixture
def buyers(tenant: Tenant) -> dict[int, int]:
    """Buyers of £10, £20, £30, £40 and £100, and somebody who never bought."""
    spent = (10, 20, 30, 40, 100)
    found = {make_buyer(net=100 * one, orders=2, last_order_at=NOW): one for one in spent}
    return {**found, make_buyer(): 0}


CASES: list[tuple[dict[str, Any], list[int]]] = [
    (compared(">", {"store": "mean"}), [100]),
    (compared(">=", {"store": "median"}), [30, 40, 100]),
    (compared("<", {"store": "median"}), [0, 10, 20]),
    (compared("<=", percentile(20)), [0, 10]),
    (compared("<=", percentile(21)), [0, 10, 20]),
    (compared(">", percentile(80)), [100]),
    (compared("in_quartile", 1), [10, 20]),
    (compared("in_quartile", 2), [30]),
    (compared("in_quartile", 4), [100]),
    (compared("in_quartile", [1, 4]), [10, 20, 100]),
    (compared("top", {"percent": 20}), [100]),
    (compared("top", {"percent": 21}), [40, 100]),
    (compared(">", {"store": "mean"}, "order_count"), []),
    (compared("<=", {"store": "mean"}, "order_count"), [0, 10, 20, 30, 40, 100]),
]


@pytest.mark.covers("S6")
@pytest.mark.parametrize(("definition", "expected"), CASES, ids=str)
def test_who_stands_where_among_all_buyers(
    buyers: dict[int, int], definition: dict[str, Any], expected: list[int]
) -> None:
    found = matching(definition, list(buyers), NOW)
    assert sorted(buyers[key] for key in found) == expected


@pytest.mark.covers("S6")
def test_whoever_has_no_value_of_a_figure_is_no_rival(buyers: dict[int, int]) -> None:
    people = {spent: key for key, spent in buyers.items()}
    for spent, days in ((10, 4), (40, 30)):
        change_facts(people[spent], days_between_orders=days)
    for percent, expected in ((50, [40]), (51, [10, 40])):
        best = compared("top", {"percent": percent}, "days_between_orders")
        found = matching(best, list(buyers), NOW)
        assert sorted(buyers[key] for key in found) == expected


@pytest.mark.covers("S6")
def test_figures_are_kept_shown_with_their_time_and_move_with_the_night(
    buyers: dict[int, int],
) -> None:
    segment = make_segment(
        {
            "op": "or",
            "children": [
                compared(">", {"store": "median"}),
                compared("<", percentile(12.5)),
                compared("<", {"store": "mean"}, "order_count"),
            ],
        }
    )
    with simulated(NOW):
        refresh_everything(NOW)
        assert lines_of(segment) == [
            "Median: £30.00, among 5 buyers, as of 30 Jun 2026, 13:00",
            "12.5% of buyers: up to £10.00, among 5 buyers, as of 30 Jun 2026, 13:00",
            "Average: 2, among 5 buyers, as of 30 Jun 2026, 13:00",
        ]
    [last] = [key for key, spent in buyers.items() if spent == 0]
    change_facts(last, order_count=1, net_minor=5_000, lookback_order_count=1, last_order_at=NOW)
    later = NOW + timedelta(days=1)
    with simulated(later):
        refresh_everything(later)
        assert find_differences() == []
    figures = dict(SegmentReference.objects.values_list("key", "value"))
    assert figures == {
        "net_revenue:median": Decimal(3_500),
        "net_revenue:percentile:12.5": Decimal(1_000),
        "order_count:mean": Decimal("1.83"),
    }


@pytest.mark.covers("S6")
@pytest.mark.parametrize("definition", [definition for definition, _ in CASES[:12]], ids=str)
def test_of_nobody_there_is_no_figure_and_no_comparison_holds(
    tenant: Tenant, definition: dict[str, Any]
) -> None:
    ada = make_buyer()
    segment = make_segment(definition)
    with simulated(NOW):
        refresh_everything(NOW)
    assert set(lines_of(segment)) == {"No buyers yet"}
    assert matching(definition, [ada], NOW) == set()
    assert matching({"op": "not", "children": [definition]}, [ada], NOW) == {ada}
    assert explain_segments(ada, NOW)[0].holds is False


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    (compared(">", {"store": "mode"}), ".value", 'must be {"store": "mean"}, {"store": "median"}'),
    (compared(">", percentile(100)), ".value.store.percentile", "must be above 0 and below 100"),
    (
        compared("=", {"store": "median"}),
        ".value",
        "a figure of the store goes with >, >=, < or <=",
    ),
    (compared(">", {"store": "mean"}, "recency"), ".value", "recency cannot be compared with the"),
    (compared("in_quartile", 5), ".value", "must be a whole number from 1 to 4"),
    (compared("in_quartile", []), ".value", "must be a number"),
    (compared("in_quartile", 1, "recency"), ".is", "must be one of: =, !=, >"),
]


@pytest.mark.parametrize(("definition", "place", "reason"), REFUSED)
def test_what_cannot_be_compared_is_refused_at_its_place(
    definition: dict[str, Any], place: str, reason: str
) -> None:
    with pytest.raises(DefinitionError) as refused:
        parse(definition, FIELDS)
    assert refused.value.path == f"definition{place}"
    assert refused.value.reason.startswith(reason)


WORDS: list[tuple[dict[str, Any], str]] = [
    (compared(">", {"store": "median"}), "Net revenue: more than the store’s median"),
    (compared("<=", percentile(12.5)), "Net revenue: at most percentile 12.5 of the store"),
    (
        compared("in_quartile", [4, 1]),
        "Net revenue: lowest quarter or highest quarter of buyers",
    ),
]


@pytest.mark.parametrize(("definition", "words"), WORDS)
def test_a_comparison_is_said_in_words(definition: dict[str, Any], words: str) -> None:
    assert describe(parse(definition, FIELDS), str, {}) == words


@pytest.mark.covers("S6")
@pytest.mark.django_db
@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    spent=st.lists(st.integers(0, 12), min_size=1, max_size=12),
    percent=st.integers(1, 99),
)
def test_sql_finds_the_figures_that_plain_python_finds(
    tenant: Tenant, spent: list[int], percent: int
) -> None:
    with transaction.atomic():
        people = {make_buyer(net=one, last_order_at=NOW): one for one in spent}

        def found(definition: dict[str, Any]) -> list[int]:
            return sorted(people[key] for key in matching(definition, list(people), NOW))

        ordered = sorted(spent)
        middle = int(Decimal(str(median(ordered))) + Decimal("0.5"))
        assert found(compared(">", {"store": "median"})) == [one for one in ordered if one > middle]
        mark = ordered[ceil(len(ordered) * percent / 100) - 1]
        assert found(compared("<=", percentile(percent))) == [one for one in ordered if one <= mark]
        quarters = [found(compared("in_quartile", quarter)) for quarter in range(1, 5)]
        assert [one for quarter in quarters for one in quarter] == ordered
        bounds = [ordered[ceil(len(ordered) * quarter / 4) - 1] for quarter in range(1, 4)]
        assert quarters[0] == [one for one in ordered if one <= bounds[0]]
        assert quarters[3] == [one for one in ordered if one > bounds[2]]
        transaction.set_rollback(True)
