"""What people got lately, and what waits for them: what limits are held against, in sets."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from kernel.arrays import array, columns
from kernel.sql import run_sql
from messaging.domain.frequency import Rank, rank_of

_WEIGHTS = "keys classes channels weights sinces"


class Weight(NamedTuple):
    """What one message of a class on a channel adds to a limit, if it left after ``since``."""

    key: str
    message_class: str
    channel: str
    points: int
    since: datetime


class Usage(NamedTuple):
    """How much of a limit one person has used up, and when the last of it left."""

    used: int
    last_at: datetime | None


class Left(NamedTuple):
    """One message that left."""

    channel: str
    message_class: str
    at: datetime


class Rival(NamedTuple):
    """A promotional message that waits for the same moments of somebody.

    Attributes:
        has_smart: whether smart sending applies to it.
        title: name of its template.
    """

    rank: Rank
    channel: str
    due_at: datetime
    has_smart: bool
    title: str


UNUSED = Usage(0, None)


def find_usage(
    profile_ids: Collection[int], weights: Sequence[Weight]
) -> dict[tuple[int, str], Usage]:
    """Return how much people have used up, by profile and key of the limit; nothing is left out."""
    if not profile_ids or not weights:
        return {}
    rows = run_sql(
        "messaging.sum_usage",
        profile_ids=array(profile_ids),
        since=min(weight.since for weight in weights),
        **columns(_WEIGHTS, weights),
    )
    return {(row.profile_id, row.key): row for row in rows}


def list_left(profile_ids: Collection[int], since: datetime) -> dict[int, list[Left]]:
    """Return the marketing that left for people after a time, newest first."""
    if not profile_ids:
        return {}
    found: dict[int, list[Left]] = {}
    for row in run_sql("messaging.list_left", profile_ids=array(profile_ids), since=since):
        left = Left(row.channel, row.message_class, row.left_at)
        found.setdefault(row.profile_id, []).append(left)
    return found


def find_rivals(
    profile_ids: Collection[int], until: datetime, own: Collection[int] = ()
) -> dict[int, list[Rival]]:
    """Return the promotional messages that wait and are due by a time, the best one first.

    Args:
        profile_ids: for whom.
        until: aware.
        own: ids of messages that are asked about; one that waits alone is left out.
    """
    if not profile_ids:
        return {}
    found: dict[int, list[Rival]] = {}
    rows = run_sql(
        "messaging.find_rivals",
        profile_ids=array(profile_ids),
        own=array(own),
        until=until,
        soon=until,
    )
    for row in rows:
        said: Mapping[str, Any] = {
            "priority": row.priority or None,
            "expected_value": row.expected_value or None,
        }
        rival = Rival(rank_of(row.id, said), row.channel, row.due_at, row.has_smart, row.template)
        found.setdefault(row.profile_id, []).append(rival)
    for rivals in found.values():
        rivals.sort(key=lambda rival: rival.rank.place)
    return found
