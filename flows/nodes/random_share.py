"""The node that draws lots."""

from typing import Any, Final

from flows.nodes.parts import SHARES, describe

NODE_TYPE: Final[dict[str, Any]] = describe(
    "random",
    "Random share",
    "Draws a lot at each visit. A step that is tried again draws the same one.",
    properties={"branches": SHARES},
    required=["branches"],
)
