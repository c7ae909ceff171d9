"""What conditions are asked against: the moment, the tenant's currency, stored references."""

import functools
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import NamedTuple

from crm.models import Product
from crm.queries.events import find_event_years
from crm.queries.postcodes import find_centres
from kernel.formats import find_zone
from kernel.money import exponent
from kernel.sql import execute, run_kept
from kernel.tenancy import current_tenant_id
from segments.domain.comparisons import Reference, StoreFigure, TopShare
from segments.domain.compile import Compiler, reference_offset, rounded
from segments.domain.days import Moment
from segments.domain.definitions import KeptLeaf, Node, parse, references_named
from segments.domain.places import postcodes_named, put_in_place
from segments.domain.upgrades import upgrade
from segments.errors import DefinitionError
from segments.fields import KNOWN_FIELDS
from segments.models import Segment, SegmentReference
from segments.types import Field, Kind
from tenants.queries import get_tenant

FROM_PROFILES = """
FROM crm_profile AS p
LEFT JOIN crm_profilefacts AS f ON f.tenant_id = %(tenant_id)s AND f.profile_id = p.id
"""
LIVE_PROFILES = (
    "p.tenant_id = %(tenant_id)s AND p.merged_into_id IS NULL AND p.erased_at IS NULL"
    " AND NOT p.is_anonymous"
)
_STORED = """
EXISTS (
    SELECT 1 FROM segments_membership AS m
    WHERE m.tenant_id = %(tenant_id)s AND m.profile_id = p.id
      AND {segment_id} = ANY(m.segment_ids)
)
"""

FROM_PAST = """
FROM unnest(
    %(places)s::integer[], %(profile_ids)s::bigint[], %(ats)s::timestamptz[]
) AS a (place, profile_id, at)
JOIN crm_profile AS p ON p.tenant_id = %(tenant_id)s AND p.id = a.profile_id
JOIN ({figures}) AS g ON g.place = a.place
LEFT JOIN crm_profilefacts AS k ON k.tenant_id = %(tenant_id)s AND k.profile_id = p.id
CROSS JOIN LATERAL jsonb_populate_record(k, to_jsonb(g) - 'place') AS f
"""
"""Profiles at moments of the past, with the order figures that they had then."""
_STORED_THEN = """
COALESCE((
    SELECT n.entered = (n.at <= a.at)
    FROM (
        SELECT c.entered, c.at, c.id, c.cause
        FROM segments_membershipchange AS c
        WHERE c.tenant_id = %(tenant_id)s
          AND c.profile_id = p.id
          AND c.segment_id = {segment_id}
        UNION ALL
        SELECT m.entered, m.at, m.id, m.cause
        FROM jsonb_to_recordset((
            {moves}
        ) -> p.id::text) AS m (entered boolean, at timestamptz, id bigint, cause text)
    ) AS n
    WHERE n.at <= a.at OR n.cause <> 'definition'
    ORDER BY
        n.at > a.at, CASE WHEN n.at > a.at THEN n.at - a.at ELSE a.at - n.at END,
        CASE WHEN n.at > a.at THEN n.id ELSE -n.id END
    LIMIT 1
), {stored})
"""
"""The last move before the moment says it, else the next one after it, else what is stored."""
_MOVES_OF_ALL = """
SELECT jsonb_object_agg(x.profile_id, x.moves)
FROM (
    SELECT
        w.profile_id,
        jsonb_agg(
            jsonb_build_object('entered', m.entered, 'at', m.at, 'id', m.id, 'cause', m.cause)
        ) AS moves
    FROM segments_membershipmove AS m
    CROSS JOIN LATERAL unnest(m.profile_ids) AS w (profile_id)
    WHERE m.tenant_id = %(tenant_id)s
      AND m.part IN (SELECT i.id >> 13 FROM unnest(%(ids)s::bigint[]) AS i (id))
      AND m.segment_id = {segment_id}
      AND w.profile_id = ANY(%(ids)s::bigint[])
    GROUP BY w.profile_id
) AS x
"""
"""Moves together of everybody who is asked, by person: a statement looks through them once, and not
for each moment anew."""


def get_moment(now: datetime) -> Moment:
    """Return an instant in the active tenant's calendar."""
    tenant = get_tenant(current_tenant_id())
    return Moment(now, find_zone(tenant.timezone), tenant.week_start)


def get_compiler(
    now: datetime, references: Mapping[str, Decimal | None], *, is_past: bool = False
) -> Compiler:
    """Return a compiler for the active tenant's calendar and currency.

    Args:
        now: aware; the instant conditions are asked for.
        references: figures of all buyers by key.
        is_past: what happened is asked as it was, of rows of `FROM_PAST`.

    Returns:
        A compiler that reads stored memberships for conditions on other segments.
    """
    tenant = get_tenant(current_tenant_id())
    moment = Moment(now, find_zone(tenant.timezone), tenant.week_start)
    digits = exponent(tenant.currency)
    is_member = past_membership_sql if is_past else stored_membership_sql
    span = functools.cache(functools.partial(find_event_years, now))
    return Compiler(
        moment, digits, references, span, is_member, is_member, "a.at" if is_past else ""
    )


def parse_definition(definition: object) -> Node:
    """Check a definition against the registry; what an older version wrote is brought up to date.

    Raises:
        DefinitionError: it cannot be understood.
    """
    return find_places({0: read_definition(definition)})[0]


def read_definition(definition: object) -> Node:
    """Check a definition as `parse_definition`; where its postcodes lie is not looked up.

    For whoever reads many, and then calls `find_places` once.

    Raises:
        DefinitionError: it cannot be understood.
    """
    upgraded = upgrade(definition)
    try:
        return parse(upgraded, KNOWN_FIELDS)
    except DefinitionError:
        # The place is to be named as it was written.
        parse(definition, KNOWN_FIELDS)
        raise


def find_places(trees: Mapping[int, Node]) -> dict[int, Node]:
    """Return trees whose postcodes lie where they are known to; one statement, where any does."""
    wanted = {pair for tree in trees.values() for pair in postcodes_named(tree)}
    if not wanted:
        return dict(trees)
    centres = {
        pair: (found.latitude, found.longitude, found.code)
        for pair, found in find_centres(wanted).items()
    }
    return {key: put_in_place(tree, centres) for key, tree in trees.items()}


def list_definitions(*, are_all_asked: bool = False) -> dict[int, Node]:
    """Return the tree of every segment that is evaluated by id, ascending; no archived one.

    Args:
        are_all_asked: also those that took too long to be asked; else each of them is as it is
            stored, so that its members stay until it is changed.
    """
    return trees_of(list_stored(), are_all_asked=are_all_asked)


class StoredSegment(NamedTuple):
    """What deciding asks of a segment; the definition is its text."""

    pk: int
    name: str
    key: str
    kind: str
    text: str
    created_at: datetime
    refreshed_at: datetime | None
    redefined_at: datetime | None
    archived_at: datetime | None
    stopped_at: datetime | None


def list_stored() -> list[StoredSegment]:
    """Return every segment by id, ascending, archived ones too.

    Rows and not models: every batch of events asks for all of them.
    """
    return [StoredSegment(*row) for row in run_kept("segments.list_stored")]


def trees_of(stored: Iterable[StoredSegment], *, are_all_asked: bool = False) -> dict[int, Node]:
    """Return the trees of those segments that are not archived, as `list_definitions` does."""
    texts = tuple(
        (one.pk, "" if one.stopped_at and not are_all_asked else one.text)
        for one in stored
        if one.archived_at is None
    )
    trees, is_placed = _read_all(texts)
    return find_places(trees) if is_placed else dict(trees)


@functools.lru_cache(maxsize=256)
def _read_all(texts: tuple[tuple[int, str], ...]) -> tuple[Mapping[int, Node], bool]:
    """Read the definitions of a tenant, an empty one as it is stored; say if any has a postcode.

    Every batch of events asks for all of them, and seldom has one changed.
    """
    trees = {key: _kept_or(_read_stored(text), key) if text else keep(key) for key, text in texts}
    return trees, any(postcodes_named(tree) for tree in trees.values())


@functools.lru_cache(maxsize=4_096)
def _read_stored(text: str) -> Node | DefinitionError:
    """Read a stored definition; every batch of events asks for all, which seldom change."""
    try:
        return read_definition(json.loads(text))
    except DefinitionError as exc:
        return exc


def _kept_or(found: Node | DefinitionError, segment_id: int) -> Node:
    return keep(segment_id) if isinstance(found, DefinitionError) else found


def keep(segment_id: int) -> KeptLeaf:
    """Return the condition that lets a segment keep the members that it has."""
    return KeptLeaf("definition", segment_id)


def read_or_keep(segment: Segment) -> Node:
    """Return the tree of a stored segment as `read_definition`.

    One that cannot be read any more has the members that it has.
    """
    try:
        return read_definition(segment.definition)
    except DefinitionError:
        return keep(segment.pk)


def find_unreadable(stored: Iterable[StoredSegment]) -> dict[int, str]:
    """Return why definitions cannot be read, by id of their segments; those stopped are left out.

    No definition of today is so. A release that knows fewer words than the one that stored it, or a
    tighter bound, would make it so.
    """
    asked = (one for one in stored if one.archived_at is None and one.stopped_at is None)
    read = ((one.pk, _read_stored(one.text)) for one in asked)
    return {key: str(found) for key, found in read if isinstance(found, DefinitionError)}


def find_unknown_products(product_ids: Iterable[int]) -> set[int]:
    """Return those of some ids that no product of the tenant has."""
    wanted = set(product_ids)
    if not wanted:
        return set()
    return wanted - set(Product.objects.filter(pk__in=wanted).values_list("pk", flat=True))


def list_references() -> dict[str, Decimal | None]:
    """Return the stored reference figures by key."""
    return dict(SegmentReference.objects.values_list("key", "value"))


def stored_membership_sql(segment_id: int) -> str:
    """Return the condition on another segment that reads the stored membership."""
    return _STORED.replace("{segment_id}", str(int(segment_id)))


def past_membership_sql(segment_id: int) -> str:
    """Return the condition on another segment that reads who was in it then."""
    stored = stored_membership_sql(segment_id)
    text = _STORED_THEN.replace("{moves}", _MOVES_OF_ALL).replace("{stored}", stored)
    return text.replace("{segment_id}", str(int(segment_id)))


def measure_reference(field: Field, value: Reference) -> tuple[Decimal | None, int]:
    """Compute what a condition compares with, over buyers that have a value.

    A median is the mean of the two in the middle; a percentile is the lowest value that at least
    so many of a hundred do not exceed. Of nobody there is neither, and no comparison holds.

    Returns:
        The figure, in minor units or as it is, None without buyers; and how many buyers there are.
    """
    figure = _FIGURES.get(value.measure) if isinstance(value, StoreFigure) else None
    [row] = execute(
        f"SELECT {(figure or 'NULL').format(sql=field.sql)} AS figure,"
        f" count(*) AS buyers, count({field.sql}) AS valued {_BUYERS}"
    )
    if isinstance(value, TopShare):
        return _value_at(field, value.percent, row.valued, order="DESC"), row.buyers
    if figure is None:
        return _value_at(field, value.percent, row.valued, order="ASC"), row.buyers
    digits = 0 if field.kind is Kind.MONEY else 2
    return (None if row.figure is None else rounded(row.figure, digits)), row.buyers


def _value_at(field: Field, percent: Decimal, population: int, *, order: str) -> Decimal | None:
    """Return the value of the last one of so many percent; nobody falls behind their own value."""
    rows = execute(
        f"SELECT {field.sql} AS line {_BUYERS} AND {field.sql} IS NOT NULL"
        f" ORDER BY 1 {order} OFFSET %(skipped)s LIMIT 1",
        skipped=reference_offset(percent, population),
    )
    if not rows:
        return None
    toward = ROUND_FLOOR if order == "DESC" else ROUND_CEILING
    return Decimal(rows[0].line).quantize(_FINEST, rounding=toward)


_FIGURES = {
    "mean": "avg({sql})::numeric",
    "median": "percentile_cont(0.5) WITHIN GROUP (ORDER BY ({sql})::float8)::numeric",
}
_FINEST = Decimal("0.000001")
_BUYERS = "FROM crm_profilefacts AS f WHERE f.tenant_id = %(tenant_id)s AND f.order_count > 0"


def references_of(nodes: Iterable[Node]) -> dict[str, tuple[Field, Reference]]:
    """Return what some trees compare with all buyers, by key."""
    wanted: dict[str, tuple[Field, Reference]] = {}
    for node in nodes:
        wanted |= references_named(node)
    return wanted


def find_missing_references(
    node: Node, known: Mapping[str, Decimal | None]
) -> dict[str, Decimal | None]:
    """Compute the references of a tree that are not stored, for a look that stores nothing."""
    return {
        key: measure_reference(field, value)[0]
        for key, (field, value) in references_named(node).items()
        if key not in known
    }
