"""Flow definitions and flows with dull defaults."""

from typing import Any

from flows.choices import FlowStatus
from flows.models import Flow
from flows.services.flows import create_flow, publish, set_status


def message_node(template: str = "note", then: str = "end", **other: Any) -> dict[str, Any]:
    return {
        "type": "message",
        "template": template,
        "message_class": "promotional",
        "next": then,
        **other,
    }


def definition(nodes: dict[str, Any] | None = None, **other: Any) -> dict[str, Any]:
    """Return a definition that starts at the first of ``nodes`` when an order is placed."""
    steps = nodes or {"note": message_node()}
    return {
        "trigger": {"event": "Order Placed"},
        "reentry": {"policy": "every_time"},
        "entry_node": next(iter(steps)),
        "nodes": {**steps, "end": {"type": "exit"}},
        **other,
    }


def make_flow(graph: dict[str, Any], *, name: str = "Test flow") -> Flow:
    """Publish a definition and switch it on; nobody is held out."""
    flow = create_flow(name=name, holdout=0)
    publish(flow.pk, graph)
    return set_status(flow.pk, FlowStatus.LIVE)
