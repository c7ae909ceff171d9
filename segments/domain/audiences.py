"""Addresses as ad platforms take them: hashed, each in the form that its platform compares. Pure.

A hash that was made of another form finds nobody, so the forms are the platforms' own: Google
leaves the dots out of Gmail addresses and keeps the plus of a number, Meta keeps the dots and
leaves the plus out.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

GOOGLE, META = "google", "meta"
_GMAIL: Final = ("gmail.com", "googlemail.com")


@dataclass(frozen=True, slots=True)
class Format:
    """How one ad platform wants a list of customers.

    Attributes:
        label: what it is called on pages.
        headings: of the two columns, as the platform knows them.
        spell_email: takes an address in lower case.
        spell_phone: takes a number in E.164.
    """

    label: str
    headings: tuple[str, str]
    spell_email: Callable[[str], str]
    spell_phone: Callable[[str], str]

    def hash_email(self, address: str) -> str:
        """Return the hash of an address; empty for none."""
        return _hash(self.spell_email(address)) if address else ""

    def hash_phone(self, number: str) -> str:
        """Return the hash of a number; empty for none."""
        return _hash(self.spell_phone(number)) if number else ""


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _without_dots(address: str) -> str:
    name, _, domain = address.partition("@")
    return f"{name.replace('.', '')}@{domain}" if domain in _GMAIL else address


FORMATS: Final[dict[str, Format]] = {
    GOOGLE: Format("Google Ads", ("Email", "Phone"), _without_dots, str),
    META: Format("Meta", ("email", "phone"), str, lambda number: number.removeprefix("+")),
}
"""By the word in an address."""
