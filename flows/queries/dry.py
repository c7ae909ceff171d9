"""What dry walks read of people and events; in sets."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db.models import Count
from django.db.models.functions import Coalesce

from crm.choices import Channel
from crm.models import ConsentEvent, Event, Profile
from crm.types import EventRef
from flows.queries import people
from flows.queries.reach import MARKETING
from messaging.choices import MessageStatus
from messaging.models import Message

EventRow = tuple[int, str, datetime, int, int | None, bool, dict[str, Any]]
"""Id, name, time, profile, what it is about, whether it is history, and what it says."""


def list_people(profile_ids: Collection[int]) -> list[Any]:
    """Return id, zone, country and erasure of people as named tuples, without nameless visitors."""
    known = Profile.objects.filter(pk__in=set(profile_ids), is_anonymous=False)
    return list(known.values_list("pk", "timezone", "country", "erased_at", named=True))


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
    rows = Event.objects.filter(
        name__in=set(names),
        occurred_at__gte=since,
        occurred_at__lte=until,
        is_backfill=False,
        profile_id__gt=after,
    )
    found = rows.order_by("profile_id").values_list("profile_id", flat=True).distinct()[:limit]
    return [profile_id for profile_id in found if profile_id is not None]


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
    *,
    since: datetime,
    until: datetime,
    with_properties: bool,
) -> list[EventRow]:
    """Return what happened to people in a time, oldest first.

    Args:
        profile_ids: of the active tenant.
        names: of the events.
        since: aware.
        until: aware; included.
        with_properties: read what they say; otherwise they say nothing.
    """
    rows = Event.objects.filter(
        profile_id__in=set(profile_ids),
        name__in=set(names),
        occurred_at__gte=since,
        occurred_at__lte=until,
    ).order_by("occurred_at", "pk")
    columns = ["pk", "name", "occurred_at", "profile_id", "object_id", "is_backfill"]
    columns += ["properties"] if with_properties else []
    return [(*row[:6], row[6] if with_properties else {}) for row in rows.values_list(*columns)]


def list_reachable(profile_ids: Collection[int]) -> dict[tuple[int, str], tuple[bool, str]]:
    """Return whether people have an address on a channel today, and what they say to marketing.

    Push is left out: whether a browser takes messages is not kept of the past.
    """
    rows = Profile.objects.filter(pk__in=set(profile_ids)).values_list(
        "pk", "email", "phone", "email_consent", "sms_consent", "whatsapp_consent"
    )
    found: dict[tuple[int, str], tuple[bool, str]] = {}
    for pk, email, phone, by_mail, by_sms, by_whatsapp in rows:
        found[pk, Channel.EMAIL.value] = (bool(email), by_mail or "")
        found[pk, Channel.SMS.value] = (bool(phone), by_sms or "")
        found[pk, Channel.WHATSAPP.value] = (bool(phone), by_whatsapp or "")
    return found


def list_consents(
    profile_ids: Collection[int],
) -> dict[tuple[int, str], list[tuple[datetime, str]]]:
    """Return what people said to marketing on each channel, oldest first."""
    rows = (
        ConsentEvent.objects.filter(profile_id__in=set(profile_ids), topic="")
        .annotate(at=Coalesce("occurred_at", "recorded_at"))
        .order_by("at", "pk")
        .values_list("profile_id", "channel", "at", "state")
    )
    found: dict[tuple[int, str], list[tuple[datetime, str]]] = {}
    for profile_id, channel, at, state in rows:
        found.setdefault((profile_id, channel), []).append((at, state))
    return found


def list_left_of_others(
    profile_ids: Collection[int], flow_id: int, *, since: datetime, until: datetime
) -> dict[int, list[tuple[datetime, str, str]]]:
    """Return when marketing left for people that this flow did not send, by person.

    Returns:
        The time, the class and the channel of each; what may have arrived counts as well.
    """
    rows = Message.objects.filter(
        profile_id__in=set(profile_ids),
        status__in=(MessageStatus.SENT, MessageStatus.UNKNOWN),
        message_class__in=MARKETING,
    ).exclude(flow_id=flow_id)
    timed = rows.annotate(left_at=Coalesce("sent_at", "claimed_at"))
    within = timed.filter(left_at__gt=since, left_at__lte=until)
    found: dict[int, list[tuple[datetime, str, str]]] = {}
    for profile_id, *left in within.values_list(
        "profile_id", "left_at", "message_class", "channel"
    ):
        found.setdefault(profile_id, []).append((left[0], left[1], left[2]))
    return found


def count_sent(
    flow_id: int, profile_ids: Collection[int], *, since: datetime, until: datetime
) -> dict[tuple[int, str], int]:
    """Return how many messages of a flow people were really sent in a time, by person and node."""
    rows = Message.objects.filter(
        profile_id__in=set(profile_ids),
        flow_id=flow_id,
        sent_at__gte=since,
        sent_at__lte=until,
    ).values_list("profile_id", "node_id")
    counted = rows.annotate(number=Count("pk"))
    return {(profile_id, node): number for profile_id, node, number in counted}
