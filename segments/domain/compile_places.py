"""Distances as SQL: where somebody lives, and how far that is from a place.

Own coordinates come first; who has none lives in the middle of the postcode of their address, or
of the area around it. `segments.domain.places` and `crm.domain.postcodes` say it in plain Python.
"""

from collections.abc import Iterable
from typing import Final

from crm.domain.postcodes import (
    HEADS,
    INWARD,
    INWARD_LENGTH,
    MAX_LATITUDE,
    MAX_LONGITUDE,
    SHORTEST_FULL,
)
from segments.domain.compile_events import NUMBER
from segments.domain.places import EARTH_KM
from segments.domain.query import Query
from segments.domain.standing import NearLeaf

_HOME: Final = """
SELECT
    COALESCE(o.latitude, z.latitude) AS latitude,
    COALESCE(o.longitude, z.longitude) AS longitude
FROM (
    SELECT
        CASE WHEN c.is_placed THEN c.latitude END AS latitude,
        CASE WHEN c.is_placed THEN c.longitude END AS longitude,
        CASE WHEN c.is_placed IS NOT TRUE AND p.postcode <> '' THEN
            upper(regexp_replace(p.postcode, '[^A-Za-z0-9]', '', 'g'))
        END AS code,
        upper(p.country) AS country
    FROM (
        SELECT
            n.latitude,
            n.longitude,
            abs(n.latitude) <= {max_latitude} AND abs(n.longitude) <= {max_longitude} AS is_placed
        FROM (SELECT {latitude} AS latitude, {longitude} AS longitude OFFSET 0) AS n
        OFFSET 0
    ) AS c
    OFFSET 0
) AS o
LEFT JOIN LATERAL (
    SELECT k.latitude, k.longitude
    FROM crm_postcode AS k
    WHERE k.tenant_id = %(tenant_id)s
      AND k.country = o.country
      AND k.code IN (o.code, {area})
      AND k.latitude IS NOT NULL
    ORDER BY length(k.code) DESC
    LIMIT 1
) AS z ON o.code IS NOT NULL
"""
_KM: Final = """
SELECT CASE WHEN {home}.latitude IS NOT NULL THEN
    2 * {earth} * asin(sqrt(LEAST(1,
        power(sin(radians({home}.latitude - {latitude}) / 2), 2)
        + cos(radians({home}.latitude)) * cos(radians({latitude}))
        * power(sin(radians({home}.longitude - {longitude}) / 2), 2)
    )))
END AS km
OFFSET 0
"""


def distance_km(query: Query, leaf: NearLeaf) -> str:
    """Return how far from a place somebody lives; NULL where either is not known."""
    if leaf.latitude is None or leaf.longitude is None:
        return "NULL::float8"
    home = query.join(("home",), _find_home)
    at = [float(leaf.latitude), float(leaf.longitude)]

    def build() -> str:
        latitude, longitude = (f"{query.bind(one)}::float8" for one in at)
        return _KM.format(earth=EARTH_KM, home=home, latitude=latitude, longitude=longitude)

    return f"{query.join(('distance', *at), build)}.km"


def _find_home() -> str:
    return _HOME.format(
        max_latitude=MAX_LATITUDE,
        max_longitude=MAX_LONGITUDE,
        latitude=_degrees("latitude"),
        longitude=_degrees("longitude"),
        area=_area_sql("o.country", "o.code"),
    )


def _degrees(key: str) -> str:
    value = f"(p.properties ->> '{key}')"
    return f"(CASE WHEN {value} ~ {NUMBER} THEN {value}::float8 END)"


def _area_sql(country: str, code: str) -> str:
    """Return `crm.domain.postcodes.area_of` as SQL."""
    cases = [f"WHEN {country} = '{key}' THEN left({code}, {size})" for key, size in HEADS.items()]
    inward = f"length({code}) >= {SHORTEST_FULL} THEN left({code}, -{INWARD_LENGTH})"
    cases.append(f"WHEN {country} IN ({_quoted(INWARD)}) AND {inward}")
    return f"CASE {' '.join(cases)} ELSE {code} END"


def _quoted(words: Iterable[str]) -> str:
    return ", ".join(f"'{word}'" for word in sorted(words))
