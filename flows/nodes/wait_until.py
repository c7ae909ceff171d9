"""The node that waits for a time of day or a weekday."""

from typing import Any, Final

from flows.nodes.parts import NEXT, TIME_OF_DAY, TIMEZONE, WEEKDAYS, describe

NODE_TYPE: Final[dict[str, Any]] = describe(
    "wait_until",
    "Wait until a time",
    "Waits until the next time of day, on an allowed weekday. A time that a clock change skips is "
    "the first one after it; one that comes twice is the first of both.",
    properties={
        "until_time": {
            **TIME_OF_DAY,
            "title": "Until",
            "description": "Time of day; none keeps the time of day at which it came.",
        },
        "weekdays": WEEKDAYS,
        "timezone": TIMEZONE,
        "next": NEXT,
    },
    required=["next"],
)
