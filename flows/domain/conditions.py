"""The form of conditions, before anybody asks what they mean."""

from collections.abc import Mapping
from typing import Any, Final

from flows.domain.values import PropertyCondition

MESSAGE: Final = "message"
TRIGGER: Final = "trigger"
_OF_RUN: Final = (MESSAGE, TRIGGER)
"""What leaves ask of the run, not of the person: a message of it, or the event that started it."""


def is_shaped(condition: Any) -> bool:
    """Say whether something is a tree of objects, as every condition is."""
    if not isinstance(condition, Mapping):
        return False
    if of_run := [key for key in _OF_RUN if key in condition]:
        return isinstance(condition[of_run[0]], str) and isinstance(condition.get("is"), str)
    if "children" not in condition:
        return True
    children = condition["children"]
    return isinstance(children, list) and bool(children) and all(map(is_shaped, children))


def asks_run(condition: Mapping[str, Any]) -> bool:
    """Say whether a condition that is shaped asks anything of the run."""
    is_leaf = any(key in condition for key in _OF_RUN)
    return is_leaf or any(map(asks_run, condition.get("children", ())))


def asks_trigger(condition: Mapping[str, Any]) -> bool:
    """Say whether a condition that is shaped asks for the event that started the run."""
    return TRIGGER in condition or any(map(asks_trigger, condition.get("children", ())))


def read_trigger(condition: Mapping[str, Any]) -> PropertyCondition:
    """Return the test of the event that started the run, which a leaf asks for."""
    return PropertyCondition(condition[TRIGGER], condition["is"], condition.get("value"))
