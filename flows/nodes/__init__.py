"""What a flow can do: one module per node type, each with its JSON Schema."""

from typing import Any

from flows.nodes import delay, exit_node, message, split

NODE_TYPES: tuple[dict[str, Any], ...] = (
    message.NODE_TYPE,
    delay.NODE_TYPE,
    split.NODE_TYPE,
    exit_node.NODE_TYPE,
)
"""``type``, ``title``, ``description`` and ``schema`` (JSON Schema 2020-12) of each node type."""
