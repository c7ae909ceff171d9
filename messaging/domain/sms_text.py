"""How a text travels as SMS: its alphabet, and into how many parts it is cut. Pure.

A network takes 160 letters of its own alphabet (GSM-7) in one part, or 70 of any alphabet (UCS-2);
a longer text loses some of each part to the header that joins them. Each part is paid for.
"""

from collections.abc import Iterator
from dataclasses import dataclass

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("^{}\\[~]|€\f")
"""Letters of the alphabet that take the place of two."""
_SPELLED = str.maketrans(
    {
        "\u2018": "'",
        "\u2019": "'",
        "\u201a": "'",
        "\u201b": "'",
        "\u2032": "'",
        "\u201c": '"',
        "\u201d": '"',
        "\u201e": '"',
        "\u2033": '"',
        "\u00ab": '"',
        "\u00bb": '"',
        "\u2010": "-",
        "\u2011": "-",
        "\u2012": "-",
        "\u2013": "-",
        "\u2014": "-",
        "\u2212": "-",
        "\u2026": "...",
        "\u2022": "-",
        "\u00a0": " ",
        "\u2009": " ",
        "\u202f": " ",
        "\u200b": "",
        "\ufeff": "",
        "\t": " ",
    }
)
"""Typographic signs and the plain ones that say the same."""

GSM_SINGLE, GSM_JOINED = 160, 153
UCS_SINGLE, UCS_JOINED = 70, 67
MOST_PARTS = 10
"""Providers refuse more; so long a text is a mistake of its template."""


@dataclass(frozen=True, slots=True)
class SmsSize:
    """How much of the air a text takes.

    Attributes:
        is_gsm: in the alphabet of the network; otherwise one letter more of it costs twice as much.
        units: letters as they are counted; some count twice.
        parts: messages that are paid for; 0 for an empty text.
        left: units that still fit into the last part.
        odd: the letters that keep it out of the network's alphabet, each once, in order.
    """

    is_gsm: bool
    units: int
    parts: int
    left: int
    odd: str = ""


def measure(text: str) -> SmsSize:
    """Return how a text travels; a letter that counts twice is never cut in two."""
    odd = "".join(dict.fromkeys(letter for letter in text if not _is_gsm(letter)))
    single, joined = (UCS_SINGLE, UCS_JOINED) if odd else (GSM_SINGLE, GSM_JOINED)
    sizes = list(_sizes(text, is_gsm=not odd))
    units = sum(sizes)
    if not units:
        return SmsSize(is_gsm=True, units=0, parts=0, left=GSM_SINGLE)
    if units <= single:
        return SmsSize(not odd, units, 1, single - units, odd)
    parts, used = 1, 0
    for size in sizes:
        if used + size > joined:
            parts, used = parts + 1, 0
        used += size
    return SmsSize(not odd, units, parts, joined - used, odd)


def spell_plainly(text: str) -> str:
    """Return a text with plain quotes and dashes, where these keep it in the network's alphabet.

    A text that needs other letters anyway stays as it was written.
    """
    plain = text.translate(_SPELLED)
    return plain if all(map(_is_gsm, plain)) else text


def _is_gsm(letter: str) -> bool:
    return letter in _BASIC or letter in _EXTENDED


def _sizes(text: str, *, is_gsm: bool) -> Iterator[int]:
    for letter in text:
        if is_gsm:
            yield 2 if letter in _EXTENDED else 1
        else:
            yield len(letter.encode("utf-16-be")) // 2
