"""The node that asks a member to do something, and waits until it is done."""

from typing import Any, Final

from flows.nodes.parts import DURATION, describe, target, timeout

NODE_TYPE: Final[dict[str, Any]] = describe(
    "task",
    "Give your team a task",
    "Opens a task for the person, such as a call, and waits until a member finished or cancelled "
    "it.",
    properties={
        "title": {
            "type": "string",
            "maxLength": 500,
            "title": "What to do",
            "description": "Such as Call and ask how they like it.",
        },
        "assignee": {
            "type": "string",
            "default": "",
            "title": "For",
            "description": "Email address of a member; empty: whoever comes first.",
        },
        "due": {**DURATION, "title": "Within", "description": "How long there is for it."},
        "timeout": timeout(14, "days"),
        "on_done": target("When it is done", "Node that follows."),
        "on_cancelled": {
            **target("When it is cancelled", "Node that follows; default: as when time is over."),
        },
        "on_timeout": target("When its time is over", "Node that follows."),
    },
    required=["title", "timeout", "on_done", "on_timeout"],
)
