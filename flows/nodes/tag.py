"""The node that gives and takes tags."""

from typing import Any, Final

from flows.nodes.parts import NEXT, describe

_TAGS: Final[dict[str, Any]] = {
    "type": "array",
    "items": {"type": "string", "format": "tag"},
    "default": [],
}

NODE_TYPE: Final[dict[str, Any]] = describe(
    "tag",
    "Change tags",
    "Gives the profile tags and takes others away.",
    properties={
        "add": {**_TAGS, "title": "Add"},
        "remove": {**_TAGS, "title": "Remove"},
        "next": NEXT,
    },
    required=["next"],
)
