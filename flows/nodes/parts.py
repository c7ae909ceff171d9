"""Pieces that the schemas of several node types share."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from flows.domain.reading import MOST_RETRIES
from flows.domain.values import EXIT_RUN, PARK, SKIP_NODE

NODE: Final = "node"
"""Format of what names the node that follows; forms draw a way out for it."""
JUMP: Final = "jump"
"""Format of a way back, or elsewhere: to a node that is there already."""
NEXT: Final[dict[str, Any]] = {
    "type": "string",
    "format": NODE,
    "title": "Then",
    "description": "Key of the node that follows.",
}
DURATION: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "n": {"type": "integer", "minimum": 0, "title": "How long"},
        "unit": {
            "enum": ["minutes", "hours", "days", "weeks"],
            "title": "Unit",
            "description": "Days and weeks go by the calendar and keep the time of day.",
        },
    },
    "required": ["n", "unit"],
}
TIMEZONE: Final[dict[str, Any]] = {
    "type": "string",
    "format": "time-zone",
    "default": "profile",
    "title": "Time zone",
    "description": "'profile' (its own zone, else its country's, else the tenant's) "
    "or an IANA zone.",
}
TIME_OF_DAY: Final[dict[str, Any]] = {
    "type": "string",
    "format": "time-of-day",
    "pattern": "^[0-2][0-9]:[0-5][0-9]$",
}
WEEKDAYS: Final[dict[str, Any]] = {
    "type": "array",
    "items": {"enum": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]},
    "uniqueItems": True,
    "title": "Days of the week",
    "description": "Only on these; none means any.",
}
CONDITION: Final[dict[str, Any]] = {
    "type": "object",
    "format": "condition",
    "title": "Who",
    "description": "A segment definition. Leaves may also ask for a message of this run: "
    '{"message": "<node>", "is": "sent" | "opened" | "clicked"}, and for a property of the event '
    'that started it: {"trigger": "total", "is": ">=", "value": 50}.',
}
FILTER: Final[dict[str, Any]] = {
    "type": "array",
    "title": "Only where",
    "description": "Tests of the event's properties; all of them hold.",
    "items": {
        "type": "object",
        "properties": {
            "property": {"type": "string", "format": "event-property", "title": "Property"},
            "is": {
                "enum": [
                    "=",
                    "!=",
                    ">",
                    ">=",
                    "<",
                    "<=",
                    "contains",
                    "in",
                    "is_set",
                    "not_set",
                ],
                "title": "Is",
            },
            "value": {"title": "Value"},
        },
        "required": ["property", "is"],
    },
}
SAME: Final[dict[str, Any]] = {
    "type": "array",
    "title": "Of the same",
    "description": "Properties that it shares with the event that started the run, such as "
    "order_id; an object where the two call it by other names. Order Placed knows its cart_id as "
    "Cart Abandoned says it.",
    "items": {
        "anyOf": [
            {"type": "string", "format": "event-property", "title": "Property"},
            {
                "type": "object",
                "title": "Properties of two names",
                "properties": {
                    "property": {"type": "string", "title": "Of this event"},
                    "trigger": {"type": "string", "title": "Of the event that started the run"},
                },
                "required": ["property", "trigger"],
            },
        ]
    },
}
EVENT: Final[dict[str, Any]] = {
    "type": "object",
    "title": "An event",
    "properties": {
        "event": {"type": "string", "format": "event", "title": "Event"},
        "filter": FILTER,
        "same": SAME,
    },
    "required": ["event"],
}
SEGMENT: Final[dict[str, Any]] = {
    "type": "object",
    "title": "Entering a segment",
    "properties": {"segment": {"type": "string", "format": "segment", "title": "Segment"}},
    "required": ["segment"],
}
SHARES: Final[dict[str, Any]] = {
    "type": "array",
    "minItems": 2,
    "maxItems": 10,
    "title": "Ways",
    "description": "Each with its share in percent; together 100.",
    "items": {
        "type": "object",
        "properties": {
            "name": {"type": "string", "maxLength": 60, "title": "Name"},
            "share": {"type": "number", "minimum": 0, "maximum": 100, "title": "Share in percent"},
            "next": NEXT,
        },
        "required": ["name", "share", "next"],
    },
}


ON_ERROR: Final[dict[str, Any]] = {
    "type": ["object", "null"],
    "default": None,
    "title": "When it cannot be done",
    "properties": {
        "retry": {
            "type": "integer",
            "minimum": 0,
            "maximum": MOST_RETRIES,
            "default": 0,
            "title": "Try again so often",
        },
        "wait": {
            **DURATION,
            "title": "After",
            "description": "Each next time after twice as long, a day at the most. Default: 5 "
            "minutes.",
        },
        "then": {
            "enum": [PARK, SKIP_NODE, EXIT_RUN],
            "default": PARK,
            "title": "Then",
            "description": "park: the person waits here until somebody resumes them; skip: they go "
            "on, the last of several ways; exit: they leave.",
        },
    },
}


def timeout(n: int, unit: str) -> dict[str, Any]:
    """Return the schema of how long a wait goes on at the most, with its default."""
    return {
        **DURATION,
        "title": "At the longest",
        "description": "Every wait has an end.",
        "default": {"n": n, "unit": unit},
    }


def target(
    title: str, description: str, *, kind: str = NODE, is_apart: bool = False
) -> dict[str, Any]:
    """Return the schema of a way out.

    Args:
        title: of the way.
        description: where it leads.
        kind: `NODE`, or `JUMP`.
        is_apart: it is for those whom the node is not for; forms end it where the other ways go on
            to what followed.
    """
    way = {"type": "string", "format": kind, "title": title, "description": description}
    return {**way, "apart": True} if is_apart else way


def describe(
    word: str,
    title: str,
    description: str,
    *,
    properties: Mapping[str, Any],
    required: Sequence[str],
) -> dict[str, Any]:
    """Return the description of a node type with the schema of its JSON."""
    return {
        "type": word,
        "title": title,
        "description": description,
        "schema": {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "properties": {"type": {"const": word}, **properties, "on_error": ON_ERROR},
            "required": ["type", *required],
        },
    }
