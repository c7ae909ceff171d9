"""Files as people upload them: unpacked, turned into UTF-8 and kept, never held in memory."""

import codecs
import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import IO, Any, Final

from django.db import transaction

from imports.domain.reading import read_layout, read_rows
from imports.types import Layout
from kernel.errors import Invalid
from tenants.services import files

MAX_BYTES: Final = 1024**3
"""Largest file, unpacked."""
SAMPLE_ROWS: Final = 3
_GZIP: Final = b"\x1f\x8b"
_ZIP: Final = b"PK\x03\x04"
_BYTE_ORDER_MARK: Final = "\ufeff"
_PIECE: Final = 256 * 1024
_LOOKED_AT: Final = 4_096
_MOSTLY: Final = 0.4
"""Share of zeros in every second byte from which a text is UTF-16."""
UTF8: Final = "utf-8"
OLD_WINDOWS: Final = "cp1252"
BROKEN_UTF8: Final = (
    "The file begins as UTF-8 and is damaged further on. Save it as “CSV UTF-8” and upload it "
    "again."
)
NO_TEXT: Final = (
    "The file is no text in UTF-8, UTF-16 or Windows-1252. Save it as “CSV UTF-8” and upload it "
    "again."
)


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
        Invalid: it is no text, empty, damaged or too large, or has no header or no row. Nothing
            is kept.
    """
    path = files.new_path(".rows")
    file = files.locate(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        with file.open("w+b") as target:
            encoding = _find_encoding(source)
            try:
                size, lines = _write(source, target, encoding)
            except UnicodeDecodeError as exc:
                if encoding != UTF8:
                    raise Invalid(NO_TEXT) from exc
                encoding = OLD_WINDOWS
                target.seek(0)
                target.truncate()
                size, lines = _write_old(source, target)
            return _look_into(target, path, size, lines, encoding)
    except BaseException:
        file.unlink(missing_ok=True)
        raise


def _look_into(target: IO[bytes], path: str, size: int, lines: int, encoding: str) -> Upload:
    layout, header = read_layout(target)
    rows = read_rows(target, layout, header, offset=layout.start, place=1)
    samples = [list(row.cells) for row in islice(rows, SAMPLE_ROWS)]
    if not samples:
        raise Invalid("The file has a header and no rows.")
    return Upload(path, size, lines, replace(layout, encoding=encoding), header, samples)


def forget_upload(path: str) -> None:
    """Delete a file once the transaction commits; an empty path is none."""
    if path:
        transaction.on_commit(lambda: files.delete_file(path))


def _write_old(source: IO[bytes], target: IO[bytes]) -> tuple[int, int]:
    """Write a file that turned out not to be UTF-8."""
    try:
        return _write(source, target, OLD_WINDOWS)
    except UnicodeDecodeError as exc:
        raise Invalid(NO_TEXT) from exc


def _write(source: IO[bytes], target: IO[bytes], encoding: str) -> tuple[int, int]:
    """Write plain UTF-8 without byte order mark; returns bytes and lines.

    Raises:
        UnicodeDecodeError: it is not in this encoding.
        Invalid: it began in UTF-8 and does not end so.
    """
    size = lines = 0
    has_letters = False
    try:
        for piece in _plain(source, codecs.getincrementaldecoder(encoding)()):
            size += target.write(piece)
            has_letters = has_letters or not piece.isascii()
            lines += piece.count(b"\n")
            if size > MAX_BYTES:
                raise Invalid(
                    f"The file is over {MAX_BYTES // 1024**3} GB unpacked. Split it and upload "
                    "the parts one after the other."
                )
    except UnicodeDecodeError as exc:
        if encoding == UTF8 and (has_letters or exc.reason == "unexpected end of data"):
            raise Invalid(BROKEN_UTF8) from exc
        raise
    except (EOFError, OSError, zlib.error) as exc:
        raise Invalid("The file is damaged: it cannot be unpacked.") from exc
    target.flush()
    return size, lines + 1


def _plain(source: IO[bytes], decoder: codecs.IncrementalDecoder) -> Iterator[bytes]:
    """Yield the unpacked text behind the byte order mark as UTF-8, in bounded pieces."""
    plain = _unpack(source)
    piece = plain.read(_PIECE)
    has_feeds = None
    while piece:
        text = decoder.decode(piece)
        if has_feeds is None:
            text = text.removeprefix(_BYTE_ORDER_MARK)
            # Old Macs end lines in a carriage return alone.
            has_feeds = "\n" in text or "\r" not in text
        yield (text if has_feeds else text.replace("\r", "\n")).encode()
        piece = plain.read(_PIECE)
    yield decoder.decode(b"", final=True).encode()


def _unpack(source: IO[bytes]) -> Any:
    source.seek(0)
    magic = source.read(len(_ZIP))
    source.seek(0)
    if magic == _ZIP:
        raise Invalid("This is a spreadsheet or a ZIP. Save it as “CSV UTF-8” and upload that.")
    return gzip.GzipFile(fileobj=source) if magic.startswith(_GZIP) else source


def _find_encoding(source: IO[bytes]) -> str:
    """Return UTF-16 where a byte order mark, or the zeros of plain letters, show it; else UTF-8."""
    try:
        first = _unpack(source).read(_LOOKED_AT)
    except (EOFError, OSError, zlib.error) as exc:
        raise Invalid("The file is damaged: it cannot be unpacked.") from exc
    if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    half = len(first) // 2
    if half and first[1::2].count(0) > half * _MOSTLY:
        return "utf-16-le"
    if half and first[::2].count(0) > half * _MOSTLY:
        return "utf-16-be"
    return UTF8
