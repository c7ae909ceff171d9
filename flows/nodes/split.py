"""The node that decides."""

from typing import Any, Final

from flows.nodes.parts import describe

NODE_TYPE: Final[dict[str, Any]] = describe(
    "split",
    "Split",
    "Goes one of two ways by a condition, asked when the run arrives.",
    properties={
        "condition": {
            "type": "object",
            "description": "A segment definition. Leaves may also ask for a message of this run: "
            '{"message": "<node>", "is": "sent" | "opened" | "clicked"}.',
        },
        "yes": {"type": "string", "description": "Node for those who meet the condition."},
        "no": {"type": "string", "description": "Node for all others."},
    },
    required=["condition", "yes", "no"],
)
