"""The node that ends a run."""

from typing import Any, Final

from flows.nodes.parts import describe

NODE_TYPE: Final[dict[str, Any]] = describe(
    "exit",
    "End",
    "Ends the run. Every path of a flow ends here, or at a goal.",
    properties={
        "reason": {
            "type": "string",
            "default": "",
            "title": "Reason",
            "description": "Shown at the run.",
        }
    },
    required=[],
)
