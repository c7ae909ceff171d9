"""The node that gives points."""

from typing import Any, Final

from flows.nodes.parts import NEXT, describe

NODE_TYPE: Final[dict[str, Any]] = describe(
    "points",
    "Give points",
    "Gives the person loyalty points, once for each visit of the node.",
    properties={
        "points": {"type": "integer", "minimum": 1, "maximum": 1_000_000, "title": "Points"},
        "note": {
            "type": "string",
            "default": "",
            "title": "Note",
            "description": "Shown in the ledger; empty names the flow.",
        },
        "next": NEXT,
    },
    required=["points", "next"],
)
