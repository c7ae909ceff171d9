"""Countries and time zones to choose from, by their English names."""

import functools
from zoneinfo import available_timezones

from babel import Locale
from babel.core import get_global

from kernel.formats import LOCALE

_COUNTRY_LETTERS = 2
_NO_COUNTRIES = frozenset({"EU", "EZ", "UN", "XA", "XB", "ZZ", "QO"})
"""Codes of unions, tests and the unknown that stand among the countries."""
_REGIONS = frozenset(
    {
        "Africa",
        "America",
        "Antarctica",
        "Arctic",
        "Asia",
        "Atlantic",
        "Australia",
        "Europe",
        "Indian",
        "Pacific",
    }
)


@functools.cache
def list_countries() -> tuple[tuple[str, str], ...]:
    """Return ISO 3166-1 alpha-2 codes with English names, by name."""
    names = Locale.parse(LOCALE).territories
    found = [
        (code, name)
        for code, name in names.items()
        if len(code) == _COUNTRY_LETTERS and code.isalpha() and code not in _NO_COUNTRIES
    ]
    return tuple(sorted(found, key=lambda item: item[1]))


@functools.cache
def list_zones() -> tuple[tuple[str, str], ...]:
    """Return IANA names with what people read, by region and city; UTC comes first.

    Names that are kept only for old programs, such as ``Asia/Calcutta``, are left out.
    """
    old = set(get_global("zone_aliases"))
    names = sorted(
        name for name in available_timezones() if name.split("/")[0] in _REGIONS and name not in old
    )
    return (("UTC", "UTC"), *((name, name.replace("_", " ")) for name in names))
