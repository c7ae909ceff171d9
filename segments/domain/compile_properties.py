"""Properties of a profile, which hold anything, read as one kind: what does not read so is NULL."""

from typing import Final

from segments.domain.compile_events import NUMBER
from segments.domain.query import Query
from segments.types import Field, Kind

_DAY: Final = "^[12][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_TIME: Final = "[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,9})?)?"
_ZONE: Final = "(Z|[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?)"
_DATE: Final = """
SELECT CASE
    WHEN extract(month FROM d.day) IS DISTINCT FROM substr(d.text, 6, 2)::int THEN NULL
    WHEN d.text ~ '{day}$' THEN d.day::timestamp AT TIME ZONE {zone}
    WHEN d.text ~ '{day}{time}$' THEN d.text::timestamp AT TIME ZONE {zone}
    WHEN d.text ~ '{day}{time}{offset}$' THEN d.text::timestamptz
END AS value
FROM (
    SELECT t.text, make_date(
        substr(t.text, 1, 4)::int, substr(t.text, 6, 2)::int, 1
    ) + substr(t.text, 9, 2)::int - 1 AS day
    FROM (
        SELECT CASE WHEN {text} ~ '{day}' THEN {text} END AS text
        OFFSET 0
    ) AS t
    OFFSET 0
) AS d
"""
"""A day that its month does not have falls into the next month, and is none."""

_LIST: Final = """
SELECT CASE jsonb_typeof(p.properties -> {key})
    WHEN 'array' THEN ARRAY(SELECT jsonb_array_elements_text(p.properties -> {key}))
    WHEN 'string' THEN ARRAY[p.properties ->> {key}]
END AS value
"""


def property_field(query: Query, key: str, kind: Kind) -> Field:
    """Return a property as a field of a kind."""
    value = f"{query.join(('property', key, kind), lambda: _statement(query, key, kind))}.value"
    return Field(f"properties.{key}", key, kind, value, "")


def _statement(query: Query, key: str, kind: Kind) -> str:
    """Return a statement that gives one value for each profile."""
    bound = query.bind(key, "::text")
    text = f"(p.properties ->> {bound})"
    match kind:
        case Kind.NUMBER:
            return f"SELECT CASE WHEN {text} ~ {NUMBER} THEN {text}::numeric END AS value"
        case Kind.BOOLEAN:
            truth = f"CASE lower({text}) WHEN 'true' THEN true WHEN 'false' THEN false END"
            return f"SELECT {truth} AS value"
        case Kind.LIST:
            return _LIST.format(key=bound)
        case Kind.DATE:
            return _DATE.format(
                day=_DAY,
                time=_TIME,
                offset=_ZONE,
                zone=query.bind(query.moment.zone.key),
                text=text,
            )
        case _:
            return f"SELECT {text} AS value"
