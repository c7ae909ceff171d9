"""Segment definitions: JSON to a checked tree, with errors that name the place.

A definition asks nothing that the registry of fields does not offer. The registry is handed in,
so that these rules stay pure.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from kernel.storable import find_unstorable
from segments.domain.comparisons import (
    FieldLeaf,
    PropertyLeaf,
    Reference,
    parse_comparison,
    references_of_leaf,
)
from segments.domain.happenings import (
    ALWAYS,
    HAPPENINGS,
    BoughtLeaf,
    EventLeaf,
    Happening,
    Window,
    parse_happening,
    parse_window,
)
from segments.domain.sequences import SEQUENCES, EdgeLeaf, FunnelLeaf, parse_sequence
from segments.domain.sequences import Sequence as Ordered
from segments.domain.standing import CHANNELS, STANDINGS, MoveLeaf, Standing, parse_standing
from segments.domain.values import refuse_unknown
from segments.errors import DefinitionError
from segments.types import Field

MAX_DEPTH: Final = 12
MAX_LEAVES: Final = 100
CONSENT_STATES: Final = ("subscribed", "pending", "unsubscribed", "never", "withdrawn")
JOINED_KEYS: Final = ("within", "before", "since", "until")
"""Bounds on when a member of another segment came into it."""
LEAVES: Final = ("field", "consent", "segment", *HAPPENINGS, *SEQUENCES, *STANDINGS)
"""The words that conditions begin with."""
_SCORES: Final = frozenset({"recency", "frequency", "monetary", "rfm_group"})


@dataclass(frozen=True, slots=True)
class ConsentLeaf:
    """Whether the permission on a channel is in a state."""

    path: str
    channel: str
    state: str


@dataclass(frozen=True, slots=True)
class SegmentLeaf:
    """Whether the profile is in another segment.

    Attributes:
        joined: when a member came in, the last time; no bounds with ``is_member`` False.
    """

    path: str
    segment_id: int
    is_member: bool
    joined: Window = ALWAYS


@dataclass(frozen=True, slots=True)
class KeptLeaf:
    """Whether the profile is in a segment as stored: of one that took too long to be asked.

    Nothing that can be written is read as this.
    """

    path: str
    segment_id: int


Leaf = (
    FieldLeaf | PropertyLeaf | ConsentLeaf | SegmentLeaf | Happening | Ordered | Standing | KeptLeaf
)


@dataclass(frozen=True, slots=True)
class Group:
    """``and``, ``or`` or ``not`` over at least one part; ``not`` means none of them."""

    op: str
    children: tuple["Node", ...]


Node = Group | Leaf


def parse(definition: object, fields: Mapping[str, Field]) -> Node:
    """Check a definition and return its tree.

    Args:
        definition: JSON value as in the contract.
        fields: the registry, by name.

    Raises:
        DefinitionError: it cannot be understood; the error names the place and what would fit.
    """
    node = _parse_node(definition, "definition", fields, depth=1)
    if unkept := find_unstorable(definition):
        place, reason = unkept
        raise DefinitionError(".".join(filter(None, ("definition", place))), reason)
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
    """Return the names of the events that some trees look at."""
    return {name for node in nodes for leaf in leaves(node) for name in _events_of(leaf)}


def _events_of(leaf: Leaf) -> list[str]:
    match leaf:
        case EventLeaf() | EdgeLeaf():
            return [leaf.name]
        case FunnelLeaf():
            absent = [leaf.absent] if leaf.absent else []
            return [step.name for step in (*leaf.steps, *absent)]
        case _:
            return []


def fields_named(nodes: Iterable[Node]) -> set[str]:
    """Return the names of the fields that some trees ask for."""
    return {
        leaf.field.name for node in nodes for leaf in leaves(node) if isinstance(leaf, FieldLeaf)
    }


def products_named(node: Node) -> set[int]:
    """Return our ids of the products that a tree names."""
    bought = [leaf for leaf in leaves(node) if isinstance(leaf, BoughtLeaf)]
    return {product_id for leaf in bought for product_id in leaf.product_ids}


def asks_scores(node: Node) -> bool:
    """Say whether a tree looks at RFM scores, groups or moves between them."""
    return bool(fields_named([node]) & _SCORES) or any(
        isinstance(leaf, MoveLeaf) for leaf in leaves(node)
    )


def goods_named(nodes: Iterable[Node]) -> set[str]:
    """Return what some trees ask of the lines of orders, such as ``brand``."""
    return {
        name
        for node in nodes
        for leaf in leaves(node)
        if isinstance(leaf, BoughtLeaf)
        for name, _ in leaf.goods
    }


def references_named(node: Node) -> dict[str, tuple[Field, Reference]]:
    """Return what a tree compares with all buyers, by the key it is stored under."""
    found: dict[str, tuple[Field, Reference]] = {}
    for leaf in leaves(node):
        found |= references_of_leaf(leaf)
    return found


def _parse_node(raw: object, path: str, fields: Mapping[str, Field], *, depth: int) -> Node:
    if not isinstance(raw, Mapping):
        raise DefinitionError(path, "must be an object with “op” or a condition")
    if depth > MAX_DEPTH:
        raise DefinitionError(path, f"is nested deeper than {MAX_DEPTH} levels")
    if "op" in raw:
        return _parse_group(raw, path, fields, depth=depth)
    if "field" in raw:
        return parse_comparison(raw, path, fields)
    for words, read in _FAMILIES:
        if any(word in raw for word in words):
            return read(raw, path)
    raise DefinitionError(path, f"needs one of: {', '.join(('op', *LEAVES))}")


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


def _parse_consent(raw: Mapping[str, Any], path: str) -> ConsentLeaf:
    refuse_unknown(raw, path, ("consent", "is"))
    if raw["consent"] not in CHANNELS:
        raise DefinitionError(f"{path}.consent", f"must be one of: {', '.join(CHANNELS)}")
    if raw.get("is") not in CONSENT_STATES:
        raise DefinitionError(f"{path}.is", f"must be one of: {', '.join(CONSENT_STATES)}")
    return ConsentLeaf(path, raw["consent"], raw["is"])


def _parse_segment(raw: Mapping[str, Any], path: str) -> SegmentLeaf:
    refuse_unknown(raw, path, ("segment", "is", *JOINED_KEYS))
    named = str(raw["segment"])
    if not (named.isascii() and named.isdigit()) or len(named) > 18:  # noqa: PLR2004 bigint
        raise DefinitionError(f"{path}.segment", "must be the id of a segment")
    if raw.get("is") not in ("member", "not_member"):
        raise DefinitionError(f"{path}.is", "must be one of: member, not_member")
    joined = parse_window(raw, path)
    if raw["is"] != "member" and joined != ALWAYS:
        key = next(key for key in JOINED_KEYS if raw.get(key) is not None)
        raise DefinitionError(f"{path}.{key}", "stands beside “member” alone")
    return SegmentLeaf(path, int(named), raw["is"] == "member", joined)


_FAMILIES: Final[tuple[tuple[Iterable[str], Callable[[Mapping[str, Any], str], Leaf]], ...]] = (
    (("consent",), _parse_consent),
    (("segment",), _parse_segment),
    (HAPPENINGS, parse_happening),
    (SEQUENCES, parse_sequence),
    (STANDINGS, parse_standing),
)
"""What reads a condition, by the words that it may begin with."""
