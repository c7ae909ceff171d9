"""Where postcodes lie."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from crm.domain.postcodes import area_of, normalise_postcode
from kernel.arrays import array, columns
from kernel.places import list_countries
from kernel.sql import run_sql

MOST_COUNTED: Final = 50_000
"""Postcodes of one country that a page counts; of more it says so."""


@dataclass(frozen=True, slots=True)
class Centre:
    """The middle of a postcode.

    Attributes:
        code: what is known: the postcode itself, or the area that it lies in.
    """

    latitude: float
    longitude: float
    code: str


@dataclass(frozen=True, slots=True)
class KnownCountry:
    """What is known of the postcodes of a country.

    Attributes:
        postcodes: at most `MOST_COUNTED` and one.
        from_file: of them, those that a file told.
        waiting: those that were seen in addresses and count from the next night on.
    """

    code: str
    name: str
    postcodes: int
    from_file: int
    waiting: int
    updated_at: datetime

    most: int = MOST_COUNTED
    """What the page says of more."""

    @property
    def is_more(self) -> bool:
        """Whether there are more than were counted."""
        return self.postcodes > MOST_COUNTED


def find_centres(wanted: Collection[tuple[str, str]]) -> dict[tuple[str, str], Centre]:
    """Return where postcodes lie, by country and postcode as they were given.

    Args:
        wanted: countries (ISO 3166-1 alpha-2) with postcodes in any spelling. One that is not
            known is taken to lie in the middle of its area, where that is; else it is left out.
    """
    asked = {(country, code): _candidates(country, code) for country, code in wanted}
    pairs = sorted({pair for found in asked.values() for pair in found})
    rows = run_sql("crm.find_postcodes", **columns("country code", pairs)) if pairs else []
    known = {(row.country, row.code): row for row in rows}
    centres = {}
    for given, candidates in asked.items():
        row = next((known[pair] for pair in candidates if pair in known), None)
        if row is not None:
            centres[given] = Centre(row.latitude, row.longitude, row.code)
    return centres


def list_known_countries() -> list[KnownCountry]:
    """Return the countries of which any postcode is known, those with the most first."""
    names = dict(list_countries())
    rows = run_sql("crm.count_postcodes", countries=array(sorted(names)), most=MOST_COUNTED + 1)
    return [
        KnownCountry(
            code=row.country,
            name=names[row.country],
            postcodes=row.postcodes,
            from_file=row.from_file,
            waiting=row.postcodes - row.settled,
            updated_at=row.updated_at,
        )
        for row in rows
    ]


def _candidates(country: str, postcode: str) -> list[tuple[str, str]]:
    """Return what may be known of a postcode, the nearest first."""
    named, code = country.upper(), normalise_postcode(postcode)
    return [(named, code), (named, area_of(named, code))]
