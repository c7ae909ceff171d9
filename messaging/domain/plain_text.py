"""The text part of a mail, read off its HTML; Liquid in it is kept as it is."""

import re
from html.parser import HTMLParser

_SILENT = frozenset({"head", "style", "script", "title"})
_BREAKS = frozenset({"br", "tr", "div", "table", "li"})
_PARAGRAPHS = frozenset({"p", "h1", "h2", "h3", "ul", "ol"})
_VOID = frozenset({"br", "img", "meta", "link", "hr", "input", "col"})
_SPACES = re.compile(r"[ \t]+")
_LINES = re.compile(r"\n{3,}")
_HTML_FILTERS = re.compile(r"\s*\|\s*(?:newline_to_br|escape(?:_once)?)\b")


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._hidden = 0
        self._link = ""
        self._words = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        style = (said.get("style") or "").replace(" ", "")
        is_hidden = tag in _SILENT or "display:none" in style
        if tag not in _VOID and (self._hidden or is_hidden):
            self._hidden += 1
        if self._hidden:
            return
        if tag in _PARAGRAPHS:
            self.parts.append("\n\n")
        elif tag in _BREAKS:
            self.parts.append("\n- " if tag == "li" else "\n")
        elif tag == "span" and "display:block" in style:
            self.parts.append("\n")
        elif tag == "a":
            self._link, self._words = said.get("href") or "", len(self.parts)
        elif tag == "img" and (alt := said.get("alt")) and not self._link:
            self.parts.append(alt)

    def handle_endtag(self, tag: str) -> None:
        if self._hidden:
            self._hidden -= 0 if tag in _VOID else 1
            return
        if tag == "a" and self._link:
            words = "".join(self.parts[self._words :]).strip()
            link, self._link = self._link.removeprefix("mailto:"), ""
            if link not in ("", "#", words):
                self.parts.append(f": {link} " if words else f"{link} ")
        elif tag in _PARAGRAPHS:
            self.parts.append("\n\n")
        elif tag in _BREAKS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.parts.append(re.sub(r"\s+", " ", data))


def read_text(html: str) -> str:
    """Return what a mail says without its looks: links behind their words, one line for a row.

    Args:
        html: compiled; may hold Liquid.
    """
    reader = _Reader()
    reader.feed(html)
    reader.close()
    lines = [_SPACES.sub(" ", line).strip() for line in "".join(reader.parts).split("\n")]
    text = _LINES.sub("\n\n", "\n".join(lines)).strip()
    return _HTML_FILTERS.sub("", text) + "\n"
