"""What the engine must know of profiles, their events, memberships and messages; in sets."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Count, Max, Q

from crm.models import Event, Profile, ProfileFacts
from flows.choices import RunStatus
from flows.domain.nodes import WAY
from flows.domain.values import EventMatch
from flows.models import FlowRun, RunStep
from flows.queries.told import Told, name_told
from flows.types import Happened, LiveRun, TemplateRef
from kernel.arrays import array
from kernel.sql import run_sql
from messaging.domain.blocks import find_selling
from messaging.models import Message, Template
from segments.models import Membership, Segment

AFTER_RUN = "#after:"
"""Between a key of runs and the id of the last one under it."""
KEPT_DATES = frozenset({"first_order_at", "last_order_at", "last_seen_at"})
"""Facts of everybody that a wait for a date can name like a property."""


def find_absent(profile_ids: Iterable[int]) -> tuple[set[int], set[int]]:
    """Return those of some profiles that were erased, and visitors whom nobody knows."""
    absent = Profile.objects.filter(pk__in=set(profile_ids)).filter(
        Q(erased_at__isnull=False) | Q(is_anonymous=True)
    )
    rows = list(absent.values_list("pk", "erased_at", "is_anonymous"))
    erased = {pk for pk, erased_at, _ in rows if erased_at is not None}
    return erased, {pk for pk, _, is_anonymous in rows if is_anonymous} - erased


def find_known(profile_ids: Iterable[int]) -> list[int]:
    """Return those of some ids that are persons of the tenant whom somebody knows, in order."""
    known = Profile.objects.filter(pk__in=set(profile_ids), is_anonymous=False)
    return list(known.order_by("pk").values_list("pk", flat=True))


def find_reachable(profile_ids: Iterable[int]) -> set[int]:
    """Return those of some ids that are persons whom somebody knows and nobody erased."""
    known = Profile.objects.filter(
        pk__in=set(profile_ids), is_anonymous=False, erased_at__isnull=True
    )
    return set(known.values_list("pk", flat=True))


def properties_of(events: Iterable[tuple[int, datetime]]) -> dict[int, dict[str, Any]]:
    """Return the properties of events by id.

    Args:
        events: id and ``occurred_at`` of each; the time names the partition.
    """
    wanted = list(events)
    if not wanted:
        return {}
    times = [at for _, at in wanted]
    found = Event.objects.filter(
        pk__in=[pk for pk, _ in wanted], occurred_at__gte=min(times), occurred_at__lte=max(times)
    )
    return dict(found.values_list("pk", "properties"))


def last_events(
    profile_ids: Collection[int], names: Collection[str], *, since: datetime
) -> dict[tuple[int, str], datetime]:
    """Return when some events last happened to some profiles after an instant.

    Returns:
        The latest time by (profile, event name); pairs without such an event are left out.
    """
    if not profile_ids or not names:
        return {}
    rows = (
        Event.objects.filter(
            profile_id__in=set(profile_ids), name__in=set(names), occurred_at__gt=since
        )
        .values_list("profile_id", "name")
        .annotate(latest=Max("occurred_at"))
    )
    return {(profile_id, name): latest for profile_id, name, latest in rows if profile_id}


def events_since(
    profile_ids: Collection[int],
    names: Collection[str],
    *,
    since: datetime,
    with_properties: bool = False,
    asked: Sequence[EventMatch] = (),
    with_history: bool = False,
) -> dict[int, list[Happened]]:
    """Return what happened to some profiles after an instant, oldest first.

    Args:
        profile_ids: whose events.
        names: of the events.
        since: aware.
        with_properties: read them too, with the names of what the events are about.
        asked: with properties: what the events are compared with (`name_told`).
        with_history: also what was brought as history.
    """
    if not profile_ids or not names:
        return {}
    rows = Event.objects.filter(
        profile_id__in=set(profile_ids),
        name__in=set(names),
        occurred_at__gt=since,
    ).order_by("occurred_at", "pk")
    if not with_history:
        rows = rows.filter(is_backfill=False)
    columns = ["profile_id", "pk", "name", "occurred_at", "object_id"]
    columns += ["properties"] if with_properties else []
    read = list(rows.values_list(*columns))
    told = [Told(name, about, said[0] if said else {}) for _, _, name, _, about, *said in read]
    named = name_told(told, asked)
    found: dict[int, list[Happened]] = {}
    for (profile_id, pk, name, at, *_), properties in zip(read, named, strict=True):
        found.setdefault(profile_id, []).append(Happened(pk, name, at, properties))
    return found


def property_of(name: str, profile_ids: Collection[int]) -> dict[int, Any]:
    """Return a property of some profiles, or one of the dates that Patron keeps of everybody.

    Args:
        name: a property, or a word of `KEPT_DATES`; those who have none are left out.
        profile_ids: of the active tenant.
    """
    if name in KEPT_DATES:
        facts = ProfileFacts.objects.filter(profile_id__in=set(profile_ids))
        dates = facts.values_list("profile_id", name)
        return {profile_id: at.isoformat() for profile_id, at in dates if at is not None}
    rows = Profile.objects.filter(pk__in=set(profile_ids), properties__has_key=name)
    return {pk: properties[name] for pk, properties in rows.values_list("pk", "properties")}


def ways_before(flow_id: int, node_id: str, profile_ids: Collection[int]) -> dict[int, str]:
    """Return the way that profiles went last at a node of a flow, in any of their runs."""
    steps = (
        RunStep.objects.filter(
            run__flow_id=flow_id, run__profile_id__in=set(profile_ids), node_id=node_id
        )
        .filter(result__startswith=WAY)
        .order_by("run__profile_id", "-pk")
        .distinct("run__profile_id")
    )
    return dict(steps.values_list("run__profile_id", "result"))


def segments_of(profile_ids: Collection[int]) -> dict[int, frozenset[int]]:
    """Return the segments each profile is in; profiles in none are left out."""
    rows = Membership.objects.filter(profile_id__in=set(profile_ids))
    return {pk: frozenset(ids) for pk, ids in rows.values_list("profile_id", "segment_ids")}


def list_members(segment_ids: Collection[int], *, after: int, count: int) -> list[int]:
    """Return the next members of any of some segments, in the order of their ids."""
    members = Membership.objects.filter(
        profile_id__gt=after, segment_ids__overlap=list(segment_ids)
    )
    return list(members.order_by("profile_id").values_list("profile_id", flat=True)[:count])


def find_segment(key: str) -> int | None:
    """Return the id of a core segment by its stable word, or None."""
    return Segment.objects.filter(key=key).values_list("pk", flat=True).first()


def segment_names(segment_ids: Collection[int]) -> dict[int, str]:
    """Return the names of segments by id; deleted ones are left out."""
    return dict(Segment.objects.filter(pk__in=set(segment_ids)).values_list("pk", "name"))


def all_segment_names() -> dict[int, str]:
    """Return the names of all segments by id."""
    return dict(Segment.objects.values_list("pk", "name"))


def find_templates(keys: Collection[str]) -> dict[str, TemplateRef]:
    """Return templates by key; unknown keys are left out."""
    if not keys:
        return {}
    rows = Template.objects.filter(key__in=set(keys))
    return {
        key: TemplateRef(pk, message_class, channel)
        for key, pk, message_class, channel in rows.values_list(
            "key", "pk", "message_class", "channel"
        )
    }


def find_selling_templates(keys: Collection[str]) -> dict[str, str]:
    """Return what of some templates sells something, in words, by key; others are left out."""
    rows = Template.objects.filter(key__in=set(keys)).values_list("key", "mjml")
    return {key: words for key, mjml in rows if (words := find_selling(mjml))}


def runs_whose_message(
    state: str, node_id: str, run_ids: Collection[int], profile_ids: Collection[int]
) -> set[int]:
    """Return the runs whose message of a node was sent, opened or clicked.

    Args:
        state: ``sent``, ``opened`` (a click proves it too) or ``clicked``.
        node_id: the message node.
        run_ids: runs asked for.
        profile_ids: their profiles, which serve the index.
    """
    rows = Message.objects.filter(
        profile_id__in=set(profile_ids), flow_run_id__in=set(run_ids), node_id=node_id
    ).values_list("flow_run_id", "sent_at", "opened_at", "clicked_at")
    places = {"sent": (1, 2, 3), "opened": (2, 3), "clicked": (3,)}[state]
    return {row[0] for row in rows if row[0] and any(row[place] for place in places)}


def last_starts(
    flow_ids: Collection[int], profile_ids: Collection[int]
) -> dict[tuple[int, int], tuple[int, datetime]]:
    """Return id and start of the last run by (flow, profile)."""
    if not flow_ids:
        return {}
    rows = (
        FlowRun.objects.filter(flow_id__in=set(flow_ids), profile_id__in=set(profile_ids))
        .order_by("flow_id", "profile_id", "-started_at", "-id")
        .distinct("flow_id", "profile_id")
    )
    return {
        (flow_id, profile_id): (pk, started_at)
        for flow_id, profile_id, pk, started_at in rows.values_list(
            "flow_id", "profile_id", "pk", "started_at"
        )
    }


def count_starts(
    flow_ids: Collection[int],
    profile_ids: Collection[int],
    *,
    names: Collection[str],
    since: datetime,
) -> dict[tuple[int, int], int]:
    """Return how many runs certain events began since an instant, by (flow, profile).

    Args:
        flow_ids: none asks nothing.
        profile_ids: whose runs.
        names: of the events.
        since: aware; a run of that very instant does not count.
    """
    if not flow_ids:
        return {}
    rows = (
        FlowRun.objects.filter(
            flow_id__in=set(flow_ids),
            profile_id__in=set(profile_ids),
            started_at__gt=since,
            trigger__event__in=list(names),
        )
        .values_list("flow_id", "profile_id")
        .annotate(number=Count("pk"))
    )
    return {(flow_id, profile_id): number for flow_id, profile_id, number in rows}


def count_inside(
    flow_ids: Collection[int], profile_ids: Collection[int]
) -> dict[tuple[int, int], int]:
    """Return how many runs are on their way, by (flow, profile); none that has failed."""
    if not flow_ids:
        return {}
    rows = (
        FlowRun.objects.filter(
            flow_id__in=set(flow_ids),
            profile_id__in=set(profile_ids),
            status__in=[RunStatus.ACTIVE, RunStatus.PAUSED],
        )
        .values_list("flow_id", "profile_id")
        .annotate(number=Count("pk"))
    )
    return {(flow_id, profile_id): number for flow_id, profile_id, number in rows}


def find_run_keys(
    flow_ids: Collection[int], profile_ids: Collection[int]
) -> set[tuple[int, int, str]]:
    """Return flow, profile and key of the runs of some people, also of those that are over."""
    if not flow_ids:
        return set()
    runs = FlowRun.objects.filter(flow_id__in=set(flow_ids), profile_id__in=set(profile_ids))
    return set(runs.values_list("flow_id", "profile_id", "run_key"))


def find_next_keys(
    flow_ids: Collection[int], profile_ids: Collection[int]
) -> dict[tuple[int, int, str], str]:
    """Return under which key the next run of a key would begin, by flow, profile and key.

    That is the key of the run that is on its way; once it is over, a new one, named after that run:
    two workers that see the same one start one run. Keys of no run are left out.
    """
    if not flow_ids:
        return {}
    runs = FlowRun.objects.filter(flow_id__in=set(flow_ids), profile_id__in=set(profile_ids))
    rows = runs.order_by("pk").values_list("pk", "flow_id", "profile_id", "run_key", "status")
    found = {}
    for pk, flow_id, profile_id, run_key, status in rows:
        key = run_key.partition(AFTER_RUN)[0]
        is_over = status in (RunStatus.COMPLETED, RunStatus.EXITED)
        found[flow_id, profile_id, key] = f"{key}{AFTER_RUN}{pk}" if is_over else run_key
    return found


def has_active_runs() -> bool:
    """Say whether anybody of the tenant is in a run that an exit could end."""
    return FlowRun.objects.filter(status__in=[RunStatus.ACTIVE, RunStatus.PAUSED]).exists()


def live_runs(profile_ids: Iterable[int]) -> list[LiveRun]:
    """Return the active runs of some profiles."""
    rows = run_sql("flows.list_live_runs", profile_ids=array(sorted(set(profile_ids))))
    return [
        LiveRun(
            row.id,
            row.version_id,
            row.profile_id,
            row.trigger_event_id,
            trigger_time(trigger := json.loads(row.trigger)),
            trigger,
        )
        for row in rows
    ]


def count_visits(run_ids: Sequence[int]) -> dict[tuple[int, str], int]:
    """Return the highest visit recorded by (run, node)."""
    if not run_ids:
        return {}
    rows = RunStep.objects.filter(run_id__in=run_ids).values_list("run_id", "node_id")
    return {(run_id, node): visit for run_id, node, visit in rows.annotate(visit=Max("visit"))}


def trigger_time(trigger: Mapping[str, Any]) -> datetime | None:
    """Return when the event happened that started a run."""
    text = trigger.get("occurred_at")
    return datetime.fromisoformat(text) if text else None
