"""Guessing where somebody is, so that they find the right answers chosen already."""

from typing import Final

from babel import Locale, UnknownLocaleError
from babel.core import get_global
from babel.numbers import get_territory_currencies, list_currencies

from kernel.formats import LOCALE

_HOME: Final = {"en": "GB", "de": "DE", "fr": "FR", "es": "ES", "it": "IT", "nl": "NL", "ja": "JP"}
"""The country of those whose browser names a language alone."""
_CODE_LETTERS: Final = 2


def guess_country(languages: str) -> str:
    """Return the country that an ``Accept-Language`` header speaks of; GB when it names none."""
    for part in languages.split(","):
        words = part.partition(";")[0].strip().replace("_", "-").split("-")
        for word in words[1:]:
            if len(word) == _CODE_LETTERS and word.isalpha():
                return word.upper()
        if words[0].lower() in _HOME:
            return _HOME[words[0].lower()]
    return _HOME["en"]


def currency_of(country: str) -> str:
    """Return the currency people pay with in a country; empty when it is not known."""
    try:
        found = get_territory_currencies(country) if country else []
    except UnknownLocaleError:
        return ""
    return str(found[-1]) if found else ""


def zone_of(country: str) -> str:
    """Return a time zone of a country, the first that is known; UTC for none."""
    zones = get_global("territory_zones").get(country, [])
    return str(zones[0]) if zones else "UTC"


def currency_choices() -> list[tuple[str, str]]:
    """Return the currencies that somebody pays with today, with their names, by code."""
    names = Locale.parse(LOCALE).currencies
    current = {
        currency_of(country)
        for country in get_global("territory_currencies")
        if len(country) == 2  # noqa: PLR2004 a country's code
    }
    return [
        (code, f"{code} – {names.get(code, code)}") for code in sorted(list_currencies() & current)
    ]
