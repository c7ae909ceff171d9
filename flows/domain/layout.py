"""How a graph is drawn: one chain of nodes, split into branches, each node drawn once."""

from collections.abc import Mapping
from dataclasses import dataclass

from flows.domain.graph import Exit, Graph, Node, Split, targets


@dataclass(frozen=True, slots=True)
class Branch:
    """One way out of a split; ``word`` is ``yes`` or ``no``."""

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
        if node.id in drawn and not isinstance(node, Exit):
            return (*places, Place(node, is_repeat=True))
        drawn.add(node.id)
        if isinstance(node, Split):
            yes = Branch("yes", _chain(node.yes, nodes, drawn))
            no = Branch("no", _chain(node.no, nodes, drawn))
            return (*places, Place(node, (yes, no)))
        is_shared = isinstance(node, Exit) and _ways_in(node.id, nodes) > 1
        places.append(Place(node, is_shared=is_shared))
        following = next(iter(targets(node)), None)
    return tuple(places)


def _ways_in(key: str, nodes: Mapping[str, Node]) -> int:
    return sum(targets(node).count(key) for node in nodes.values())
