"""Definitions in words, as a person would say them."""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Final, assert_never

from segments.domain.definitions import (
    ConsentLeaf,
    FieldLeaf,
    Group,
    Leaf,
    Node,
    PropertyLeaf,
    SegmentLeaf,
    StoreMean,
    TopShare,
)
from segments.domain.happenings import BoughtLeaf, EventLeaf, SeasonLeaf, ShareLeaf
from segments.domain.words_happenings import describe_happening
from segments.types import Kind

_SIGNS: Final = {
    "=": "",
    "!=": "not ",
    ">": "more than ",
    ">=": "at least ",
    "<": "less than ",
    "<=": "at most ",
    "between": "",
    "before": "before ",
    "after": "after ",
    "on": "on ",
    "in_the_last": "in the last ",
    "not_in_the_last": "not in the last ",
    "in": "any of ",
    "not_in": "none of ",
    "contains": "contains ",
    "not_contains": "does not contain ",
    "contains_any": "any of ",
    "contains_all": "all of ",
    "starts_with": "starts with ",
    "ends_with": "ends with ",
    "exists": "known",
    "missing": "not known",
}
_CHANNELS: Final = {"email": "Email", "sms": "SMS"}
_STATES: Final = {
    "subscribed": "subscribed",
    "pending": "not confirmed yet",
    "unsubscribed": "unsubscribed",
    "never": "never asked for",
    "withdrawn": "withdrawn",
}
Speak = Callable[[Decimal], str]


def describe(node: Node, money: Speak, segments: Mapping[int, str]) -> str:
    """Say a tree in one sentence without a full stop.

    Args:
        node: the tree.
        money: writes an amount in whole units of the tenant's currency.
        segments: names of the tenant's segments by id.
    """
    if not isinstance(node, Group):
        return describe_leaf(node, money, segments)
    parts = [_part(child, money, segments) for child in node.children]
    if node.op == "not":
        return f"not ({' or '.join(parts)})"
    return f" {node.op} ".join(parts)


def describe_leaf(leaf: Leaf, money: Speak, segments: Mapping[int, str]) -> str:
    """Say one condition."""
    match leaf:
        case FieldLeaf():
            return _describe_field(leaf, money)
        case PropertyLeaf():
            value = "" if leaf.value is None else _list(leaf.value, str)
            return f"Property “{leaf.key}”: {_SIGNS[leaf.operator]}{value}"
        case ConsentLeaf():
            return f"{_CHANNELS[leaf.channel]}: {_STATES[leaf.state]}"
        case SegmentLeaf():
            name = segments.get(leaf.segment_id, f"#{leaf.segment_id} (deleted)")
            return f"{'In' if leaf.is_member else 'Not in'} segment “{name}”"
        case EventLeaf() | BoughtLeaf() | SeasonLeaf() | ShareLeaf():
            return describe_happening(leaf)
        case _:
            assert_never(leaf)


def _part(node: Node, money: Speak, segments: Mapping[int, str]) -> str:
    words = describe(node, money, segments)
    needs_brackets = isinstance(node, Group) and node.op != "not" and len(node.children) > 1
    return f"({words})" if needs_brackets else words


def _describe_field(leaf: FieldLeaf, money: Speak) -> str:
    label, value = leaf.field.label, leaf.value
    if isinstance(value, TopShare):
        return f"{label}: top {value.percent.normalize():f}% of buyers"
    sign = _SIGNS[leaf.operator]
    if isinstance(value, StoreMean):
        return f"{label}: {sign}the store’s average"
    return f"{label}: {sign}{_compared(leaf, money)}"


def _compared(leaf: FieldLeaf, money: Speak) -> str:
    value = leaf.value
    if value is None:
        return ""
    if leaf.operator in ("in_the_last", "not_in_the_last"):
        return f"{_count(value)} days"
    if leaf.operator == "between" and isinstance(value, tuple):
        return " to ".join(_value(leaf, one, money) for one in value)
    return _list(value, lambda one: _value(leaf, one, money))


def _value(leaf: FieldLeaf, value: object, money: Speak) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return money(value) if leaf.field.kind is Kind.MONEY else _count(value)
    if isinstance(value, date):
        return f"{value.day} {value:%b %Y}"
    return dict(leaf.field.choices).get(str(value), str(value))


def _list(value: object, speak: Callable[[object], str]) -> str:
    if not isinstance(value, tuple):
        return speak(value)
    return ", ".join(speak(one) for one in value)


def _count(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{Decimal(str(value)).normalize():,f}"
