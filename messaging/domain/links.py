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
) -> list[str] | None:
    """As `track_links` and `add_pixel`, for a mail in pieces of which many people get the same.

    Args:
        pieces: of the mail; those at odd places are personal.
        untracked: likewise.
        track: likewise.
        pixel: its address.

    Returns:
        The pieces, again with those that are personal at odd places; None where a link or the end
        of the body is in no place that is understood, so that it must be looked for in the whole.
    """
    cuts = [_cut(piece) for piece in pieces[::2]]
    if sum(cut.has_end for cut in cuts) != 1 or any(cut.is_unclear for cut in cuts):
        return None
    made: list[str] = []
    for number, cut in enumerate(cuts):
        if number:
            value = pieces[2 * number - 1]
            made.append(_follow(value, untracked, track) if cuts[number - 1].is_open else value)
            if cuts[number - 1].is_open and not cut.texts[0].startswith('"'):
                return None
        made.append(cut.texts[0])
        for (raw, target), text in zip(cut.links, cut.texts[1:], strict=True):
            if target == _END:
                made.append(_picture(pixel))
            else:
                made.append(raw if target in untracked else escape(track(target)))
            made.append(text)
    return made


def _follow(value: str, untracked: frozenset[str], track: Callable[[str], str]) -> str:
    target = unescape(value).strip()
    if target in untracked or not target.lower().startswith(_WEB):
        return value
    return escape(track(target))


class _Cut(NamedTuple):
    """A piece of a mail between its links.

    Attributes:
        links: as written and as meant, between two texts each; `_END` stands for the pixel.
        is_open: its last link goes on in the next piece, with the address itself.
        is_unclear: a tag of a link ends in it, or is written, as our compiler never does.
    """

    texts: tuple[str, ...]
    links: tuple[tuple[str, str], ...]
    has_end: bool
    is_open: bool
    is_unclear: bool


@functools.lru_cache(maxsize=4096)
def _cut(piece: str) -> _Cut:
    tail = piece[max(piece.rfind("<"), 0) :]
    is_in_tag = tail.startswith("<a") and ">" not in tail
    is_open = _OPEN_LINK.fullmatch(tail) is not None
    is_unclear = (is_in_tag and not is_open) or any(start in piece for start in _UNUSUAL)
    texts, links, at = [], [], 0
    end = piece.rfind(_END)
    has_end = end >= 0
    for found in _LINK.finditer(piece):
        target = unescape(found[3]).strip()
        if target.lower().startswith(_WEB):
            texts.append(f'{piece[at : found.end(1)]}"')
            links.append((found[3], target))
            at = found.end() - 1
            if piece[at] != '"':
                is_unclear = True
    if has_end and end < at:
        is_unclear = True  # a link after the end of the body
    elif has_end:
        texts.append(piece[at:end])
        links.append(("", _END))
        at = end
    texts.append(piece[at:])
    return _Cut(tuple(texts), tuple(links), has_end, is_open, is_unclear)


def add_pixel(html: str, address: str) -> str:
    """Put a picture of one invisible point at the end of a mail."""
    pixel = _picture(address)
    place = html.rfind("</body>")
    if place < 0:
        end = _BODY_END.search(html)
        place = len(html) if end is None else end.start()
    return html[:place] + pixel + html[place:]


def _picture(address: str) -> str:
    return (
        f'<img src="{escape(address)}" width="1" height="1" alt="" '
        'style="display:block;border:0;width:1px;height:1px">'
    )
