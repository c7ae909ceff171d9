"""Deciding what becomes of messages that wait for review: sent, or cancelled."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from django.db import transaction
from django.db.models import QuerySet

from flows.choices import ReviewStatus
from flows.domain.delays import pick_zone
from flows.domain.graph import Message
from flows.errors import StepError
from flows.models import Flow, FlowRun, ReviewItem, RunStep
from flows.queries.versions import find_graphs
from flows.services.walkers import Walker
from flows.services.walking import REVIEW, Walk
from kernel import clock
from kernel.errors import NotFound
from messaging.services.queueing import queue_messages
from messaging.types import NewMessage
from tenants.services import audit

MOST: Final = 1_000
"""Messages that one click decides about."""


@dataclass(frozen=True, slots=True)
class Decided:
    """What became of a click: messages decided, those that could not be, and those that wait on."""

    done: int
    impossible: int
    left: int


@transaction.atomic
def release_reviews(flow_id: int, item_ids: Collection[int] | None, *, actor: str) -> Decided:
    """Send messages that wait for review: they pass every gate as if they were due now.

    What expired, was decided before, or has lost its step or template stays as it is.

    Args:
        flow_id: the flow.
        item_ids: which; None takes all, the oldest first, as many as one click decides about.
        actor: e-mail address of the member.

    Raises:
        NotFound: there is no such flow.
    """
    items = _lock(flow_id, item_ids)
    messages = _build(items)
    queue_messages(list(messages.values()))
    sent = [item for item in items if item.pk in messages]
    _decide(sent, ReviewStatus.RELEASED, actor)
    steps = RunStep.objects.filter(run_id__in={item.run_id for item in sent}, result=REVIEW)
    keys = {(item.run_id, item.node_id, item.visit) for item in sent}
    found = steps.values_list("pk", "run_id", "node_id", "visit")
    RunStep.objects.filter(pk__in=[pk for pk, *key in found if tuple(key) in keys]).update(
        result="queued"
    )
    return _tell(flow_id, "flow.review_sent", len(sent), len(items) - len(sent), actor)


@transaction.atomic
def cancel_reviews(flow_id: int, item_ids: Collection[int] | None, *, actor: str) -> Decided:
    """Let messages that wait for review never be sent.

    Args:
        flow_id: the flow.
        item_ids: which; None takes all, the oldest first, as many as one click decides about.
        actor: e-mail address of the member.

    Raises:
        NotFound: there is no such flow.
    """
    items = _lock(flow_id, item_ids)
    _decide(items, ReviewStatus.CANCELLED, actor)
    return _tell(flow_id, "flow.review_cancelled", len(items), 0, actor)


def waiting_in(flow_id: int) -> QuerySet[ReviewItem]:
    """Return the messages of a flow that can still be sent or cancelled."""
    waiting = ReviewItem.objects.filter(flow_id=flow_id, status=ReviewStatus.WAITING)
    return waiting.filter(expires_at__gt=clock.now())


def count_waiting(flow_id: int) -> int:
    """Return how many messages of a flow wait for review, up to a ceiling of 1,001."""
    return waiting_in(flow_id).order_by()[: MOST + 1].count()


def _lock(flow_id: int, item_ids: Collection[int] | None) -> list[ReviewItem]:
    if not Flow.objects.filter(pk=flow_id).exists():
        raise NotFound("This flow does not exist.")
    items = waiting_in(flow_id)
    if item_ids is not None:
        items = items.filter(pk__in=set(item_ids))
    return list(items.select_for_update(no_key=True).order_by("pk")[:MOST])


def _build(items: Sequence[ReviewItem]) -> dict[int, NewMessage]:
    """Return the messages by item, as their runs would queue them now; others are left out."""
    runs = FlowRun.objects.in_bulk({item.run_id for item in items})
    graphs = find_graphs({run.version_id for run in runs.values()})
    now = clock.now()
    walkers = {
        item.pk: Walker(
            run_id=run.pk,
            flow_id=run.flow_id,
            profile_id=run.profile_id,
            graph=graphs[run.version_id],
            zone=pick_zone((), "", ""),
            node=item.node_id,
            visit=item.visit,
            is_waiting=False,
            due_at=now,
            trigger_event_id=run.trigger_event_id,
            trigger=run.trigger,
            context={} if item.coupon_id is None else {"coupon": item.coupon_id},
        )
        for item in items
        if (run := runs.get(item.run_id)) is not None and run.version_id in graphs
    }
    walk = Walk(now, list(walkers.values()))
    walk.load()
    messages = {}
    for key, walker in walkers.items():
        node = walker.graph.nodes.get(walker.node)
        if not isinstance(node, Message):
            continue
        try:
            messages[key] = walk.build_message(walker, node)
        except StepError:
            continue
    return messages


def _decide(items: Sequence[ReviewItem], status: ReviewStatus, actor: str) -> None:
    ReviewItem.objects.filter(pk__in=[item.pk for item in items]).update(
        status=status, decided_at=clock.now(), decided_by=actor
    )


def _tell(flow_id: int, action: str, done: int, impossible: int, actor: str) -> Decided:
    if done:
        audit.record(action, "flow", flow_id, after={"messages": done}, actor=actor)
    return Decided(done, impossible, count_waiting(flow_id))
