"""What conditions are asked against: the moment, the tenant's currency, stored references."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from kernel.formats import find_zone
from kernel.money import exponent
from kernel.sql import execute
from kernel.tenancy import current_tenant_id
from segments.domain.compile import Compiler, reference_offset, whole
from segments.domain.days import Moment
from segments.domain.definitions import (
    Node,
    StoreMean,
    TopShare,
    parse,
    references_named,
)
from segments.fields import FIELDS
from segments.models import Segment, SegmentReference
from segments.types import Field
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


def get_moment(now: datetime) -> Moment:
    """Return an instant in the active tenant's calendar."""
    return Moment(now, find_zone(get_tenant(current_tenant_id()).timezone))


def get_compiler(now: datetime, references: Mapping[str, int | None]) -> Compiler:
    """Return a compiler for the active tenant's calendar and currency.

    Args:
        now: aware; the instant conditions are asked for.
        references: figures of all buyers by key.

    Returns:
        A compiler that reads stored memberships for conditions on other segments.
    """
    tenant = get_tenant(current_tenant_id())
    moment = Moment(now, find_zone(tenant.timezone))
    return Compiler(moment, exponent(tenant.currency), references, stored_membership_sql)


def parse_definition(definition: object) -> Node:
    """Check a definition against the registry and the tenant's segments.

    Raises:
        DefinitionError: it cannot be understood.
    """
    return parse(definition, FIELDS)


def list_definitions() -> dict[int, Node]:
    """Return the tree of every segment of the tenant by id, ascending."""
    rows = Segment.objects.order_by("id").values_list("id", "definition")
    return {segment_id: parse_definition(definition) for segment_id, definition in rows}


def list_references() -> dict[str, int | None]:
    """Return the stored reference figures by key."""
    return dict(SegmentReference.objects.values_list("key", "value"))


def stored_membership_sql(segment_id: int) -> str:
    """Return the condition on another segment that reads the stored membership."""
    return _STORED.replace("{segment_id}", str(int(segment_id)))


def measure_reference(field: Field, value: StoreMean | TopShare) -> tuple[int | None, int]:
    """Compute what a condition compares with: the top line or the mean over buyers.

    Returns:
        The figure, in minor units or whole numbers, None without buyers; and how many buyers.
    """
    buyers = "f.tenant_id = %(tenant_id)s AND f.order_count > 0"
    if isinstance(value, StoreMean):
        [row] = execute(
            f"SELECT avg({field.sql}) AS mean, count(*) AS buyers"  # noqa: S608 registry SQL
            f" FROM crm_profilefacts AS f WHERE {buyers}"
        )
        return whole(row.mean), row.buyers
    [counted] = execute(f"SELECT count(*) AS buyers FROM crm_profilefacts AS f WHERE {buyers}")  # noqa: S608
    rows = execute(
        f"SELECT {field.sql} AS line FROM crm_profilefacts AS f WHERE {buyers}"  # noqa: S608
        f" AND {field.sql} IS NOT NULL ORDER BY 1 DESC OFFSET %(skipped)s LIMIT 1",
        skipped=reference_offset(value.percent, counted.buyers),
    )
    return (int(rows[0].line) if rows else None), counted.buyers


def references_of(nodes: Iterable[Node]) -> dict[str, tuple[Field, StoreMean | TopShare]]:
    """Return what some trees compare with all buyers, by key."""
    wanted: dict[str, tuple[Field, StoreMean | TopShare]] = {}
    for node in nodes:
        wanted |= references_named(node)
    return wanted


def find_missing_references(node: Node, known: Mapping[str, int | None]) -> dict[str, int | None]:
    """Compute the references of a tree that are not stored, for a look that stores nothing."""
    return {
        key: measure_reference(field, value)[0]
        for key, (field, value) in references_named(node).items()
        if key not in known
    }
