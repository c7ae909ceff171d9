"""Before and after of a change, as rows that people can read."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

MAX_DEPTH = 4
ABSENT = object()
# What is no word when it stands alone
_NAMES = {"ip": "IP address", "url": "Address", "hint": "Key"}


@dataclass(frozen=True, slots=True)
class Difference:
    """One field of a change.

    Attributes:
        name: words of the field, with a dot between levels.
        before: what was there, as text; empty where there was nothing.
        after: what is there now, likewise.
        kind: ``added``, ``removed``, ``changed`` or ``same``.
    """

    name: str
    before: str
    after: str
    kind: str


def list_differences(
    before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
) -> list[Difference]:
    """Return the fields of a change, those that differ first, in the order they were stored.

    Nested objects are taken apart to four levels, so that a change deep inside a definition shows
    as one line; what lies deeper, and lists, are written as JSON.
    """
    old, new = dict(_flatten(before or {})), dict(_flatten(after or {}))
    names = list(dict.fromkeys([*old, *new]))
    rows = [_compare(name, old.get(name, ABSENT), new.get(name, ABSENT)) for name in names]
    return sorted(rows, key=lambda row: row.kind == "same")


def _flatten(
    values: Mapping[str, Any], prefix: str = "", depth: int = 1
) -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        path = f"{prefix}{name}"
        if isinstance(value, Mapping) and value and depth < MAX_DEPTH:
            yield from _flatten(value, f"{path}.", depth + 1)
        else:
            yield path, value


def _compare(name: str, old: Any, new: Any) -> Difference:
    if old is ABSENT:
        kind = "added"
    elif new is ABSENT:
        kind = "removed"
    else:
        kind = "same" if old == new else "changed"
    return Difference(_words(name), _text(old), _text(new), kind)


def _words(name: str) -> str:
    return _NAMES.get(name) or name.replace("_", " ").replace(".", ": ").capitalize()


def _text(value: Any) -> str:
    if value is ABSENT or value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list) and all(isinstance(item, str | int) for item in value):
        return ", ".join(map(str, value))
    if isinstance(value, Mapping | list):
        return json.dumps(value, ensure_ascii=False)
    return str(value)
