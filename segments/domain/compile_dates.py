"""Conditions on dates as SQL: comparisons of an instant with others that are worked out here."""

from datetime import date, timedelta
from typing import Final

from segments.domain.dates import DateValue, DaysAgo, HoursAgo, InMonths, Yearly
from segments.domain.query import Query, hours_after, hours_before, now_of

_NEXT: Final = """
SELECT (
    y.day + make_interval(years => GREATEST(
        y.years + CASE WHEN y.day + make_interval(years => y.years) < {first} THEN 1 ELSE 0 END, 1
    ))
)::date AS day
FROM (
    SELECT
        d.day,
        (extract(year FROM {first}) - extract(year FROM d.day))::int AS years
    FROM (SELECT ({column} AT TIME ZONE {zone})::date AS day) AS d
    OFFSET 0
) AS y
OFFSET 0
"""
"""The first anniversary on or after a day. PostgreSQL takes 29 February to the 28th itself."""


def compare_days(query: Query, column: str, value: DaysAgo) -> str:
    """Return whether an instant lies between two numbers of calendar days ago."""
    parts = [at_least(query, column, value.near)]
    if value.far is not None:
        parts.append(at_most(query, column, value.far))
    return f"({' AND '.join(parts)})"


def at_least(query: Query, column: str, days: int) -> str:
    """Return whether an instant is at least so many calendar days ago; below 0 is ahead."""
    query.change_on(column, days)
    return f"{column} < {query.bind(query.moment.days_ago(days - 1))}"


def at_most(query: Query, column: str, days: int) -> str:
    """Return whether an instant is at most so many calendar days ago."""
    query.change_on(column, days + 1)
    return f"{column} >= {query.bind(query.moment.days_ago(days))}"


def compare_relative(query: Query, column: str, value: DateValue) -> str:
    """Return a condition on an instant that moves with the moment, or with the year."""
    match value:
        case DaysAgo():
            return compare_days(query, column, value)
        case HoursAgo():
            return _compare_hours(query, column, value)
        case InMonths():
            month = f"extract(month FROM {column} AT TIME ZONE {query.bind(query.moment.zone.key)})"
            return f"({month} = ANY({query.bind(list(value.months), '::int[]')}))"
        case Yearly():
            return _compare_yearly(query, column, value)


def compare_calendar(query: Query, column: str, operator: str, first: date, last: date) -> str:
    """Return a condition on days of the calendar, both inside."""
    start = query.bind(query.moment.start_of(first))
    until = query.bind(query.moment.end_of(last))
    match operator:
        case "before":
            return f"({column} < {start})"
        case "after":
            return f"({column} >= {until})"
        case _:
            return f"({column} >= {start} AND {column} < {until})"


def _compare_hours(query: Query, column: str, value: HoursAgo) -> str:
    end = hours_before(query, value.near) if value.near else now_of(query)
    comes_at = hours_after(query, column, value.near) if value.near else column
    turn, inside = f"WHEN {column} > {end} THEN {comes_at}", f"{column} <= {end}"
    if value.far is not None:
        start = hours_before(query, value.far) if value.far else now_of(query)
        leaves_at = hours_after(query, column, value.far) if value.far else column
        turn += f" WHEN {column} > {start} THEN {leaves_at}"
        inside = f"{column} > {start} AND {inside}"
    query.change_at(f"(CASE {turn} END)")
    return f"({inside})"


def _compare_yearly(query: Query, column: str, value: Yearly) -> str:
    first, _ = window_of(query, value)
    joined = query.join(("anniversary", column, first), lambda: next_yearly(query, column, value))
    holds, turn = around_now(query, f"{joined}.day", value)
    query.change_at(turn)
    return holds


def next_yearly(query: Query, at: str, value: Yearly) -> str:
    """Return a statement for the ``day`` on which an instant comes round next, as far as asked."""
    first, _ = window_of(query, value)
    zone = query.bind(query.moment.zone.key)
    return _NEXT.format(column=at, first=f"{query.bind(first)}::date", zone=zone)


def around_now(query: Query, day: str, value: Yearly) -> tuple[str, str]:
    """Return whether a day of `next_yearly` counts now, and the instant at which that changes."""
    _, last = window_of(query, value)
    zone = query.bind(query.moment.zone.key)
    bound = f"{query.bind(last)}::date"
    leaves_on, comes_on = f"({day} + {1 - value.first})", f"({day} - {value.last})"
    if value.period:
        leaves_on = f"({bound} + 1)"
        comes_on = f"date_trunc('month', {day})::date"
    if value.period == "week":
        into_week = f"mod(extract(isodow FROM {day})::int + 7 - {query.moment.week_start}, 7)"
        comes_on = f"({day} - {into_week})"
    turn = f"(CASE WHEN {day} <= {bound} THEN {leaves_on} ELSE {comes_on} END)"
    return f"({day} <= {bound})", f"({turn}::timestamp AT TIME ZONE {zone})"


def window_of(query: Query, value: Yearly) -> tuple[date, date]:
    """Return the first and the last day on which an anniversary counts now."""
    today = query.moment.today
    match value.period:
        case "week":
            first = today - timedelta(days=(today.isoweekday() - query.moment.week_start) % 7)
            return first, first + timedelta(days=6)
        case "month":
            after = (today.replace(day=28) + timedelta(days=4)).replace(day=1)
            return today.replace(day=1), after - timedelta(days=1)
        case _:
            return today + timedelta(days=value.first), today + timedelta(days=value.last)
