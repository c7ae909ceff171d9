"""The node that decides."""

from typing import Any, Final

from flows.nodes.parts import CONDITION, describe, target

NODE_TYPE: Final[dict[str, Any]] = describe(
    "split",
    "Split",
    "Goes one of two ways by a condition, asked when the run arrives.",
    properties={
        "condition": CONDITION,
        "yes": target("Yes", "Node for those who meet the condition."),
        "no": target("No", "Node for all others."),
    },
    required=["condition", "yes", "no"],
)
