"""Pauses and cancellations of messages, as pages and the sending see them."""

from collections.abc import Collection
from typing import NamedTuple

from django.db.models import Q

from messaging.choices import MessageStatus, SkipReason, StopKind, StopScope
from messaging.domain.stops import CLASSES
from messaging.models import Message, SendingStop

WAITING_CEILING = 1_000
NEWEST = 50
"""Most pauses and cancellations of the past that a page shows."""


class Waiting(NamedTuple):
    """What waits, each up to `WAITING_CEILING`.

    Attributes:
        waiting: messages that are to be sent.
        held: those of them that wait because of a pause.
    """

    waiting: int
    held: int


def covered(scope: str, target: str) -> Q:
    """Return the condition of the messages that a scope with its target names."""
    if scope == StopScope.EVERYTHING:
        return Q()
    if scope in CLASSES:
        return Q(message_class__in=sorted(CLASSES[scope]))
    field = {
        StopScope.FLOW.value: "flow_id",
        StopScope.TEMPLATE.value: "template_id",
        StopScope.CAMPAIGN.value: "campaign_id",
    }
    return Q(**{field.get(scope, "channel"): target})


def list_open_stops() -> list[SendingStop]:
    """Return the pauses and cancellations that are in force, oldest first."""
    return list(SendingStop.objects.filter(is_open=True).order_by("pk"))


def list_unfinished() -> list[SendingStop]:
    """Return what is in force and what is still being worked off, oldest first."""
    return list(SendingStop.objects.filter(Q(is_open=True) | Q(has_work=True)).order_by("pk"))


def list_past_stops() -> list[SendingStop]:
    """Return what is over, the newest first."""
    rows = SendingStop.objects.filter(is_open=False, has_work=False)
    return list(rows.order_by("-pk")[:NEWEST])


def find_pause(scope: str, target: str) -> SendingStop | None:
    """Return the pause in force of a scope, or None."""
    rows = SendingStop.objects.filter(kind=StopKind.PAUSE, is_open=True)
    return rows.filter(scope=scope, target=target).first()


def count_waiting(scope: str, target: str) -> Waiting:
    """Return how many messages of a scope wait, and how many of them because of a pause."""
    mine = Message.objects.filter(covered(scope, target), status=MessageStatus.PENDING)
    held = mine.filter(reason=SkipReason.HELD)
    counts = [len(rows.values_list("pk", flat=True)[:WAITING_CEILING]) for rows in (mine, held)]
    return Waiting(*counts)


def without(stops: Collection[SendingStop]) -> Q:
    """Return the condition of the messages that none of some stops names."""
    condition = Q()
    for stop in stops:
        own = covered(stop.scope, stop.target)
        condition &= ~own if own else Q(pk__in=[])
    return condition
