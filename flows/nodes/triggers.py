"""What can start a flow, each with the JSON Schema of its trigger."""

from typing import Any, Final

from flows.nodes.parts import FILTER, SEGMENT

TRIGGER_TYPES: Final[tuple[dict[str, Any], ...]] = (
    {
        "type": "event",
        "title": "Something happens",
        "description": "An event of a person starts it: an order, a form, a visit.",
        "icon": "bolt",
        "schema": {
            "type": "object",
            "properties": {
                "event": {"type": "string", "format": "starting-event", "title": "Event"},
                "filter": FILTER,
            },
            "required": ["event"],
        },
    },
    {
        "type": "segment",
        "title": "Somebody enters a segment",
        "description": "Whoever comes to be in a segment starts it, once the segment is counted.",
        "icon": "segments",
        "schema": SEGMENT,
    },
)
"""``type``, ``title``, ``description``, ``icon`` and ``schema`` of each kind of trigger.

A trigger is of the first kind whose required keys it has.
"""
