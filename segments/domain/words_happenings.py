"""Conditions on what people did in words, as a person would say them."""

from collections.abc import Iterable, Mapping, Sequence
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
from segments.domain.words_dates import (
    speak_day,
    speak_many,
    speak_months,
    speak_number,
    speak_yearly,
)
from segments.domain.words_messages import describe_message

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
    "not_starts_with": "does not start with ",
    "ends_with": "ends with ",
    "not_ends_with": "does not end with ",
    "exists": "is known",
    "missing": "is not known",
}


def describe_happening(leaf: Happening, products: Mapping[int, str] | None = None) -> str:
    """Say one condition.

    Args:
        leaf: the condition.
        products: titles by id; one that is missing was deleted. None: products are told by id.
    """
    match leaf:
        case EventLeaf():
            return f"{describe_message(leaf) or _describe_event(leaf)}{speak_window(leaf.window)}"
        case BoughtLeaf():
            return _describe_bought(leaf, products)
        case SeasonLeaf():
            return _describe_season(leaf)
        case ShareLeaf():
            return f"In a random {speak_number(leaf.percent)}% of all"
        case _:
            assert_never(leaf)


def speak_measured(leaf: Happening, value: Decimal) -> str:
    """Write what a profile's own value of a condition is."""
    match leaf:
        case EventLeaf():
            return speak_number(value) if leaf.measure.property else _times(value)
        case BoughtLeaf():
            return speak_many(value, "order")
        case SeasonLeaf():
            return speak_many(value, "year")
        case ShareLeaf():
            return f"at {speak_number(value)}%"
        case _:
            assert_never(leaf)


def speak_tests(tests: Iterable[PropertyTest]) -> str:
    """Say what the properties of an event must be, with a space before; empty without tests."""
    words = " and ".join(_describe_test(test) for test in tests)
    return f" where {words}" if words else ""


def speak_window(window: Window) -> str:
    """Say which happenings count by their time, with a space before; empty without bounds."""
    spans = (
        ("in the last {}", window.days, "day"),
        ("in the last {}", window.hours, "hour"),
        ("at least {} ago", window.before_days, "day"),
        ("at least {} ago", window.before_hours, "hour"),
    )
    parts = [
        words.format(speak_many(count, unit)) for words, count, unit in spans if count is not None
    ]
    if window.since is not None:
        parts.append(f"since {speak_day(window.since)}")
    if window.until is not None:
        parts.append(f"until {speak_day(window.until)}")
    if window.months:
        parts.append(f"in {speak_months(window.months)}")
    if window.yearly is not None:
        parts.append(f"with an anniversary {speak_yearly(window.yearly)}")
    return f" {', '.join(parts)}" if parts else ""


def _describe_event(leaf: EventLeaf) -> str:
    measure, what = leaf.measure, f"“{leaf.name}”{speak_tests(leaf.tests)}"
    sign, value = _SIGNS[measure.operator], measure.value
    if measure.property:
        return f"{what}: sum of {measure.property} {sign}{speak_number(value)}"
    if _is_never(measure):
        return f"{what}: never"
    return f"{what}: {sign}{_times(value)}"


def _describe_bought(leaf: BoughtLeaf, products: Mapping[int, str] | None) -> str:
    goods = " and ".join(_goods(key, words, products) for key, words in leaf.goods) or "anything"
    window = speak_window(leaf.window)
    if _is_never(leaf.measure):
        return f"Never bought {goods}{window}"
    sign, value = leaf.measure.operator, leaf.measure.value
    if sign == ">=" and value == 1:
        return f"Bought {goods}{window}"
    return f"Bought {goods} in {_SIGNS[sign]}{speak_many(value, 'order')}{window}"


def _goods(key: str, words: Sequence[str], products: Mapping[int, str] | None) -> str:
    if key == "product" and products is not None:
        titles = [products.get(int(word), f"#{word} (deleted)") for word in words]
        return f"{key} {' or '.join(f'“{title}”' for title in titles)}"
    return f"{key} {' or '.join(words)}"


def _describe_season(leaf: SeasonLeaf) -> str:
    season = speak_months(leaf.months) if leaf.months else f"the same {leaf.each}"
    words = f"Bought in {season} of at least {speak_many(leaf.years, 'year')}"
    if leaf.percent:
        words += f", with at least {speak_number(leaf.percent)}% of all orders"
    return words


def _describe_test(test: PropertyTest) -> str:
    if test.value is None:
        return f"{test.key} {_TESTS[test.operator]}"
    values = test.value if isinstance(test.value, tuple) else (test.value,)
    return f"{test.key} {_TESTS[test.operator]}{', '.join(_value(one) for one in values)}"


def _is_never(measure: Measure) -> bool:
    below = 1 if measure.operator == "<" else 0
    return measure.operator in ("=", "<", "<=") and measure.value == below


def _times(value: Decimal) -> str:
    return {0: "not once", 1: "once", 2: "twice"}.get(int(value), f"{speak_number(value)} times")


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return speak_number(value) if isinstance(value, Decimal) else str(value)
