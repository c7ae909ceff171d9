"""What a definition is refused for beyond its words: things that are not there, and circles."""

from collections.abc import Sequence

from segments.domain.definitions import Node, SegmentLeaf, events_named, leaves
from segments.domain.happenings import OWN_EVENTS, BoughtLeaf
from segments.domain.places import refuse_unknown_places
from segments.domain.shared import order_by_dependence
from segments.errors import CircleError, DefinitionError
from segments.models import Segment
from segments.queries.conditions import find_unknown_products, list_definitions, parse_definition


def check_definition(definition: object, *, own_id: int | None) -> Node:
    """Return the tree of a definition that can be saved.

    Args:
        definition: JSON as in the contract.
        own_id: of the segment that it is for; None for a new one.

    Raises:
        DefinitionError: it cannot be understood, names what does not exist, or goes in a circle.
    """
    tree = parse_definition(definition)
    others = list_definitions(are_all_asked=True)
    for leaf in leaves(tree):
        if isinstance(leaf, SegmentLeaf) and leaf.segment_id not in others:
            raise DefinitionError(
                f"{leaf.path}.segment", f"no segment has id {leaf.segment_id}, or it is archived"
            )
        if own := OWN_EVENTS & events_named([leaf]):
            reason = f"“{min(own)}” is told by segments; ask for the segment"
            raise DefinitionError(leaf.path, reason)
    _check_products(tree)
    refuse_unknown_places(tree)
    try:
        order_by_dependence({**others, own_id or 0: tree})
    except CircleError as exc:
        raise _named_circle(exc.circle, own_id, tree) from exc
    return tree


def _check_products(tree: Node) -> None:
    bought = [leaf for leaf in leaves(tree) if isinstance(leaf, BoughtLeaf)]
    unknown = find_unknown_products(one for leaf in bought for one in leaf.product_ids)
    for leaf in bought:
        if missing := sorted(unknown.intersection(leaf.product_ids)):
            raise DefinitionError(f"{leaf.path}.bought.product", f"no product has id {missing[0]}")


def _named_circle(circle: Sequence[int], own_id: int | None, tree: Node) -> DefinitionError:
    """Say by name how segments refer to each other, at the condition that closes the circle."""
    if own_id in circle:  # it begins with the one that is changed
        start = circle.index(own_id)
        circle = [*circle[start:], *circle[1 : start + 1]]
    named = dict(Segment.objects.filter(pk__in=circle).values_list("pk", "name"))
    way = " → ".join(f"“{named[key]}”" for key in circle)
    closing = (
        f"{leaf.path}.segment"
        for leaf in leaves(tree)
        if isinstance(leaf, SegmentLeaf) and leaf.segment_id == circle[1]
    )
    return DefinitionError(next(closing, "definition"), f"segments refer to each other: {way}")
