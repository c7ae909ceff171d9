"""The form of conditions, before anybody asks what they mean."""

from collections.abc import Mapping
from typing import Any


def is_shaped(condition: Any) -> bool:
    """Say whether something is a tree of objects, as every condition is."""
    if not isinstance(condition, Mapping):
        return False
    if "message" in condition:
        return isinstance(condition["message"], str) and isinstance(condition.get("is"), str)
    if "children" not in condition:
        return True
    children = condition["children"]
    return isinstance(children, list) and bool(children) and all(map(is_shaped, children))


def asks_messages(condition: Mapping[str, Any]) -> bool:
    """Say whether a condition that is shaped asks for a message of the run."""
    return "message" in condition or any(map(asks_messages, condition.get("children", ())))
