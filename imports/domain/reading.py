"""Reading the rows of a file from any of them on, by its offset in bytes.

Whoever reads a batch notes where it ended, and the next batch, perhaps in another process, goes
on there. Rows of CSV end where the CSV reader says, which takes lines out of a counting iterator:
a quoted value may hold line breaks.
"""

import csv
import json
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import IO, Any, Final

from imports.types import Layout, RawRow
from kernel.errors import Invalid

DELIMITERS: Final = ",;\t|"
_QUOTED: Final = re.compile(r'"[^"]*"')
MAX_CELL: Final = 10_000
MAX_COLUMNS: Final = 500
JSON_HEADER_ROWS: Final = 1_000
"""The columns of JSON lines are the names of so many first rows."""


class _Lines:
    """Lines of text out of a binary file, and the offset behind the last one."""

    def __init__(self, file: IO[bytes], offset: int) -> None:
        file.seek(offset)
        self._file = file
        self.end = offset

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._file.readline()
        if not line:
            raise StopIteration
        self.end += len(line)
        return line.decode().replace("\0", "")


def read_layout(file: IO[bytes]) -> tuple[Layout, list[str]]:
    """Find out how a file is read, and what its columns are called.

    Args:
        file: UTF-8 without byte order mark, seekable.

    Raises:
        Invalid: it is empty, damaged, or has no header or no row.
    """
    lines = _Lines(file, 0)
    try:
        first = next((line for line in lines if line.strip()), "")
        if not first:
            raise Invalid("The file is empty.")
        begin = lines.end - len(first.encode())
        if first.lstrip().startswith(("{", "[")):
            return Layout(is_json=True, start=begin), _json_header(file, begin)
        return _csv_header(file, first, begin, lines.end)
    except (csv.Error, UnicodeDecodeError) as exc:
        raise Invalid(f"The file is damaged: {exc}") from exc


def read_rows(
    file: IO[bytes], layout: Layout, header: Sequence[str], *, offset: int, place: int
) -> Iterator[RawRow]:
    """Yield the rows from an offset on; blank lines are none.

    Args:
        file: as in `read_layout`.
        layout: as that found it.
        header: likewise.
        offset: beginning of a row, in bytes.
        place: of that row, for reasons; the first row has place 1.

    Raises:
        Invalid: the file is damaged from some row on; the reason names it.
    """
    lines = _Lines(file, offset)
    rows = _json_rows(lines, header) if layout.is_json else _csv_rows(lines, layout.delimiter)
    try:
        for cells in rows:
            yield RawRow(cells, lines.end)
            place += 1
    except (csv.Error, ValueError, RecursionError) as exc:
        raise Invalid(f"The file is damaged at row {place:,}: {exc}.") from exc


def _csv_header(file: IO[bytes], first: str, begin: int, behind: int) -> tuple[Layout, list[str]]:
    bare = _QUOTED.sub("", first)
    delimiter = max(DELIMITERS, key=bare.count)
    if first.lower().startswith("sep=") and len(first.strip()) > len("sep="):
        delimiter, begin = first.strip()[len("sep=")], behind
    lines = _Lines(file, begin)
    header = [name.strip() for name in next(_reader(lines, delimiter), [])]
    if not any(header):
        raise Invalid("The file has no header: its first row names the columns.")
    if len(header) > MAX_COLUMNS:
        raise Invalid(f"The file has {len(header):,} columns; up to {MAX_COLUMNS} can be read.")
    named = [name or f"Column {place}" for place, name in enumerate(header, start=1)]
    return Layout(is_json=False, delimiter=delimiter, start=lines.end), _distinct(named)


def _distinct(names: Sequence[str]) -> list[str]:
    """Number names that stand there before: Email, Email (2)."""
    found: dict[str, None] = {}
    for name in names:
        number, given = 1, name
        while given in found:
            number += 1
            given = f"{name} ({number})"
        found[given] = None
    return list(found)


def _json_header(file: IO[bytes], begin: int) -> list[str]:
    names: dict[str, None] = {}
    for number, line in enumerate(islice(_Lines(file, begin), JSON_HEADER_ROWS), start=1):
        if line.strip():
            try:
                names |= dict.fromkeys(_flat(_json_object(line)))
            except (ValueError, RecursionError) as exc:
                raise Invalid(
                    f"Line {number:,} is not a JSON object. Write one object on each line, "
                    "without a list around them."
                ) from exc
    if not names:
        raise Invalid("The file has no columns: its first objects are empty.")
    return list(names)[:MAX_COLUMNS]


def _csv_rows(lines: _Lines, delimiter: str) -> Iterator[list[str]]:
    for cells in _reader(lines, delimiter):
        if any(cells):
            yield [cell.strip()[:MAX_CELL] for cell in cells]


def _json_rows(lines: _Lines, header: Sequence[str]) -> Iterator[list[str]]:
    for line in lines:
        if line.strip():
            item = _flat(_json_object(line))
            yield [item.get(name, "") for name in header]


def _reader(lines: _Lines, delimiter: str) -> Iterator[list[str]]:
    return csv.reader(lines, delimiter=delimiter)


def _json_object(line: str) -> dict[str, Any]:
    item = json.loads(line, parse_float=str, parse_int=str)
    if not isinstance(item, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 the file is to blame, not the caller
    return item


def _flat(item: dict[str, Any], prefix: str = "") -> dict[str, str]:
    """Return an object as columns; inner objects are named ``outer.inner``."""
    found: dict[str, str] = {}
    for name, value in item.items():
        if isinstance(value, dict) and not prefix:
            found |= _flat(value, f"{name}.")
        else:
            found[f"{prefix}{name}"] = _text(value)
    return found


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text.replace("\0", "").strip()[:MAX_CELL]
