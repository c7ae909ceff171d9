"""What saving a definition would change: who comes in, who goes, what that sets off."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import OperationalError, connection, transaction
from django.db.models import Max, Min

from crm.models import Profile
from kernel.formats import format_number
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
QUICK_MS: Final = 250
"""The same for a first answer while somebody types."""
MANY: Final = 50_000
"""With so many people somebody who types is told an estimate at once."""
SAMPLED_MS: Final = 6_000
ONE_IN: Final = 50
SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class Impact:
    """What a definition would change for the members that are stored now.

    Attributes:
        people: everybody whom a segment can hold.
        members: people who would be in the segment.
        gained, lost: people who would come in and go.
        sample, gained_sample, lost_sample: a few of the members, of those who come, of who go.
        is_estimate: one person in fifty was looked at, and the figures are fifty times that.
        users: what refers to the segment and follows it.
    """

    people: int
    members: int
    gained: int
    lost: int
    sample: list[Profile]
    gained_sample: list[Profile]
    lost_sample: list[Profile]
    is_estimate: bool
    users: list[SegmentUser]

    @property
    def said(self) -> str:
        """Return how many members there would be, as a reader of a screen hears it."""
        people = "person" if self.members == 1 else "people"
        about = "about " if self.is_estimate else ""
        return f"{about}{format_number(self.members)} {people}"

    @property
    def share(self) -> float:
        """Return the share of all people that would be in the segment, from 0 to 1."""
        return self.members / self.people if self.people else 0.0

    @property
    def starting(self) -> list[SegmentUser]:
        """Return what starts when somebody enters the segment."""
        return [user for user in self.users if user.starts_on_entry]


def measure_impact(
    definition: object, now: datetime, *, segment_id: int | None, is_quick: bool = False
) -> Impact | None:
    """Return what saving a definition would change, in about ten seconds at most.

    Args:
        definition: JSON as in the contract.
        now: aware; conditions are asked for this instant.
        segment_id: the segment that would get it; None for a new one.
        is_quick: rather estimate than let somebody wait who still types.

    Returns:
        The figures; None when not even one person in fifty could be looked at in time.

    Raises:
        DefinitionError: the definition cannot be understood.
    """
    row = _estimate_many(definition, now, segment_id) if is_quick else None
    is_estimate = row is not None
    if row is None:
        exact_ms = QUICK_MS if is_quick else EXACT_MS
        row = _measure(definition, now, segment_id, exact_ms, one_in=1)
    if row is None:
        sampled = _measure(definition, now, segment_id, SAMPLED_MS, one_in=ONE_IN)
        row, is_estimate = sampled, True
    if row is None:
        return None
    factor = ONE_IN if is_estimate else 1
    users = find_users().get(segment_id, []) if segment_id else []
    return Impact(
        people=row.people * factor,
        members=row.members * factor,
        gained=row.gained * factor,
        lost=row.lost * factor,
        sample=list_named(row.member_ids or []),
        gained_sample=list_named(row.gained_ids or []),
        lost_sample=list_named(row.lost_ids or []),
        is_estimate=is_estimate,
        users=users,
    )


_COUNT: Final = """
SELECT
    count(*) AS people,
    count(*) FILTER (WHERE d.is_new) AS members,
    count(*) FILTER (WHERE d.is_new AND NOT d.is_old) AS gained,
    count(*) FILTER (WHERE d.is_old AND NOT d.is_new) AS lost,
    (array_agg(d.id) FILTER (WHERE d.is_new))[1:{shown}] AS member_ids,
    (array_agg(d.id) FILTER (WHERE d.is_new AND NOT d.is_old))[1:{shown}] AS gained_ids,
    (array_agg(d.id) FILTER (WHERE d.is_old AND NOT d.is_new))[1:{shown}] AS lost_ids
FROM (
    SELECT p.id, {condition} AS is_new, {stored} AS is_old
    {people}
    WHERE {live}
) AS d
"""
_SOME: Final = """
FROM generate_series(%(start)s::bigint, %(last)s::bigint, %(step)s::bigint) AS w (start)
CROSS JOIN LATERAL (
    SELECT q.*
    FROM crm_profile AS q
    WHERE q.tenant_id = %(tenant_id)s AND q.id >= w.start AND q.id < w.start + %(width)s
    ORDER BY q.id
    LIMIT %(width)s
) AS p
LEFT JOIN LATERAL (
    SELECT x.*
    FROM crm_profilefacts AS x
    WHERE x.tenant_id = %(tenant_id)s AND x.profile_id = p.id
    LIMIT 1
) AS f ON true
"""
"""A share of all people in short runs of neighbours: every id is as likely to be among them, and
whoever is not looked at is not read."""
_RUNS: Final = 200


def _measure(
    definition: object, now: datetime, segment_id: int | None, milliseconds: int, *, one_in: int
) -> Any:
    """Return one row of figures; None when it took longer than so many milliseconds."""
    tree = parse_definition(definition)
    try:
        with _at_most(milliseconds):
            known = list_references()
            compiler = get_compiler(now, {**known, **find_missing_references(tree, known)})
            parts = {
                "{condition}": compiler.compile(tree),
                "{stored}": stored_membership_sql(segment_id) if segment_id else "false",
                "{live}": LIVE_PROFILES,
                "{shown}": str(SHOWN),
            }
            people, runs = (FROM_PROFILES, {}) if one_in == 1 else (_SOME, _runs(one_in))
            statement = _COUNT.replace("{people}", f"{people} {compiler.joined()}")
            for name, text in parts.items():
                statement = statement.replace(name, text)
            [row] = execute(statement, **runs, **compiler.params)
            return row
    except OperationalError:
        return None


def _estimate_many(definition: object, now: datetime, segment_id: int | None) -> Any:
    """Return a row of figures of one person in so many; None where that is too few to go by.

    Ids are shared with other tenants: only who is met says how many people there are.
    """
    runs = _runs(ONE_IN)
    if runs["last"] - runs["start"] < MANY:
        return None
    row = _measure(definition, now, segment_id, SAMPLED_MS, one_in=ONE_IN)
    return row if row is not None and row.people * ONE_IN >= MANY else None


@transaction.atomic
def _runs(one_in: int) -> dict[str, int]:
    """Return where runs of neighbours begin that hold one of so many ids, and how long each is."""
    ids = Profile.objects.aggregate(first=Min("pk"), last=Max("pk"))
    first, last = ids["first"] or 0, ids["last"] or 0
    width = max((last - first) // (_RUNS * one_in), 1)
    step = width * one_in
    return {"start": first + (step - width) // 2, "last": last, "step": step, "width": width}


@contextmanager
def _at_most(milliseconds: int) -> Iterator[None]:
    """Stop what is asked inside after some time; the transaction around it goes on."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL statement_timeout = {int(milliseconds)}")
        yield
        cursor.execute("SET LOCAL statement_timeout TO DEFAULT")
