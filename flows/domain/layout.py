"""How a graph is drawn: one chain of nodes, split into branches, each node drawn once."""

from collections.abc import Mapping
from dataclasses import dataclass

from flows.domain.graph import Exit, Graph, Node, targets, ways
from flows.domain.nodes import DateWait, Goal


@dataclass(frozen=True, slots=True)
class Branch:
    """One way out of a node with several; ``word`` is what a step that goes it records."""

    word: str
    chain: tuple["Place", ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a node is drawn.

    Attributes:
        is_repeat: the node was drawn before; only a reference to it stands here.
        is_shared: an end that several ways lead to, so its figures belong to no single place.
    """

    node: Node
    branches: tuple[Branch, ...] = ()
    is_repeat: bool = False
    is_shared: bool = False


def lay_out(graph: Graph) -> tuple[Place, ...]:
    """Return the chain from the entry node on; ends are drawn wherever a branch ends."""
    return _chain(graph.entry_node, graph.nodes, set())


def _chain(key: str, nodes: Mapping[str, Node], drawn: set[str]) -> tuple[Place, ...]:
    places: list[Place] = []
    following: str | None = key
    while following is not None:
        node = nodes[following]
        if node.id in drawn and not _is_end(node):
            return (*places, Place(node, is_repeat=True))
        drawn.add(node.id)
        if len(ways(node)) > 1 and not _goes_one_way(node):
            branches = tuple(Branch(word, _chain(key, nodes, drawn)) for word, key in ways(node))
            return (*places, Place(node, branches))
        is_shared = _is_end(node) and _ways_in(node.id, nodes) > 1
        places.append(Place(node, is_shared=is_shared))
        following = next(iter(targets(node)), None)
    return tuple(places)


def _ways_in(key: str, nodes: Mapping[str, Node]) -> int:
    return sum(target == key for node in nodes.values() for _, target in ways(node))


def _goes_one_way(node: Node) -> bool:
    """Say whether a wait goes on in the same place, however it ended."""
    return isinstance(node, DateWait) and node.next == node.past


def _is_end(node: Node) -> bool:
    return isinstance(node, Exit | Goal)
