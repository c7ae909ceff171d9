"""How a segment moves: entries and exits by day, what they came from, who was in it on a day."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from django.db.models import F, Sum

from kernel import clock
from kernel.sql import run_sql
from segments.choices import Cause
from segments.models import MembershipDay, Segment
from segments.queries.conditions import get_moment
from segments.queries.listing import MemberRow, member_pattern

MOST_MOVES: Final = 5_000
"""Newest entries and exits that are looked at for their causes."""
_WORDS: Final = {
    Cause.EVENT: "Something happened",
    Cause.TIME: "Time passed",
    Cause.DEFINITION: "The segment was changed",
    Cause.IMPORT: "History arrived",
    Cause.REFERENCE: "Nightly refresh",
    Cause.MERGE: "Profiles were merged",
    Cause.CATALOG: "A product was changed",
    Cause.MANUAL: "By hand",
    Cause.AUDIT: "Put right by the weekly audit",
}


@dataclass(frozen=True, slots=True)
class CauseRow:
    """People who entered, or left, for one reason; ``share`` of them all, 0 to 1."""

    words: str
    people: int
    share: float


@dataclass(frozen=True, slots=True)
class Causes:
    """Why people entered and left since an instant; only the newest moves if there are many."""

    entered: list[CauseRow]
    left: list[CauseRow]
    is_cut: bool


def speak_cause(cause: str, event_name: str) -> str:
    """Say what a move came from, such as ``Order Placed`` or ``Time passed``."""
    if event_name:
        return f"{event_name}, from history" if cause == Cause.IMPORT else event_name
    return _WORDS[Cause(cause)]


def list_moves(segment: Segment, now: datetime, *, days: int) -> list[tuple[date, int, int]]:
    """Return day, entries and exits of each of the last days, oldest first."""
    first = get_moment(now).today - timedelta(days=days - 1)
    rows = run_sql("segments.list_moves", segment_ids=[segment.pk], since=first)
    found = {row.day: (row.entered, row.left_count) for row in rows}
    listed = [first + timedelta(days=number) for number in range(days)]
    return [(day, *found.get(day, (0, 0))) for day in listed]


def count_causes(segment: Segment, now: datetime, *, days: int) -> Causes:
    """Return why people entered and left in the last days."""
    rows = run_sql(
        "segments.count_causes",
        segment_id=segment.pk,
        most=MOST_MOVES,
        since=now - timedelta(days=days),
    )
    return Causes(
        _shares(
            (speak_cause(row.cause, row.event_name), row.people) for row in rows if row.entered
        ),
        _shares(
            (speak_cause(row.cause, row.event_name), row.people) for row in rows if not row.entered
        ),
        is_cut=sum(row.people for row in rows) >= MOST_MOVES,
    )


def size_on(segment: Segment, day: date) -> int:
    """Return how many people were in a segment at the end of a day of the tenant's."""
    later = MembershipDay.objects.filter(segment_id=segment.pk, on__gt=day)
    moved = later.aggregate(net=Sum(F("entered") - F("left_count")))["net"]
    return max(segment.member_count - (moved or 0), 0)


def list_members_on(
    segment_id: int, day: date, now: datetime, *, search: str, after: int | None, limit: int
) -> list[MemberRow]:
    """Return who was in a segment at the end of a day, newest profile first.

    Args:
        segment_id: of the tenant.
        day: of the tenant's calendar.
        now: aware; says which zone the day is of.
        search: part of a name or e-mail address; empty finds all.
        after: profile id of the last row seen.
        limit: at most so many.
    """
    rows = run_sql(
        "segments.list_members_on",
        segment_id=segment_id,
        until=clock.end_of_day(day, get_moment(now).zone.key),
        search=member_pattern(search),
        after=after,
        count=limit,
    )
    return [MemberRow(**row._asdict()) for row in rows]


def _shares(rows: Iterable[tuple[str, int]]) -> list[CauseRow]:
    found = list(rows)
    total = sum(people for _, people in found)
    return [CauseRow(words, people, people / total) for words, people in found]
