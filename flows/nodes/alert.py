"""The node that tells the members."""

from typing import Any, Final

from flows.nodes.parts import NEXT, describe

NODE_TYPE: Final[dict[str, Any]] = describe(
    "alert",
    "Tell your team",
    "Puts a notice before the members of the account, one for all who came here lately.",
    properties={
        "text": {
            "type": "string",
            "maxLength": 500,
            "title": "What to tell",
            "description": "Such as Call these customers today.",
        },
        "next": NEXT,
    },
    required=["text", "next"],
)
