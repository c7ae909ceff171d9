"""Faults that a definition of the right form can still have."""

from datetime import timedelta
from typing import Final

from crm.domain.carts import CART_EVENTS
from flows.domain.circles import find_circles
from flows.domain.graph import EventTrigger, Graph, Message, Node, Split, loops_without, reachable
from flows.domain.nodes import Branches, EventWait
from flows.domain.values import CART, ORDER_PLACED
from flows.errors import Problem

SHORTEST_LOOP = timedelta(hours=1)
SHOPS_CARTS: Final = CART_EVENTS - {ORDER_PLACED}
"""Events that call a cart as the shop does."""
OTHER_CART: Final = (
    "an order knows its cart only as Cart Abandoned calls it; start with that event, or leave"
    " cart_id out"
)

NO_PROMOTION: Final = (
    "a flow with a message about an order must not promote; put what promotes into a flow of its"
    " own"
)


def lint(graph: Graph) -> list[Problem]:
    """Return every fault that must be mended before a flow may run; empty when it may."""
    return [
        *_unreachable(graph),
        *_loops(graph),
        *_promotions(graph),
        *_conditions(graph),
        *_carts(graph),
        *find_circles(graph),
    ]


def _unreachable(graph: Graph) -> list[Problem]:
    lost = sorted(set(graph.nodes) - reachable(graph))
    return [Problem(f"nodes.{key}", "cannot be reached; connect or remove it") for key in lost]


def _loops(graph: Graph) -> list[Problem]:
    return [
        Problem(f"nodes.{key}", "is on a loop that needs a delay of 1 hour or more")
        for key in sorted(loops_without(graph, SHORTEST_LOOP))
    ]


def _promotions(graph: Graph) -> list[Problem]:
    messages = [node for node in graph.nodes.values() if isinstance(node, Message)]
    if not any(node.message_class == "transactional" for node in messages):
        return []
    return [
        Problem(f"nodes.{node.id}.message_class", NO_PROMOTION)
        for node in messages
        if node.message_class == "promotional"
    ]


def _conditions(graph: Graph) -> list[Problem]:
    return [
        Problem(path, f"asks for message {key!r}, which is not one")
        for node in graph.nodes.values()
        for path, key in _messages_asked(node)
        if not isinstance(graph.nodes.get(key), Message)
    ]


def _carts(graph: Graph) -> list[Problem]:
    """Refuse to compare Patron's name of a cart, which orders know, with that of a shop."""
    trigger = graph.trigger
    if not isinstance(trigger, EventTrigger) or trigger.event not in SHOPS_CARTS:
        return []
    matches = [(f"exit_on.{at}", on.match) for at, on in enumerate(graph.exit_on)]
    matches += [
        (f"nodes.{node.id}.any_of.{at}", match)
        for node in graph.nodes.values()
        if isinstance(node, EventWait)
        for at, match in enumerate(node.any_of)
    ]
    return [
        Problem(f"{path}.same", OTHER_CART)
        for path, match in matches
        if match is not None
        and match.event == ORDER_PLACED
        and any(name == CART for name, _ in match.same)
    ]


def _messages_asked(node: Node) -> list[tuple[str, str]]:
    """Return the messages that a node asks for, each with its place."""
    path = f"nodes.{node.id}"
    if isinstance(node, Split):
        return [(f"{path}.condition", key) for key in _messages_named(node.condition)]
    if isinstance(node, Branches):
        return [
            (f"{path}.branches.{at}.condition", key)
            for at, way in enumerate(node.branches)
            for key in _messages_named(way.condition)
        ]
    if isinstance(node, EventWait):
        named = [(f"{path}.any_of.{at}", match.message) for at, match in enumerate(node.any_of)]
        return [(place, key) for place, key in named if key]
    return []


def _messages_named(condition: object) -> list[str]:
    if not isinstance(condition, dict):
        return []
    if "message" in condition:
        return [str(condition["message"])]
    return [key for child in condition.get("children", []) for key in _messages_named(child)]
