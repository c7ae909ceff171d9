"""What saving a definition would change: who comes in, who goes, what that sets off."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import OperationalError, connection, transaction

from crm.models import Profile
from kernel.sql import execute
from segments.panels import SegmentUser
from segments.queries.conditions import (
    FROM_PROFILES,
    LIVE_PROFILES,
    find_missing_references,
    get_compiler,
    list_references,
    parse_definition,
    stored_membership_sql,
)
from segments.queries.listing import list_named
from segments.queries.users import find_users

EXACT_MS: Final = 3_000
"""Milliseconds that everybody is looked at for; after that every fiftieth is."""
SAMPLED_MS: Final = 6_000
ONE_IN: Final = 50
SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class Impact:
    """What a definition would change for the members that are stored now.

    Attributes:
        members: people who would be in the segment.
        gained, lost: people who would come in and go.
        gained_sample, lost_sample: a few of them.
        is_estimate: one person in fifty was looked at, and the figures are fifty times that.
        users: what refers to the segment and follows it.
    """

    members: int
    gained: int
    lost: int
    gained_sample: list[Profile]
    lost_sample: list[Profile]
    is_estimate: bool
    users: list[SegmentUser]

    @property
    def starting(self) -> list[SegmentUser]:
        """Return what starts when somebody enters the segment."""
        return [user for user in self.users if user.starts_on_entry]


def measure_impact(definition: object, now: datetime, *, segment_id: int | None) -> Impact | None:
    """Return what saving a definition would change, in about ten seconds at most.

    Args:
        definition: JSON as in the contract.
        now: aware; conditions are asked for this instant.
        segment_id: the segment that would get it; None for a new one.

    Returns:
        The figures; None when not even one person in fifty could be looked at in time.

    Raises:
        DefinitionError: the definition cannot be understood.
    """
    row, is_estimate = _measure(definition, now, segment_id, one_in=1), False
    if row is None:
        row, is_estimate = _measure(definition, now, segment_id, one_in=ONE_IN), True
    if row is None:
        return None
    factor = ONE_IN if is_estimate else 1
    users = find_users().get(segment_id, []) if segment_id else []
    return Impact(
        members=row.members * factor,
        gained=row.gained * factor,
        lost=row.lost * factor,
        gained_sample=list_named(row.gained_ids or []),
        lost_sample=list_named(row.lost_ids or []),
        is_estimate=is_estimate,
        users=users,
    )


_COUNT: Final = """
SELECT
    count(*) FILTER (WHERE d.is_new) AS members,
    count(*) FILTER (WHERE d.is_new AND NOT d.is_old) AS gained,
    count(*) FILTER (WHERE d.is_old AND NOT d.is_new) AS lost,
    (array_agg(d.id) FILTER (WHERE d.is_new AND NOT d.is_old))[1:{shown}] AS gained_ids,
    (array_agg(d.id) FILTER (WHERE d.is_old AND NOT d.is_new))[1:{shown}] AS lost_ids
FROM (
    SELECT p.id, {condition} AS is_new, {stored} AS is_old
    {people}
    WHERE {live} AND (%(one_in)s = 1 OR p.id %% %(one_in)s = 0)
) AS d
"""


def _measure(definition: object, now: datetime, segment_id: int | None, *, one_in: int) -> Any:
    """Return one row of figures; None when it took too long."""
    tree = parse_definition(definition)
    try:
        with _at_most(EXACT_MS if one_in == 1 else SAMPLED_MS):
            known = list_references()
            compiler = get_compiler(now, {**known, **find_missing_references(tree, known)})
            parts = {
                "{condition}": compiler.compile(tree),
                "{stored}": stored_membership_sql(segment_id) if segment_id else "false",
                "{live}": LIVE_PROFILES,
                "{shown}": str(SHOWN),
            }
            statement = _COUNT.replace("{people}", f"{FROM_PROFILES} {compiler.joined()}")
            for name, text in parts.items():
                statement = statement.replace(name, text)
            [row] = execute(statement, one_in=one_in, **compiler.params)
            return row
    except OperationalError:
        return None


@contextmanager
def _at_most(milliseconds: int) -> Iterator[None]:
    """Stop what is asked inside after some time; the transaction around it goes on."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL statement_timeout = {int(milliseconds)}")
        yield
        cursor.execute("SET LOCAL statement_timeout TO DEFAULT")
