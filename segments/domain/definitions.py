"""Segment definitions: JSON to a checked tree, with errors that name the place.

A definition asks nothing that the registry of fields does not offer. The registry is handed in,
so that these rules stay pure.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from segments.domain.happenings import (
    HAPPENINGS,
    BoughtLeaf,
    EventLeaf,
    Happening,
    parse_happening,
)
from segments.domain.values import (
    Scalar,
    parse_boolean,
    parse_date,
    parse_many,
    parse_number,
    parse_percent,
    parse_span,
    parse_text,
    parse_whole_days,
    refuse_unknown,
)
from segments.errors import DefinitionError
from segments.types import Field, Kind

MAX_DEPTH: Final = 12
MAX_LEAVES: Final = 100
CONSENT_CHANNELS: Final = ("email", "sms")
CONSENT_STATES: Final = ("subscribed", "pending", "unsubscribed", "never", "withdrawn")
PROPERTY_PREFIX: Final = "properties."

_EXISTENCE = ("exists", "missing")
_COMPARISONS = ("=", "!=", ">", ">=", "<", "<=", "between")
_WORDS = ("=", "!=", "in", "not_in", "contains", "not_contains", "starts_with", "ends_with")
_OPERATORS: Final[Mapping[Kind, tuple[str, ...]]] = {
    Kind.NUMBER: (*_COMPARISONS, *_EXISTENCE),
    Kind.MONEY: (*_COMPARISONS, *_EXISTENCE),
    Kind.DAYS_SINCE: (*_COMPARISONS, *_EXISTENCE),
    Kind.DATE: ("before", "after", "on", "between", "in_the_last", "not_in_the_last", *_EXISTENCE),
    Kind.TEXT: (*_WORDS, *_EXISTENCE),
    Kind.CHOICE: ("=", "!=", "in", "not_in", *_EXISTENCE),
    Kind.BOOLEAN: ("=", "!="),
    Kind.LIST: ("contains", "not_contains", "contains_any", "contains_all", *_EXISTENCE),
}


@dataclass(frozen=True, slots=True)
class StoreMean:
    """The mean of a field over all buyers of the tenant."""


@dataclass(frozen=True, slots=True)
class TopShare:
    """The best ``percent`` of all buyers, above 0 and below 100."""

    percent: Decimal


Value = Scalar | StoreMean | TopShare | tuple[Scalar, ...] | int | None


@dataclass(frozen=True, slots=True)
class FieldLeaf:
    """A comparison of one field.

    Attributes:
        path: place in the definition.
        operator: one of `operators_of` the field.
        value: checked: amounts of money in whole units of the tenant's currency, whole days for
            ``in_the_last``, a tuple of two for ``between``; None for ``exists`` and ``missing``.
    """

    path: str
    field: Field
    operator: str
    value: Value


@dataclass(frozen=True, slots=True)
class PropertyLeaf:
    """A comparison of one property that the merchant or the shopper set, as text."""

    path: str
    key: str
    operator: str
    value: Value


@dataclass(frozen=True, slots=True)
class ConsentLeaf:
    """Whether the permission on a channel is in a state."""

    path: str
    channel: str
    state: str


@dataclass(frozen=True, slots=True)
class SegmentLeaf:
    """Whether the profile is in another segment."""

    path: str
    segment_id: int
    is_member: bool


Leaf = FieldLeaf | PropertyLeaf | ConsentLeaf | SegmentLeaf | Happening


@dataclass(frozen=True, slots=True)
class Group:
    """``and``, ``or`` or ``not`` over at least one part; ``not`` means none of them."""

    op: str
    children: tuple["Node", ...]


Node = Group | Leaf


def operators_of(field: Field) -> tuple[str, ...]:
    """Return the operators that a field offers, in the order in which they are shown."""
    extra = ("top",) if field.is_comparable else ()
    return (*_OPERATORS[field.kind], *extra)


def parse(definition: object, fields: Mapping[str, Field]) -> Node:
    """Check a definition and return its tree.

    Args:
        definition: JSON value as in the contract.
        fields: the registry, by name.

    Raises:
        DefinitionError: it cannot be understood; the error names the place and what would fit.
    """
    node = _parse_node(definition, "definition", fields, depth=1)
    if sum(1 for _ in leaves(node)) > MAX_LEAVES:
        raise DefinitionError("definition", f"has more than {MAX_LEAVES} conditions")
    return node


def leaves(node: Node) -> Sequence[Leaf]:
    """Return every condition of a tree in reading order."""
    if isinstance(node, Group):
        return [leaf for child in node.children for leaf in leaves(child)]
    return [node]


def segments_named(node: Node) -> set[int]:
    """Return the ids of the segments that a tree refers to."""
    return {leaf.segment_id for leaf in leaves(node) if isinstance(leaf, SegmentLeaf)}


def events_named(nodes: Iterable[Node]) -> set[str]:
    """Return the names of the events that some trees count."""
    return {leaf.name for node in nodes for leaf in leaves(node) if isinstance(leaf, EventLeaf)}


def fields_named(nodes: Iterable[Node]) -> set[str]:
    """Return the names of the fields that some trees ask for."""
    return {
        leaf.field.name for node in nodes for leaf in leaves(node) if isinstance(leaf, FieldLeaf)
    }


def goods_named(nodes: Iterable[Node]) -> set[str]:
    """Return what some trees ask of the lines of orders, such as ``brand``."""
    return {
        name
        for node in nodes
        for leaf in leaves(node)
        if isinstance(leaf, BoughtLeaf)
        for name, _ in leaf.goods
    }


def references_named(node: Node) -> dict[str, tuple[Field, StoreMean | TopShare]]:
    """Return what a tree compares with all buyers, by the key it is stored under."""
    return {
        reference_key(leaf.field, leaf.value): (leaf.field, leaf.value)
        for leaf in leaves(node)
        if isinstance(leaf, FieldLeaf) and isinstance(leaf.value, StoreMean | TopShare)
    }


def reference_key(field: Field, value: StoreMean | TopShare) -> str:
    """Return the key of a reference figure, such as ``net_revenue:top:10``."""
    if isinstance(value, TopShare):
        return f"{field.name}:top:{value.percent.normalize():f}"
    return f"{field.name}:mean"


def _parse_node(raw: object, path: str, fields: Mapping[str, Field], *, depth: int) -> Node:
    if not isinstance(raw, Mapping):
        raise DefinitionError(path, "must be an object with “op” or a condition")
    if depth > MAX_DEPTH:
        raise DefinitionError(path, f"is nested deeper than {MAX_DEPTH} levels")
    if "op" in raw:
        return _parse_group(raw, path, fields, depth=depth)
    if "field" in raw:
        return _parse_field(raw, path, fields)
    if "consent" in raw:
        return _parse_consent(raw, path)
    if "segment" in raw:
        return _parse_segment(raw, path)
    if any(word in raw for word in HAPPENINGS):
        return parse_happening(raw, path)
    known = ("op", "field", "consent", "segment", *HAPPENINGS)
    raise DefinitionError(path, f"needs one of: {', '.join(known)}")


def _parse_group(
    raw: Mapping[str, Any], path: str, fields: Mapping[str, Field], *, depth: int
) -> Group:
    refuse_unknown(raw, path, ("op", "children"))
    if raw["op"] not in ("and", "or", "not"):
        raise DefinitionError(f"{path}.op", "must be one of: and, or, not")
    children = raw.get("children")
    if not isinstance(children, list) or not children:
        raise DefinitionError(f"{path}.children", "must be a list with at least one condition")
    parsed = tuple(
        _parse_node(child, f"{path}.children[{index}]", fields, depth=depth + 1)
        for index, child in enumerate(children)
    )
    return Group(raw["op"], parsed)


def _parse_field(
    raw: Mapping[str, Any], path: str, fields: Mapping[str, Field]
) -> FieldLeaf | PropertyLeaf:
    refuse_unknown(raw, path, ("field", "is", "value"))
    name = raw["field"]
    if isinstance(name, str) and name.startswith(PROPERTY_PREFIX) and name != PROPERTY_PREFIX:
        return _parse_property(raw, path, name.removeprefix(PROPERTY_PREFIX))
    field = fields.get(name) if isinstance(name, str) else None
    if field is None:
        raise DefinitionError(f"{path}.field", f"no field is called {name!r}")
    operator = _parse_operator(raw, path, operators_of(field))
    if operator in _EXISTENCE:
        _refuse_value(raw, path)
        return FieldLeaf(path, field, operator, None)
    if "value" not in raw:
        raise DefinitionError(f"{path}.value", "is missing")
    return FieldLeaf(path, field, operator, _parse_value(field, operator, raw["value"], path))


def _parse_property(raw: Mapping[str, Any], path: str, key: str) -> PropertyLeaf:
    operator = _parse_operator(raw, path, _OPERATORS[Kind.TEXT])
    if operator in _EXISTENCE:
        _refuse_value(raw, path)
        return PropertyLeaf(path, key, operator, None)
    parse_one = parse_text
    if operator in ("in", "not_in"):
        return PropertyLeaf(
            path, key, operator, parse_many(raw.get("value"), f"{path}.value", parse_one)
        )
    return PropertyLeaf(path, key, operator, parse_one(raw.get("value"), f"{path}.value"))


def _parse_operator(raw: Mapping[str, Any], path: str, allowed: tuple[str, ...]) -> str:
    operator = raw.get("is")
    if operator not in allowed:
        raise DefinitionError(f"{path}.is", f"must be one of: {', '.join(allowed)}")
    return str(operator)


def _refuse_value(raw: Mapping[str, Any], path: str) -> None:
    if raw.get("value") is not None:
        raise DefinitionError(f"{path}.value", "must be left out with this operator")


def _parse_value(field: Field, operator: str, raw: object, path: str) -> Value:
    at = f"{path}.value"
    if operator == "top":
        return _parse_top(raw, at)
    if operator in ("in_the_last", "not_in_the_last"):
        return parse_span(raw, at)
    if isinstance(raw, Mapping) and "store" in raw:
        return _parse_mean(field, operator, raw, at)
    parse_one = _reader_of(field)
    if operator in ("in", "not_in", "contains_any", "contains_all"):
        return parse_many(raw, at, parse_one)
    return _parse_range(raw, path, parse_one) if operator == "between" else parse_one(raw, at)


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
    raw: object, path: str, parse_one: Callable[[object, str], Scalar]
) -> tuple[Scalar, ...]:
    pair = parse_many(raw, f"{path}.value", parse_one)
    if len(pair) != 2 or pair[0] > pair[1]:  # type: ignore[operator] # noqa: PLR2004 both of one type
        raise DefinitionError(f"{path}.value", "must be two values, the lower one first")
    return pair


def _parse_top(raw: object, path: str) -> TopShare:
    if not isinstance(raw, Mapping) or set(raw) != {"percent"}:
        raise DefinitionError(path, 'must be {"percent": 10}')
    return TopShare(parse_percent(raw["percent"], f"{path}.percent"))


def _parse_mean(field: Field, operator: str, raw: Mapping[str, Any], path: str) -> StoreMean:
    if dict(raw) != {"store": "mean"}:
        raise DefinitionError(path, 'must be {"store": "mean"}')
    if field.kind is not Kind.MONEY or not field.is_comparable:
        raise DefinitionError(path, f"{field.name} cannot be compared with the store's mean")
    if operator not in (">", ">=", "<", "<="):
        raise DefinitionError(path, "the store's mean goes with >, >=, < or <=")
    return StoreMean()


def _parse_consent(raw: Mapping[str, Any], path: str) -> ConsentLeaf:
    refuse_unknown(raw, path, ("consent", "is"))
    if raw["consent"] not in CONSENT_CHANNELS:
        raise DefinitionError(f"{path}.consent", f"must be one of: {', '.join(CONSENT_CHANNELS)}")
    if raw.get("is") not in CONSENT_STATES:
        raise DefinitionError(f"{path}.is", f"must be one of: {', '.join(CONSENT_STATES)}")
    return ConsentLeaf(path, raw["consent"], raw["is"])


def _parse_segment(raw: Mapping[str, Any], path: str) -> SegmentLeaf:
    refuse_unknown(raw, path, ("segment", "is"))
    named = str(raw["segment"])
    if not (named.isascii() and named.isdigit()) or len(named) > 18:  # noqa: PLR2004 bigint
        raise DefinitionError(f"{path}.segment", "must be the id of a segment")
    if raw.get("is") not in ("member", "not_member"):
        raise DefinitionError(f"{path}.is", "must be one of: member, not_member")
    return SegmentLeaf(path, int(named), raw["is"] == "member")
