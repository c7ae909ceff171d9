"""What a look at a rendered mail finds before it is sent: each with where and how to mend it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html.parser import HTMLParser

CLIPPED = 102_000
"""Bytes of HTML from which Gmail cuts a mail off."""
LONG_SUBJECT, SHORT_SUBJECT = 70, 4
MOST_LINKS = 25
_CAPITALS = re.compile(r"[A-Z]{4,}")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        tone: ``good``, ``warn`` for what may hurt, ``bad`` for what will.
        where: the part that holds it; empty where nothing does.
        how: what to do about it; empty where it is good.
    """

    tone: str
    title: str
    where: str = ""
    how: str = ""


class _Looker(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.links: list[tuple[str, str]] = []
        self.without_alt: list[str] = []
        self._words: list[str] = []
        self._link: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        if tag == "a" and said.get("href"):
            self._link, self._words = str(said["href"]), []
        elif tag == "img":
            if "alt" not in said or (self._link is not None and not said["alt"]):
                self.without_alt.append(str(said.get("src") or ""))
            self._words.append(said.get("alt") or "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self._link is not None:
            self.links.append((self._link, " ".join("".join(self._words).split())))
            self._link = None

    def handle_data(self, data: str) -> None:
        if self._link is not None:
            self._words.append(data)


def look_at_html(html: str) -> list[Finding]:
    """Return what a rendered mail says of its size, its pictures and its links."""
    seen = _read(html)
    return [_judge_size(len(html.encode())), *_judge_pictures(seen), *_judge_links(seen)]


def list_links(html: str) -> list[tuple[str, str]]:
    """Return the web addresses of a rendered mail with their words, each address once."""
    links: dict[str, str] = {}
    for link, words in _read(html).links:
        if link.startswith(("http://", "https://")):
            links.setdefault(link, words)
    return list(links.items())[:MOST_LINKS]


def look_at_subject(subject: str, preheader: str) -> list[Finding]:
    """Return what a rendered subject says of itself."""
    found = []
    if len(subject) > LONG_SUBJECT:
        how = "Phones show about 40 characters. Say the most important thing first."
        found.append(Finding("warn", f"The subject has {len(subject)} characters", "Subject", how))
    elif len(subject) < SHORT_SUBJECT:
        found.append(Finding("warn", "The subject is very short", "Subject", "Say what is inside."))
    else:
        found.append(Finding("good", f"The subject has {len(subject)} characters"))
    if _CAPITALS.search(subject) or "!!" in subject:
        how = "Capitals and exclamation marks look like spam to filters and to people."
        found.append(Finding("warn", "The subject shouts", "Subject", how))
    if not preheader.strip():
        how = "Without one, mail programs show whatever stands first in the mail."
        found.append(Finding("warn", "There is no preview text", "Preview text", how))
    return found


def _judge_size(size: int) -> Finding:
    said = f"The mail has {size / 1000:,.0f} KB"
    if size > CLIPPED:
        how = "Gmail cuts off what is behind 102 KB, the unsubscribe link first. Take out blocks."
        return Finding("bad", said, "The whole mail", how)
    return Finding("good", f"{said}, under the 102 KB that Gmail shows")


def _judge_pictures(seen: _Looker) -> list[Finding]:
    if not seen.without_alt:
        return [Finding("good", "Every picture has words for those who do not see it")]
    names = ", ".join(
        sorted({src.rpartition("/")[2][:60] or "a picture" for src in seen.without_alt})
    )
    how = "Say in its “Words instead” what the picture shows."
    return [Finding("warn", f"{_count(seen.without_alt, 'picture')} without words", names, how)]


def _judge_links(seen: _Looker) -> list[Finding]:
    empty = [link for link, words in seen.links if not words]
    found = []
    if empty:
        how = "Say where it leads, in words or in the words of its picture."
        found.append(Finding("warn", f"{_count(empty, 'link')} without words", empty[0][:80], how))
    odd = [link for link, _ in seen.links if not link.startswith(("http", "mailto:", "tel:", "#"))]
    if odd:
        how = "Write the whole address, with https:// in front."
        found.append(Finding("bad", f"{_count(odd, 'link')} that lead nowhere", odd[0][:80], how))
    return found


def _count(rows: Sequence[object], noun: str) -> str:
    return f"1 {noun}" if len(rows) == 1 else f"{len(rows)} {noun}s"


def _read(html: str) -> _Looker:
    seen = _Looker()
    seen.feed(html)
    seen.close()
    return seen
