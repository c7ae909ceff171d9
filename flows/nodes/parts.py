"""Pieces that the schemas of several node types share."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

NEXT: Final[dict[str, Any]] = {"type": "string", "description": "Key of the node that follows."}
DURATION: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "n": {"type": "integer", "minimum": 0},
        "unit": {"enum": ["minutes", "hours", "days", "weeks"]},
    },
    "required": ["n", "unit"],
}


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
            "properties": {"type": {"const": word}, **properties},
            "required": ["type", *required],
        },
    }
