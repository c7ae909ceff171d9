"""The node that chooses a coupon."""

from typing import Any, Final

from flows.nodes.parts import NEXT, describe

NODE_TYPE: Final[dict[str, Any]] = describe(
    "coupon",
    "Choose a coupon",
    "Messages that follow carry a code of this coupon. It is claimed when a message leaves, and "
    "given back when one does not.",
    properties={
        "coupon": {
            "type": "string",
            "format": "coupon",
            "title": "Coupon",
            "description": "Id of the coupon.",
        },
        "next": NEXT,
    },
    required=["coupon", "next"],
)
