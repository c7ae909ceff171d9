"""The node that changes a property."""

from typing import Any, Final

from flows.nodes.parts import NEXT, describe

NODE_TYPE: Final[dict[str, Any]] = describe(
    "update_property",
    "Update a property",
    "Changes a property of the profile.",
    properties={
        "property": {"type": "string", "format": "property", "title": "Property"},
        "how": {
            "enum": ["set", "add", "now", "copy", "remove"],
            "default": "set",
            "title": "How",
            "description": "set: to the value; add: the value to the number it has; now: to the "
            "present time; copy: the event's property of that name; remove: take it away.",
        },
        "value": {
            "title": "Value",
            "description": "A text, number, yes or no, or list; with copy the name of a property "
            "of the event that started the run.",
        },
        "next": NEXT,
    },
    required=["property", "next"],
)
