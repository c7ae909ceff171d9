"""Messages as people and programs read them: sent and not sent, each with every gate."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Count, Q

from crm.choices import Channel
from kernel.sql import run_sql
from messaging.choices import FailReason, MessageStatus, Outcome, SkipReason
from messaging.domain.frequency import FLOOD_WINDOW
from messaging.models import Message, Template

PAGE_SIZE = 50
DUE_CEILING = 1_000
_WORDS = {**dict(SkipReason.choices), **dict(FailReason.choices)}


class LowCoupon(NamedTuple):
    """A coupon whose codes do not last.

    Attributes:
        detail: why no more are made, for people; empty where they are, or are uploaded.
        needed: how many should be left at least.
    """

    id: int
    name: str
    kind: str
    detail: str
    needed: int


class Problems(NamedTuple):
    """What waits for a person.

    Attributes:
        messages: how many failed, have an unknown outcome or were stopped by the alarm, by word.
        low: coupons that run out of codes.
        guard: level and words of what mailbox providers hold against the sender; empty where they
            hold nothing.
        losing: which flows and segments too many people unsubscribe from; empty where none.
        reviews: how many wait for a member to publish or hide them, and the id of the newest.
    """

    messages: dict[str, int]
    low: list[LowCoupon]
    guard: tuple[str, str] = ("", "")
    losing: str = ""
    reviews: tuple[int, str] = (0, "")


def list_messages(
    profile_id: int,
    *,
    before_id: int | None = None,
    limit: int = PAGE_SIZE,
    channel: str = "",
    outcomes: Collection[str] = (),
) -> list[dict[str, Any]]:
    """Return messages of a profile, newest first, as the API shows them.

    Args:
        profile_id: of the profile, not of one that was merged into it.
        before_id: the last id of the page before; None starts with the newest.
        limit: the most messages returned.
        channel: a `Channel` word; empty for all of them.
        outcomes: words of `Outcome`; none for all of them.
    """
    rows = Message.objects.filter(profile_id=profile_id).order_by("-id")
    if before_id is not None:
        rows = rows.filter(pk__lt=before_id)
    if channel:
        rows = rows.filter(channel=channel)
    if outcomes:
        rows = rows.filter(outcome__in=outcomes)
    return message_payloads(list(rows.select_related("template")[:limit]))


def list_recent_messages(*, limit: int = PAGE_SIZE) -> list[dict[str, Any]]:
    """Return the newest messages of the tenant, each with ``profile_id``."""
    rows = Message.objects.order_by("-id").select_related("template")
    return message_payloads(list(rows[:limit]))


def list_sent(*, since: datetime) -> list[tuple[int, str, datetime]]:
    """Return id, recipient's address and time of the messages sent after ``since``, by time."""
    sent = Message.objects.filter(sent_at__gt=since).order_by("sent_at", "id")
    rows = sent.values_list("id", "profile__email", "sent_at")
    return [(message_id, email, sent_at) for message_id, email, sent_at in rows if sent_at]


def list_messages_of_runs(run_ids: Collection[int]) -> dict[int, list[dict[str, Any]]]:
    """Return the messages of flow runs in the order in which they were queued, by run id."""
    rows = Message.objects.filter(flow_run_id__in=run_ids).order_by("id")
    found: dict[int, list[dict[str, Any]]] = {}
    for payload in message_payloads(list(rows.select_related("template"))):
        found.setdefault(payload["flow_run_id"], []).append(payload)
    return found


def message_payloads(rows: Collection[Message]) -> list[dict[str, Any]]:
    """Return messages as plain data; their templates must be loaded."""
    return [_payload(row, row.template) for row in rows]


def _payload(row: Message, template: Template) -> dict[str, Any]:
    return {
        "id": row.pk,
        "key": row.key,
        "profile_id": row.profile_id,
        "channel": row.channel,
        "class": row.message_class,
        "template": {"id": template.pk, "key": template.key, "name": template.name},
        "status": row.status,
        "outcome": row.outcome,
        "outcome_label": Outcome(row.outcome).label,
        "reason": row.reason,
        "reason_text": _WORDS.get(row.reason, row.reason),
        "detail": row.detail,
        "gates": row.gates or [],
        "address": row.address,
        "subject": row.subject,
        "message_id": row.message_id,
        "is_resend": row.is_resend,
        "attempts": row.attempts,
        "flow_id": row.flow_id,
        "flow_run_id": row.flow_run_id,
        "node_id": row.node_id,
        "created_at": row.created_at,
        "due_at": row.due_at if row.status == MessageStatus.PENDING else None,
        "sent_at": row.sent_at,
        "delivered_at": row.delivered_at,
        "opened_at": row.opened_at,
        "clicked_at": row.clicked_at,
        "bounced_at": row.bounced_at,
        "complained_at": row.complained_at,
        "provider_id": row.provider_id,
        "parts": row.parts,
    }


def count_by_node(flow_id: int) -> dict[str, dict[str, int]]:
    """Return how many messages of a flow stand where, by node id and status."""
    rows = (
        Message.objects.filter(flow_id=flow_id)
        .values_list("node_id", "status")
        .annotate(number=Count("id"))
    )
    counts: dict[str, dict[str, int]] = {}
    for node_id, status, number in rows:
        counts.setdefault(node_id, {})[status] = number
    return counts


def count_by_flow(
    flow_ids: Collection[int], *, since: datetime | None = None
) -> dict[int, dict[str, int]]:
    """Return how many messages of flows were sent, opened, clicked and skipped, by flow id.

    Args:
        flow_ids: any number; a flow without messages is left out of the answer.
        since: aware; only messages queued from then on.
    """
    rows = Message.objects.filter(flow_id__in=flow_ids)
    if since is not None:
        rows = rows.filter(created_at__gte=since)
    counted = rows.values_list("flow_id").annotate(
        sent=Count("id", filter=Q(status=MessageStatus.SENT)),
        opened=Count("id", filter=Q(opened_at__isnull=False)),
        clicked=Count("id", filter=Q(clicked_at__isnull=False)),
        skipped=Count("id", filter=Q(status=MessageStatus.SKIPPED)),
    )
    names = ("sent", "opened", "clicked", "skipped")
    return {flow_id: dict(zip(names, figures, strict=True)) for flow_id, *figures in counted}


def count_skips_by_reason(flow_id: int) -> dict[str, dict[str, int]]:
    """Return how many messages of a flow each gate stopped, by node id and reason."""
    rows = (
        Message.objects.filter(flow_id=flow_id, status=MessageStatus.SKIPPED)
        .values_list("node_id", "reason")
        .annotate(number=Count("id"))
    )
    counts: dict[str, dict[str, int]] = {}
    for node_id, reason, number in rows:
        counts.setdefault(node_id, {})[reason] = number
    return counts


def find_problems(now: datetime) -> Problems:
    """Return what waits for a person: messages that did not arrive, coupons that run out, reviews.

    Args:
        now: aware; ``flood`` counts messages that the alarm stopped in the last 72 hours.
    """
    counts = dict.fromkeys(
        (MessageStatus.FAILED.value, MessageStatus.UNKNOWN.value, SkipReason.FLOOD.value), 0
    )
    low = []
    guard, losing, reviews = ("", ""), "", (0, "")
    for row in run_sql("messaging.find_problems", flood_since=now - FLOOD_WINDOW):
        if row.word == "guard":
            guard = (row.kind, row.detail)
        elif row.word == "losing":
            losing = row.detail
        elif row.word == "reviews":
            reviews = (row.found, row.detail)
        elif row.coupon_id is None:
            counts[row.word] = row.found
        else:
            low.append(LowCoupon(row.coupon_id, row.name, row.kind, row.detail, row.needed))
    return Problems(counts, low, guard, losing, reviews)


def count_due(now: datetime) -> int:
    """Return how many messages should have left by now, at most the ceiling."""
    due = Message.objects.filter(status=MessageStatus.PENDING, due_at__lte=now)
    return len(due.values_list("pk", flat=True)[:DUE_CEILING])


def list_due_channels(now: datetime) -> list[str]:
    """Return the channels on which something is due, by name."""
    rows = run_sql("messaging.list_due_channels", channels=list(Channel.values), now=now)
    return [row.channel for row in rows]


def find_template_id(key: str) -> int | None:
    """Return the id of the tenant's template with a key, or None."""
    return Template.objects.filter(key=key).values_list("pk", flat=True).first()
