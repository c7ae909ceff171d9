"""Figures of all buyers that conditions compare with: the top-10% line, the store's mean."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from segments.domain.definitions import Node
from segments.models import SegmentReference
from segments.queries.conditions import (
    list_definitions,
    list_references,
    measure_reference,
    references_of,
)


def refresh_references(now: datetime) -> bool:
    """Compute every reference that a definition of the tenant names, forget the others.

    Args:
        now: aware; when they are computed.

    Returns:
        Whether any figure is another than before.
    """
    before = list_references()
    wanted = references_of(list_definitions().values())
    rows = []
    for key, (field, value) in wanted.items():
        figure, population = measure_reference(field, value)
        rows.append(SegmentReference(key=key, value=figure, population=population, computed_at=now))
    SegmentReference.objects.exclude(key__in=wanted).delete()
    SegmentReference.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["tenant", "key"],
        update_fields=["value", "population", "computed_at"],
    )
    return before != {row.key: row.value for row in rows}


def current_references(now: datetime, trees: Iterable[Node]) -> dict[str, Decimal | None]:
    """Return the stored references, if any is asked for; those without a figure are computed first.

    A tenant's first buyers must not wait for the night to have a line drawn among them.

    Args:
        now: aware; when missing ones are computed.
        trees: the definitions that will be asked.
    """
    wanted = references_of(trees)
    if not wanted:
        return {}
    known = list_references()
    if all(known.get(key) is not None for key in wanted):
        return known
    refresh_references(now)
    return list_references()
