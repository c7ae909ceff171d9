"""What follows from what providers told: events, engagement, suppression and consent."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from crm.choices import Channel, EventSource, SuppressionReason
from crm.services.consent import suppress_many
from crm.services.events import append_events
from crm.services.facts import set_engagement
from crm.services.told_consent import Withdrawal, withdraw_many
from crm.types import NewEvent
from kernel.arrays import columns
from kernel.sql import run_sql
from messaging.channels.base import ProviderEvent
from messaging.choices import CallbackKind, MessageStatus
from messaging.domain.told import REASONS
from messaging.models import Message
from messaging.queries.templates import find_tags_of
from messaging.services.tracking import AFTER_CLICK

SOFT_STREAK: Final = 5
"""So many messages in a row that bounce for now, with none delivered between, end an address."""
STREAK_WORDS: Final = f"{SOFT_STREAK} messages in a row bounced, and none was delivered between"
_ADDRESSED: Final = (Channel.EMAIL, Channel.SMS, Channel.WHATSAPP)
"""Channels whose addresses are people's own; what a browser is called changes all the time."""
_SENT: Final = "Message Sent"
_NAMES: Final[dict[str, str]] = {
    CallbackKind.DELIVERED: "Message Delivered",
    CallbackKind.READ: "Message Opened",
    CallbackKind.OPENED: "Message Opened",
    CallbackKind.CLICKED: "Message Clicked",
    CallbackKind.COMPLAINED: "Message Complained",
    CallbackKind.UNSUBSCRIBED: "Message Unsubscribed",
    **dict.fromkeys(REASONS, "Message Bounced"),
}
_STOPS: Final[dict[str, tuple[str, str]]] = {
    CallbackKind.BOUNCED_HARD: (
        SuppressionReason.HARD_BOUNCE.value,
        "The receiving side says that it takes no messages",
    ),
    CallbackKind.COMPLAINED: (
        SuppressionReason.SPAM_COMPLAINT.value,
        "A message was marked as spam",
    ),
}
"""Kinds that stop an address: the reason, and the words that are kept with it."""
BY_MAIL: Final = "mail_reply"
"""How a statement of consent came about that somebody mailed."""
_METHODS: Final = {
    CallbackKind.COMPLAINED.value: "complaint",
    CallbackKind.UNSUBSCRIBED.value: "provider",
}


@dataclass(frozen=True, slots=True)
class Told:
    """One thing that a provider told of a message.

    Attributes:
        message: as it was before.
        is_machine: an opening or a click that no person made.
    """

    message: Message
    account_id: int
    event: ProviderEvent
    is_machine: bool = False

    @property
    def kind(self) -> str:
        """Return the `CallbackKind` word."""
        return self.event.kind


def follow(told: Sequence[Told], now: datetime) -> None:
    """Let follow what was told of messages, for which it is written already.

    A repeat changes nothing: events are told once, a suppression in force stays, and so does a no.
    """
    if not told:
        return
    _suppress(told)
    _end_consent(told)
    _note_engagement([each for each in told if not each.is_machine])
    tags = find_tags_of({each.message.template_id for each in told})
    append_events([event for each in told for event in _events(each, tags)], now=now)


def _suppress(told: Sequence[Told]) -> None:
    """Never use dead addresses again, and send no marketing to who marked it as spam."""
    theirs = [each for each in told if each.message.channel in _ADDRESSED and each.message.address]
    for kind, (reason, words) in _STOPS.items():
        stops = {
            (each.message.channel, each.message.address, reason)
            for each in theirs
            if each.kind == kind
        }
        suppress_many(stops, detail=words, is_history=False)
    soft = {
        (each.message.profile_id, each.message.channel, each.message.address)
        for each in theirs
        if each.kind == CallbackKind.BOUNCED_SOFT
    }
    if soft:
        params = columns("profile_ids channels addresses", sorted(soft))
        rows = run_sql("messaging.find_soft_streaks", length=SOFT_STREAK, **params)
        ended = {
            (row.channel, row.address, SuppressionReason.INVALID_ADDRESS.value) for row in rows
        }
        suppress_many(ended, detail=STREAK_WORDS, is_history=False)


def _end_consent(told: Sequence[Told]) -> None:
    withdrawn = [
        Withdrawal(
            profile_id=each.message.profile_id,
            channel=each.message.channel,
            occurred_at=each.event.at,
            method=BY_MAIL if each.event.code == BY_MAIL else _METHODS[each.kind],
            detail=f"message {each.message.pk}",
        )
        for each in told
        if each.kind in _METHODS
    ]
    if withdrawn:
        withdraw_many(withdrawn)


def _note_engagement(told: Sequence[Told]) -> None:
    """Note when people last opened and clicked, and tell who waits for clicks."""
    opened = _latest(told, (CallbackKind.OPENED, CallbackKind.READ))
    clicked = _latest(told, (CallbackKind.CLICKED,))
    if opened or clicked:
        set_engagement(opened=opened, clicked=clicked)
    if clicked:
        for listen in AFTER_CLICK:
            listen(sorted(clicked))


def _latest(told: Sequence[Told], kinds: Sequence[CallbackKind]) -> dict[int, datetime]:
    found: dict[int, datetime] = {}
    for each in told:
        if each.kind in kinds:
            profile_id = each.message.profile_id
            found[profile_id] = max(found.get(profile_id, each.event.at), each.event.at)
    return found


def _events(told: Told, tags: Mapping[int, Sequence[str]]) -> list[NewEvent]:
    """Return what the timeline and whoever reacts hear of it.

    A message of which nobody knew whether it was taken has been sent after all.
    """
    message, kind = told.message, told.kind
    about = {"tags": list(tags.get(message.template_id, ()))}
    found = []
    if message.status == MessageStatus.UNKNOWN and message.claimed_at:
        key = f"message_sent:{message.pk}"
        found.append(_event(told, _SENT, key, message.claimed_at, about))
    name = _NAMES.get(kind)
    if name is None or told.is_machine:
        return found
    more: dict[str, Any] = dict(about)
    key = f"{name.lower().replace(' ', '_')}:{message.pk}"
    if kind in REASONS:
        more |= {"bounce": kind, "code": told.event.code}
        key = f"{key}:{kind}"
    if kind == CallbackKind.CLICKED:
        more["url"] = told.event.url
        key = f"{key}:{hashlib.sha256(told.event.url.encode()).hexdigest()[:16]}"
    found.append(_event(told, name, key, told.event.at, more))
    return found


def _event(told: Told, name: str, key: str, at: datetime, more: Mapping[str, Any]) -> NewEvent:
    message = told.message
    return NewEvent(
        name=name,
        occurred_at=at,
        source=EventSource.TRACKING.value,
        profile_id=message.profile_id,
        object_id=message.pk,
        properties={
            "message_id": message.pk,
            "channel": message.channel,
            "class": message.message_class,
            "template_id": message.template_id,
            "flow_id": message.flow_id,
            "flow_run_id": message.flow_run_id,
            "node_id": message.node_id,
            **more,
        },
        dedupe_key=key,
    )
