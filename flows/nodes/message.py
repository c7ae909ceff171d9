"""The node that sends."""

from typing import Any, Final

from flows.domain.parsing import CHANNELS
from flows.nodes.parts import DURATION, NEXT, describe

NODE_TYPE: Final[dict[str, Any]] = describe(
    "message",
    "Send a message",
    "Queues one message and goes on at once. Whether it leaves is decided at the moment of "
    "sending: exit conditions, entry filter, address, consent and the other gates.",
    properties={
        "channel": {"enum": list(CHANNELS), "default": "email"},
        "template": {"type": "string", "description": "Key of the template."},
        "message_class": {
            "enum": ["promotional", "behavioural", "transactional", "safety", "service"],
            "description": "Promotional and behavioural messages need marketing consent.",
        },
        "max_lateness": {
            **DURATION,
            "description": "Later than this it is skipped. Default: promotional 24 hours, "
            "behavioural 12 hours, others never.",
        },
        "next": NEXT,
    },
    required=["template", "message_class", "next"],
)
