"""The node that waits for something to happen."""

from typing import Any, Final

from flows.nodes.parts import EVENT, describe, target, timeout

NODE_TYPE: Final[dict[str, Any]] = describe(
    "wait_event",
    "Wait for an event",
    "Waits until one of some events happens to the person, or until its time is over. What was "
    "brought as history never counts.",
    properties={
        "any_of": {
            "type": "array",
            "minItems": 1,
            "title": "Any of",
            "description": "Events, or what becomes of a message of this run.",
            "items": {
                "anyOf": [
                    EVENT,
                    {
                        "type": "object",
                        "title": "A message of this run",
                        "properties": {
                            "message": {"type": "string", "format": "message", "title": "Message"},
                            "is": {"enum": ["opened", "clicked"], "title": "Was"},
                        },
                        "required": ["message", "is"],
                    },
                ]
            },
        },
        "timeout": timeout(24, "hours"),
        "since": {
            "enum": ["node", "start"],
            "default": "node",
            "title": "Counting from",
            "description": "node: what happens from now on; start: also what has happened since "
            "the event that started the run.",
        },
        "on_event": target("When it happens", "Node that follows."),
        "on_timeout": target("When its time is over", "Node that follows."),
    },
    required=["any_of", "timeout", "on_event", "on_timeout"],
)
