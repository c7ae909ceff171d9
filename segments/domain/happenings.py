"""Conditions on what people did: events, purchases, seasons; and a random share of them.

A window says which happenings count, by calendar days of the tenant's zone or by hours. ``before``
looks at what is at least so long ago, ``within`` at what is not longer ago than that; ``since`` and
``until`` are days of the calendar, both inside; ``months`` are months of any year; ``anniversary``
asks that the day comes round about now, the first time a year later.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from segments.domain.dates import Yearly, is_hours, parse_anniversary
from segments.domain.values import (
    Scalar,
    parse_date,
    parse_hours,
    parse_many,
    parse_months,
    parse_number,
    parse_percent,
    parse_span,
    parse_text,
    parse_whole,
    refuse_unknown,
)
from segments.errors import DefinitionError

MAX_TESTS: Final = 10
MAX_COUNT: Final = 1_000_000
QUARTER: Final = 3
_DAY_HOURS: Final = 24
SIGNS: Final = ("=", "!=", ">", ">=", "<", "<=")
TEST_OPERATORS: Final = (
    *SIGNS,
    "in",
    "not_in",
    "contains",
    "not_contains",
    "starts_with",
    "not_starts_with",
    "ends_with",
    "not_ends_with",
    "exists",
    "missing",
)
WINDOW_KEYS: Final = ("within", "before", "since", "until", "anniversary", "months")
FLAG: Final = "flag"
FLAGS: Final = ("consumable", "technical", "high_value")
"""What a product can be (`crm.choices.ProductFlag`)."""
OWN_EVENTS: Final = frozenset({"Segment Entered", "Segment Exited"})
"""Who counts these goes in a circle: each entry would ask again who is in."""
GOODS: Final = ("category", "brand", "product", "sku", "title", FLAG)


@dataclass(frozen=True, slots=True)
class Window:
    """Which happenings count by their time; None and empty: no such bound.

    Attributes:
        days: at most so many calendar days ago; ``hours`` instead counts to the second.
        before_days: at least so many calendar days ago; ``before_hours`` instead to the second.
        since, until: local days, both inside.
        months: 1 to 12, of any year.
        yearly: when the day comes round; nothing that counts from now stands beside it.
    """

    days: int | None = None
    hours: int | None = None
    before_days: int | None = None
    before_hours: int | None = None
    since: date | None = None
    until: date | None = None
    months: tuple[int, ...] = ()
    yearly: Yearly | None = None


ALWAYS: Final = Window()
"""No bounds at all."""


@dataclass(frozen=True, slots=True)
class Measure:
    """What is compared: how often, or the sum of a property of the events.

    Attributes:
        operator: one of `SIGNS`.
        property: summed up; empty counts.
    """

    operator: str
    value: Decimal
    property: str = ""


@dataclass(frozen=True, slots=True)
class PropertyTest:
    """What a property of an event must be; a dot in ``key`` leads inside, lists are searched.

    Attributes:
        value: a number is compared as one, text without regard to case; None for existence.
    """

    key: str
    operator: str
    value: Scalar | tuple[Scalar, ...] | None


@dataclass(frozen=True, slots=True)
class EventLeaf:
    """How often an event happened, or what its property adds up to."""

    path: str
    name: str
    measure: Measure
    tests: tuple[PropertyTest, ...]
    window: Window


@dataclass(frozen=True, slots=True)
class BoughtLeaf:
    """In how many orders that count something was bought.

    Attributes:
        goods: by one of `GOODS` the words that fit, as they were written and compared without
            regard to case; all of them meet in one line of the order. ``product`` holds our ids,
            ``flag`` what the product is now, by a rule or by hand. Empty is anything.
    """

    path: str
    goods: tuple[tuple[str, tuple[str, ...]], ...]
    measure: Measure
    window: Window

    @property
    def product_ids(self) -> tuple[int, ...]:
        """Our ids of the products that are named."""
        return tuple(int(word) for word in dict(self.goods).get("product", ()))


@dataclass(frozen=True, slots=True)
class SeasonLeaf:
    """Whether somebody bought in the same season of several years.

    Attributes:
        months: the season; empty with ``each``.
        each: ``month`` or ``quarter``: any of them may be the season; else empty.
        years: at least so many.
        percent: at least this share of all orders fell into the season; 0 is any.
    """

    path: str
    months: tuple[int, ...]
    each: str
    years: int
    percent: Decimal


@dataclass(frozen=True, slots=True)
class ShareLeaf:
    """Whether the profile is in a share of all that is drawn once and for ever.

    Attributes:
        seed: with another one other people are drawn.
    """

    path: str
    percent: Decimal
    seed: str


Happening = EventLeaf | BoughtLeaf | SeasonLeaf | ShareLeaf
_ONCE: Final = Measure(">=", Decimal(1))
_NEVER: Final = Measure("=", Decimal(0))


def parse_happening(raw: Mapping[str, Any], path: str) -> Happening:
    """Check a condition that begins with one of `HAPPENINGS`.

    Raises:
        DefinitionError: it cannot be understood.
    """
    read = next(read for word, read in HAPPENINGS.items() if word in raw)
    return read(raw, path)


def _parse_event(raw: Mapping[str, Any], path: str) -> EventLeaf:
    refuse_unknown(raw, path, ("event", "count", "sum", "where", *WINDOW_KEYS))
    if "count" in raw and "sum" in raw:
        raise DefinitionError(f"{path}.sum", "cannot stand beside “count”")
    measure = _parse_sum(raw["sum"], f"{path}.sum") if "sum" in raw else _parse_count(raw, path)
    return EventLeaf(
        path=path,
        name=parse_text(raw["event"], f"{path}.event"),
        measure=measure,
        tests=parse_tests(raw, path),
        window=parse_window(raw, path),
    )


def _parse_bought(raw: Mapping[str, Any], path: str) -> BoughtLeaf:
    refuse_unknown(raw, path, ("bought", "count", *WINDOW_KEYS))
    goods = _parse_goods(raw["bought"], f"{path}.bought")
    return BoughtLeaf(path, goods, _parse_count(raw, path), parse_window(raw, path))


def _parse_not_bought(raw: Mapping[str, Any], path: str) -> BoughtLeaf:
    refuse_unknown(raw, path, ("not_bought", *WINDOW_KEYS))
    goods = _parse_goods(raw["not_bought"], f"{path}.not_bought")
    return BoughtLeaf(path, goods, _NEVER, parse_window(raw, path))


def _parse_season(raw: Mapping[str, Any], path: str) -> SeasonLeaf:
    refuse_unknown(raw, path, ("season", "years", "share"))
    months, each = _parse_season_name(raw["season"], f"{path}.season")
    return SeasonLeaf(
        path=path,
        months=months,
        each=each,
        years=parse_whole(raw.get("years", 2), f"{path}.years", 1, 50),
        percent=_parse_share(raw["share"], f"{path}.share") if "share" in raw else Decimal(0),
    )


def _parse_random(raw: Mapping[str, Any], path: str) -> ShareLeaf:
    refuse_unknown(raw, path, ("random_bucket",))
    at = f"{path}.random_bucket"
    given = raw["random_bucket"]
    if not isinstance(given, Mapping) or "percent" not in given:
        raise DefinitionError(at, 'must be {"percent": 10}')
    refuse_unknown(given, at, ("percent", "seed"))
    seed = parse_text(given["seed"], f"{at}.seed") if "seed" in given else ""
    return ShareLeaf(path, parse_percent(given["percent"], f"{at}.percent"), seed)


HAPPENINGS: Final[Mapping[str, Callable[[Mapping[str, Any], str], Happening]]] = {
    "event": _parse_event,
    "bought": _parse_bought,
    "not_bought": _parse_not_bought,
    "season": _parse_season,
    "random_bucket": _parse_random,
}
"""What reads a condition, by the word that it begins with."""


def _parse_count(raw: Mapping[str, Any], path: str) -> Measure:
    if "count" not in raw:
        return _ONCE
    given, at = raw["count"], f"{path}.count"
    if not isinstance(given, Mapping):
        raise DefinitionError(at, 'must be {"is": ">=", "value": 3}')
    refuse_unknown(given, at, ("is", "value"))
    sign = _parse_sign(given, at)
    return Measure(sign, Decimal(parse_whole(given.get("value"), f"{at}.value", 0, MAX_COUNT)))


def _parse_sum(given: object, at: str) -> Measure:
    if not isinstance(given, Mapping) or "property" not in given:
        raise DefinitionError(at, 'must be {"property": "value", "is": ">=", "value": 100}')
    refuse_unknown(given, at, ("property", "is", "value"))
    sign = _parse_sign(given, at)
    value = parse_number(given.get("value"), f"{at}.value")
    return Measure(sign, value, parse_text(given["property"], f"{at}.property"))


def _parse_sign(given: Mapping[str, Any], at: str) -> str:
    if given.get("is") not in SIGNS:
        raise DefinitionError(f"{at}.is", f"must be one of: {', '.join(SIGNS)}")
    return str(given["is"])


def parse_tests(raw: Mapping[str, Any], path: str) -> tuple[PropertyTest, ...]:
    """Return the tests of ``where``, all met by one event; none without it."""
    tests = raw.get("where", [])
    if not isinstance(tests, list) or len(tests) > MAX_TESTS:
        raise DefinitionError(f"{path}.where", f"must be a list of at most {MAX_TESTS} tests")
    return tuple(_parse_test(one, f"{path}.where[{place}]") for place, one in enumerate(tests))


def _parse_test(given: object, at: str) -> PropertyTest:
    if not isinstance(given, Mapping) or "property" not in given:
        raise DefinitionError(at, 'must be {"property": "category", "is": "=", "value": "Tea"}')
    refuse_unknown(given, at, ("property", "is", "value"))
    key, operator = parse_text(given["property"], f"{at}.property"), given.get("is")
    if not all(key.split(".")):
        raise DefinitionError(f"{at}.property", "has a dot that leads nowhere")
    if operator not in TEST_OPERATORS:
        raise DefinitionError(f"{at}.is", f"must be one of: {', '.join(TEST_OPERATORS)}")
    return PropertyTest(key, str(operator), _parse_tested(given, str(operator), f"{at}.value"))


def _parse_tested(
    given: Mapping[str, Any], operator: str, at: str
) -> Scalar | tuple[Scalar, ...] | None:
    value = given.get("value")
    if operator in ("exists", "missing"):
        if value is not None:
            raise DefinitionError(at, "must be left out with this operator")
        return None
    if operator in ("in", "not_in"):
        return parse_many(value, at, _parse_word)
    if operator in (">", ">=", "<", "<="):
        return parse_number(value, at)
    if operator in ("=", "!="):
        return _parse_word(value, at)
    return parse_text(value, at)


def _parse_word(value: object, at: str) -> Scalar:
    """Text stays text: a reference number has leading zeros."""
    if isinstance(value, bool):
        return value
    return parse_number(value, at) if isinstance(value, int | float) else parse_text(value, at)


def parse_window(raw: Mapping[str, Any], path: str) -> Window:
    """Return the window that a condition names in `WINDOW_KEYS`; no bounds if it names none."""
    days, hours = _parse_ago(raw, path, "within")
    before_days, before_hours = _parse_ago(raw, path, "before")
    yearly = raw.get("anniversary")
    window = Window(
        days=days,
        hours=hours,
        before_days=before_days,
        before_hours=before_hours,
        since=_parse_day(raw, path, "since"),
        until=_parse_day(raw, path, "until"),
        months=parse_months(raw["months"], f"{path}.months") if raw.get("months") else (),
        yearly=None if yearly is None else parse_anniversary(yearly, f"{path}.anniversary"),
    )
    _refuse_empty(window, path)
    return window


def _parse_ago(raw: Mapping[str, Any], path: str, key: str) -> tuple[int | None, int | None]:
    """Return a span of calendar days, or else one of hours; None where there is none."""
    given, at = raw.get(key), f"{path}.{key}"
    if given is None:
        return None, None
    if is_hours(given):
        return None, parse_hours(given, at)
    if not isinstance(given, Mapping) or not set(given) <= {"days", "weeks"}:
        raise DefinitionError(at, 'must be {"days": 30}, {"weeks": 4} or {"hours": 24}')
    return parse_span(given, at), None


def _refuse_empty(window: Window, path: str) -> None:
    relative = (window.days, window.hours, window.before_days, window.before_hours)
    if window.yearly is not None and any(one is not None for one in relative):
        raise DefinitionError(f"{path}.anniversary", "cannot stand beside “within” or “before”")
    if _ends_before_it_begins(window):
        raise DefinitionError(f"{path}.before", "must not be longer ago than “within” reaches")
    if window.since and window.until and window.since > window.until:
        raise DefinitionError(f"{path}.until", "must not be before “since”")


def _ends_before_it_begins(window: Window) -> bool:
    """Say whether nothing is both: a day that is so many days ago has up to 24 hours more."""
    if window.before_days is not None and window.days is not None:
        return window.before_days > window.days
    if window.before_days is not None and window.hours is not None:
        return window.before_days > window.hours // _DAY_HOURS
    if window.before_hours is not None and window.days is not None:
        return window.before_hours > (window.days + 1) * _DAY_HOURS
    if window.before_hours is not None and window.hours is not None:
        return window.before_hours >= window.hours
    return False


def _parse_day(raw: Mapping[str, Any], path: str, key: str) -> date | None:
    return parse_date(raw[key], f"{path}.{key}") if raw.get(key) is not None else None


def _parse_goods(given: object, at: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    if not isinstance(given, Mapping):
        raise DefinitionError(at, 'must be {"category": "Skincare"}')
    refuse_unknown(given, at, GOODS)
    return tuple((key, _parse_kinds(given[key], f"{at}.{key}", key)) for key in sorted(given))


def _parse_kinds(given: object, at: str, key: str) -> tuple[str, ...]:
    listed = given if isinstance(given, list) else [given]
    words = [str(one) if isinstance(one, int) else one for one in listed]
    found = parse_many(words, at, parse_text)
    if key == "product" and not all(_is_id(word) for word in found):
        raise DefinitionError(at, "must be the id of a product")
    if key == FLAG and not set(found) <= set(FLAGS):
        raise DefinitionError(at, f"must be one of: {', '.join(FLAGS)}")
    return found


def _is_id(word: str) -> bool:
    return word.isascii() and word.isdigit() and len(word) <= 18  # noqa: PLR2004 bigint


def _parse_season_name(given: object, at: str) -> tuple[tuple[int, ...], str]:
    words = 'must be {"months": [11, 12]}, {"quarter": 4} or {"each": "month"}'
    if not isinstance(given, Mapping) or len(given) != 1:
        raise DefinitionError(at, words)
    key, value = next(iter(given.items()))
    if key == "months":
        return parse_months(value, f"{at}.months"), ""
    if key == "quarter":
        last = QUARTER * parse_whole(value, f"{at}.quarter", 1, 4)
        return tuple(range(last - QUARTER + 1, last + 1)), ""
    if key == "each" and value in ("month", "quarter"):
        return (), str(value)
    raise DefinitionError(at, words)


def _parse_share(given: object, at: str) -> Decimal:
    if not isinstance(given, Mapping) or set(given) != {"percent"}:
        raise DefinitionError(at, 'must be {"percent": 30}')
    percent = parse_number(given["percent"], f"{at}.percent")
    if not 0 < percent <= 100:  # noqa: PLR2004 a share
        raise DefinitionError(f"{at}.percent", "must be above 0 and at most 100")
    return percent
