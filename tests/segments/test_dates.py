"""Dates in conditions: who meets each, when time changes it, and that the three ways agree."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kernel.batches import Deadline
from kernel.clock import simulated
from segments.choices import Cause
from segments.domain.definitions import parse
from segments.domain.words import describe
from segments.errors import DefinitionError
from segments.fields import FIELDS
from segments.models import Membership, Upkeep
from segments.queries.reasons import explain_segments
from segments.services.clock import reevaluate_due
from segments.services.evaluate import matching
from segments.services.rebuild import rebuild
from tenants.models import Tenant
from tenants.services.general import GeneralData, update_general
from tests.factories.segments import make_buyer, make_segment
from tests.segments.test_happenings import happen

LONDON = ZoneInfo("Europe/London")
# 23:30 on Tuesday 30 June in London: still 30 June there, though 22:30 UTC.
NOW = datetime(2026, 6, 30, 22, 30, tzinfo=UTC)
WHEN = "properties.when"


def on(operator: str, value: Any = None, name: str = WHEN) -> dict[str, Any]:
    leaf = {"field": name, "is": operator} | ({"type": "date"} if name == WHEN else {})
    return leaf if value is None else {**leaf, "value": value}


def days(count: int) -> dict[str, int]:
    return {"days": count}


CASES: list[tuple[str, dict[str, Any], bool]] = [
    ("2026-06-30", on("in_the_last", days(0)), True),
    ("2026-06-23", on("in_the_last", {"weeks": 1}), True),
    ("2026-06-22", on("in_the_last", days(7)), False),
    ("2026-07-01", on("in_the_last", days(7)), False),
    ("2026-07-01", on("not_in_the_last", days(7)), True),
    ("soon", on("not_in_the_last", days(7)), True),
    ("2026-06-30", on("in_the_next", days(7)), True),
    ("2026-07-07", on("in_the_next", days(7)), True),
    ("2026-07-08", on("in_the_next", days(7)), False),
    ("2026-06-29", on("in_the_next", days(7)), False),
    ("2026-05-31", on("at_least_ago", days(30)), True),
    ("2026-06-01", on("at_least_ago", days(30)), False),
    ("2026-06-16", on("between_ago", [days(7), days(14)]), True),
    ("2026-06-23", on("between_ago", [days(7), days(14)]), True),
    ("2026-06-24", on("between_ago", [days(7), days(14)]), False),
    ("2026-06-30T21:00:00Z", on("in_the_last", {"hours": 2}), True),
    ("2026-06-30T20:30:00Z", on("in_the_last", {"hours": 2}), False),
    # Without an offset a time is the merchant's: 22:00 in London is 21:00 UTC.
    ("2026-06-30 22:00", on("in_the_last", {"hours": 2}), True),
    ("2026-07-01T01:30:00Z", on("in_the_next", {"hours": 3}), True),
    ("2026-07-01T01:30:01Z", on("in_the_next", {"hours": 3}), False),
    ("2026-06-30T22:29:59Z", on("in_the_next", {"hours": 3}), False),
    ("2026-06-30T18:30:00Z", on("at_least_ago", {"hours": 4}), True),
    ("2026-06-30T18:30:01Z", on("at_least_ago", {"hours": 4}), False),
    ("2026-06-30T20:30:00Z", on("between_ago", [{"hours": 2}, {"hours": 4}]), True),
    ("2026-06-30T18:30:00Z", on("between_ago", [{"hours": 2}, {"hours": 4}]), False),
    ("2026-06-30T23:30:00+02:00", on("on", "2026-06-30"), True),
    ("2026-06-30T23:30:00Z", on("on", "2026-07-01"), True),
    ("1990-06-12", on("in_month", [6, 7]), True),
    ("1990-05-31", on("in_month", [6, 7]), False),
    ("1990-06-30", on("anniversary", "today"), True),
    ("1990-07-01", on("anniversary", "today"), False),
    ("2026-06-30", on("anniversary", "today"), False),
    ("1990-06-29", on("anniversary", "this_week"), True),
    ("1990-07-05", on("anniversary", "this_week"), True),
    ("1990-07-06", on("anniversary", "this_week"), False),
    ("1990-06-01", on("anniversary", "this_month"), True),
    ("1990-07-01", on("anniversary", "this_month"), False),
    ("1990-07-07", on("anniversary", {"next": days(7)}), True),
    ("1990-07-08", on("anniversary", {"next": days(7)}), False),
    ("1990-06-23", on("anniversary", {"last": days(7)}), True),
    ("1990-06-22", on("anniversary", {"last": days(7)}), False),
    ("2026-02-30", on("exists"), False),
    ("2026-02-28", on("exists"), True),
    ("28.02.2026", on("exists"), False),
    ("2026-02-28T25:00", on("exists"), False),
    ("2026-05-31", on("between", ["2026-05-31", "2026-06-01"]), True),
    ("2026-05-31", on("before", "2026-05-31"), False),
]


@pytest.mark.covers("S4")
@pytest.mark.django_db
def test_who_meets_a_condition_on_a_date(tenant: Tenant) -> None:
    people = {text: make_buyer(properties={"when": text}) for text, *_ in CASES}
    for text, definition, expected in CASES:
        found = matching(definition, [people[text]], NOW) == {people[text]}
        assert found is expected, (text, definition)


@pytest.mark.django_db
def test_the_29th_of_february_is_kept_on_the_28th_in_other_years(tenant: Tenant) -> None:
    ada = make_buyer(properties={"when": "2000-02-29"})
    today = on("anniversary", "today")
    for day, is_it in (
        ((2027, 2, 28), True),
        ((2027, 3, 1), False),
        ((2028, 2, 28), False),
        ((2028, 2, 29), True),
    ):
        at = datetime(*day, 12, tzinfo=UTC)
        assert (matching(today, [ada], at) == {ada}) is is_it, day


@pytest.mark.django_db
def test_weeks_begin_when_the_merchant_says(tenant: Tenant) -> None:
    sunday = make_buyer(properties={"when": "1990-06-28"})
    this_week = on("anniversary", "this_week")
    assert matching(this_week, [sunday], NOW) == set()
    Tenant.objects.filter(pk=tenant.pk).update(week_start=7)
    assert matching(this_week, [sunday], NOW) == {sunday}


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    (on("in_the_next", {"hours": 0}), ".value.hours", "must be a whole number from 1 to"),
    (on("in_the_next", {"years": 3}), ".value", 'must be {"days": 30} or {"weeks": 4}'),
    (
        on("between_ago", [{"hours": 3}, days(2)]),
        ".value",
        "must be two spans of hours, or two of days or weeks",
    ),
    (
        on("between_ago", days(3)),
        ".value",
        'must be two spans such as [{"days": 7}, {"days": 14}]',
    ),
    (
        on("between_ago", [days(9), days(3)]),
        ".value",
        "must be two spans, the shorter one first",
    ),
    (on("in_month", [13]), ".value[0]", "must be a whole number from 1 to 12"),
    (on("anniversary", "soon"), ".value", "must be “today”, “this_week”, “this_month”"),
    (on("anniversary", {"next": days(366)}), ".value.next", "must be a whole number from 0 to 365"),
    ({**on("exists"), "type": "day"}, ".type", "must be one of: text, number, date, boolean, list"),
    (on("contains", "x"), ".is", "must be one of: before, after, on, between"),
]


@pytest.mark.parametrize(("definition", "place", "reason"), REFUSED)
def test_what_is_no_date_is_refused_at_its_place(
    definition: dict[str, Any], place: str, reason: str
) -> None:
    with pytest.raises(DefinitionError) as refused:
        parse(definition, FIELDS)
    assert refused.value.path == f"definition{place}"
    assert refused.value.reason.startswith(reason)


WORDS: list[tuple[dict[str, Any], str]] = [
    (on("in_the_last", days(1), "last_order_at"), "Last order: in the last 1 day"),
    (on("not_in_the_last", {"hours": 24}, "cart_at"), "Cart left: not in the last 24 hours"),
    (on("in_the_next", days(14)), "Property “when”: in the next 14 days"),
    (on("in_the_next", {"hours": 1}), "Property “when”: in the next 1 hour"),
    (on("at_least_ago", {"hours": 4}, "cart_at"), "Cart left: at least 4 hours ago"),
    (
        on("between_ago", [{"hours": 4}, {"hours": 48}], "cart_at"),
        "Cart left: between 4 and 48 hours ago",
    ),
    (on("between_ago", [days(60), days(119)]), "Property “when”: between 60 and 119 days ago"),
    (on("at_least_ago", {"weeks": 2}), "Property “when”: at least 14 days ago"),
    (on("in_month", [1, 2, 3]), "Property “when”: in January to March"),
    (on("anniversary", "this_week"), "Property “when”: anniversary this week"),
    (on("anniversary", {"last": days(3)}), "Property “when”: anniversary in the last 3 days"),
]


@pytest.mark.parametrize(("definition", "words"), WORDS)
def test_a_date_is_said_in_words(definition: dict[str, Any], words: str) -> None:
    assert describe(parse(definition, FIELDS), str, {}) == words


@pytest.mark.django_db
def test_why_a_birthday_counts_and_when_it_does_no_more(tenant: Tenant) -> None:
    ada = make_buyer(properties={"when": "1990-07-02"})
    make_segment(on("anniversary", {"next": days(7)}))
    with simulated(NOW):
        [reason] = explain_segments(ada, NOW)
    [leaf] = reason.leaves
    assert (leaf.actual, leaf.holds) == ("2 Jul 1990", True)
    assert leaf.flips_at == datetime(2026, 7, 2, 23, tzinfo=UTC)


@pytest.mark.django_db
def test_another_time_zone_of_the_merchant_moves_days_at_once(tenant: Tenant) -> None:
    # 20:00 UTC on 23 June is 21:00 in London and 5:00 on the 24th in Tokyo.
    ada = make_buyer(last_order_at=datetime(2026, 6, 23, 20, tzinfo=UTC))
    segment = make_segment(on("in_the_last", days(7), "last_order_at"))
    with simulated(NOW - timedelta(hours=12)):
        rebuild(NOW - timedelta(hours=12), Cause.DEFINITION)
    [row] = Membership.objects.all()
    assert (row.profile_id, row.segment_ids) == (ada, [segment.pk])
    assert row.reeval_at == datetime(2026, 6, 30, 23, tzinfo=UTC)
    with simulated(NOW - timedelta(hours=11)):
        update_general(_general(tenant, "Asia/Tokyo"), actor="ada@example.com")
        reevaluate_due(Deadline(seconds=None))
    [row] = Membership.objects.all()
    assert row.reeval_at == datetime(2026, 7, 1, 15, tzinfo=UTC)


def _general(tenant: Tenant, zone: str) -> GeneralData:
    return GeneralData(
        name=tenant.name,
        country=tenant.country,
        timezone=zone,
        currency=tenant.currency,
        week_start=tenant.week_start,
    )


# What follows lets plain Python say the same of any date, and walks from flip to flip.

near = st.integers(-40, 40)
dates_told = st.one_of(
    st.builds(lambda ago: (NOW.date() - timedelta(days=ago)).isoformat(), near),
    st.builds(
        lambda year, ago: (date(year, 6, 30) - timedelta(days=ago)).isoformat(),
        st.integers(2019, 2027),
        near,
    ),
    st.builds(
        lambda minutes: (NOW - timedelta(minutes=minutes)).isoformat(), st.integers(-3000, 9000)
    ),
    st.sampled_from(("2024-02-29", "2025-02-28", "2025-03-01", "2025-12-31", "never")),
)
few = st.integers(0, 30)
conditions = st.one_of(
    st.builds(lambda n: on("in_the_last", days(n)), few),
    st.builds(lambda n: on("not_in_the_last", days(n)), few),
    st.builds(lambda n: on("in_the_last", {"hours": n}), st.integers(1, 90)),
    st.builds(lambda n: on("in_the_next", {"hours": n}), st.integers(1, 90)),
    st.builds(lambda n: on("at_least_ago", {"hours": n}), st.integers(1, 90)),
    st.builds(
        lambda n, more: on("between_ago", [{"hours": n}, {"hours": n + more}]),
        st.integers(1, 90),
        st.integers(1, 90),
    ),
    st.builds(lambda n: on("in_the_next", days(n)), few),
    st.builds(lambda n: on("at_least_ago", days(n)), few),
    st.builds(lambda n, more: on("between_ago", [days(n), days(n + more)]), few, few),
    st.builds(lambda n: on("in_month", [n]), st.integers(1, 12)),
    st.builds(lambda n: on("anniversary", {"next": days(n)}), few),
    st.builds(lambda n: on("anniversary", {"last": days(n)}), few),
    st.sampled_from(["today", "this_week", "this_month"]).map(lambda one: on("anniversary", one)),
)


def meets(leaf: dict[str, Any], text: str, now: datetime) -> bool:
    """Say by hand whether a date meets a condition."""
    operator, value = leaf["is"], leaf["value"]
    if operator == "not_in_the_last" or text == "never":
        return operator == "not_in_the_last" and not meets({**leaf, "is": "in_the_last"}, text, now)
    told = datetime.fromisoformat(text)
    at = told if told.tzinfo else told.replace(tzinfo=LONDON)
    today, day = now.astimezone(LONDON).date(), at.astimezone(LONDON).date()
    match operator:
        case "in_month":
            return day.month in value
        case "anniversary":
            return any(within(value, came, today) for came in anniversaries(day, today))
        case "in_the_last" | "in_the_next" | "at_least_ago" | "between_ago" if "hours" in str(
            value
        ):
            return are_hours_ago(operator, value, now - at)
        case _:
            return is_so_long_ago(operator, value, (today - day).days)


def hours(value: Any) -> timedelta:
    return timedelta(hours=value["hours"])


def are_hours_ago(operator: str, value: Any, ago: timedelta) -> bool:
    match operator:
        case "in_the_last":
            return timedelta(0) <= ago < hours(value)
        case "in_the_next":
            return timedelta(0) < -ago <= hours(value)
        case "between_ago":
            return hours(value[0]) <= ago < hours(value[1])
        case _:
            return ago >= hours(value)


def is_so_long_ago(operator: str, value: Any, ago: int) -> bool:
    match operator:
        case "in_the_last":
            return 0 <= ago <= int(value["days"])
        case "in_the_next":
            return 0 <= -ago <= int(value["days"])
        case "at_least_ago":
            return ago >= int(value["days"])
        case _:
            return int(value[0]["days"]) <= ago <= int(value[1]["days"])


def anniversaries(day: date, today: date) -> list[date]:
    found = []
    for year in range(day.year + 1, today.year + 2):
        is_leap = year % 4 == 0
        is_moved = (day.month, day.day) == (2, 29) and not is_leap
        found.append(day.replace(year=year, day=28) if is_moved else day.replace(year=year))
    return found


def within(value: Any, came: date, today: date) -> bool:
    ahead = (came - today).days
    match value:
        case "today":
            return ahead == 0
        case "this_week":
            return came.isocalendar()[:2] == today.isocalendar()[:2]
        case "this_month":
            return (came.year, came.month) == (today.year, today.month)
        case {"next": span}:
            return 0 <= ahead <= int(span["days"])
        case _:
            return 0 <= -ahead <= int(value["last"]["days"])


def looks(start: datetime, upto: datetime) -> list[datetime]:
    """Return instants at which somebody might look: local noons and midnights in between."""
    first = start.astimezone(LONDON).date()
    count = min((upto - start).days + 2, 420)
    at = [
        datetime(day.year, day.month, day.day, hour, tzinfo=LONDON).astimezone(UTC)
        for day in (first + timedelta(days=n) for n in range(count))
        for hour in (0, 12)
    ]
    return [one for one in at if start <= one < upto]


@pytest.mark.covers("S4")
@pytest.mark.django_db
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(definition=conditions, text=dates_told)
def test_sql_and_the_clock_say_of_dates_what_plain_python_says(
    tenant: Tenant, definition: dict[str, Any], text: str
) -> None:
    with transaction.atomic():
        make_buyer(properties={"when": text})
        segment = make_segment(definition)
        with simulated(NOW):
            rebuild(NOW, Cause.DEFINITION)
        assert not Upkeep.objects.filter(due_at__isnull=False).exists()
        at = NOW
        for _ in range(4):
            row = Membership.objects.first()
            holds = row is not None and segment.pk in row.segment_ids
            turns_at = row.reeval_at if row and row.reeval_at else at + timedelta(days=420)
            assert turns_at > at
            for look in (at, *looks(at, turns_at), turns_at - timedelta(seconds=1)):
                assert meets(definition, text, look) is holds, look
            if row is None or row.reeval_at is None:
                break
            at = turns_at
            with simulated(at):
                reevaluate_due(Deadline(seconds=None))
        transaction.set_rollback(True)


# The same of events, of which each has a day of its own that comes round.

instants = st.lists(
    st.builds(
        lambda year, ago: datetime(year, 6, 30, 9, tzinfo=UTC) - timedelta(days=ago),
        st.integers(2023, 2026),
        st.integers(0, 30),
    ),
    max_size=3,
)
rounds = st.one_of(
    st.sampled_from(["today", "this_week", "this_month"]),
    st.builds(lambda n: {"next": days(n)}, few),
    st.builds(lambda n: {"last": days(n)}, few),
)
QUIZ: dict[str, Any] = {"event": "Quiz Begun"}
kinds_of_event: dict[str, dict[str, Any]] = {
    "any": QUIZ,
    "two": {**QUIZ, "count": {"is": ">=", "value": 2}},
    "none": {**QUIZ, "count": {"is": "=", "value": 0}},
    "first": {"first_event": "Quiz Begun"},
    "last": {"last_event": "Quiz Begun"},
    "funnel": {"funnel": [QUIZ, {"event": "Quiz Done"}], "complete_in": {"hours": 1}},
}


def meets_yearly(kind: str, value: Any, done: list[datetime], now: datetime) -> bool:
    """Say by hand whether the days of some events come round as asked."""
    today = now.astimezone(LONDON).date()
    inside = [
        any(within(value, came, today) for came in anniversaries(at.date(), today))
        for at in sorted(done)
    ]
    match kind:
        case "two":
            return inside.count(True) >= 2
        case "none":
            return True not in inside
        case "first" | "last":
            return bool(inside) and inside[0 if kind == "first" else -1]
        case _:
            return True in inside


@pytest.mark.covers("S4")
@pytest.mark.django_db
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(kind=st.sampled_from(sorted(kinds_of_event)), value=rounds, done=instants)
def test_sql_and_the_clock_say_when_events_come_round(
    tenant: Tenant, kind: str, value: Any, done: list[datetime]
) -> None:
    with transaction.atomic():
        ada = make_buyer()
        for at in done:
            for name, later in (("Quiz Begun", 0), ("Quiz Done", 30)):
                happen(ada, at + timedelta(minutes=later), name)
        segment = make_segment({**kinds_of_event[kind], "anniversary": value})
        with simulated(NOW):
            rebuild(NOW, Cause.DEFINITION)
        at = NOW
        for _ in range(5):
            row = Membership.objects.filter(profile_id=ada).first()
            holds = row is not None and segment.pk in row.segment_ids
            turns_at = row.reeval_at if row and row.reeval_at else at + timedelta(days=420)
            assert turns_at > at
            for look in (at, *looks(at, turns_at), turns_at - timedelta(seconds=1)):
                assert meets_yearly(kind, value, done, look) is holds, look
            if row is None or row.reeval_at is None:
                break
            at = turns_at
            with simulated(at):
                reevaluate_due(Deadline(seconds=None))
        transaction.set_rollback(True)
