"""Flows whose own steps would start them again, for ever."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from flows.domain.graph import EventTrigger, Graph, Policy
from flows.domain.nodes import Act, Award, TagChange
from flows.domain.triggers import holds
from flows.errors import Problem

POINTS = "gives points, which would start this flow again; let its trigger ask for another kind"
TAGS = "changes back what another step changes, which would start this flow again and again"


def find_circles(graph: Graph) -> list[Problem]:
    """Return the steps that certainly start their own flow again.

    Only what is certain is refused: filters of the trigger that look at what a step says are
    tried, and one that looks at anything else may well end the circle. What flows do to each
    other is seen where people enter.
    """
    acts = [node for node in graph.nodes.values() if isinstance(node, Act)]
    points = [
        Problem(f"nodes.{node.id}", POINTS)
        for node in acts
        if isinstance(node.effect, Award)
        and _starts(graph, "Points Earned", _said_of_points(node.effect), new="balance")
    ]
    changes = {node.id: node.effect for node in acts if isinstance(node.effect, TagChange)}
    added = {tag for change in changes.values() for tag in _given(change)}
    removed = {tag for change in changes.values() for tag in change.removed}
    tags = [
        Problem(f"nodes.{key}", TAGS)
        for key, change in changes.items()
        if {*_given(change), *change.removed} & added & removed
        and _starts(graph, "Tags Changed", _said_of_tags(change))
    ]
    return [*points, *tags]


def _starts(graph: Graph, event: str, said: Mapping[str, Any], *, new: str = "") -> bool:
    """Say whether an event certainly starts the flow, however often it comes.

    Args:
        graph: the flow.
        event: its name.
        said: what is known of its properties.
        new: the property that is another one each time.
    """
    trigger, reentry = graph.trigger, graph.reentry
    if not isinstance(trigger, EventTrigger) or trigger.event != event:
        return False
    comes_again = (
        reentry.policy is Policy.EVERY_TIME
        or (reentry.policy is Policy.AFTER and reentry.gap == timedelta(0))
        or (reentry.policy is Policy.KEYED and bool(new) and reentry.key == new)
    )
    return comes_again and holds(trigger.where, said)


def _said_of_points(award: Award) -> dict[str, Any]:
    return {"points": award.points, "kind": "adjust"}


def _said_of_tags(change: TagChange) -> dict[str, Any]:
    return {"added": _given(change), "removed": list(change.removed)}


def _given(change: TagChange) -> list[str]:
    """Return the tags that a step really gives: one that it takes away too is taken away."""
    return [tag for tag in change.added if tag not in change.removed]
