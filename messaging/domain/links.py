"""Rewrites the links of a rendered mail and adds the pixel that says it was opened."""

import functools
import re
from collections.abc import Callable, Sequence
from html import escape, unescape
from typing import NamedTuple

_LINK = re.compile(r"(<a\b[^>]*?\shref=)([\"'])(.*?)\2", re.IGNORECASE | re.DOTALL)
_UNUSUAL = ("<A", "<a\n", "<a\r", "<a\t")
"""How a link may begin other than as our own compiler writes it."""
_OPEN_LINK = re.compile(r'<a\b[^>]*?\shref="', re.DOTALL)
_WEB = ("https://", "http://")
_END = "</body>"
_BODY_END = re.compile(r"</body\s*>", re.IGNORECASE)


def track_links(html: str, *, untracked: frozenset[str], track: Callable[[str], str]) -> str:
    """Let each web link lead through an address of ours.

    Args:
        html: a rendered mail.
        untracked: addresses that stay as they are, such as the unsubscribe page.
        track: makes the tracked address of one target.

    Returns:
        The mail; `mailto:` and other links that are not of the web are left alone.
    """

    def replace(found: re.Match[str]) -> str:
        target = unescape(found[3]).strip()
        if target in untracked or not target.lower().startswith(_WEB):
            return found[0]
        return f'{found[1]}"{escape(track(target))}"'

    if any(start in html for start in _UNUSUAL):
        return _LINK.sub(replace, html)
    head, *links = html.split("<a ")  # a tenth of what it costs to search the whole mail
    return head + "".join([_LINK.sub(replace, f"<a {link}", count=1) for link in links])


def track_pieces(
    pieces: Sequence[str],
    *,
    untracked: frozenset[str],
    track: Callable[[str], str],
    pixel: str,
    mark: str = "",
) -> list[str] | None:
    """As `track_links` and `add_pixel`, for a mail in pieces of which many people get the same.

    Args:
        pieces: of the mail; those at odd places are personal.
        untracked: likewise, none of which stands in a piece that many get.
        track: makes of one target how its tracked address begins, the same for everybody; it is
            hashable, so that what it makes of a piece is made once.
        pixel: its address.
        mark: how the tracked addresses of this mail end.

    Returns:
        The pieces, again with those that are personal at odd places; None where a link or the end
        of the body is in no place that is understood, so that it must be looked for in the whole.
    """
    frame = _frame(tuple(pieces[::2]), track)
    if frame is None:
        return None
    said = [mark, escape(pixel), *pieces[1::2]]
    for place in frame.open:
        said[place] = _follow(said[place], untracked, track, mark)
    made = list(frame.texts)
    made[1::2] = map(said.__getitem__, frame.filled)
    return made


def _follow(value: str, untracked: frozenset[str], track: Callable[[str], str], mark: str) -> str:
    target = unescape(value).strip()
    if target in untracked or not target.lower().startswith(_WEB):
        return value
    return escape(track(target) + mark)


class _Frame(NamedTuple):
    """What a mail says to many people alike, links included, and what stands in between.

    Attributes:
        texts: those at odd places are left empty.
        filled: what stands at each of them: the mark, the pixel or a personal value.
        open: personal values that are addresses of links.
    """

    texts: tuple[str, ...]
    filled: tuple[int, ...]
    open: tuple[int, ...]


_MARK, _PIXEL, _VALUES = 0, 1, 2
"""What fills a frame; the personal values begin at the last of them."""
_FRAMES = 512
"""Of mails that are remembered: those of some hundred templates."""


@functools.lru_cache(maxsize=_FRAMES)
def _frame(pieces: tuple[str, ...], track: Callable[[str], str]) -> _Frame | None:
    """Return the frame of a mail; None as of `track_pieces`."""
    cuts = [_cut(piece) for piece in pieces]
    if sum(cut.has_end for cut in cuts) != 1 or any(cut.is_unclear for cut in cuts):
        return None
    texts, filled, opened = list[str](), list[int](), list[int]()
    is_open = False
    for number, cut in enumerate(cuts, _VALUES - 1):
        if texts:
            filled.append(number)
        if is_open:
            opened.append(number)
            if not cut.texts[0].startswith('"'):
                return None
        texts.append(cut.texts[0])
        _lead_up(cut, track, texts, filled)
        is_open = cut.is_open
    return _Frame(tuple(_spread(texts)), tuple(filled), tuple(opened))


def _lead_up(cut: "_Cut", track: Callable[[str], str], texts: list[str], filled: list[int]) -> None:
    """Add a piece after its first text: its links up to the mark, and the pixel at the end."""
    before, after = _picture("\0").split("\0")
    for target, text in zip(cut.targets, cut.texts[1:], strict=True):
        is_end = target == _END
        texts[-1] += before if is_end else escape(track(target))
        texts.append(after + text if is_end else text)
        filled.append(_PIXEL if is_end else _MARK)


def _spread(texts: Sequence[str]) -> list[str]:
    """Return texts with an empty place between two each."""
    spread = [""] * (2 * len(texts) - 1)
    spread[::2] = texts
    return spread


class _Cut(NamedTuple):
    """A piece of a mail between its links.

    Attributes:
        targets: of its links, between two texts each; `_END` stands for the pixel.
        is_open: its last link goes on in the next piece, with the address itself.
        is_unclear: a tag of a link ends in it, or is written, as our compiler never does.
    """

    texts: tuple[str, ...]
    targets: tuple[str, ...]
    has_end: bool
    is_open: bool
    is_unclear: bool


def _cut(piece: str) -> _Cut:
    tail = piece[max(piece.rfind("<"), 0) :]
    is_in_tag = tail.startswith("<a") and ">" not in tail
    is_open = _OPEN_LINK.fullmatch(tail) is not None
    is_unclear = (is_in_tag and not is_open) or any(start in piece for start in _UNUSUAL)
    texts, targets, at = [], [], 0
    end = piece.rfind(_END)
    has_end = end >= 0
    for found in _LINK.finditer(piece):
        target = unescape(found[3]).strip()
        if target.lower().startswith(_WEB):
            texts.append(f'{piece[at : found.end(1)]}"')
            targets.append(target)
            at = found.end() - 1
            if piece[at] != '"':
                is_unclear = True
    if has_end and end < at:
        is_unclear = True  # a link after the end of the body
    elif has_end:
        texts.append(piece[at:end])
        targets.append(_END)
        at = end
    texts.append(piece[at:])
    return _Cut(tuple(texts), tuple(targets), has_end, is_open, is_unclear)


def add_pixel(html: str, address: str) -> str:
    """Put a picture of one invisible point at the end of a mail."""
    pixel = _picture(escape(address))
    place = html.rfind("</body>")
    if place < 0:
        end = _BODY_END.search(html)
        place = len(html) if end is None else end.start()
    return html[:place] + pixel + html[place:]


def _picture(address: str) -> str:
    return (
        f'<img src="{address}" width="1" height="1" alt="" '
        'style="display:block;border:0;width:1px;height:1px">'
    )
