"""Whether a text that somebody typed names a certain person, and the text without her.

A text names her when her e-mail address, the beginning of it with the ``@``, her phone number,
however it is spaced, or both of her names stand in it. One name alone is a word that many share.
"""

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

ERASED = "(erased)"
"""Stands where she was named; a search for it finds nobody, while an empty one finds everybody."""
MOST_WORDS = 8
"""Of a name that is looked for."""
LEAST_DIGITS = 7
"""So many last digits of a number are hers; fewer are a price or an order."""
_ADDRESS = re.compile(r"[^\s@,;<>\"'()&=]+@[\w.-]*")
_WORD = re.compile(r"[\w'’-]+")
_NUMBER = re.compile(r"\+?[\d][\d\s()./-]{5,}\d")


class Traces:
    """What names some people; asking costs the same for one of them as for many."""

    def __init__(
        self,
        emails: Collection[str],
        phones: Collection[str],
        names: Collection[tuple[str, str]],
    ) -> None:
        """Take addresses, numbers in E.164, and pairs of first and last name; each may be empty."""
        self.addresses = sorted({*emails, *phones} - {""})
        self._emails = sorted({fold(email) for email in emails if email})
        self._phones = {tail for phone in phones for tail in _tails(phone)}
        pairs = [(_words(first), _words(last)) for first, last in names]
        self._names = {
            " ".join(words)
            for first, last in pairs
            if first and last
            for words in ([*first, *last], [*last, *first])
        }

    def names_somebody(self, text: str) -> bool:
        """Say whether a text names one of them."""
        folded = fold(text)
        return (
            any(self._is_address(found.rstrip(".")) for found in _ADDRESS.findall(folded))
            or any(self._is_number(_digits(found)) for found in _NUMBER.findall(folded))
            or self._holds_name(_WORD.findall(folded))
        )

    def redact(self, value: Any) -> Any:
        """Return JSON with `ERASED` for each text in it, or in an address's query, that does."""
        if isinstance(value, str):
            return self._redact_text(value)
        if isinstance(value, Mapping):
            return {name: self.redact(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [self.redact(inner) for inner in value]
        return value

    def _redact_text(self, text: str) -> str:
        pairs = parse_qsl(text, keep_blank_values=True) if "=" in text else []
        kept = [(name, ERASED if self.names_somebody(said) else said) for name, said in pairs]
        if kept != pairs:
            return urlencode(kept)
        return ERASED if self.names_somebody(text) else text

    def _is_address(self, found: str) -> bool:
        place = bisect_left(self._emails, found)
        return place < len(self._emails) and self._emails[place].startswith(found)

    def _is_number(self, digits: str) -> bool:
        return digits in self._phones or digits.lstrip("0") in self._phones

    def _holds_name(self, words: list[str]) -> bool:
        return any(
            " ".join(words[start:end]) in self._names
            for start in range(len(words))
            for end in range(start + 2, min(start + MOST_WORDS, len(words)) + 1)
        )


def fold(text: str) -> str:
    """Return a text without case and accents."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


def _words(name: str) -> list[str]:
    return _WORD.findall(fold(name))


def _digits(text: str) -> str:
    return "".join(letter for letter in text if letter.isdigit())


def _tails(phone: str) -> Iterable[str]:
    """Return a number and its last digits, as it is written without country and area."""
    digits = _digits(phone)
    return {digits[start:] for start in range(len(digits) - LEAST_DIGITS + 1)}
