"""Columns of rows as PostgreSQL array literals, for ``unnest`` in set-based statements.

Three times as fast as handing lists to the driver, which adapts each value by itself. What
PostgreSQL cannot store in text (NUL, half of a surrogate pair) is dropped.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

_SEPARATOR = "\x1f"
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=str).encode


def columns(names: str, rows: Sequence[Sequence[Any]]) -> dict[str, str]:
    """Turn rows into one array literal per column, to be bound and cast (``%(ids)s::bigint[]``).

    Args:
        names: column names, separated by blanks, in the order of the values of a row.
        rows: text, int, bool, aware datetime, dict or list (as JSON), or None (as NULL).

    Returns:
        The literal by column name; with no rows each is the empty array.
    """
    keys = names.split()
    if not rows:
        return dict.fromkeys(keys, "{}")
    return {key: array(values) for key, values in zip(keys, zip(*rows, strict=True), strict=True)}


def array(values: Iterable[Any]) -> str:
    """Return the literal of one array; elements as in `columns`."""
    items = list(values)
    kinds = set(map(type, items))
    kind = kinds.pop() if len(kinds) == 1 else None
    if kind is not None and issubclass(kind, str):
        kind = str  # words of a choice
    if kind in _PLAIN and items.count(items[0]) == len(items):
        literal = "{" + ",".join([_element(items[0])] * len(items)) + "}"
    elif write_all := _COLUMN_WRITERS.get(kind):
        literal = write_all(items)
    else:
        literal = "{" + ",".join(map(_element, items)) + "}"
    return literal if literal.isascii() else literal.encode("utf-8", "ignore").decode()


def _quote_all(items: list[str]) -> str:
    joined = _SEPARATOR.join(items)
    if "\0" in joined or joined.count(_SEPARATOR) != len(items) - 1:
        return "{" + ",".join(map(_text, items)) + "}"
    joined = joined.replace("\\", "\\\\").replace('"', '\\"').replace(_SEPARATOR, '","')
    return '{"' + joined + '"}'


def _text(item: str) -> str:
    escaped = item.replace("\0", "").replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _json(item: Any) -> str:
    if not item:
        return '"{}"' if isinstance(item, dict) else '"[]"'
    text = _encode(item)
    if "\\u0000" in text:
        text = _encode(_without_nul(item))
    return _text(text)


def _json_all(items: list[Any]) -> str:
    """Write one object or list that stands in many rows, such as a trail of gates, once."""
    texts = {key: _json(item) for key, item in {id(item): item for item in items}.items()}
    return "{" + ",".join([texts[id(item)] for item in items]) + "}"


def _without_nul(item: Any) -> Any:
    if isinstance(item, str):
        return item.replace("\0", "")
    if isinstance(item, dict):
        return {_without_nul(key): _without_nul(value) for key, value in item.items()}
    if isinstance(item, list | tuple):
        return [_without_nul(value) for value in item]
    return item


_WRITERS: dict[type, Callable[[Any], str]] = {
    str: _text,
    int: str,
    bool: lambda item: "t" if item else "f",
    type(None): lambda item: "NULL",
    datetime: lambda item: f'"{item.isoformat()}"',
    dict: _json,
    list: _json,
}

_PLAIN = frozenset({str, int, bool, datetime, type(None)})
"""Kinds that are cheap to compare: a column of one value throughout is written at once."""

_COLUMN_WRITERS: dict[type | None, Callable[[list[Any]], str]] = {
    str: _quote_all,
    int: lambda items: "{" + ",".join(map(str, items)) + "}",
    dict: _json_all,
    list: _json_all,
    datetime: lambda items: '{"' + '","'.join(map(datetime.isoformat, items)) + '"}',
}


def _element(item: Any) -> str:
    writer = _WRITERS.get(type(item))
    return writer(item) if writer else _text(str(item))
