"""Joining what a source has said of one thing, a piece at a time. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any


def join(
    known: Mapping[str, Any], said: Mapping[str, Any], names: Iterable[str], *, is_newer: bool
) -> dict[str, Any]:
    """Return what holds after one more word on a thing.

    Args:
        known: what was said before.
        said: what is said now; a value that is empty says nothing.
        names: of the values.
        is_newer: False: it is an older word, which only fills what is empty.
    """
    first, second = (said, known) if is_newer else (known, said)
    return {name: _pick(first.get(name), second.get(name)) for name in names}


def _pick(value: Any, other: Any) -> Any:
    return other if is_silent(value) and other is not None else value


def is_silent(value: Any) -> bool:
    """Say whether a value says nothing; False and 0 do say something."""
    return value is None or value in ("", (), [])
