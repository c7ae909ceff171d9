"""The node that compares ways."""

from typing import Any, Final

from flows.nodes.parts import SHARES, describe

NODE_TYPE: Final[dict[str, Any]] = describe(
    "ab_split",
    "A/B split",
    "Draws one way for each person, the same one for ever: also after the shares were changed, "
    "and when they come again.",
    properties={
        "branches": SHARES,
        "winner": {
            "type": "string",
            "default": "",
            "title": "Winner",
            "description": "Name of the way that everybody takes who comes for the first time; "
            "empty draws lots.",
        },
    },
    required=["branches"],
)
