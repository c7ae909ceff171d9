"""What saving a definition would change: who comes in, who goes, what that sets off."""

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import OperationalError, connection, transaction
from django.db.models import Max, Min

from crm.models import Profile
from kernel.formats import format_number
from kernel.sql import execute
from segments.domain.definitions import Node, references_named
from segments.domain.places import refuse_unknown_places
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
QUICK_PEOPLE: Final = 3_000
"""People whom a first answer looks at, however many there are: one in fifty or fewer. It says how
far off it may be."""
FEWEST: Final = 1_500
"""With fewer than so many of them the figures are too rough; ids may be mostly other tenants'."""
SHOWN: Final = 5
_SIGMAS: Final = 1.96
_AT_LEAST: Final = 3
"""Of one in so many, nobody was found where up to three times as many are, in 19 of 20 cases."""


@dataclass(frozen=True, slots=True)
class Impact:
    """What a definition would change for the members that are stored now.

    Attributes:
        people: everybody whom a segment can hold.
        members: people who would be in the segment.
        gained, lost: people who would come in and go.
        sample, gained_sample, lost_sample: a few of the members, of those who come, of who go.
        one_in: of how many people one was looked at; the figures are so many times what was found.
        users: what refers to the segment and follows it.
    """

    people: int
    members: int
    gained: int
    lost: int
    sample: list[Profile]
    gained_sample: list[Profile]
    lost_sample: list[Profile]
    one_in: int
    users: list[SegmentUser]

    @property
    def is_estimate(self) -> bool:
        """Say whether not everybody was looked at."""
        return self.one_in > 1

    @property
    def said(self) -> str:
        """Return how many members there would be, as a reader of a screen hears it."""
        people = "person" if self.members == 1 else "people"
        about = "about " if self.is_estimate else ""
        return f"{about}{format_number(self.members)} {people}"

    @property
    def margin(self) -> int:
        """Return how many people the estimate may be off, either way, in 19 of 20 cases.

        Of nobody found among so many who were looked at, as many as could have been missed so.
        """
        if not self.is_estimate:
            return 0
        found, asked = self.members / self.one_in, self.people / self.one_in
        spread = math.sqrt(found * (1 - found / asked)) if asked else 0
        return round(self.one_in * max(_SIGMAS * spread, _AT_LEAST))

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
        DefinitionError: the definition cannot be understood, or could not be saved.
    """
    tree = parse_definition(definition)
    refuse_unknown_places(tree)
    row, one_in = _estimate_many(tree, now, segment_id) if is_quick else (None, 1)
    if row is None:
        one_in, exact_ms = 1, QUICK_MS if is_quick else EXACT_MS
        row = _measure(tree, now, segment_id, exact_ms, one_in=1)
    if row is None:
        one_in = ONE_IN
        row = _measure(tree, now, segment_id, SAMPLED_MS, one_in=one_in)
    if row is None:
        return None
    sample, gained, lost = _name(row.member_ids, row.gained_ids, row.lost_ids)
    return Impact(
        people=row.people * one_in,
        members=row.members * one_in,
        gained=row.gained * one_in,
        lost=row.lost * one_in,
        sample=sample,
        gained_sample=gained,
        lost_sample=lost,
        one_in=one_in,
        users=find_users().get(segment_id, []) if segment_id else [],
    )


def _name(*groups: Sequence[int] | None) -> list[list[Profile]]:
    """Return the people of some groups of ids, in one statement."""
    wanted = {profile_id for ids in groups for profile_id in ids or ()}
    people = list_named(sorted(wanted)) if wanted else []
    return [[person for person in people if person.pk in (ids or ())] for ids in groups]


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
    tree: Node, now: datetime, segment_id: int | None, milliseconds: int, *, one_in: int
) -> Any:
    """Return one row of figures; None when it took longer than so many milliseconds."""
    try:
        with _at_most(milliseconds):
            runs = None if one_in == 1 else _runs(*_find_ids(), one_in)
            return _ask(tree, now, segment_id, runs)
    except OperationalError:
        return None


def _estimate_many(tree: Node, now: datetime, segment_id: int | None) -> tuple[Any, int]:
    """Return a row of figures of one person in so many; None where that is too few to go by.

    Ids are shared with other tenants: only who is met says how many people there are.
    """
    try:
        with _at_most(SAMPLED_MS):
            first, last = _find_ids()
            if last - first < MANY:
                return None, 1
            one_in = max(ONE_IN, (last - first) // QUICK_PEOPLE)
            row = _ask(tree, now, segment_id, _runs(first, last, one_in))
            if one_in > ONE_IN and row.people < FEWEST:
                one_in = max(ONE_IN, one_in * row.people // QUICK_PEOPLE)
                row = _ask(tree, now, segment_id, _runs(first, last, one_in))
    except OperationalError:
        return None, 1
    return (row, one_in) if row.people * one_in >= MANY else (None, 1)


def _ask(tree: Node, now: datetime, segment_id: int | None, runs: Mapping[str, int] | None) -> Any:
    """Return the figures of everybody, or of whoever is in some runs of ids."""
    known = list_references() if references_named(tree) else {}
    compiler = get_compiler(now, {**known, **find_missing_references(tree, known)})
    condition = compiler.compile(tree)
    people = FROM_PROFILES if runs is None else _SOME
    statement = _COUNT
    for name, text in (
        ("{people}", f"{people} {compiler.joined()}"),
        ("{condition}", condition),
        ("{stored}", stored_membership_sql(segment_id) if segment_id else "false"),
        ("{live}", LIVE_PROFILES),
        ("{shown}", str(SHOWN)),
    ):
        statement = statement.replace(name, text)
    [row] = execute(statement, **(runs or {}), **compiler.params)
    return row


def _find_ids() -> tuple[int, int]:
    """Return the least and the greatest id of the tenant's people; 0 of nobody."""
    ids = Profile.objects.aggregate(first=Min("pk"), last=Max("pk"))
    return ids["first"] or 0, ids["last"] or 0


def _runs(first: int, last: int, one_in: int) -> dict[str, int]:
    """Return where runs of neighbours begin that hold one of so many ids, and how long each is."""
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
