"""Definitions that an older version wrote, in the words of this one.

Stored definitions are brought up to date when they are read, and are stored anew when they are
next saved. Each step is harmless to what is written in the words of today.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

_DEEPEST: Final = 50
"""Deeper than anything that is read: the parser refuses it."""


def upgrade(definition: object, depth: int = 1) -> object:
    """Return a definition with every condition in the words of this version.

    What cannot be understood is left as it is, for the parser to refuse.
    """
    if not isinstance(definition, Mapping) or depth > _DEEPEST:
        return definition
    children = definition.get("children")
    if "op" in definition and isinstance(children, list):
        return {**definition, "children": [upgrade(child, depth + 1) for child in children]}
    for step in _STEPS:
        definition = step(definition)
    return definition


def _say_never_by_count(leaf: Mapping[str, Any]) -> Mapping[str, Any]:
    """``not_bought`` became ``bought`` with a count of zero."""
    if "not_bought" not in leaf or "count" in leaf or "bought" in leaf:
        return leaf
    rest = {key: value for key, value in leaf.items() if key != "not_bought"}
    return {"bought": leaf["not_bought"], "count": {"is": "=", "value": 0}, **rest}


_STEPS: Final[tuple[Callable[[Mapping[str, Any]], Mapping[str, Any]], ...]] = (_say_never_by_count,)
"""In the order of the versions that they belong to."""
