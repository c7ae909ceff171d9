"""What saving a definition would change: who comes in, who goes, what that sets off."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import OperationalError, transaction
from django.db.models import Max, Min

from crm.models import Profile
from kernel.formats import format_number
from kernel.sql import execute, time_limit
from segments.domain.definitions import Node, references_named
from segments.domain.estimates import margin_of
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


@dataclass(frozen=True, slots=True)
class Impact:
    """What a definition would change for the members that are stored now.

    Attributes:
        people: everybody whom a segment can hold.
        members: people who would be in the segment.
        gained, lost: people who would come in and go.
        sample, gained_sample, lost_sample: a few of the members, of those who come, of who go.
        one_in: of how many people one was looked at; the figures are so many times what was found.
        margin: how many members the estimate may be off, either way, in 19 of 20 cases.
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
    margin: int
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
    found = _estimate_many(tree, now, segment_id) if is_quick else None
    found = found or _measure(tree, now, segment_id, QUICK_MS if is_quick else EXACT_MS, one_in=1)
    found = found or _measure(tree, now, segment_id, SAMPLED_MS, one_in=ONE_IN)
    if found is None:
        return None
    sample, gained, lost = _name(found.ids("member"), found.ids("gained"), found.ids("lost"))
    return Impact(
        people=found.count("people"),
        members=found.count("members"),
        gained=found.count("gained"),
        lost=found.count("lost"),
        sample=sample,
        gained_sample=gained,
        lost_sample=lost,
        one_in=found.one_in,
        margin=found.margin,
        users=find_users().get(segment_id, []) if segment_id else [],
    )


@dataclass(frozen=True, slots=True)
class _Found:
    """What was found: a row for each run of neighbours with anybody, or one of everybody.

    Attributes:
        one_in: of how many ids one was looked at.
        runs: how many runs were.
    """

    rows: Sequence[Any]
    one_in: int = 1
    runs: int = 1

    @property
    def looked_at(self) -> int:
        """How many people were looked at."""
        return sum(row.people for row in self.rows)

    @property
    def margin(self) -> int:
        """How far off the number of members may be."""
        found = [row.members for row in self.rows]
        return margin_of(found, runs=self.runs, one_in=self.one_in)

    def count(self, column: str) -> int:
        """Return how many people there are."""
        return self.one_in * sum(int(getattr(row, column)) for row in self.rows)

    def ids(self, which: str) -> list[int]:
        """Return a few of the people who were found."""
        listed = (getattr(row, f"{which}_ids") or () for row in self.rows)
        return [profile_id for ids in listed for profile_id in ids][:SHOWN]


def _name(*groups: Sequence[int]) -> list[list[Profile]]:
    """Return the people of some groups of ids, in one statement."""
    wanted = {profile_id for ids in groups for profile_id in ids}
    people = list_named(sorted(wanted)) if wanted else []
    return [[person for person in people if person.pk in ids] for ids in groups]


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
    SELECT {run} AS run, p.id, {condition} AS is_new, {stored} AS is_old
    {people}
    WHERE {live}
) AS d
{grouped}
"""
_COUNT_NEW: Final = """
SELECT
    (SELECT count(*) FROM crm_profile AS p WHERE {live}) AS people,
    count(*) AS members,
    count(*) AS gained,
    0 AS lost,
    (array_agg(p.id))[1:{shown}] AS member_ids,
    (array_agg(p.id))[1:{shown}] AS gained_ids,
    NULL AS lost_ids
{people}
WHERE {live} AND {condition}
"""
"""Of a segment that has no members yet: who does not meet the condition is read no further."""
_SOME: Final = """
FROM (
    SELECT n.start + mod(abs(hashint8(n.start)::bigint), %(slack)s::bigint) AS start
    FROM generate_series(%(first)s::bigint, %(last)s::bigint, %(step)s::bigint) AS n (start)
) AS w
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
"""A share of all people in short runs of neighbours, one at a drawn place of each equal part of the
ids: nothing that returns in them, such as another tenant's turns, is met each time or never. The
same people are looked at each time, and whoever is not looked at is not read."""
_RUNS: Final = 200


def _measure(
    tree: Node, now: datetime, segment_id: int | None, milliseconds: int, *, one_in: int
) -> _Found | None:
    """Return what was found; None when it took longer than so many milliseconds."""
    try:
        with transaction.atomic(), time_limit(milliseconds / 1_000, is_wide=one_in == 1):
            if one_in == 1:
                return _Found(_ask(tree, now, segment_id, None))
            return _sample(tree, now, segment_id, _Ids(*_find_ids(), one_in))
    except OperationalError:
        return None


def _estimate_many(tree: Node, now: datetime, segment_id: int | None) -> _Found | None:
    """Return what is found of one person in so many; None where that is too few to go by.

    Ids are shared with other tenants: only who is met says how many people there are.
    """
    try:
        with transaction.atomic(), time_limit(SAMPLED_MS / 1_000):
            first, last = _find_ids()
            if last - first < MANY:
                return None
            one_in = max(ONE_IN, (last - first) // QUICK_PEOPLE)
            found = _sample(tree, now, segment_id, _Ids(first, last, one_in))
            if one_in > ONE_IN and found.looked_at < FEWEST:
                one_in = max(ONE_IN, one_in * found.looked_at // QUICK_PEOPLE)
                found = _sample(tree, now, segment_id, _Ids(first, last, one_in))
    except OperationalError:
        return None
    return found if found.count("people") >= MANY else None


@dataclass(frozen=True, slots=True)
class _Ids:
    """Runs of neighbours that hold one of so many ids between the first and the last."""

    first: int
    last: int
    one_in: int

    @property
    def params(self) -> dict[str, int]:
        """Where parts begin, in which of their places runs may, and how long each run is."""
        width = max((self.last - self.first) // (_RUNS * self.one_in), 1)
        step, slack = width * self.one_in, width * (self.one_in - 1) + 1
        return {
            "first": self.first,
            "last": self.last,
            "step": step,
            "slack": slack,
            "width": width,
        }


def _sample(tree: Node, now: datetime, segment_id: int | None, ids: _Ids) -> _Found:
    where = ids.params
    runs = (ids.last - ids.first) // where["step"] + 1
    return _Found(_ask(tree, now, segment_id, where), ids.one_in, runs)


def _ask(
    tree: Node, now: datetime, segment_id: int | None, runs: Mapping[str, int] | None
) -> list[Any]:
    """Return the figures of everybody in one row, or of whoever is in some runs of ids by run."""
    known = list_references() if references_named(tree) else {}
    compiler = get_compiler(now, {**known, **find_missing_references(tree, known)})
    people = FROM_PROFILES if runs is None else _SOME
    is_new = runs is None and segment_id is None
    statement = _COUNT_NEW if is_new else _COUNT
    condition = compiler.compile_filter(tree) if is_new else compiler.compile(tree)
    for name, text in (
        ("{people}", f"{people} {compiler.joined()}"),
        ("{run}", "NULL::bigint" if runs is None else "w.start"),
        ("{grouped}", "" if runs is None else "GROUP BY d.run ORDER BY d.run"),
        ("{condition}", condition),
        ("{stored}", stored_membership_sql(segment_id) if segment_id else "false"),
        ("{live}", LIVE_PROFILES),
        ("{shown}", str(SHOWN)),
    ):
        statement = statement.replace(name, text)
    return execute(statement, **(runs or {}), **compiler.params)


def _find_ids() -> tuple[int, int]:
    """Return the least and the greatest id of the tenant's people; 0 of nobody."""
    ids = Profile.objects.aggregate(first=Min("pk"), last=Max("pk"))
    return ids["first"] or 0, ids["last"] or 0
