"""The rules of a whole flow, as a schema like those of the nodes."""

from typing import Any, Final

from flows.nodes.parts import CONDITION, DURATION, EVENT, SEGMENT

_ENDING: Final[dict[str, Any]] = {"anyOf": [EVENT, SEGMENT]}

RULES_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "entry_filter": {
            **CONDITION,
            "title": "Who may enter",
            "description": "Asked when somebody enters, and again before every message.",
        },
        "reentry": {
            "title": "How often",
            "description": "When somebody may enter again.",
            "default": {"policy": "once"},
            "anyOf": [
                {
                    "type": "object",
                    "title": "Once in a lifetime",
                    "properties": {"policy": {"const": "once"}},
                    "required": ["policy"],
                },
                {
                    "type": "object",
                    "title": "Every time",
                    "properties": {"policy": {"const": "every_time"}},
                    "required": ["policy"],
                },
                {
                    "type": "object",
                    "title": "Again after some time",
                    "properties": {"policy": {"const": "after"}, **DURATION["properties"]},
                    "required": ["policy", "n", "unit"],
                },
                {
                    "type": "object",
                    "title": "Once for each value of a property",
                    "properties": {
                        "policy": {"const": "keyed"},
                        "property": {
                            "type": "string",
                            "format": "event-property",
                            "title": "Property of the event",
                        },
                    },
                    "required": ["policy", "property"],
                },
            ],
        },
        "goal": {
            **_ENDING,
            "title": "Goal",
            "description": "What the flow is for. Who reaches it leaves, and is counted.",
        },
        "exit_on": {
            "type": "array",
            "title": "Leaves early",
            "description": "What takes somebody out before the end.",
            "items": _ENDING,
        },
        "max_event_age": {
            **DURATION,
            "title": "Too old",
            "description": "Older events start nothing. Default: 7 days, 24 hours for carts and "
            "views of products.",
        },
    },
    "required": [],
}
"""The schema of a definition without its trigger and nodes."""
