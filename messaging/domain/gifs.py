"""GIFs that move, kept frame by frame without what is no picture in them.

Drawing them anew would cost colours and grow them, so their blocks are walked: frames, their times
and how often they are repeated stay; comments, texts and what programs note in them go.
"""

from typing import Final

_HEAD: Final = 13
_EXTENSION, _FRAME, _END = 0x21, 0x2C, 0x3B
_GRAPHIC, _PROGRAM = 0xF9, 0xFF
_REPEATS: Final = (b"NETSCAPE2.0", b"ANIMEXTS1.0")
_NAME: Final = 11
_FRAME_HEAD: Final = 10


def strip_gif(content: bytes) -> bytes:
    """Return a GIF with its frames alone; what stands behind its end is cut off.

    Raises:
        ValueError: its blocks do not follow each other to an end.
    """
    try:
        return _walk(content)
    except IndexError as exc:
        raise ValueError("the GIF ends too early") from exc


def _walk(content: bytes) -> bytes:
    at = _HEAD + _table(content[10])
    kept = [content[:at]]
    while content[at] != _END:
        start = at
        if content[at] == _EXTENSION:
            at = _skip(content, at + 2)
            if _is_kept(content, start):
                kept.append(content[start:at])
        elif content[at] == _FRAME:
            # Behind its head and its own colours one byte says how its pixels are packed.
            at = _skip(content, at + _FRAME_HEAD + _table(content[at + _FRAME_HEAD - 1]) + 1)
            kept.append(content[start:at])
        else:
            raise ValueError("no block of a GIF")
    kept.append(bytes([_END]))
    return b"".join(kept)


def _table(flags: int) -> int:
    """Return the bytes of a table of colours, 0 where there is none."""
    return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0


def _skip(content: bytes, at: int) -> int:
    """Return where the parts of a block end, each of which begins with its length."""
    while content[at]:
        at += content[at] + 1
    return at + 1


def _is_kept(content: bytes, start: int) -> bool:
    kind = content[start + 1]
    name = content[start + 3 : start + 3 + _NAME]
    return kind == _GRAPHIC or (kind == _PROGRAM and name in _REPEATS)
