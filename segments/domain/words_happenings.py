"""Conditions on what people did in words, as a person would say them."""

from calendar import month_name
from datetime import date
from decimal import Decimal
from typing import Any, Final, assert_never

from segments.domain.happenings import (
    BoughtLeaf,
    EventLeaf,
    Happening,
    Measure,
    PropertyTest,
    SeasonLeaf,
    ShareLeaf,
    Window,
)

_SIGNS: Final = {
    "=": "exactly ",
    "!=": "not ",
    ">": "more than ",
    ">=": "at least ",
    "<": "less than ",
    "<=": "at most ",
}
_TESTS: Final = {
    **_SIGNS,
    "=": "is ",
    "!=": "is not ",
    "in": "is any of ",
    "not_in": "is none of ",
    "contains": "contains ",
    "not_contains": "does not contain ",
    "starts_with": "starts with ",
    "ends_with": "ends with ",
    "exists": "is known",
    "missing": "is not known",
}


def describe_happening(leaf: Happening) -> str:
    """Say one condition."""
    match leaf:
        case EventLeaf():
            tests = " and ".join(_describe_test(test) for test in leaf.tests)
            what = f"“{leaf.name}”" + (f" where {tests}" if tests else "")
            return f"{what}{_describe_event(leaf.measure)}{_describe_window(leaf.window)}"
        case BoughtLeaf():
            return _describe_bought(leaf)
        case SeasonLeaf():
            return _describe_season(leaf)
        case ShareLeaf():
            return f"In a random {_number(leaf.percent)}% of all"
        case _:
            assert_never(leaf)


def speak_measured(leaf: Happening, value: Decimal) -> str:
    """Write what a profile's own value of a condition is."""
    match leaf:
        case EventLeaf():
            return _number(value) if leaf.measure.property else _times(value)
        case BoughtLeaf():
            return _many(value, "order")
        case SeasonLeaf():
            return _many(value, "year")
        case ShareLeaf():
            return f"at {_number(value)}%"
        case _:
            assert_never(leaf)


def _describe_event(measure: Measure) -> str:
    value = measure.value
    if measure.property:
        return f": sum of {measure.property} {_SIGNS[measure.operator]}{_number(value)}"
    if _is_never(measure):
        return ": never"
    return f": {_SIGNS[measure.operator]}{_times(value)}"


def _describe_bought(leaf: BoughtLeaf) -> str:
    goods = " and ".join(f"{key} {' or '.join(words)}" for key, words in leaf.goods) or "anything"
    window = _describe_window(leaf.window)
    if _is_never(leaf.measure):
        return f"Never bought {goods}{window}"
    sign, value = leaf.measure.operator, leaf.measure.value
    if sign == ">=" and value == 1:
        return f"Bought {goods}{window}"
    return f"Bought {goods} in {_SIGNS[sign]}{_many(value, 'order')}{window}"


def _describe_season(leaf: SeasonLeaf) -> str:
    season = _list_months(leaf.months) if leaf.months else f"the same {leaf.each}"
    words = f"Bought in {season} of at least {_many(Decimal(leaf.years), 'year')}"
    if leaf.percent:
        words += f", with at least {_number(leaf.percent)}% of all orders"
    return words


def _describe_test(test: PropertyTest) -> str:
    if test.value is None:
        return f"{test.key} {_TESTS[test.operator]}"
    values = test.value if isinstance(test.value, tuple) else (test.value,)
    return f"{test.key} {_TESTS[test.operator]}{', '.join(_value(one) for one in values)}"


def _describe_window(window: Window) -> str:
    parts = []
    if window.hours is not None:
        parts.append(f"in the last {_many(Decimal(window.hours), 'hour')}")
    if window.days is not None:
        parts.append(f"in the last {_many(Decimal(window.days), 'day')}")
    if window.before_days is not None:
        parts.append(f"at least {_many(Decimal(window.before_days), 'day')} ago")
    if window.since is not None:
        parts.append(f"since {_day(window.since)}")
    if window.until is not None:
        parts.append(f"until {_day(window.until)}")
    if window.months:
        parts.append(f"in {_list_months(window.months)}")
    return f" {', '.join(parts)}" if parts else ""


def _is_never(measure: Measure) -> bool:
    below = 1 if measure.operator == "<" else 0
    return measure.operator in ("=", "<", "<=") and measure.value == below


def _times(value: Decimal) -> str:
    return {0: "not once", 1: "once", 2: "twice"}.get(int(value), f"{_number(value)} times")


def _many(value: Decimal, word: str) -> str:
    return f"{_number(value)} {word}{'' if value == 1 else 's'}"


def _number(value: Decimal) -> str:
    return f"{value.normalize():,f}"


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return _number(value) if isinstance(value, Decimal) else str(value)


def _day(day: date) -> str:
    return f"{day.day} {day:%b %Y}"


def _list_months(months: tuple[int, ...]) -> str:
    is_run = len(months) > 2 and months == tuple(range(months[0], months[-1] + 1))  # noqa: PLR2004
    if is_run:
        return f"{month_name[months[0]]} to {month_name[months[-1]]}"
    return " or ".join(month_name[month] for month in months)
