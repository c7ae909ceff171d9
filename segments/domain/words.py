"""Definitions in words, as a person would say them."""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Final, assert_never

from crm.domain.channels import CHANNEL_LABELS
from segments.domain.comparisons import (
    LENGTHS,
    FieldLeaf,
    PropertyLeaf,
    Quartiles,
    StoreFigure,
    TopShare,
)
from segments.domain.dates import DaysAgo, HoursAgo, InMonths, Yearly
from segments.domain.definitions import ConsentLeaf, Group, KeptLeaf, Leaf, Node, SegmentLeaf
from segments.domain.happenings import BoughtLeaf, EventLeaf, SeasonLeaf, ShareLeaf
from segments.domain.sequences import EdgeLeaf, FunnelLeaf
from segments.domain.standing import MoveLeaf, NearLeaf, ReachLeaf, StageLeaf
from segments.domain.words_dates import speak_date_value, speak_day, speak_many, speak_number
from segments.domain.words_happenings import describe_happening, speak_window
from segments.domain.words_sequences import describe_sequence
from segments.domain.words_standing import describe_standing
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
    "in": "any of ",
    "not_in": "none of ",
    "contains": "contains ",
    "not_contains": "does not contain ",
    "contains_any": "any of ",
    "not_contains_any": "none of ",
    "contains_all": "all of ",
    "contains_text": "one contains ",
    "length_is": "exactly ",
    "length_at_least": "at least ",
    "length_at_most": "at most ",
    "starts_with": "starts with ",
    "not_starts_with": "does not start with ",
    "ends_with": "ends with ",
    "not_ends_with": "does not end with ",
    "matches": "matches ",
    "not_matches": "does not match ",
    "exists": "known",
    "missing": "not known",
}
_QUARTERS: Final = (
    "lowest quarter",
    "second lowest quarter",
    "second highest quarter",
    "highest quarter",
)
_STATES: Final = {
    "subscribed": "subscribed",
    "pending": "not confirmed yet",
    "unsubscribed": "unsubscribed",
    "never": "never asked for",
    "withdrawn": "withdrawn",
}
Speak = Callable[[Decimal], str]


def describe(
    node: Node,
    money: Speak,
    segments: Mapping[int, str],
    products: Mapping[int, str] | None = None,
) -> str:
    """Say a tree in one sentence without a full stop; names stay as they are written.

    Args:
        node: the tree.
        money: writes an amount in whole units of the tenant's currency.
        segments: names of the tenant's segments by id.
        products: titles of products by id; one that is missing was deleted. Without them a
            product is told by its id.
    """
    return begin_sentence(_describe_inside(node, money, segments, products))


def describe_leaf(
    leaf: Leaf,
    money: Speak,
    segments: Mapping[int, str],
    products: Mapping[int, str] | None = None,
) -> str:
    """Say one condition as a sentence of its own; for what is handed in see `describe`."""
    match leaf:
        case FieldLeaf() | PropertyLeaf():
            return _describe_comparison(leaf, money)
        case ConsentLeaf() | SegmentLeaf() | KeptLeaf():
            return _describe_state(leaf, segments)
        case EventLeaf() | BoughtLeaf() | SeasonLeaf() | ShareLeaf():
            return describe_happening(leaf, products)
        case FunnelLeaf() | EdgeLeaf():
            return describe_sequence(leaf)
        case ReachLeaf() | MoveLeaf() | NearLeaf() | StageLeaf():
            return describe_standing(leaf)
        case _:
            assert_never(leaf)


def begin_sentence(words: str) -> str:
    """Write the first letter of what begins a sentence large, inside brackets too."""
    begun = words.lstrip("(")
    return f"{words.removesuffix(begun)}{begun[:1].upper()}{begun[1:]}"


def go_on(words: str) -> str:
    """Write what began a sentence as it is written inside one; ``SMS`` and ``RFM`` stay large."""
    begun = words.lstrip("(")
    is_short = begun[1:2].isupper()
    return words if is_short else f"{words.removesuffix(begun)}{begun[:1].lower()}{begun[1:]}"


def speak_state(state: str) -> str:
    """Say the permission on a channel, such as ``never asked for``."""
    return _STATES.get(state, state)


def _describe_inside(
    node: Node, money: Speak, segments: Mapping[int, str], products: Mapping[int, str] | None
) -> str:
    if not isinstance(node, Group):
        return go_on(describe_leaf(node, money, segments, products))
    parts = [_part(child, money, segments, products) for child in node.children]
    if node.op == "not":
        return f"not ({' or '.join(parts)})"
    return f" {node.op} ".join(parts)


def _part(
    node: Node, money: Speak, segments: Mapping[int, str], products: Mapping[int, str] | None
) -> str:
    words = _describe_inside(node, money, segments, products)
    needs_brackets = isinstance(node, Group) and node.op != "not" and len(node.children) > 1
    return f"({words})" if needs_brackets else words


def _describe_state(leaf: ConsentLeaf | SegmentLeaf | KeptLeaf, segments: Mapping[int, str]) -> str:
    if isinstance(leaf, ConsentLeaf):
        return f"{CHANNEL_LABELS[leaf.channel]}: {_STATES[leaf.state]}"
    if isinstance(leaf, KeptLeaf):
        return "As it was when it was last counted"
    name = segments.get(leaf.segment_id, f"#{leaf.segment_id} (deleted)")
    joined = speak_window(leaf.joined)
    when = f", joined{joined}" if joined else ""
    return f"{'In' if leaf.is_member else 'Not in'} segment “{name}”{when}"


def _describe_comparison(leaf: FieldLeaf | PropertyLeaf, money: Speak) -> str:
    if isinstance(leaf, PropertyLeaf):
        return f"Property “{leaf.key}”: {_compared(leaf, speak_number, {})}"
    speak = money if leaf.field.kind is Kind.MONEY else speak_number
    return f"{leaf.field.label}: {_compared(leaf, speak, dict(leaf.field.choices))}"


def _compared(leaf: FieldLeaf | PropertyLeaf, speak: Speak, choices: Mapping[str, str]) -> str:
    value, sign = leaf.value, _SIGNS.get(leaf.operator, "")
    match value:
        case TopShare() | Quartiles() | StoreFigure():
            return sign + _among_all(value)
        case DaysAgo() | HoursAgo() | InMonths() | Yearly():
            return speak_date_value(leaf.operator, value)
        case None:
            return sign
        case _:
            if isinstance(value, Decimal) and leaf.operator in LENGTHS:
                return sign + speak_many(value, "value")
            listed = value if isinstance(value, tuple) else (value,)
            words = [_value(one, speak, choices) for one in listed]
            return sign + (" to " if leaf.operator == "between" else ", ").join(words)


def _among_all(value: TopShare | Quartiles | StoreFigure) -> str:
    match value:
        case TopShare():
            return f"top {speak_number(value.percent)}% of buyers"
        case Quartiles():
            return " or ".join(_QUARTERS[number - 1] for number in value.numbers) + " of buyers"
        case StoreFigure():
            return _figure(value)


def _figure(value: StoreFigure) -> str:
    if value.measure == "percentile":
        return f"percentile {speak_number(value.percent)} of the store"
    return f"the store’s {'average' if value.measure == 'mean' else value.measure}"


def _value(value: object, speak: Speak, choices: Mapping[str, str]) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        return speak(value)
    if isinstance(value, date):
        return speak_day(value)
    return choices.get(str(value), str(value))
