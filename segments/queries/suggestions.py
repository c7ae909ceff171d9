"""Values to choose from while a segment is built, the most frequent first.

Only the newest rows are counted, so that an answer costs the same for any number of them. Nobody
has to choose: whatever else is typed is taken as well.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from crm.choices import Channel
from crm.models import Event, Product
from crm.queries.lookup import list_event_names
from kernel.formats import format_country, format_number
from kernel.sql import execute, run_sql
from messaging.queries.templates import list_tags
from segments.domain.happenings import OWN_EVENTS
from segments.domain.words_messages import CHANNEL, DONE, TAGS
from segments.fields import FIELDS
from segments.models import Segment
from segments.queries.listing import member_pattern
from segments.types import Field, Kind

MOST: Final = 30
"""Most values of one answer."""
NEWEST_PEOPLE: Final = 10_000
NEWEST_PRODUCTS: Final = 20_000
WORD: Final = 3
"""Letters by which older products are found as well."""
NEWEST_EVENTS: Final = 300
PROFILES_READ: Final = 1_000
EVENT_NAMES: Final = 300
LONGEST: Final = 100
"""Letters of a value that is worth choosing."""
PERSONAL: Final = frozenset({"email", "phone", "first_name", "last_name", "postcode"})
"""Fields whose values say who somebody is; they are typed and never listed."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One value, what it is called, and how often it was found: ``12 products``, or empty."""

    value: str
    label: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """What values are asked for.

    Attributes:
        of: one of `SOURCES`.
        name: of the field, property, or kind of goods.
        event: name of the event that a property is of.
        text: what was typed so far, in any case of letters.
        ids: instead of a text, the segments or products that are to be named.
    """

    of: str
    name: str = ""
    event: str = ""
    text: str = ""
    ids: tuple[int, ...] = ()


def list_suggestions(asked: Asked) -> list[Suggestion]:
    """Return values that fit, at most `MOST`; none for what has no list."""
    source = SOURCES.get(asked.of)
    return source(asked)[:MOST] if source else []


def _of_field(asked: Asked) -> list[Suggestion]:
    field = FIELDS.get(asked.name)
    if field is None or field.missing or field.name in PERSONAL:
        return []
    if field.kind not in (Kind.TEXT, Kind.LIST):
        return []
    rows = execute(_statement_of(field), newest=NEWEST_PEOPLE, count=NEWEST_PEOPLE)
    name = format_country if field.name == "country" else str
    found = [(row.value, name(row.value), row.people) for row in rows]
    return [
        Suggestion(value, label, _many(people, "person", "people"))
        for value, label, people in found
        if _holds(label, asked.text) or _holds(value, asked.text)
    ]


def _statement_of(field: Field) -> str:
    value = f"unnest({field.sql})" if field.kind is Kind.LIST else field.sql
    return _VALUES.replace("{value}", value).replace("{people}", _PEOPLE)


_PEOPLE: Final = """
SELECT *
FROM crm_profile AS p
WHERE p.tenant_id = %(tenant_id)s
ORDER BY p.created_at DESC, p.id DESC
LIMIT %(newest)s
"""
"""The newest people, whoever they are: who is left out is left out afterwards."""
_VALUES: Final = """
SELECT v.value, count(*) AS people
FROM (
    SELECT {value} AS value
    FROM (
        {people}
    ) AS p
    LEFT JOIN crm_profilefacts AS f ON f.tenant_id = %(tenant_id)s AND f.profile_id = p.id
    WHERE p.merged_into_id IS NULL AND p.erased_at IS NULL AND NOT p.is_anonymous
) AS v
WHERE v.value <> ''
GROUP BY v.value
ORDER BY people DESC, v.value
LIMIT %(count)s
"""


def _of_goods(asked: Asked) -> list[Suggestion]:
    """Return categories or brands with how many products they have."""
    if asked.name not in ("category", "brand"):
        return []
    rows = execute(
        _GOODS.replace("{column}", asked.name), newest=NEWEST_PRODUCTS, count=NEWEST_PRODUCTS
    )
    return [
        Suggestion(row.value, row.value, _many(row.products, "product", "products"))
        for row in rows
        if _holds(row.value, asked.text)
    ]


_GOODS: Final = """
SELECT n.value, count(*) AS products
FROM (
    SELECT p.{column} AS value, p.deleted_at
    FROM crm_product AS p
    WHERE p.tenant_id = %(tenant_id)s
    ORDER BY p.created_at DESC, p.id DESC
    LIMIT %(newest)s
) AS n
WHERE n.value <> '' AND n.deleted_at IS NULL
GROUP BY n.value
ORDER BY products DESC, n.value
LIMIT %(count)s
"""


def _of_products(asked: Asked) -> list[Suggestion]:
    """Return products by their id, or by a part of their title, the newest first."""
    if asked.ids:
        named = Product.objects.filter(pk__in=asked.ids[:MOST])
        return [Suggestion(str(one.pk), str(one), one.category) for one in named]
    pattern = member_pattern(asked.text) or "%"
    rows = run_sql(
        "segments.find_products",
        pattern=pattern,
        count=MOST,
        newest=NEWEST_PRODUCTS,
        is_word=len(asked.text.strip()) >= WORD,
    )
    is_title = asked.name == "title"
    return [
        Suggestion(row.title if is_title else str(row.id), row.title, row.category) for row in rows
    ]


def _of_segments(asked: Asked) -> list[Suggestion]:
    found = Segment.objects.filter(archived_at=None)
    if asked.ids:
        found = Segment.objects.filter(pk__in=asked.ids[:MOST])
    elif asked.text:
        found = found.filter(name__icontains=asked.text)
    return [
        Suggestion(str(one.pk), one.name, _many(one.member_count, "person", "people"))
        for one in found.order_by("name", "pk")[:MOST]
    ]


def _of_events(asked: Asked) -> list[Suggestion]:
    names = list_event_names(limit=EVENT_NAMES)
    offered = (name for name in names if name not in OWN_EVENTS)
    return [Suggestion(name, name) for name in offered if _holds(name, asked.text)]


def _of_event_properties(asked: Asked) -> list[Suggestion]:
    counts = Counter(key for one in _newest_events(asked.event) for key in set(_keys_of(one)))
    if asked.event in DONE:
        counts.update(dict.fromkeys((TAGS, CHANNEL), 0))
    return _ranked(counts, asked.text, ("event", "events"))


def _of_event_values(asked: Asked) -> list[Suggestion]:
    path = asked.name.split(".")
    counts = Counter(
        word for one in _newest_events(asked.event) for word in set(_words_at(one, path))
    )
    if asked.event in DONE:
        counts.update(dict.fromkeys(_known_of_messages(asked.name), 0))
    return _ranked(counts, asked.text, ("event", "events"))


def _known_of_messages(name: str) -> Iterable[str]:
    """Return what messages can say before anybody got one: tags of templates, and channels."""
    if name == CHANNEL:
        return Channel.values
    return [tag for tag, _ in list_tags()] if name == TAGS else ()


def _of_properties(asked: Asked) -> list[Suggestion]:
    counts = Counter(key for one in _newest_properties() for key in one)
    return _ranked(counts, asked.text, ("person", "people"))


def _of_property_values(asked: Asked) -> list[Suggestion]:
    counts = Counter(
        word for one in _newest_properties() for word in set(_words_at(one, [asked.name]))
    )
    return _ranked(counts, asked.text, ("person", "people"))


SOURCES: Final[Mapping[str, Callable[[Asked], list[Suggestion]]]] = {
    "field": _of_field,
    "goods": _of_goods,
    "product": _of_products,
    "segment": _of_segments,
    "event": _of_events,
    "event_property": _of_event_properties,
    "event_value": _of_event_values,
    "property": _of_properties,
    "property_value": _of_property_values,
}
"""What lists values, by the word that asks for it."""


def _newest_events(name: str) -> list[dict[str, Any]]:
    newest = Event.objects.filter(name=name).order_by("-occurred_at", "-pk")
    return list(newest.values_list("properties", flat=True)[:NEWEST_EVENTS])


def _newest_properties() -> list[dict[str, Any]]:
    rows = execute(
        _PROPERTIES.replace("{people}", _PEOPLE), newest=NEWEST_PEOPLE, count=PROFILES_READ
    )
    return [json.loads(row.properties) for row in rows]


_PROPERTIES: Final = """
SELECT p.properties::text AS properties
FROM (
    {people}
) AS p
WHERE p.merged_into_id IS NULL AND p.erased_at IS NULL AND NOT p.is_anonymous
  AND p.properties <> '{}'
ORDER BY p.created_at DESC, p.id DESC
LIMIT %(count)s
"""


def _keys_of(properties: Mapping[str, Any], before: str = "") -> Iterator[str]:
    """Yield the path of every plain value, one step deep into objects and lists of them."""
    for key, value in properties.items():
        if "." in key:
            continue
        parts = value if isinstance(value, list) else [value]
        inner = [part for part in parts if isinstance(part, Mapping)]
        if not inner:
            yield before + key
        elif not before:
            for part in inner:
                yield from _keys_of(part, f"{key}.")


def _words_at(found: object, path: list[str]) -> Iterator[str]:
    """Yield the plain values at a path; what is a list on the way is searched."""
    if isinstance(found, list):
        for part in found:
            yield from _words_at(part, path)
    elif path:
        if isinstance(found, Mapping) and path[0] in found:
            yield from _words_at(found[path[0]], path[1:])
    elif isinstance(found, str | int | float) and 0 < len(word := _word(found)) <= LONGEST:
        yield word


def _word(value: str | float) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _ranked(counts: Counter[str], text: str, unit: tuple[str, str]) -> list[Suggestion]:
    fitting: Iterable[str] = (word for word in counts if _holds(word, text))
    ranked = sorted(fitting, key=lambda word: (-counts[word], word))
    return [Suggestion(word, word, _many(counts[word], *unit)) for word in ranked]


def _holds(word: str, text: str) -> bool:
    return text.casefold() in word.casefold()


def _many(count: int, one: str, many: str) -> str:
    return f"{format_number(count)} {one if count == 1 else many}"
