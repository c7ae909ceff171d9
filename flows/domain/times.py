"""When a run comes to each node at the earliest. Pure."""

from collections.abc import Iterator
from datetime import timedelta

from flows.domain.graph import Delay, Graph, Node, ways
from flows.domain.nodes import TIMEOUT, EventWait, StockWait, TaskWait

_NOTHING = timedelta(0)


def find_earliest(graph: Graph) -> dict[str, timedelta]:
    """Return how long after its start a run comes to each node at the earliest.

    What is waited for may happen at once; only a way that time opens takes its time. Days are of
    24 hours, and times of day are left out.
    """
    found: dict[str, timedelta] = {graph.entry_node: _NOTHING}
    waiting = [graph.entry_node]
    while waiting:
        key = waiting.pop()
        for target, length in _steps(graph.nodes[key]):
            at = found[key] + length
            if target in graph.nodes and (target not in found or at < found[target]):
                found[target] = at
                waiting.append(target)
    return found


def _steps(node: Node) -> Iterator[tuple[str, timedelta]]:
    if isinstance(node, Delay):
        yield node.next, node.duration.length
        return
    limit = node.timeout.length if isinstance(node, EventWait | StockWait | TaskWait) else _NOTHING
    for word, target in ways(node):
        yield target, limit if word == TIMEOUT else _NOTHING
