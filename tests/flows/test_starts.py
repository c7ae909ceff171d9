"""What starts runs beside events and segments: dates, prices, stock, and people by hand."""

from datetime import UTC, date, datetime, time
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from crm.domain.stock_marks import passes_mark
from flows.domain.graph import EventTrigger, SegmentTrigger
from flows.domain.lots import is_held_out
from flows.domain.occurrences import (
    add_months,
    days_between,
    falls_on,
    find_occurrences,
    seek,
    start_day,
    start_instant,
)
from flows.domain.parsing import check_graph, parse_graph
from flows.domain.start_reading import START_READERS
from flows.domain.start_words import speak_trigger
from flows.domain.starts import DateTrigger, Repeats
from flows.errors import GraphError
from flows.nodes.triggers import TRIGGER_TYPES
from kernel.formats import find_zone
from tests.factories.flows import definition

pytestmark = pytest.mark.covers("F1")

LONDON = find_zone("Europe/London")


def read(trigger: dict[str, Any]) -> Any:
    return parse_graph(definition(trigger=trigger)).trigger


def faults(trigger: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(GraphError) as caught:
        check_graph(definition(trigger=trigger))
    return {problem.path: problem.text for problem in caught.value.problems}


EXAMPLES: dict[str, tuple[dict[str, Any], str]] = {
    "event": ({"event": "Order Placed"}, "Order Placed"),
    "segment": ({"segment": "7"}, "Enters Regulars"),
    "segment_exit": ({"segment": "7", "on": "exit"}, "Leaves Regulars"),
    "date": (
        {
            "date": {
                "property": "birthday",
                "offset": {"n": 3, "unit": "days", "direction": "before"},
                "at": "10:30",
            }
        },
        "3 days before birthday, every year, at 10:30",
    ),
    "price_drop": (
        {"price_drop": {"by": 10, "audience": "cart", "within_days": 1}},
        "The price falls by 10% or more, for who put it into the cart in the last 1 day",
    ),
    "low_stock": (
        {"low_stock": {"pieces": 5}},
        "A variant runs low (5 pieces or fewer), for who looked at it in the last 30 days",
    ),
    "back_in_stock": (
        {"back_in_stock": {"within_days": 7}},
        "A variant is back in stock (1 piece or more), for who asked to be told in the last 7 days",
    ),
    "refill": (
        {"refill": {"percent": 80}},
        "What they bought is 80% used up, by how long it lasts",
    ),
    "new_product": (
        {"new_product": {"audience": "bought", "within_days": 90}},
        "A product is published, for who bought of its category in the last 90 days",
    ),
    "tier": (
        {
            "event": "Loyalty Tier Changed",
            "filter": [
                {"property": "to", "is": "=", "value": "Gold"},
                {"property": "from", "is": "=", "value": "Silver"},
            ],
        },
        "Loyalty tier changes from Silver to Gold",
    ),
    "manual": ({"manual": True}, "Put in by hand or over the API"),
}


@pytest.mark.parametrize("word", EXAMPLES)
def test_each_trigger_has_a_schema_and_words(word: str) -> None:
    trigger, words = EXAMPLES[word]
    schema = next(each["schema"] for each in TRIGGER_TYPES if each["type"] == word)
    Draft202012Validator.check_schema(schema)
    assert list(Draft202012Validator(schema).iter_errors(trigger)) == []
    assert speak_trigger(read(trigger), {7: "Regulars"}) == words


def test_every_trigger_is_described() -> None:
    assert [each["type"] for each in TRIGGER_TYPES] == list(EXAMPLES)
    assert set(START_READERS) < set(EXAMPLES)


@pytest.mark.parametrize(
    ("trigger", "expected"),
    [
        ({"segment": "7", "on": "fire"}, {"trigger.on"}),
        ({"manual": "yes"}, {"trigger.manual"}),
        (
            {"date": {"property": "", "repeats": "daily"}},
            {"trigger.date.property", "trigger.date.repeats"},
        ),
        (
            {"date": {"property": "birthday", "offset": {"n": 400, "unit": "hours"}}},
            {
                "trigger.date.offset.n",
                "trigger.date.offset.unit",
                "trigger.date.offset.direction",
            },
        ),
        ({"date": {"property": "birthday", "timezone": "Mars"}}, {"trigger.date.timezone"}),
        ({"price_drop": {"by": 0}}, {"trigger.price_drop.by"}),
        ({"price_drop": {"by": 101}}, {"trigger.price_drop.by"}),
        (
            {"price_drop": {"by": True, "audience": "asked"}},
            {"trigger.price_drop.by", "trigger.price_drop.audience"},
        ),
        (
            {"low_stock": {"pieces": 7, "within_days": 91}},
            {"trigger.low_stock.pieces", "trigger.low_stock.within_days"},
        ),
        ({"back_in_stock": {"pieces": 0}}, {"trigger.back_in_stock.pieces"}),
    ],
)
def test_faults_of_a_trigger_name_their_place(trigger: dict[str, Any], expected: set[str]) -> None:
    assert set(faults(trigger)) == expected


def test_an_event_and_a_segment_are_read_as_before() -> None:
    assert read({"event": "Order Placed"}) == EventTrigger("Order Placed")
    assert read({"segment": "7", "on": "enter"}) == SegmentTrigger(7)


@pytest.mark.parametrize(
    ("repeats", "said", "day", "expected"),
    [
        ("once", "2026-06-01", "2026-06-01", True),
        ("once", "2025-06-01", "2026-06-01", False),
        ("yearly", "1990-06-01", "2026-06-01", True),
        ("yearly", "2026-06-01", "2026-06-01", True),
        ("yearly", "2027-06-01", "2026-06-01", False),
        ("yearly", "1992-02-29", "2026-02-28", True),
        ("yearly", "1992-02-29", "2028-02-28", False),
        ("yearly", "1992-02-29", "2028-02-29", True),
        ("monthly", "2026-01-31", "2026-02-28", True),
        ("monthly", "2026-01-31", "2026-03-30", False),
        ("monthly", "2026-01-31", "2026-04-30", True),
        ("monthly", "2026-01-15", "2026-04-15", True),
        ("weekly", "2026-06-01", "2026-06-08", True),
        ("weekly", "2026-06-01", "2026-06-09", False),
    ],
)
def test_a_date_comes_round(repeats: str, said: str, day: str, expected: bool) -> None:
    on, occurrence = date.fromisoformat(said), date.fromisoformat(day)
    assert falls_on(Repeats(repeats), on, occurrence) is expected
    sought = seek(Repeats(repeats), [occurrence])
    is_sought = (
        on in sought.days
        or f"{on:%m-%d}" in sought.month_days
        or on.day in sought.dates
        or on.isoweekday() in sought.weekdays
    )
    assert (is_sought and on <= occurrence) is expected


@pytest.mark.parametrize(
    ("offset", "occurrence", "expected"),
    [
        ({}, "2026-06-01", "2026-06-01"),
        ({"n": 3, "is_before": True}, "2026-06-01", "2026-05-29"),
        ({"n": 2, "unit": "weeks"}, "2026-06-01", "2026-06-15"),
        ({"n": 1, "unit": "months", "is_before": True}, "2026-03-31", "2026-02-28"),
        ({"n": 1, "unit": "months"}, "2026-01-31", "2026-02-28"),
        ({"weekdays": frozenset({4})}, "2026-06-01", "2026-06-05"),
    ],
)
def test_people_enter_so_far_from_the_date(
    offset: dict[str, Any], occurrence: str, expected: str
) -> None:
    trigger = DateTrigger("birthday", Repeats.YEARLY, **offset)
    on, day = date.fromisoformat(occurrence), date.fromisoformat(expected)
    assert start_day(trigger, on) == day
    assert find_occurrences(trigger, [day])[on] == day


def test_every_day_that_a_clock_of_the_world_shows_is_looked_at() -> None:
    noon = datetime(2026, 6, 1, 12, tzinfo=UTC)
    assert days_between(noon, noon) == [date(2026, 6, 1), date(2026, 6, 2)]
    assert add_months(date(2024, 2, 29), -12) == date(2023, 2, 28)


def test_somebody_enters_by_their_own_clock_or_that_of_the_trigger() -> None:
    own = DateTrigger("birthday", Repeats.YEARLY, at=time(9))
    fixed = DateTrigger("birthday", Repeats.YEARLY, at=time(9), zone="Asia/Tokyo")
    day = date(2026, 6, 1)
    assert start_instant(own, day, LONDON) == datetime(2026, 6, 1, 8, tzinfo=UTC)
    assert start_instant(fixed, day, LONDON) == datetime(2026, 6, 1, 0, tzinfo=UTC)
    skipped = DateTrigger("birthday", Repeats.YEARLY, at=time(1, 30))
    assert start_instant(skipped, date(2026, 3, 29), LONDON) == datetime(2026, 3, 29, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [(11, 10, True), (10, 9, False), (30, 3, True), (5, 0, False), (3, 6, False), (101, 100, True)],
)
def test_a_stock_is_told_to_run_low_when_it_passes_a_mark(
    before: int, after: int, expected: bool
) -> None:
    assert passes_mark(before, after) is expected


@pytest.mark.covers("X4")
def test_the_same_people_are_held_out_and_a_larger_share_adds_to_them() -> None:
    few = {key for key in range(20_000) if is_held_out(500, "flow|1|2", key)}
    more = {key for key in range(20_000) if is_held_out(1_000, "flow|1|2", key)}
    others = {key for key in range(20_000) if is_held_out(500, "flow|1|3", key)}
    assert few < more
    assert 900 < len(few) < 1_100
    assert 20 < len(few & others) < 90
    assert not any(is_held_out(0, "flow|1|2", key) for key in range(1_000))
