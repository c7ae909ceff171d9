"""The node that chooses a channel."""

from typing import Any, Final

from flows.nodes.parts import NEXT, describe, target

NODE_TYPE: Final[dict[str, Any]] = describe(
    "channel",
    "Choose the channel",
    "Goes the way of the first channel on which the person can be reached and has agreed to be.",
    properties={
        "branches": {
            "type": "array",
            "minItems": 1,
            "maxItems": 10,
            "title": "Channels",
            "description": "Tried from the first one on.",
            "items": {
                "type": "object",
                "properties": {
                    "channel": {
                        "enum": ["email", "sms", "whatsapp", "push"],
                        "title": "Channel",
                    },
                    "next": NEXT,
                },
                "required": ["channel", "next"],
            },
        },
        "pick": {
            "enum": ["first", "history"],
            "default": "first",
            "title": "Which goes first",
            "description": "first: in the order given; history: the channel on which they opened "
            "or clicked last within 180 days, then in the order given.",
        },
        "message_class": {
            "enum": ["promotional", "behavioural", "transactional", "safety", "service"],
            "default": "promotional",
            "title": "For messages of class",
            "description": "Promotional and behavioural messages need consent; the others an "
            "address that works.",
        },
        "otherwise": target("Otherwise", "Node for those whom no channel reaches."),
    },
    required=["branches", "otherwise"],
)
