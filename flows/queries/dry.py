"""What dry walks read of people and events; in sets, with an array in the place of many ids."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from crm.models import Event, Profile
from crm.types import EventRef
from flows.queries import people
from kernel.arrays import array
from kernel.sql import run_sql


def list_people(profile_ids: Collection[int]) -> list[Any]:
    """Return rows of `flows.replay_people`; nameless visitors are left out."""
    return run_sql("flows.replay_people", profile_ids=array(profile_ids))


def list_dates(names: Collection[str], profile_ids: Collection[int]) -> dict[int, dict[str, Any]]:
    """Return properties of people by person; one statement for each name."""
    found: dict[int, dict[str, Any]] = {}
    for name in sorted(names):
        for profile_id, value in people.property_of(name, profile_ids).items():
            found.setdefault(profile_id, {})[name] = value
    return found


def list_starters(
    names: Collection[str], *, since: datetime, until: datetime, after: int, limit: int
) -> list[int]:
    """Return the next people to whom something happened in a time, by id.

    Args:
        names: of the events; history counts for nothing.
        since: aware.
        until: aware; included.
        after: id of the last one of the page before.
        limit: most people returned.
    """
    rows = run_sql(
        "flows.replay_starters",
        names=array(sorted(names)),
        since=since,
        until=until,
        after=after,
        most=limit,
    )
    return [row.profile_id for row in rows]


def count_starters(names: Collection[str], *, since: datetime, until: datetime) -> int:
    """Return to how many people something happened in a time."""
    rows = Event.objects.filter(
        name__in=set(names), occurred_at__gte=since, occurred_at__lte=until, is_backfill=False
    )
    return rows.filter(profile_id__isnull=False).values("profile_id").distinct().count()


def count_dated(name: str) -> int:
    """Return how many people carry a date; of one that is kept of everybody, how many there are."""
    people_now = Profile.objects.filter(merged_into=None, erased_at=None, is_anonymous=False)
    if name in people.KEPT_DATES:
        return people_now.count()
    return people_now.filter(properties__has_key=name).count()


def list_changes(names: Collection[str], *, since: datetime, until: datetime) -> list[EventRef]:
    """Return what happened to variants in a time, oldest first; history counts for nothing."""
    rows = Event.objects.filter(
        name__in=set(names),
        occurred_at__gte=since,
        occurred_at__lte=until,
        is_backfill=False,
        object_id__isnull=False,
    ).order_by("occurred_at", "pk")
    columns = ("pk", "name", "occurred_at", "profile_id", "object_id", "is_backfill")
    return [EventRef(*row) for row in rows.values_list(*columns)]


def list_events(
    profile_ids: Collection[int],
    names: Collection[str],
    told: Collection[str],
    *,
    since: datetime,
    until: datetime,
) -> list[Any]:
    """Return what happened to people in a time, oldest first, as rows of `flows.replay_events`.

    Args:
        profile_ids: of the active tenant.
        names: of the events.
        told: names of those of which it is read what they say.
        since: aware.
        until: aware; included.
    """
    return run_sql(
        "flows.replay_events",
        profile_ids=array(profile_ids),
        names=array(sorted(names)),
        told=array(sorted(told)),
        since=since,
        until=until,
    )


def list_consents(
    profile_ids: Collection[int],
) -> dict[tuple[int, str], list[tuple[datetime, str]]]:
    """Return what people said to marketing on each channel, oldest first."""
    found: dict[tuple[int, str], list[tuple[datetime, str]]] = {}
    for row in run_sql("flows.replay_consents", profile_ids=array(profile_ids)):
        found.setdefault((row.profile_id, row.channel), []).append((row.at, row.state))
    return found


def list_left_of_others(
    profile_ids: Collection[int], flow_id: int, *, since: datetime, until: datetime
) -> dict[int, list[tuple[datetime, str, str]]]:
    """Return when marketing left for people that this flow did not send, by person.

    Returns:
        The time, the class and the channel of each; what may have arrived counts as well.
    """
    found: dict[int, list[tuple[datetime, str, str]]] = {}
    if not profile_ids:
        return found
    for profile_id, *left in run_sql(
        "flows.replay_left",
        profile_ids=array(profile_ids),
        flow_id=flow_id,
        since=since,
        until=until,
    ):
        found.setdefault(profile_id, []).append((left[0], left[1], left[2]))
    return found


def count_sent(
    flow_id: int, profile_ids: Collection[int], *, since: datetime, until: datetime
) -> dict[tuple[int, str], int]:
    """Return how many messages of a flow people were really sent in a time, by person and node."""
    rows = run_sql(
        "flows.replay_sent",
        profile_ids=array(profile_ids),
        flow_id=flow_id,
        since=since,
        until=until,
    )
    return {(row.profile_id, row.node_id): row.number for row in rows}
