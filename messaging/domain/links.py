"""Rewrites the links of a rendered mail and adds the pixel that says it was opened."""

import re
from collections.abc import Callable
from html import escape, unescape

_LINK = re.compile(r"(<a\b[^>]*?\shref=)([\"'])(.*?)\2", re.IGNORECASE | re.DOTALL)
_UNUSUAL = ("<A", "<a\n", "<a\r", "<a\t")
"""How a link may begin other than as our own compiler writes it."""
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
        if target in untracked or not target.lower().startswith(("https://", "http://")):
            return found[0]
        return f'{found[1]}"{escape(track(target))}"'

    if any(start in html for start in _UNUSUAL):
        return _LINK.sub(replace, html)
    head, *links = html.split("<a ")  # a tenth of what it costs to search the whole mail
    return head + "".join([_LINK.sub(replace, f"<a {link}", count=1) for link in links])


def add_pixel(html: str, address: str) -> str:
    """Put a picture of one invisible point at the end of a mail."""
    pixel = (
        f'<img src="{escape(address)}" width="1" height="1" alt="" '
        'style="display:block;border:0;width:1px;height:1px">'
    )
    place = html.rfind("</body>")
    if place < 0:
        end = _BODY_END.search(html)
        place = len(html) if end is None else end.start()
    return html[:place] + pixel + html[place:]
