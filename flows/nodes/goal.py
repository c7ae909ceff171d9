"""The node that ends a run as a success."""

from typing import Any, Final

from flows.nodes.parts import describe

NODE_TYPE: Final[dict[str, Any]] = describe(
    "goal",
    "Goal",
    "Ends the run as a success.",
    properties={
        "name": {
            "type": "string",
            "maxLength": 60,
            "title": "What was reached",
            "description": "Shown at the run, such as Left a review.",
        }
    },
    required=["name"],
)
