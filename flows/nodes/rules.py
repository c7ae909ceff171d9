"""The rules of a whole flow, as a schema like those of the nodes."""

from typing import Any, Final

from flows.domain.graph import SKIP
from flows.domain.parsing import EXIT, MOST_AT_ONCE
from flows.nodes.parts import CONDITION, DURATION, EVENT, SEGMENT

_ENDING: Final[dict[str, Any]] = {"anyOf": [EVENT, SEGMENT]}

_AT_ONCE: Final[dict[str, Any]] = {
    "max_at_once": {
        "type": ["integer", "null"],
        "minimum": 1,
        "maximum": MOST_AT_ONCE,
        "default": None,
        "title": "At the same time at most",
    }
}

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
                    "properties": {"policy": {"const": "once"}, **_AT_ONCE},
                    "required": ["policy"],
                },
                {
                    "type": "object",
                    "title": "Every time",
                    "properties": {"policy": {"const": "every_time"}, **_AT_ONCE},
                    "required": ["policy"],
                },
                {
                    "type": "object",
                    "title": "Again after some time",
                    "properties": {
                        "policy": {"const": "after"},
                        **DURATION["properties"],
                        **_AT_ONCE,
                    },
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
                        "again": {
                            "type": "boolean",
                            "default": False,
                            "title": "Again once they are through",
                        },
                        **_AT_ONCE,
                    },
                    "required": ["policy", "property"],
                },
            ],
        },
        "on_filter": {
            "enum": [EXIT, SKIP],
            "default": EXIT,
            "title": "Who no longer matches",
            "description": "exit: leaves before a message; skip: misses it and goes on.",
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
