"""Letting events happen to profiles the way reactions hand them to flows."""

from datetime import datetime
from typing import Any
from uuid import uuid4

from django.db import connection

from crm.models import Profile
from crm.services.events import append_events
from crm.types import EventRef, NewEvent
from flows.models import RunStep
from flows.services.engine import advance_due
from flows.services.enrolment import enrol_for_events
from flows.services.exits import exit_for_events
from kernel import clock
from kernel.batches import Deadline
from messaging.models import Message, Template
from messaging.types import PendingMessage, Recipient
from segments.models import Membership, Segment


def make_template(key: str, message_class: str = "promotional") -> Template:
    return Template.objects.create(
        key=key,
        name=key,
        message_class=message_class,
        subject="Hello",
        mjml="<mjml></mjml>",
        html="<p>Hello</p>",
        text="Hello",
    )


def make_segment(key: str = "", members: tuple[Profile, ...] = ()) -> Segment:
    segment = Segment.objects.create(
        key=key, name=key or "Some", definition={"field": "order_count", "is": ">", "value": 0}
    )
    for profile in members:
        Membership.objects.create(profile=profile, segment_ids=[segment.pk])
    return segment


def make_event(
    name: str,
    profile: Profile,
    *,
    object_id: int | None = None,
    at: datetime | None = None,
    store_id: int | None = None,
    is_backfill: bool = False,
    **properties: Any,
) -> EventRef:
    event = NewEvent(
        name=name,
        occurred_at=at or clock.now(),
        source="api",
        profile_id=profile.pk,
        object_id=object_id,
        store_id=store_id,
        properties=properties,
        is_backfill=is_backfill,
    )
    return append_events([event])[0]


def happen(name: str, profile: Profile, **details: Any) -> EventRef:
    """Let an event happen and the flows react to it, exits first."""
    ref = make_event(name, profile, **details)
    exit_for_events([ref])
    enrol_for_events([ref])
    return ref


def advance() -> int:
    return advance_due(Deadline(seconds=None))


def queued() -> list[tuple[str, int]]:
    """Return template and profile of every queued message, in order."""
    rows = Message.objects.order_by("id").values_list("template__key", "profile_id")
    return [(str(key), int(profile_id)) for key, profile_id in rows]


def steps() -> list[tuple[str, int, str]]:
    return list(RunStep.objects.order_by("id").values_list("node_id", "visit", "result"))


def pending(message: Message | None = None) -> PendingMessage:
    """Return a queued message as the gates see it; without one, the only one there is."""
    message = message or Message.objects.get()
    recipient = Recipient(
        id=message.profile_id,
        email="ada@example.com",
        first_name="Ada",
        last_name="",
        email_consent="subscribed",
        is_erased=False,
        city="",
        country="GB",
        locale="",
        timezone="",
    )
    return PendingMessage(
        id=message.pk,
        key=message.key,
        profile=recipient,
        channel="email",
        message_class="promotional",
        template_id=message.template_id,
        flow_id=message.flow_id,
        flow_run_id=message.flow_run_id,
        node_id=message.node_id,
        context=message.context,
        planned_at=message.due_at,
        message_id="",
        attempts=0,
        is_resend=False,
        claim_id=uuid4(),
    )


def count_changes() -> int:
    """Return how many rows this transaction has written, changed and deleted so far, anywhere."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_xact_user_tables"
        )
        return int(cursor.fetchone()[0])
