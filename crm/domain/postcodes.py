"""Postcodes: one spelling of each, the areas they lie in, and files that say where. Pure."""

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

from crm.types import PlaceData
from kernel.errors import Invalid

HEADS: Final[Mapping[str, int]] = {"CA": 3, "IE": 3, "MT": 3, "NL": 4, "US": 5}
"""How many first characters of a postcode name the area that a country's lists know."""
INWARD: Final[frozenset[str]] = frozenset({"GB", "GG", "IM", "JE"})
"""Countries whose postcodes end in three characters for a street: SW1A 1AA lies in SW1A."""
INWARD_LENGTH: Final = 3
SHORTEST_FULL: Final = 5
"""Characters from which on such a postcode is a full one."""
MAX_LATITUDE: Final = 90
MAX_LONGITUDE: Final = 180
_LONGEST: Final = 12
_ELSE: Final = re.compile(r"[^A-Za-z0-9]")
_GEONAMES_COLUMNS: Final = 11
_GEONAMES: Final = {"country": 0, "postcode": 1, "latitude": 9, "longitude": 10}
"""Where the columns of GeoNames' postal codes stand, which have no header."""
_NAMES: Final[Mapping[str, frozenset[str]]] = {
    "country": frozenset({"country", "countrycode", "iso", "iso2", "land"}),
    "postcode": frozenset(
        {"postcode", "postalcode", "zip", "zipcode", "plz", "pcd", "pcds", "outcode", "code"}
    ),
    "latitude": frozenset({"latitude", "lat"}),
    "longitude": frozenset({"longitude", "long", "lon", "lng"}),
}
_DELIMITERS: Final = "\t;,"


@dataclass(frozen=True, slots=True)
class Flaw:
    """A line of a file that says nothing, by its number, and why."""

    line: int
    reason: str


def normalise_postcode(postcode: str) -> str:
    """Return a postcode in its one spelling: ``sw1a 1aa`` is ``SW1A1AA``."""
    return _ELSE.sub("", postcode).upper()


def area_of(country: str, code: str) -> str:
    """Return the area that a postcode lies in; the postcode itself where it is one, or none known.

    Args:
        country: ISO 3166-1 alpha-2, in capitals.
        code: as `normalise_postcode` returns it.
    """
    if country in INWARD:
        return code[:-INWARD_LENGTH] if len(code) >= SHORTEST_FULL else code
    return code[: HEADS.get(country, len(code))]


def is_on_earth(latitude: float, longitude: float) -> bool:
    """Say whether coordinates are any; 0, 0 is where tools put what they do not know."""
    if (latitude, longitude) == (0, 0):
        return False
    return abs(latitude) <= MAX_LATITUDE and abs(longitude) <= MAX_LONGITUDE


def read_places(lines: Iterable[str], country: str = "") -> Iterator[PlaceData | Flaw]:
    """Read a file of postcodes, line by line.

    It is CSV whose header names postcode, latitude, longitude and, for several countries, country;
    or the tab-separated layout without header in which GeoNames gives its postal codes.

    Args:
        lines: decoded.
        country: of lines that name none; empty where each names its own.

    Returns:
        A place or a flaw for each line that is not blank.

    Raises:
        Invalid: the file is empty, or does not say which column is which.
    """
    rest = iter(lines)
    number, first = next(
        ((at, line) for at, line in enumerate(rest, start=1) if line.strip()), (0, "")
    )
    if not first:
        raise Invalid("The file is empty.")
    if _is_geonames(first.split("\t")):
        tabbed = (line.rstrip("\r\n").split("\t") for line in chain([first], rest))
        return _read_rows(enumerate(tabbed, start=number), _GEONAMES, country, float)
    delimiter = max(_DELIMITERS, key=first.count)
    header, *_ = csv.reader([first], delimiter=delimiter)
    places = _find_columns(header, country)
    # Who separates by semicolons may write 51,5.
    to_number = float if delimiter == "," else _read_comma
    rows = csv.reader((line.replace("\0", "") for line in rest), delimiter=delimiter)
    return _read_rows(enumerate(rows, start=number + 1), places, country, to_number)


def _is_geonames(cells: Sequence[str]) -> bool:
    if len(cells) < _GEONAMES_COLUMNS or not _is_country(cells[0].strip().upper()):
        return False
    try:
        float(cells[_GEONAMES["latitude"]])
    except ValueError:
        return False
    return True


def _find_columns(header: Sequence[str], country: str) -> dict[str, int]:
    cleaned = [re.sub(r"[^a-z0-9]", "", name.lower()) for name in header]
    found = {
        name: next((at for at, cell in enumerate(cleaned) if cell in known), -1)
        for name, known in _NAMES.items()
    }
    missing = [name for name, at in found.items() if at < 0 and not (name == "country" and country)]
    if missing == ["country"]:
        raise Invalid("The file names no country: choose the one that its postcodes are of.")
    if missing:
        columns = " and ".join(f"“{name}”" for name in missing)
        raise Invalid(f"The file has no column {columns}: its first line names the columns.")
    return {name: at for name, at in found.items() if at >= 0}


def _read_rows(
    rows: Iterable[tuple[int, Sequence[str]]],
    columns: Mapping[str, int],
    country: str,
    to_number: Callable[[str], float],
) -> Iterator[PlaceData | Flaw]:
    most = max(columns.values())
    try:
        for number, cells in rows:
            if not any(cells):
                continue
            if len(cells) <= most:
                yield Flaw(number, f"has {len(cells)} columns, and not {most + 1}")
                continue
            yield _read_row(
                number, {key: cells[at] for key, at in columns.items()}, country, to_number
            )
    except csv.Error as exc:
        raise Invalid(f"The file is damaged: {exc}.") from exc


def _read_row(
    number: int, cells: Mapping[str, str], country: str, to_number: Callable[[str], float]
) -> PlaceData | Flaw:
    code = normalise_postcode(cells["postcode"])
    if not 0 < len(code) <= _LONGEST:
        return Flaw(number, f"{cells['postcode'][:40]!r} is no postcode")
    named = cells.get("country", "").strip().upper() or country
    if not _is_country(named):
        return Flaw(number, f"{named[:40]!r} is no country; write its two letters, such as GB")
    try:
        latitude, longitude = (to_number(cells[key]) for key in ("latitude", "longitude"))
    except ValueError:
        return Flaw(number, "latitude and longitude must be numbers")
    if not is_on_earth(latitude, longitude):
        return Flaw(number, f"{latitude:g}, {longitude:g} is no place")
    return PlaceData(named, code, latitude, longitude)


def _is_country(word: str) -> bool:
    return len(word) == 2 and word.isascii() and word.isalpha()  # noqa: PLR2004 alpha-2


def _read_comma(text: str) -> float:
    return float(text.replace(",", "."))
