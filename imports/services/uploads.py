"""Files as people upload them: unpacked, checked and kept, never held in memory."""

import codecs
import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import IO, Any, Final

from django.db import transaction

from imports.domain.reading import NOT_UTF8, read_layout, read_rows
from imports.types import Layout
from kernel.errors import Invalid
from tenants.services import files

MAX_BYTES: Final = 1024**3
"""Largest file, unpacked."""
SAMPLE_ROWS: Final = 3
_GZIP: Final = b"\x1f\x8b"
_ZIP: Final = b"PK\x03\x04"
_UTF16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_PIECE: Final = 256 * 1024


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that lies below the media folder and can be read."""

    path: str
    size: int
    lines: int
    layout: Layout
    header: list[str]
    samples: list[list[str]]


def keep_upload(source: IO[bytes]) -> Upload:
    """Write a file below the media folder.

    Args:
        source: where it is read from; gzip is seen by its content.

    Raises:
        Invalid: it is not UTF-8, empty, damaged or too large, or has no header or no row.
            Nothing is kept.
    """
    path = files.new_path(".rows")
    file = files.locate(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        with file.open("w+b") as target:
            size, lines = _write(source, target)
            return _look_into(target, path, size, lines)
    except BaseException:
        file.unlink(missing_ok=True)
        raise


def _look_into(target: IO[bytes], path: str, size: int, lines: int) -> Upload:
    layout, header = read_layout(target)
    rows = read_rows(target, layout, header, offset=layout.start, place=1)
    samples = [list(row.cells) for row in islice(rows, SAMPLE_ROWS)]
    if not samples:
        raise Invalid("The file has a header and no rows.")
    return Upload(path, size, lines, layout, header, samples)


def forget_upload(path: str) -> None:
    """Delete a file once the transaction commits; an empty path is none."""
    if path:
        transaction.on_commit(lambda: files.delete_file(path))


def _write(source: IO[bytes], target: IO[bytes]) -> tuple[int, int]:
    """Write plain UTF-8 without byte order mark; returns bytes and lines."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    size = lines = 0
    try:
        for piece in _plain(source):
            decoder.decode(piece)
            size += target.write(piece)
            lines += piece.count(b"\n")
            if size > MAX_BYTES:
                raise Invalid(
                    f"The file is over {MAX_BYTES // 1024**3} GB unpacked. Split it and upload "
                    "the parts one after the other."
                )
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as exc:
        raise Invalid(NOT_UTF8) from exc
    except (EOFError, OSError, zlib.error) as exc:
        raise Invalid("The file is damaged: it cannot be unpacked.") from exc
    target.flush()
    return size, lines + 1


def _plain(source: IO[bytes]) -> Iterator[bytes]:
    """Yield the unpacked bytes behind the byte order mark, in bounded pieces."""
    magic = source.read(len(_ZIP))
    source.seek(0)
    if magic == _ZIP:
        raise Invalid("This is a spreadsheet or a ZIP. Save it as “CSV UTF-8” and upload that.")
    plain: Any = gzip.GzipFile(fileobj=source) if magic.startswith(_GZIP) else source
    piece = plain.read(_PIECE)
    if piece.startswith(_UTF16):
        raise Invalid(NOT_UTF8)
    # Old Macs end lines in a carriage return alone.
    has_feeds = b"\n" in piece or b"\r" not in piece
    piece = piece.removeprefix(codecs.BOM_UTF8)
    while piece:
        yield piece if has_feeds else piece.replace(b"\r", b"\n")
        piece = plain.read(_PIECE)
