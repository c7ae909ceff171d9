"""Where somebody who stands in an old version of a flow stands in a new one. Pure."""

from collections import deque
from dataclasses import dataclass
from typing import Final

from flows.domain.graph import Delay, Graph, targets
from flows.domain.nodes import DateWait, EventWait, StockWait, TaskWait

MOVED, FALLS, EXITS = "moved", "falls", "exits"
WAITS: Final = (Delay, DateWait, EventWait, StockWait, TaskWait)


@dataclass(frozen=True, slots=True)
class NewPlace:
    """What becomes of those who stand at a node.

    Attributes:
        outcome: ``moved`` to the node of the same key, ``falls`` to the next one that is left, or
            ``exits`` because none is.
        node: where they stand then; empty for who exits.
        keeps_wait: a wait that was begun goes on as it was; otherwise the node is done when the
            time of that wait comes.
    """

    outcome: str
    node: str = ""
    keeps_wait: bool = False


def find_place(old: Graph | None, node: str, new: Graph) -> NewPlace:
    """Return what becomes of those who stand at a node of an old version.

    Who stands at a node that is gone goes on along its ways, in their order, to the nearest node
    that is left.

    Args:
        old: the version that they are in; None where it cannot be read.
        node: the key of where they stand.
        new: the version that they get.
    """
    if node in new.nodes:
        before = old.nodes.get(node) if old is not None else None
        now = new.nodes[node]
        return NewPlace(MOVED, node, isinstance(now, WAITS) and type(now) is type(before))
    nearest = _find_nearest(old, node, new) if old is not None else ""
    return NewPlace(FALLS, nearest) if nearest else NewPlace(EXITS)


def _find_nearest(old: Graph, start: str, new: Graph) -> str:
    seen, waiting = {start}, deque([start])
    while waiting:
        key = waiting.popleft()
        if key in new.nodes:
            return key
        node = old.nodes.get(key)
        following = [each for each in (targets(node) if node else ()) if each not in seen]
        seen.update(following)
        waiting.extend(following)
    return ""
