"""What differs between two definitions, step by step."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

ADDED: Final = "added"
REMOVED: Final = "removed"
CHANGED: Final = "changed"
MOVED: Final = "moved"
"""The step itself is the same; what follows it is another one."""
WAYS: Final = frozenset(
    ("next", "yes", "no", "otherwise", "on_event", "on_timeout", "on_stock", "past", "target")
)


@dataclass(frozen=True, slots=True)
class StepChange:
    """One step that differs; ``kind`` is one of the words above."""

    key: str
    kind: str


def compare_steps(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[StepChange]:
    """Return the steps that two definitions do not share, in the order of the newer one.

    Args:
        old: a definition of any state.
        new: likewise.
    """
    before, after = _nodes(old), _nodes(new)
    changes = []
    for key, node in after.items():
        if key not in before:
            changes.append(StepChange(key, ADDED))
        elif before[key] != node:
            is_same = _bare(before[key]) == _bare(node)
            changes.append(StepChange(key, MOVED if is_same else CHANGED))
    return [*changes, *(StepChange(key, REMOVED) for key in before if key not in after)]


def list_followers(graph: Mapping[str, Any], key: str) -> list[str]:
    """Return the steps that the ways of a step lead to, in their order, each once."""
    return list(dict.fromkeys(_led_to(_nodes(graph).get(key))))


def _led_to(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        for name, inner in part.items():
            if name in WAYS and isinstance(inner, str):
                yield inner
            else:
                yield from _led_to(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from _led_to(inner)


def _nodes(graph: Mapping[str, Any]) -> Mapping[str, Any]:
    nodes = graph.get("nodes")
    return nodes if isinstance(nodes, dict) else {}


def _bare(part: Any) -> Any:
    """Return a step without where its ways lead."""
    if isinstance(part, dict):
        return {key: _bare(inner) for key, inner in part.items() if key not in WAYS}
    return [_bare(inner) for inner in part] if isinstance(part, list) else part
