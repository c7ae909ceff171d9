"""Where postcodes lie: learned from addresses, told by a merchant's file."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.db import transaction

from crm.domain.postcodes import (
    Flaw,
    area_of,
    is_on_earth,
    normalise_postcode,
    read_places,
)
from crm.types import PlaceData
from kernel.arrays import columns
from kernel.errors import Invalid
from kernel.sql import count_sql, run_sql

BATCH: Final = 5_000
MOST: Final = 2_500_000
"""Lines of one file: all postcodes of a large country."""
SHOWN_FLAWS: Final = 5
_DECIMALS: Final = 3
"""An address is kept to about 100 metres, so that no row says where somebody's door is."""
_NAMES: Final = "country code latitude longitude"


@dataclass(slots=True)
class LoadedPostcodes:
    """What became of a file.

    Attributes:
        read: lines that say where a postcode lies.
        countries: that they are of.
        flaw_count: lines that say nothing.
        flaws: the first of them.
    """

    read: int = 0
    countries: set[str] = field(default_factory=set)
    flaw_count: int = 0
    flaws: list[Flaw] = field(default_factory=list)

    def note(self, flaw: Flaw) -> None:
        """Count a line that says nothing."""
        self.flaw_count += 1
        if len(self.flaws) < SHOWN_FLAWS:
            self.flaws.append(flaw)


def note_places(places: Iterable[PlaceData], now: datetime) -> None:
    """Learn from addresses with coordinates where their postcodes lie, and the areas around them.

    Nobody moves by it before `settle_postcodes`. While a file is loaded nothing is learned, so that
    no order waits for it.

    Args:
        places: of addresses that are new or changed; what is no place is left out.
        now: aware.
    """
    sums = _Middles()
    for place in places:
        code = normalise_postcode(place.postcode)
        if code and place.country and is_on_earth(place.latitude, place.longitude):
            country = place.country.upper()
            at = (round(place.latitude, _DECIMALS), round(place.longitude, _DECIMALS))
            for key in {code, area_of(country, code)}:
                sums.add(country, key, *at)
    if sums.found:
        rows = [(*key, *said) for key, said in sorted(sums.found.items())]
        names = "country code latitude longitude count"
        run_sql("crm.note_places", now=now, **columns(names, rows))


def settle_postcodes(now: datetime) -> int:
    """Let what was learned from addresses count; what a file says stays.

    Must run in a transaction; waits for a file that is loaded. Whoever calls decides everybody anew
    next. A place moves only where the middle of its addresses has moved by more than about 200
    metres.

    Returns:
        Postcodes that lie elsewhere than before, or are known for the first time.
    """
    run_sql("crm.share_postcodes")
    return count_sql("crm.settle_postcodes", now=now)


@transaction.atomic
def load_postcodes(lines: Iterable[str], now: datetime, *, country: str = "") -> LoadedPostcodes:
    """Take over where a file says that postcodes lie; a repeat changes nothing.

    Lines of one postcode that follow each other are taken for one, at their middle. Areas that the
    file does not name are put in the middle of its postcodes that lie in them.

    Args:
        lines: as `crm.domain.postcodes.read_places` takes them.
        now: aware.
        country: of lines that name none.

    Raises:
        Invalid: nothing in it can be used, or it is too long; nothing of it is kept.
    """
    run_sql("crm.lock_postcodes")
    loaded, areas, run = LoadedPostcodes(), _Middles(), _Middles()
    for found in read_places(lines, country):
        if isinstance(found, Flaw):
            loaded.note(found)
            continue
        loaded.read += 1
        if loaded.read > MOST:
            raise Invalid(f"The file has more than {MOST:,} lines. Load it in parts.")
        loaded.countries.add(found.country)
        said = (found.latitude, found.longitude)
        if len(run.found) >= BATCH and (found.country, found.postcode) not in run.found:
            _write(run, "file", now)
            run = _Middles()
        run.add(found.country, found.postcode, *said)
        if (area := area_of(found.country, found.postcode)) != found.postcode:
            areas.add(found.country, area, *said)
    if not loaded.read:
        reason = f" Line {loaded.flaws[0].line}: {loaded.flaws[0].reason}." if loaded.flaws else ""
        raise Invalid(f"No line of the file says where a postcode lies.{reason}")
    _write(run, "file", now)
    _write(areas, "derived", now)
    return loaded


class _Middles:
    """Sums of coordinates by country and postcode, and how many there are."""

    def __init__(self) -> None:
        self.found: dict[tuple[str, str], tuple[float, float, int]] = {}

    def add(self, country: str, code: str, latitude: float, longitude: float) -> None:
        north, east, count = self.found.get((country, code), (0.0, 0.0, 0))
        self.found[country, code] = (north + latitude, east + longitude, count + 1)

    def rows(self) -> Sequence[tuple[Any, ...]]:
        """Return each postcode with the middle of what was said of it, in one order for all."""
        return [
            (*key, north / count, east / count)
            for key, (north, east, count) in sorted(self.found.items())
        ]


def _write(middles: _Middles, source: str, now: datetime) -> None:
    rows = middles.rows()
    for start in range(0, len(rows), BATCH):
        part = rows[start : start + BATCH]
        run_sql("crm.load_postcodes", now=now, source=source, **columns(_NAMES, part))
