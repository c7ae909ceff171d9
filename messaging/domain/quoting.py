"""What somebody wrote in a reply, without what they answer and without their signature. Pure.

Line by line, so that no mail however made keeps a worker busy.
"""

import re
from collections.abc import Sequence
from typing import Final

from messaging.domain.plain_text import read_text

MOST_READ: Final = 50_000
"""Letters that are looked at: what somebody wrote stands at the top."""
MOST_LINE: Final = 400
"""Letters of a line that may stand above a quote."""
FOLDED: Final = 2
"""Lines over which the one above a quote may be folded, beside its last."""
_WROTE: Final = re.compile(
    r"\b(wrote|schrieb|a écrit|escribió|ha scritto|schreef|escreveu|napisał|napisała|skrev)\b",
    re.IGNORECASE,
)
_RULE: Final = re.compile(
    r"-{2,} ?(original message|ursprüngliche nachricht|message d'origine|mensaje original|"
    r"messaggio originale|oorspronkelijk bericht|forwarded message) ?-{2,}|_{10,}",
    re.IGNORECASE,
)
_FROM: Final = re.compile(r"\*?(from|von|de|da|van) ?:\*? ?\S", re.IGNORECASE)
_SENT: Final = re.compile(
    r"\*?(sent|date|gesendet|datum|envoyé|enviado|fecha|inviato|data|verzonden) ?:", re.IGNORECASE
)
_PHONE: Final = re.compile(
    r"(sent from my|gesendet von|von meinem .{1,30} gesendet|envoyé de mon|enviado desde mi|"
    r"inviato da|verstuurd vanaf)\b.{0,60}",
    re.IGNORECASE,
)
_BLANKS: Final = re.compile(r"\n{3,}")


def trim_quoted(text: str) -> str:
    """Return what is new in a reply.

    Args:
        text: as it came.

    Returns:
        The whole text where nothing would be left, as for an answer between quoted lines.
    """
    whole = tidy(text)
    lines = whole.split("\n")
    top = lines[: _find_cut(lines)]
    kept = [line for line in top if not line.lstrip().startswith(">")]
    return tidy("\n".join(kept)) or whole


def text_of_html(html: str) -> str:
    """Return the words of a mail that has no text part; no tag and no script is left of it."""
    return read_text(html[: MOST_READ * 10]).strip()


def tidy(text: str) -> str:
    """Return a text with one kind of line ends, two at most, and what is read of it."""
    lines = text[:MOST_READ].replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return _BLANKS.sub("\n\n", "\n".join(line.rstrip() for line in lines)).strip()


def _find_cut(lines: Sequence[str]) -> int:
    """Return the line with which the quote or the signature begins."""
    for place, line in enumerate(lines):
        said = line.strip()
        if line == "--" or _RULE.fullmatch(said) or _PHONE.fullmatch(said):
            return place
        if _FROM.match(said) and any(_SENT.match(each.strip()) for each in lines[place + 1 :][:3]):
            return place
        if said.endswith(":") and (begin := _find_opening(lines, place)) is not None:
            return begin
    return len(lines)


def _find_opening(lines: Sequence[str], place: int) -> int | None:
    """Return where such as “On Monday, the shop wrote:” begins; None where a line is the writer's.

    It is followed by a quote, or by nothing where the program left the quote out.
    """
    after = next((line for line in lines[place + 1 :] if line.strip()), ">")
    if not after.lstrip().startswith(">") or not _WROTE.search(lines[place][:MOST_LINE]):
        return None
    begin = place
    while begin > max(place - FOLDED, 0) and not _is_dated(lines[begin]) and lines[begin - 1]:
        begin -= 1
    return begin


def _is_dated(line: str) -> bool:
    return any(letter.isdigit() for letter in line[:MOST_LINE])
