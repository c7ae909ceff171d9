"""Dates of conditions in words."""

from calendar import month_name
from datetime import date
from decimal import Decimal
from typing import Final, assert_never

from segments.domain.dates import DateValue, DaysAgo, HoursAgo, InMonths, Yearly

_SHORTEST_RUN: Final = 3


def speak_date_value(operator: str, value: DateValue) -> str:
    """Say what a date is compared with, such as ``in the last 30 days``."""
    match value:
        case DaysAgo():
            return _speak_ago(operator, "day", value)
        case HoursAgo():
            return _speak_ago(operator, "hour", value)
        case InMonths():
            return f"in {speak_months(value.months)}"
        case Yearly():
            return f"anniversary {speak_yearly(value)}"
        case _:
            assert_never(value)


def speak_day(day: date) -> str:
    """Write a day such as ``5 Jan 2026``."""
    return f"{day.day} {day:%b %Y}"


def speak_months(months: tuple[int, ...]) -> str:
    """Write months, a run of three or more as one: ``January to March``."""
    is_run = months == tuple(range(months[0], months[-1] + 1))
    if is_run and len(months) >= _SHORTEST_RUN:
        return f"{month_name[months[0]]} to {month_name[months[-1]]}"
    return " or ".join(month_name[month] for month in months)


def speak_many(count: int | Decimal, word: str) -> str:
    """Write a count with its unit: ``1 day``, ``1,200 days``."""
    return f"{speak_number(Decimal(count))} {word}{'' if count == 1 else 's'}"


def speak_number(value: Decimal) -> str:
    """Write a number with separators and no more digits than it has."""
    return f"{value.normalize():,f}"


def speak_yearly(value: Yearly) -> str:
    """Say when a day comes round, such as ``this week``."""
    if value.period:
        return f"this {value.period}"
    if value.first == value.last:
        return "today"
    if value.first:
        return f"in the last {speak_many(-value.first, 'day')}"
    return f"in the next {speak_many(value.last, 'day')}"


def _speak_ago(operator: str, unit: str, value: DaysAgo | HoursAgo) -> str:
    match operator:
        case "in_the_next":
            return f"in the next {speak_many(-value.near, unit)}"
        case "at_least_ago":
            return f"at least {speak_many(value.near, unit)} ago"
        case "between_ago":
            return f"between {value.near:,} and {speak_many(value.far or 0, unit)} ago"
        case _:
            negation = "not " if operator == "not_in_the_last" else ""
            return f"{negation}in the last {speak_many(value.far or 0, unit)}"
