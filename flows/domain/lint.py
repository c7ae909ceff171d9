"""Faults that a definition of the right form can still have."""

from datetime import timedelta

from flows.domain.graph import Graph, Message, Split, loops_without, reachable
from flows.errors import Problem

SHORTEST_LOOP = timedelta(hours=1)


def lint(graph: Graph) -> list[Problem]:
    """Return every fault that must be mended before a flow may run; empty when it may."""
    return [*_unreachable(graph), *_loops(graph), *_promotions(graph), *_conditions(graph)]


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
        Problem(f"nodes.{node.id}.message_class", "a transactional flow must not promote")
        for node in messages
        if node.message_class == "promotional"
    ]


def _conditions(graph: Graph) -> list[Problem]:
    problems = []
    for node in graph.nodes.values():
        if isinstance(node, Split):
            for key in _messages_named(node.condition):
                if not isinstance(graph.nodes.get(key), Message):
                    path = f"nodes.{node.id}.condition"
                    problems.append(Problem(path, f"asks for message {key!r}, which is not one"))
    return problems


def _messages_named(condition: object) -> list[str]:
    if not isinstance(condition, dict):
        return []
    if "message" in condition:
        return [str(condition["message"])]
    return [key for child in condition.get("children", []) for key in _messages_named(child)]
