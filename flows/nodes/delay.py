"""The node that waits."""

from typing import Any, Final

from flows.nodes.parts import DURATION, NEXT, describe

NODE_TYPE: Final[dict[str, Any]] = describe(
    "delay",
    "Wait",
    "Waits, days and weeks by the calendar, then until an allowed time of day and weekday.",
    properties={
        **DURATION["properties"],
        "until_time": {"type": "string", "pattern": "^[0-2][0-9]:[0-5][0-9]$"},
        "weekdays": {
            "type": "array",
            "items": {"enum": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]},
            "uniqueItems": True,
        },
        "timezone": {
            "type": "string",
            "default": "profile",
            "description": "'profile' (its own zone, else its country's, else the tenant's) "
            "or an IANA zone.",
        },
        "next": NEXT,
    },
    required=["n", "unit", "next"],
)
