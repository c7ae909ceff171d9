"""Reading a file of order lines: CSV or JSON lines, plain or gzip, one row per order line.

Rows are streamed; nothing here holds the file. The header is checked before the first row.
"""

import csv
import gzip
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from kernel.errors import Invalid
from stores.platforms.order_file import REQUIRED, TARGETS, OrderRow

GZIP_MAGIC: Final = b"\x1f\x8b"
DELIMITERS: Final = ",;\t|"
MAX_CELL: Final = 10_000

Place = Callable[[], float]


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A file whose header was found good.

    Attributes:
        rows: one per order line, cells stripped; can be walked once.
        progress: share of the file that was read so far, 0 to 1.
    """

    rows: Iterator[OrderRow]
    progress: Place


@contextmanager
def open_order_file(path: Path, mapping: Mapping[str, str]) -> Iterator[OpenFile]:
    """Open a file of order lines.

    Args:
        path: of the file; gzip is seen by its content.
        mapping: column of the file by target, where they differ.

    Raises:
        Invalid: it does not exist, is empty or not UTF-8, or lacks a column.
    """
    _check_targets(mapping)
    try:
        raw = path.open("rb")
    except OSError as exc:
        raise Invalid(f"{path.name} cannot be read: {exc.strerror}") from exc
    with raw:
        size = max(1, path.stat().st_size)
        is_gzip = raw.peek(2)[:2] == GZIP_MAGIC
        plain = io.BufferedReader(gzip.GzipFile(fileobj=raw)) if is_gzip else raw
        text = io.TextIOWrapper(plain, encoding="utf-8-sig", newline="")
        yield OpenFile(_guarded(text, mapping), lambda: raw.tell() / size)


def _guarded(text: IO[str], mapping: Mapping[str, str]) -> Iterator[OrderRow]:
    """Turn what a broken file raises into something a person can act on."""
    try:
        yield from _read(text, mapping)
    except UnicodeDecodeError as exc:
        raise Invalid("The file is not UTF-8; save it as CSV UTF-8 and try again") from exc
    except (csv.Error, EOFError, OSError) as exc:
        raise Invalid(f"The file is damaged: {exc}") from exc


def _read(text: IO[str], mapping: Mapping[str, str]) -> Iterator[OrderRow]:
    first = ""
    while not first.strip():
        first = text.readline()
        if not first:
            raise Invalid("The file is empty")
    lines = _chain(first, text)
    if first.lstrip().startswith("{"):
        yield from _read_json_lines(lines, mapping)
    else:
        yield from _read_csv(lines, _delimiter_of(first), mapping)


def _read_csv(
    lines: Iterator[str], delimiter: str, mapping: Mapping[str, str]
) -> Iterator[OrderRow]:
    reader = csv.reader((line.replace("\0", "") for line in lines), delimiter=delimiter)
    header = [name.strip() for name in next(reader)]
    places = _find_columns(header, mapping)
    given = [(target, place) for target, place in enumerate(places) if place is not None]
    blank = [""] * len(places)
    width = len(header)
    for cells in reader:
        if not cells:
            continue
        padded = cells if len(cells) >= width else cells + [""] * (width - len(cells))
        row = blank.copy()
        for target, place in given:
            row[target] = padded[place].strip()[:MAX_CELL]
        yield OrderRow._make(row)


def _read_json_lines(lines: Iterator[str], mapping: Mapping[str, str]) -> Iterator[OrderRow]:
    names = [mapping.get(target, target) for target in TARGETS]
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            item = json.loads(line, parse_float=str, parse_int=str)
        except (ValueError, RecursionError) as exc:
            raise Invalid(f"Line {number} is not JSON") from exc
        if not isinstance(item, dict):
            raise Invalid(f"Line {number} is not a JSON object")
        if number == 1:
            _find_columns(list(item), mapping)
        yield OrderRow(*(_cell(item.get(name)) for name in names))


def _cell(value: object) -> str:
    return "" if value is None else str(value).replace("\0", "").strip()[:MAX_CELL]


def _chain(first: str, text: IO[str]) -> Iterator[str]:
    yield first
    yield from text


def _delimiter_of(header: str) -> str:
    return max(DELIMITERS, key=header.count)


def _check_targets(mapping: Mapping[str, str]) -> None:
    unknown = [target for target in mapping if target not in TARGETS]
    if unknown:
        raise Invalid(f"{unknown[0]!r} is no target; the targets are {', '.join(TARGETS)}")


def _find_columns(header: Sequence[str], mapping: Mapping[str, str]) -> list[int | None]:
    """Return the place of each target in the header; None for one that is not there.

    Raises:
        Invalid: a required target, or a column that was mapped, is not there.
    """
    places = {name.lower(): place for place, name in reversed(list(enumerate(header)))}
    found = [places.get(mapping.get(target, target).lower()) for target in TARGETS]
    missing = [
        target
        for target, place in zip(TARGETS, found, strict=True)
        if place is None and (target in REQUIRED or target in mapping)
    ]
    if missing:
        wanted = mapping.get(missing[0], missing[0])
        raise Invalid(
            f"The file has no column {wanted!r}. It has: {', '.join(header)[:500]}. "
            f"Say which column holds it with --map {missing[0]}=COLUMN."
        )
    return found
