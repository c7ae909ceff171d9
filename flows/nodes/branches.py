"""The node that decides between many ways."""

from typing import Any, Final

from flows.nodes.parts import CONDITION, NEXT, describe, target

NODE_TYPE: Final[dict[str, Any]] = describe(
    "branches",
    "Branches",
    "Goes the first way whose condition holds, asked when the run arrives.",
    properties={
        "branches": {
            "type": "array",
            "minItems": 1,
            "maxItems": 10,
            "title": "Ways",
            "description": "Asked from the first one on.",
            "items": {
                "type": "object",
                "properties": {
                    "name": {"type": "string", "maxLength": 60, "title": "Name"},
                    "condition": CONDITION,
                    "next": NEXT,
                },
                "required": ["name", "condition", "next"],
            },
        },
        "otherwise": target("Otherwise", "Node for those whom no way takes."),
    },
    required=["branches", "otherwise"],
)
