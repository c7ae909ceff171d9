"""The node that jumps."""

from typing import Any, Final

from flows.nodes.parts import JUMP, describe, target

NODE_TYPE: Final[dict[str, Any]] = describe(
    "goto",
    "Go to",
    "Goes on at another step, so often at most. A way back needs a delay of 1 hour or more.",
    properties={
        "target": target("Where", "The step at which it goes on.", kind=JUMP),
        "max_visits": {
            "type": "integer",
            "minimum": 1,
            "maximum": 9,
            "default": 9,
            "title": "So often at most",
        },
        "otherwise": target("After that", "Node that follows then."),
    },
    required=["target", "otherwise"],
)
