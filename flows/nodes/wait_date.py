"""The node that waits for a date."""

from typing import Any, Final

from flows.nodes.parts import DURATION, NEXT, TIME_OF_DAY, TIMEZONE, describe, target

NODE_TYPE: Final[dict[str, Any]] = describe(
    "wait_date",
    "Wait until a date",
    "Waits until a date that the profile or the event carries, or so long before or after it.",
    properties={
        "date": {
            "type": "object",
            "title": "Date",
            "description": "A property with an ISO date or time: of the profile (also "
            "first_order_at, last_order_at and last_seen_at), or of the event that started the "
            "run.",
            "properties": {
                "profile": {
                    "type": "string",
                    "format": "property",
                    "title": "Property of the profile",
                },
                "event": {
                    "type": "string",
                    "format": "event-property",
                    "title": "Property of the event",
                },
            },
            "minProperties": 1,
            "maxProperties": 1,
        },
        "offset": {
            **DURATION,
            "title": "How far from it",
            "properties": {
                **DURATION["properties"],
                "direction": {"enum": ["before", "after"], "title": "Before or after"},
            },
            "required": ["n", "unit", "direction"],
        },
        "at": {
            **TIME_OF_DAY,
            "default": "09:00",
            "title": "At",
            "description": "Time of day for a date that has none.",
        },
        "timezone": TIMEZONE,
        "next": NEXT,
        "past": target(
            "Otherwise",
            "Node for those whose date has passed, or who have none; without it they go on as "
            "the others.",
        ),
    },
    required=["date", "next"],
)
