"""Replaying deliveries that were applied: what they say is read and applied once more, as history.

A repeat changes nothing that is known already or newer, and starts no flow. It brings back what a
fault lost or read wrongly. What is asked for once, such as an erasure, is left out.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction
from django.db.models import QuerySet

from crm.domain.csv_cells import safe_cell
from crm.errors import IngestConflict
from kernel import clock
from kernel.errors import Conflict, NotFound
from kernel.retry import retry_conflicts
from stores.choices import DeliveryStatus
from stores.models import InboxDelivery
from stores.platforms import FETCHERS
from stores.queries import find_store
from stores.services.inbox import CONFLICT_TRIES, NOTHING_NEW, Outcome, apply_deliveries
from stores.types import Delivery, StoreContext
from tenants.models import Job
from tenants.services import audit
from tenants.services.jobs import start_job
from tenants.types import JobStep, JobTurn

if TYPE_CHECKING:
    from crm.models import Store

BATCH: Final = 200
CEILING: Final = 100_000
"""Deliveries that a preview counts, and at most so many are replayed at once."""
HEADINGS: Final = ("delivery", "topic", "received", "what became of it")
SAME: Final = "Nothing new"
THIN: Final = (
    "The deliveries of this shop only say that something changed. Fetch everything instead: that "
    "asks the shop for all of it."
)


@dataclass(frozen=True, slots=True)
class Span:
    """Which deliveries: of a store, of a topic (empty: any), received in a span of time."""

    store_id: int
    since: datetime
    until: datetime
    topic: str = ""


def can_replay(delivery: InboxDelivery) -> bool:
    """Say whether a delivery was applied and says itself what it is about."""
    is_thin = delivery.store.platform in FETCHERS
    return delivery.status == DeliveryStatus.APPLIED and bool(delivery.body) and not is_thin


def count_replayable(span: Span) -> int:
    """Return how many deliveries a replay would read, at most the ceiling; it walks the span."""
    return len(_find(span).values_list("pk", flat=True)[:CEILING])


def start_replay(span: Span, *, actor: str) -> Job:
    """Start replaying deliveries.

    Args:
        span: which.
        actor: e-mail address of the member.

    Raises:
        NotFound: the tenant has no such store.
        Conflict: there is nothing to replay, or the deliveries of the store do not say enough.
    """
    store = find_store(span.store_id)
    if store is None:
        raise NotFound("This store does not exist.")
    if store.platform in FETCHERS:
        raise Conflict(THIN)
    total = count_replayable(span)
    if not total:
        raise Conflict("No applied delivery was received then.")
    params = {
        "store_id": span.store_id,
        "store": store.name,
        "topic": span.topic,
        "since": span.since.isoformat(),
        "until": span.until.isoformat(),
    }
    name = f"replay-{store.pk}-{clock.now():%Y-%m-%d}.csv"
    return start_job("inbox.replay", params, actor=actor, total=total, result_name=name)


def replay_batch(turn: JobTurn) -> JobStep:
    """Replay the next deliveries, oldest first, inside the transaction of the job's progress."""
    params, after = turn.params, turn.cursor or 0
    span = Span(
        params["store_id"],
        datetime.fromisoformat(params["since"]),
        datetime.fromisoformat(params["until"]),
        params["topic"],
    )
    store = find_store(span.store_id)
    if store is None:
        raise NotFound("The store was removed.")
    left = min(BATCH, CEILING - turn.done)
    rows = list(_find(span).filter(pk__gt=after)[:left])
    heading = "" if turn.cursor is not None else _write([HEADINGS])
    if not rows:
        return JobStep(rows=0, cursor=None, output=heading)
    outcomes = {each.delivery_id: each for each in _apply(store, rows)}
    lines = [_line(row, outcomes.get(row.pk)) for row in rows]
    output = heading + _write([line for line in lines if line[-1] != SAME])
    is_last = len(rows) < left or turn.done + len(rows) >= CEILING
    return JobStep(rows=len(rows), cursor=None if is_last else rows[-1].pk, output=output)


@transaction.atomic
def replay_one(delivery_id: int, *, actor: str) -> str:
    """Replay one delivery at once.

    Returns:
        What became of it, for people.

    Raises:
        NotFound: the tenant has no such delivery.
        Conflict: it was not applied before, or does not say enough.
    """
    delivery = InboxDelivery.objects.select_related("store").filter(pk=delivery_id).first()
    if delivery is None:
        raise NotFound("This delivery does not exist.")
    if not can_replay(delivery):
        raise Conflict(THIN if delivery.store.platform in FETCHERS else "It was not applied yet.")
    [outcome] = _apply(delivery.store, [delivery])
    said = _say(outcome)
    audit.record("delivery.replayed", "delivery", delivery_id, after={"outcome": said}, actor=actor)
    return said


def _find(span: Span) -> QuerySet[InboxDelivery]:
    found = InboxDelivery.objects.filter(
        store_id=span.store_id,
        status=DeliveryStatus.APPLIED,
        received_at__gte=span.since,
        received_at__lt=span.until,
    )
    return (found.filter(topic=span.topic) if span.topic else found).order_by("pk")


def _apply(store: "Store", rows: Sequence[InboxDelivery]) -> Sequence[Outcome]:
    context = StoreContext(store.pk, store.platform, store.currency, store.timezone)
    batch = [_read(row) for row in rows if row.body]
    emptied = [
        Outcome(row.pk, DeliveryStatus.IGNORED, "Its body was erased")
        for row in rows
        if not row.body
    ]

    @transaction.atomic
    def apply() -> Sequence[Outcome]:
        return apply_deliveries(batch, context, clock.now(), is_replay=True)

    applied = retry_conflicts(apply, tries=CONFLICT_TRIES, conflict=IngestConflict)
    return [*applied, *emptied]


def _read(row: InboxDelivery) -> Delivery:
    return Delivery(
        id=row.pk,
        topic=row.topic,
        source=row.source,
        headers=row.headers,
        body=bytes(row.body),
        triggered_at=row.triggered_at,
        received_at=row.received_at,
    )


def _line(row: InboxDelivery, outcome: Outcome | None) -> tuple[str, ...]:
    said = SAME if outcome is None else _say(outcome)
    return (row.delivery_id, row.topic, row.received_at.isoformat(), said)


def _say(outcome: Outcome) -> str:
    if outcome.status == DeliveryStatus.APPLIED:
        return SAME if outcome.reason == NOTHING_NEW else "Applied"
    return f"Left out: {outcome.reason}"


def _write(rows: Sequence[Sequence[Any]]) -> str:
    target = io.StringIO()
    csv.writer(target).writerows([safe_cell(cell) for cell in row] for row in rows)
    return target.getvalue()
