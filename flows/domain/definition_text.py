"""A definition as text that somebody sends, read once, so that all others may trust it."""

import json
from typing import Any, Final

from flows.errors import TextError
from kernel.storable import find_unstorable

LONGEST: Final = 400_000
"""Characters of a definition; the largest that people made have a hundredth of it."""
DEEPEST: Final = 40


def read_definition(text: str) -> dict[str, Any]:
    """Return the object that a text holds, with an object of nodes.

    Raises:
        TextError: it holds something else, or what a database cannot keep.
    """
    if len(text) > LONGEST:
        raise TextError("is too long")
    try:
        found = json.loads(text, parse_constant=_refuse)
    except RecursionError as exc:
        raise TextError("is too deep") from exc
    except ValueError as exc:
        raise TextError("is not valid JSON") from exc
    if not isinstance(found, dict) or not isinstance(found.get("nodes", {}), dict):
        raise TextError("is no definition of a flow")
    if _depth_exceeds(found, DEEPEST):
        raise TextError("is too deep")
    if unkept := find_unstorable(found):
        _, reason = unkept
        raise TextError(reason)
    return found


def _refuse(word: str) -> None:
    raise TextError(f"{word} is no number")


def _depth_exceeds(part: Any, left: int) -> bool:
    inner = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
    return left == 0 or any(_depth_exceeds(each, left - 1) for each in inner)
