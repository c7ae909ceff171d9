"""What JSON may say and PostgreSQL keeps nowhere. Pure."""

import json
import math
from collections.abc import Iterator
from typing import Any, Final

UNKEPT_TEXT: Final = "holds a character that cannot be kept"
UNKEPT_NUMBER: Final = "is no number that can be kept"


def find_unstorable(value: Any) -> tuple[str, str] | None:
    """Return where a JSON value holds what cannot be stored, and what it is; None where nowhere.

    It is NUL and half of a surrogate pair in text, and a number beyond those of computers, such as
    1e400.

    Returns:
        The place, such as ``items[0].name``, empty for the value itself; and the reason.
    """
    if _is_storable(value):
        return None
    return next(_search(value, ""), None)


def _is_storable(value: Any) -> bool:
    """Say quickly that nothing is wrong; what only looks wrong is a no as well."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
        text.encode()
    except (TypeError, ValueError):  # the latter where it cannot be encoded, too
        return False
    return "\\u0000" not in text


def _search(value: Any, place: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str) and not _is_text(value):
        yield place, UNKEPT_TEXT
    elif isinstance(value, float) and not math.isfinite(value):
        yield place, UNKEPT_NUMBER
    elif isinstance(value, dict):
        if not all(map(_is_text, value)):
            yield place, UNKEPT_TEXT
        for key, one in value.items():
            yield from _search(one, f"{place}.{key}" if place else key)
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from _search(one, f"{place}[{number}]")


def _is_text(text: str) -> bool:
    return "\0" not in text and text.encode("utf-8", "ignore").decode() == text
