"""Audiences: whoever is in one of some segments or lists, and in none of others."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import QuerySet

from kernel.arrays import array
from kernel.sql import run_sql, whole_tenant
from segments.choices import SegmentKind
from segments.domain.shared import with_dependents
from segments.models import Segment
from segments.queries.conditions import list_definitions


@dataclass(frozen=True, slots=True)
class Audience:
    """Segments and lists by id: in one of these, in none of those."""

    include: tuple[int, ...]
    exclude: tuple[int, ...] = ()


class Choice(NamedTuple):
    """A segment or list that an audience can name."""

    id: int
    name: str
    kind: str
    member_count: int


def list_audience_ids(audience: Audience, *, after: int, limit: int) -> list[int]:
    """Return ids of the people of an audience ascending, page by page.

    Args:
        audience: of the active tenant; one that includes nothing has nobody in it.
        after: the last id seen; 0 for the first page.
        limit: the most ids.
    """
    if not audience.include:
        return []
    rows = run_sql(
        "segments.list_audience_ids",
        include=array(audience.include),
        exclude=array(audience.exclude),
        after=after,
        count=limit,
    )
    return [row.profile_id for row in rows]


def list_audience_choices() -> list[Choice]:
    """Return every segment and list that people can be in now, by name."""
    return _choices(Segment.objects.filter(archived_at=None).order_by("name", "pk"))


def find_audience_choices(segment_ids: Collection[int]) -> dict[int, Choice]:
    """Return those of some segments and lists that exist and are not archived, by id."""
    found = Segment.objects.filter(pk__in=segment_ids, archived_at=None)
    return {each.id: each for each in _choices(found)}


def list_archived(segment_ids: Collection[int]) -> list[str]:
    """Return the names of those of some segments and lists that are archived, ascending."""
    found = Segment.objects.filter(pk__in=segment_ids).exclude(archived_at=None)
    return list(found.order_by("name").values_list("name", flat=True))


class Unsettled(NamedTuple):
    """Segments whose members are not yet those of their definitions.

    Attributes:
        names: of all, ascending.
        stopped: of those that nobody works out any more, as that took too long; until they are
            changed.
    """

    names: list[str]
    stopped: list[str]


def find_unsettled(segment_ids: Collection[int]) -> Unsettled:
    """Return which of some segments are yet to be computed, or refer to one that is.

    A list has the members that people gave it, whatever is computed.
    """
    live = Segment.objects.filter(kind=SegmentKind.DYNAMIC, archived_at=None)
    waiting = dict(live.filter(redefined_at__isnull=False).values_list("pk", "stopped_at"))
    if not waiting:
        return Unsettled([], [])
    trees = list_definitions(are_all_asked=True)
    stopped = {key for key, stopped_at in waiting.items() if stopped_at is not None}
    named = Segment.objects.filter(pk__in=segment_ids)
    names = dict(named.order_by("name").values_list("pk", "name"))
    return Unsettled(*(_named(with_dependents(keys, trees), names) for keys in (waiting, stopped)))


def _named(keys: Collection[int], names: Mapping[int, str]) -> list[str]:
    return [name for key, name in names.items() if key in keys]


def _choices(rows: QuerySet[Segment]) -> list[Choice]:
    return [Choice(row.pk, row.name, row.kind, row.member_count) for row in rows]


class Reach(NamedTuple):
    """How many people an audience has, and how many of them said yes on each channel."""

    people: int = 0
    email: int = 0
    sms: int = 0
    whatsapp: int = 0
    push: int = 0


def measure_audience(audience: Audience) -> Reach:
    """Count an audience and whom of it each channel reaches; the cost grows with the tenant."""
    if not audience.include:
        return Reach()
    with whole_tenant():
        [row] = run_sql(
            "segments.measure_audience",
            include=array(audience.include),
            exclude=array(audience.exclude),
        )
    return Reach(*row)
