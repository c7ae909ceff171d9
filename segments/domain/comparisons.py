"""Conditions that compare a field, or a property of the profile, with a value.

What the whole store is measured by (mean, median, percentile, the best N%) looks at buyers who
have a value.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from segments.domain.dates import RELATIVE, DateValue, parse_date_value
from segments.domain.patterns import check_pattern
from segments.domain.values import (
    Scalar,
    parse_boolean,
    parse_date,
    parse_many,
    parse_number,
    parse_percent,
    parse_text,
    parse_whole,
    parse_whole_days,
    refuse_unknown,
)
from segments.errors import DefinitionError
from segments.types import Field, Kind

PROPERTY_PREFIX: Final = "properties."
EXISTENCE: Final = ("exists", "missing")
MEASURES: Final = ("mean", "median", "percentile")
QUARTILES: Final = 4
_SIGNS: Final = (">", ">=", "<", "<=")
_COMPARISONS = ("=", "!=", *_SIGNS, "between")
_WORDS = (
    "=",
    "!=",
    "in",
    "not_in",
    "contains",
    "not_contains",
    "starts_with",
    "not_starts_with",
    "ends_with",
    "not_ends_with",
    "matches",
    "not_matches",
)
LENGTHS: Final[Mapping[str, str]] = {
    "length_is": "=",
    "length_at_least": ">=",
    "length_at_most": "<=",
}
"""The sign by which each compares how many values a list has; who has no list has none."""
MAX_LENGTH: Final = 10_000
_LISTED: Final = ("in", "not_in", "contains_any", "not_contains_any", "contains_all")
_OPERATORS: Final[Mapping[Kind, tuple[str, ...]]] = {
    Kind.NUMBER: (*_COMPARISONS, *EXISTENCE),
    Kind.MONEY: (*_COMPARISONS, *EXISTENCE),
    Kind.DAYS_SINCE: (*_COMPARISONS, *EXISTENCE),
    Kind.DATE: ("before", "after", "on", "between", *RELATIVE, *EXISTENCE),
    Kind.TEXT: (*_WORDS, *EXISTENCE),
    Kind.CHOICE: ("=", "!=", "in", "not_in", *EXISTENCE),
    Kind.BOOLEAN: ("=", "!="),
    Kind.LIST: (
        "contains",
        "not_contains",
        "contains_any",
        "not_contains_any",
        "contains_all",
        "contains_text",
        *LENGTHS,
        *EXISTENCE,
    ),
}
POSITIVE: Final[Mapping[str, str]] = {
    "!=": "=",
    "not_in": "in",
    "not_contains": "contains",
    "not_contains_any": "contains_any",
    "not_starts_with": "starts_with",
    "not_ends_with": "ends_with",
    "not_matches": "matches",
    "not_in_the_last": "in_the_last",
    "missing": "exists",
}
"""A negated operator is true exactly where this one is not, also for who has no value."""
PROPERTY_TYPES: Final[Mapping[str, Kind]] = {
    "text": Kind.TEXT,
    "number": Kind.NUMBER,
    "date": Kind.DATE,
    "boolean": Kind.BOOLEAN,
    "list": Kind.LIST,
}


@dataclass(frozen=True, slots=True)
class StoreFigure:
    """A figure of all buyers of the tenant.

    Attributes:
        measure: one of `MEASURES`.
        percent: of a percentile, above 0 and below 100; else 0.
    """

    measure: str
    percent: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class TopShare:
    """The best ``percent`` of all buyers, above 0 and below 100."""

    percent: Decimal


@dataclass(frozen=True, slots=True)
class Quartiles:
    """Quarters of all buyers by a figure, 1 the lowest and 4 the highest; ascending."""

    numbers: tuple[int, ...]


Reference = StoreFigure | TopShare
Value = Scalar | StoreFigure | TopShare | Quartiles | DateValue | tuple[Scalar, ...] | None


@dataclass(frozen=True, slots=True)
class FieldLeaf:
    """A comparison of one field.

    Attributes:
        path: place in the definition.
        operator: one of `operators_of` the field.
        value: checked: amounts of money in whole units of the tenant's currency, a tuple of two
            for ``between``; None for ``exists`` and ``missing``.
    """

    path: str
    field: Field
    operator: str
    value: Value


@dataclass(frozen=True, slots=True)
class PropertyLeaf:
    """A comparison of one property that the merchant or the shopper set.

    Attributes:
        kind: what it is read as, one of `PROPERTY_TYPES`; what does not read so is not there.
    """

    path: str
    key: str
    kind: Kind
    operator: str
    value: Value


def operators_of(field: Field) -> tuple[str, ...]:
    """Return the operators that a field offers, in the order in which they are shown."""
    extra = ("top", "in_quartile") if field.is_comparable else ()
    return (*operators_of_kind(field.kind), *extra)


def operators_of_kind(kind: Kind) -> tuple[str, ...]:
    """Return the operators that every field or property of a kind offers."""
    return _OPERATORS[kind]


def parse_comparison(
    raw: Mapping[str, Any], path: str, fields: Mapping[str, Field]
) -> FieldLeaf | PropertyLeaf:
    """Check a condition that begins with ``field``.

    Args:
        raw: the condition.
        path: place in the definition.
        fields: the registry, by name.

    Raises:
        DefinitionError: it cannot be understood, or asks for what is not available.
    """
    name = raw["field"]
    if isinstance(name, str) and name.startswith(PROPERTY_PREFIX) and name != PROPERTY_PREFIX:
        return _parse_property(raw, path, name.removeprefix(PROPERTY_PREFIX))
    refuse_unknown(raw, path, ("field", "is", "value"))
    field = fields.get(name) if isinstance(name, str) else None
    if field is None:
        raise DefinitionError(f"{path}.field", f"no field is called {name!r}")
    if field.missing:
        raise DefinitionError(f"{path}.field", f"is not available yet: {field.missing}")
    operator = _parse_operator(raw, path, operators_of(field))
    return FieldLeaf(path, field, operator, _parse_value(field, operator, raw, path))


def references_of_leaf(leaf: object) -> dict[str, tuple[Field, Reference]]:
    """Return the figures of all buyers that a condition compares with, by their key."""
    if not isinstance(leaf, FieldLeaf):
        return {}
    value, found = leaf.value, []
    if isinstance(value, StoreFigure | TopShare):
        found = [value]
    if isinstance(value, Quartiles):
        found = [bound_of(quarter) for quarter in range(1, QUARTILES)]
    return {reference_key(leaf.field, one): (leaf.field, one) for one in found}


def bound_of(quarter: int) -> StoreFigure:
    """Return the figure up to which a value lies in this quarter or a lower one."""
    return StoreFigure("percentile", Decimal(100 * quarter) / QUARTILES)


def reference_key(field: Field, value: Reference) -> str:
    """Return the key of a reference figure, such as ``net_revenue:top:10``."""
    if isinstance(value, TopShare):
        return f"{field.name}:top:{value.percent.normalize():f}"
    if value.percent:
        return f"{field.name}:{value.measure}:{value.percent.normalize():f}"
    return f"{field.name}:{value.measure}"


def _parse_property(raw: Mapping[str, Any], path: str, key: str) -> PropertyLeaf:
    refuse_unknown(raw, path, ("field", "type", "is", "value"))
    kind = _kind_of(raw, path)
    operator = _parse_operator(raw, path, operators_of_kind(kind))
    # A property is read like a field of its kind, which no registry has.
    field = Field(PROPERTY_PREFIX + key, key, kind, "", "")
    return PropertyLeaf(path, key, kind, operator, _parse_value(field, operator, raw, path))


def _kind_of(raw: Mapping[str, Any], path: str) -> Kind:
    """Return what a property is to be read as: as said, else as the value looks."""
    if "type" in raw:
        kind = PROPERTY_TYPES.get(raw["type"]) if isinstance(raw["type"], str) else None
        if kind is None:
            raise DefinitionError(f"{path}.type", f"must be one of: {', '.join(PROPERTY_TYPES)}")
        return kind
    value = raw.get("value")
    first = value[0] if isinstance(value, list) and value else value
    if isinstance(first, bool):
        return Kind.BOOLEAN
    is_number = isinstance(first, int | float) or raw.get("is") in (*_SIGNS, "between")
    return Kind.NUMBER if is_number else Kind.TEXT


def _parse_operator(raw: Mapping[str, Any], path: str, allowed: tuple[str, ...]) -> str:
    operator = raw.get("is")
    if operator not in allowed:
        raise DefinitionError(f"{path}.is", f"must be one of: {', '.join(allowed)}")
    return str(operator)


def _parse_value(field: Field, operator: str, given: Mapping[str, Any], path: str) -> Value:
    at = f"{path}.value"
    if operator in EXISTENCE:
        if given.get("value") is not None:
            raise DefinitionError(at, "must be left out with this operator")
        return None
    if "value" not in given:
        raise DefinitionError(at, "is missing")
    raw = given["value"]
    if operator in RELATIVE:
        return parse_date_value(operator, raw, at)
    if operator in _SPECIAL:
        return _SPECIAL[operator](raw, at)
    if isinstance(raw, Mapping) and "store" in raw:
        return _parse_figure(field, operator, raw, at)
    return _parse_plain(field, operator, raw, at)


def _parse_plain(field: Field, operator: str, raw: object, at: str) -> Value:
    parse_one = _reader_of(field)
    if operator in _LISTED:
        return parse_many(raw, at, parse_one)
    return _parse_range(raw, at, parse_one) if operator == "between" else parse_one(raw, at)


def _reader_of(field: Field) -> Callable[[object, str], Scalar]:
    if field.kind is Kind.CHOICE:
        return lambda raw, path: _parse_choice(raw, path, field)
    return _READERS[field.kind]


def _parse_choice(raw: object, path: str, field: Field) -> str:
    words = [word for word, _ in field.choices]
    if raw not in words:
        raise DefinitionError(path, f"must be one of: {', '.join(words)}")
    return str(raw)


_READERS: Final[Mapping[Kind, Callable[[object, str], Scalar]]] = {
    Kind.NUMBER: parse_number,
    Kind.MONEY: parse_number,
    Kind.DAYS_SINCE: parse_whole_days,
    Kind.DATE: parse_date,
    Kind.TEXT: parse_text,
    Kind.BOOLEAN: parse_boolean,
    Kind.LIST: parse_text,
}


def _parse_range(
    raw: object, at: str, parse_one: Callable[[object, str], Scalar]
) -> tuple[Scalar, ...]:
    pair = parse_many(raw, at, parse_one)
    if len(pair) != 2 or pair[0] > pair[1]:  # type: ignore[operator] # noqa: PLR2004 both of one type
        raise DefinitionError(at, "must be two values, the lower one first")
    return pair


def _parse_pattern(raw: object, at: str) -> str:
    text = parse_text(raw, at)
    check_pattern(text, at)
    return text


def _parse_length(raw: object, at: str) -> Decimal:
    return Decimal(parse_whole(raw, at, 0, MAX_LENGTH))


def _parse_top(raw: object, at: str) -> TopShare:
    if not isinstance(raw, Mapping) or set(raw) != {"percent"}:
        raise DefinitionError(at, 'must be {"percent": 10}')
    return TopShare(parse_percent(raw["percent"], f"{at}.percent"))


def _parse_quartiles(raw: object, at: str) -> Quartiles:
    listed = raw if isinstance(raw, list) and raw else [raw]
    found = {parse_whole(one, at, 1, QUARTILES) for one in listed}
    return Quartiles(tuple(sorted(found)))


_SPECIAL: Final[Mapping[str, Callable[[object, str], Value]]] = {
    "top": _parse_top,
    "in_quartile": _parse_quartiles,
    "matches": _parse_pattern,
    "not_matches": _parse_pattern,
    **dict.fromkeys(LENGTHS, _parse_length),
}


def _parse_figure(field: Field, operator: str, raw: Mapping[str, Any], at: str) -> StoreFigure:
    measure, percent = raw["store"], Decimal(0)
    if isinstance(measure, Mapping) and set(measure) == {"percentile"}:
        percent = parse_percent(measure["percentile"], f"{at}.store.percentile")
        measure = "percentile"
    elif measure not in ("mean", "median"):
        measure = None
    if measure is None or len(raw) != 1:
        words = 'must be {"store": "mean"}, {"store": "median"} or {"store": {"percentile": 75}}'
        raise DefinitionError(at, words)
    if not field.is_comparable:
        raise DefinitionError(at, f"{field.name} cannot be compared with the whole store")
    if operator not in _SIGNS:
        raise DefinitionError(at, "a figure of the store goes with >, >=, < or <=")
    return StoreFigure(measure, percent)
