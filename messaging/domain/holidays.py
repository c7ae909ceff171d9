"""Public holidays of the countries in which they count as quiet days.

Only holidays of a whole country; what one region keeps is a day that the merchant adds.
"""

import functools
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final

_FIXED: Final[Mapping[str, tuple[tuple[int, int], ...]]] = {
    "BE": ((1, 1), (5, 1), (7, 21), (8, 15), (11, 1), (11, 11), (12, 25)),
    "DE": ((1, 1), (5, 1), (10, 3), (12, 25), (12, 26)),
    "FR": ((1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25)),
}
"""Month and day."""
_AFTER_EASTER: Final[Mapping[str, tuple[int, ...]]] = {
    "BE": (1, 39, 50),
    "DE": (-2, 1, 39, 50),
    "FR": (1, 39, 50),
}
"""Days from Easter Sunday: Good Friday, Easter Monday, Ascension, Whit Monday."""
KNOWN: Final = frozenset(_FIXED)
"""ISO 3166-1 alpha-2 codes of the countries whose holidays are known here."""


@functools.lru_cache(maxsize=256)
def list_holidays(country: str, year: int) -> frozenset[date]:
    """Return the public holidays of a country in a year; none where they are not known."""
    fixed = {date(year, month, day) for month, day in _FIXED.get(country, ())}
    easter = find_easter(year)
    moving = {easter + timedelta(days=days) for days in _AFTER_EASTER.get(country, ())}
    return frozenset(fixed | moving)


def find_easter(year: int) -> date:
    """Return Easter Sunday of a year of the Gregorian calendar.

    Source: the anonymous Gregorian computus, as in Meeus, Astronomical Algorithms, chapter 8.
    """
    golden = year % 19
    century, of_century = divmod(year, 100)
    leap, rest = divmod(century, 4)
    shift = (century - (century + 8) // 25 + 1) // 3
    epact = (19 * golden + century - leap - shift + 15) % 30
    quarter, remainder = divmod(of_century, 4)
    weekday = (32 + 2 * rest + 2 * quarter - epact - remainder) % 7
    late = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * late + 114, 31)
    return date(year, month, day + 1)
