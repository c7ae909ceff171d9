"""The node that sends."""

from typing import Any, Final

from flows.domain.graph import (
    AUTO,
    HOLD,
    ITEMS,
    LIVE,
    NOTHING,
    SKIP,
    STATES,
    USUAL_PRIORITY,
)
from flows.domain.parsing import CHANNELS, MOST_VALUE, PRIORITIES
from flows.nodes.parts import DURATION, NEXT, describe

NODE_TYPE: Final[dict[str, Any]] = describe(
    "message",
    "Send a message",
    "Sends one message and goes on at once. Whether it leaves is decided at the moment of "
    "sending: exit conditions, entry filter, address, consent and the other gates.",
    properties={
        "template": {
            "type": "string",
            "format": "template",
            "title": "Template",
            "description": "Key of the template.",
        },
        "channel": {"enum": list(CHANNELS), "default": "email", "title": "Channel"},
        "message_class": {
            "title": "Class",
            "enum": ["promotional", "behavioural", "transactional", "safety", "service"],
            "description": "Promotional and behavioural messages need marketing consent.",
        },
        "max_lateness": {
            **DURATION,
            "title": "No later than",
            "description": "Later than this it is skipped. Default: promotional 24 hours, "
            "behavioural 12 hours, others never.",
        },
        "priority": {
            "title": "Priority",
            "type": "integer",
            "minimum": PRIORITIES[0],
            "maximum": PRIORITIES[-1],
            "default": USUAL_PRIORITY,
            "description": "Who goes first where several promotional messages want the same slot "
            "of a person: 1 before 5.",
        },
        "expected_value": {
            "title": "Expected value",
            "type": ["number", "null"],
            "minimum": 0,
            "maximum": MOST_VALUE,
            "default": None,
            "description": "What one message should bring, in the currency of the account; the "
            "larger one goes first among messages of one priority.",
        },
        "on_quiet": {
            "title": "In quiet hours",
            "enum": [HOLD, SKIP],
            "default": HOLD,
            "description": "hold: it leaves when they end. skip: it is worth nothing by then.",
        },
        "about": {
            "title": "What it promotes",
            "enum": [AUTO, ITEMS, NOTHING],
            "default": AUTO,
            "description": "items: those of the trigger event; a promotion is not sent while one "
            "of them is out of stock. auto: the items of carts and of products that were looked "
            "at, and not those that were bought.",
        },
        "coupon": {
            "title": "Coupon",
            "format": "coupon",
            "type": ["string", "null"],
            "default": None,
            "description": "Id of the coupon whose codes it gives, as text, one of "
            "/api/v1/coupons/offers/. Default: the one that the template names.",
        },
        "state": {
            "title": "State",
            "enum": list(STATES),
            "default": LIVE,
            "description": "manual: each message waits until a member looked at it and sends it, "
            "7 days at the most. While it is a draft or off, all go on without it.",
        },
        "next": NEXT,
    },
    required=["template", "message_class", "next"],
)
