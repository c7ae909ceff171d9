"""One shape for all definitions that mean the same, and the digest that they share.

The order of conditions, repetition, groups inside groups of the same kind, double negation and the
spelling of numbers, dates and spans make no difference. Two definitions that only logic could find
equal, such as ``> 1`` and ``>= 2`` of a whole number, stay different.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import replace
from typing import TypeVar

from segments.domain.comparisons import POSITIVE, FieldLeaf, PropertyLeaf
from segments.domain.definitions import Group, Leaf, Node, SegmentLeaf
from segments.domain.happenings import BoughtLeaf, EventLeaf, PropertyTest
from segments.domain.sequences import EdgeLeaf, FunnelLeaf
from segments.domain.standing import ReachLeaf
from segments.domain.written import Json, write_leaf, write_test
from segments.types import Kind

One = TypeVar("One", FieldLeaf, PropertyLeaf)
_SINGLE = {"in": "=", "contains_any": "contains", "contains_all": "contains"}
"""What a list of one word says."""


def simplify(node: Node) -> Json:
    """Return a tree as JSON in the one shape of all that mean the same."""
    if not isinstance(node, Group):
        leaf, is_negated = _positive(node)
        return _negate(write_leaf(leaf)) if is_negated else write_leaf(leaf)
    children = [simplify(child) for child in node.children]
    return _negate(_join("or", children)) if node.op == "not" else _join(node.op, children)


def digest(node: Node) -> str:
    """Return what definitions of equal meaning have in common: 32 hexadecimal digits."""
    return hashlib.sha256(_dump(simplify(node)).encode()).hexdigest()[:32]


def _join(op: str, children: Iterable[Json]) -> Json:
    flat: list[Json] = []
    for child in children:
        flat += child["children"] if child.get("op") == op else [child]
    unique = {_dump(child): child for child in flat}
    ordered = [unique[text] for text in sorted(unique)]
    return ordered[0] if len(ordered) == 1 else {"op": op, "children": ordered}


def _negate(child: Json) -> Json:
    """What is under a double negation stands alone; ``not`` has one child."""
    if child.get("op") == "not":
        only: Json = child["children"][0]
        return only
    return {"op": "not", "children": [child]}


def _dump(value: object) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def _positive(leaf: Leaf) -> tuple[Leaf, bool]:
    """Return a condition without its negation and its spelling, and whether it was negated."""
    match leaf:
        case FieldLeaf() | PropertyLeaf():
            return _positive_comparison(leaf)
        case SegmentLeaf():
            return replace(leaf, is_member=True), not leaf.is_member
        case ReachLeaf():
            return replace(leaf, is_reachable=True), not leaf.is_reachable
        case EventLeaf() | BoughtLeaf():
            return _positive_count(leaf)
        case _:
            return _settle_order(leaf), False


def _positive_comparison(leaf: FieldLeaf | PropertyLeaf) -> tuple[Leaf, bool]:
    operator = POSITIVE.get(leaf.operator, leaf.operator)
    is_negated = operator != leaf.operator
    if isinstance(leaf, FieldLeaf):
        return _settle(replace(leaf, operator=operator), leaf.field.kind), is_negated
    return _settle(replace(leaf, operator=operator), leaf.kind), is_negated


def _positive_count(leaf: EventLeaf | BoughtLeaf) -> tuple[Leaf, bool]:
    is_negated = leaf.measure.operator == "!="
    measure = replace(leaf.measure, operator="=") if is_negated else leaf.measure
    if isinstance(leaf, EventLeaf):
        return replace(leaf, measure=measure, tests=_settle_tests(leaf.tests)), is_negated
    goods = tuple((key, tuple(sorted({one.lower() for one in words}))) for key, words in leaf.goods)
    return replace(leaf, measure=measure, goods=goods), is_negated


def _settle_order(leaf: Leaf) -> Leaf:
    if isinstance(leaf, EdgeLeaf):
        return replace(leaf, tests=_settle_tests(leaf.tests))
    if isinstance(leaf, FunnelLeaf):
        steps = tuple(replace(one, tests=_settle_tests(one.tests)) for one in leaf.steps)
        absent = leaf.absent and replace(leaf.absent, tests=_settle_tests(leaf.absent.tests))
        return replace(leaf, steps=steps, absent=absent)
    return leaf


def _settle(leaf: One, kind: Kind) -> One:
    """Take lists for sets, and words that are compared without regard to case in lower case."""
    value, operator = leaf.value, leaf.operator
    is_lower = operator == "contains_text" or (kind is Kind.TEXT and operator != "matches")
    if isinstance(value, str) and is_lower:
        value = value.lower()
    if isinstance(value, tuple) and operator != "between":
        words = {str(one).lower() if is_lower else str(one) for one in value}
        value = tuple(sorted(words))
        if len(value) == 1:
            value, operator = value[0], _SINGLE[operator]
    return replace(leaf, operator=operator, value=value)


def _settle_tests(tests: Iterable[PropertyTest]) -> tuple[PropertyTest, ...]:
    settled = {_dump(write_test(one)): one for one in map(_settle_test, tests)}
    return tuple(settled[text] for text in sorted(settled))


def _settle_test(test: PropertyTest) -> PropertyTest:
    value = test.value
    if isinstance(value, str):
        value = value.lower()
    if isinstance(value, tuple):
        lowered = {one.lower() if isinstance(one, str) else one for one in value}
        value = tuple(sorted(lowered, key=lambda one: (type(one).__name__, str(one))))
    return replace(test, value=value)
