"""The node that waits."""

from typing import Any, Final

from flows.nodes.parts import DURATION, NEXT, TIME_OF_DAY, TIMEZONE, WEEKDAYS, describe

NODE_TYPE: Final[dict[str, Any]] = describe(
    "delay",
    "Wait",
    "Waits, days and weeks by the calendar, then until an allowed time of day and weekday.",
    properties={
        **DURATION["properties"],
        "until_time": {
            **TIME_OF_DAY,
            "title": "Then until",
            "description": "Time of day at which it goes on.",
        },
        "weekdays": WEEKDAYS,
        "timezone": TIMEZONE,
        "next": NEXT,
    },
    required=["n", "unit", "next"],
)
