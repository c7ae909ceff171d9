"""Pictures that people upload: what their bytes say they are, whatever their name says.

Only PNG and JPEG, which every mail program shows and which carry no script. The whole structure
is walked, so that nothing else hides behind a good beginning.
"""

import struct
import zlib
from dataclasses import dataclass
from typing import Final

from messaging.errors import BrandInvalid

MAX_BYTES: Final = 512 * 1024
MAX_SIDE: Final = 2_000
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_JPEG: Final = b"\xff\xd8\xff"
_FRAMES: Final = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
"""JPEG markers that carry the size."""
_SCAN: Final = 0xDA


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that was read; sides in pixels."""

    extension: str
    width: int
    height: int


def read_picture(content: bytes) -> Picture:
    """Return what a picture is.

    Raises:
        BrandInvalid: it is no PNG or JPEG, is broken, or is too large.
    """
    if len(content) > MAX_BYTES:
        raise _refuse(f"The picture may have up to {MAX_BYTES // 1024} KB.")
    try:
        picture = _read(content)
    except (struct.error, IndexError) as exc:
        raise _refuse("The picture is broken: it ends too early.") from exc
    if not (0 < picture.width <= MAX_SIDE and 0 < picture.height <= MAX_SIDE):
        raise _refuse(f"The picture may have up to {MAX_SIDE:,} pixels on each side.")
    return picture


def _read(content: bytes) -> Picture:
    if content.startswith(_PNG):
        return _read_png(content)
    if content.startswith(_JPEG):
        return _read_jpeg(content)
    head = content[:512].lstrip().lower()
    if head.startswith((b"<svg", b"<?xml", b"<!doctype svg")):
        raise _refuse("An SVG can carry script, so it is not taken. Save it as PNG.")
    if content[8:12] == b"WEBP" or content.startswith(b"GIF8"):
        raise _refuse("Not every mail program shows this format. Save it as PNG or JPEG.")
    raise _refuse("This is no picture that is known. Save it as PNG or JPEG.")


def _read_png(content: bytes) -> Picture:
    at, size = len(_PNG), (0, 0)
    while True:
        length, kind = struct.unpack_from(">I4s", content, at)
        end = at + 8 + length
        (check,) = struct.unpack_from(">I", content, end)
        if zlib.crc32(content[at + 4 : end]) != check:
            raise _refuse("The picture is broken: a check sum is wrong.")
        if kind == b"IHDR":
            size = struct.unpack_from(">II", content, at + 8)
        if kind == b"IEND":
            return _whole(content, end + 4, Picture("png", *size))
        at = end + 4


def _read_jpeg(content: bytes) -> Picture:
    at, size = 2, (0, 0)
    while content[at] == 0xFF:  # noqa: PLR2004 a marker
        marker = content[at + 1]
        (length,) = struct.unpack_from(">H", content, at + 2)
        if marker in _FRAMES:
            height, width = struct.unpack_from(">HH", content, at + 5)
            size = (width, height)
        if marker == _SCAN:
            end = content.rindex(b"\xff\xd9") + 2 if b"\xff\xd9" in content[at:] else 0
            return _whole(content, end, Picture("jpg", *size))
        at += 2 + length
    raise _refuse("The picture is broken: a part of it cannot be read.")


def _whole(content: bytes, end: int, picture: Picture) -> Picture:
    if end != len(content):
        raise _refuse("The picture is broken: it does not end where it says.")
    return picture


def _refuse(text: str) -> BrandInvalid:
    return BrandInvalid(text, fields={"logo": text})
