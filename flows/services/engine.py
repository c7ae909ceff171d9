"""Advancing runs: claim what is due, walk it, write everything in one transaction per batch."""

import json
from collections.abc import Collection, Mapping, Sequence
from operator import attrgetter
from typing import Any

import structlog
from django.db import OperationalError, transaction

from flows.choices import RUNNING, FlowStatus, RunStatus
from flows.domain.delays import pick_zone
from flows.models import FlowRun
from flows.queries.versions import get_graphs
from flows.services.effects import carry_out
from flows.services.review_queue import queue_reviews
from flows.services.walkers import Broken, Walker
from flows.services.walking import Walk
from kernel import clock
from kernel.arrays import array, columns
from kernel.batches import Deadline
from kernel.sql import run_sql
from kernel.tenancy import current_tenant_id
from kernel.work import ring
from messaging.services.queueing import queue_messages
from tenants.queries import get_tenant

BATCH = 500

log = structlog.get_logger(__name__)


class _BatchFailed(Exception):
    """A batch that cannot be written; ``place`` is node and visit at which a single run broke."""

    def __init__(
        self, run_ids: Sequence[int], cause: Exception, place: tuple[str, int] | None
    ) -> None:
        super().__init__(str(cause))
        self.run_ids = run_ids
        self.cause = cause
        self.place = place


def advance_due(deadline: Deadline) -> int:
    """Advance the due runs of the active tenant, the longest due first.

    State, steps and messages of a batch are written in one transaction, so a crash repeats the
    batch and nothing of it is done twice. A run that cannot go on is marked failed with the
    reason and its neighbours go on.

    Args:
        deadline: when to stop claiming.

    Returns:
        Runs worked on; 0 when nothing is due or other workers hold it.

    Raises:
        OperationalError: the database was lost or chose this batch as a deadlock's victim; it is
            safe to call again.
    """
    done = 0
    while not deadline.passed:
        try:
            count = _advance_batch(None)
        except _BatchFailed as failure:
            count = _isolate(failure)
        if not count:
            break
        done += count
    return done


@transaction.atomic
def resume_failed(run_ids: Collection[int]) -> int:
    """Let failed runs try their node again.

    Returns:
        Runs that were failed and are now due.
    """
    now = clock.now()
    resumed = FlowRun.objects.filter(pk__in=run_ids, status=RunStatus.FAILED).update(
        status=RunStatus.ACTIVE, exit_reason="", wake_at=now, finished_at=None
    )
    if resumed:
        ring("flows", current_tenant_id())
    return resumed


@transaction.atomic
def _advance_batch(
    run_ids: Sequence[int] | None, broken: Mapping[int, Broken] | None = None
) -> int:
    now = clock.now()
    claimed = run_sql(
        "flows.claim_runs",
        now=now,
        count=BATCH,
        run_ids=None if run_ids is None else array(run_ids),
    )
    rows = sorted(_without_resumed(claimed), key=attrgetter("wake_at", "id"))
    if not rows:
        return 0
    walk = None
    try:
        walk = Walk(now, _walkers(rows), broken or {})
        walk.go()
        _write(walk)
    except OperationalError:
        raise
    except Exception as exc:
        place = walk.broken_at() if walk is not None else None
        raise _BatchFailed([row.id for row in rows], exc, place) from exc
    return len(rows)


def _without_resumed(rows: Sequence[Any]) -> Sequence[Any]:
    """Leave out runs of paused flows that are just being switched; they stay due as they are.

    Whoever lets a flow go on frees those who were set aside by then. Set aside after that, nobody
    would look for them again: so a flow stays paused until the batch is written.
    """
    paused = {row.flow_id for row in rows if row.flow_status == FlowStatus.PAUSED}
    if not paused:
        return rows
    held = {row.id for row in run_sql("flows.hold_paused", flow_ids=array(sorted(paused)))}
    return [row for row in rows if row.flow_id not in paused or row.flow_id in held]


def _write(walk: Walk) -> None:
    queue_messages(walk.messages)
    queue_reviews(walk.reviews, walk.now)
    carry_out(walk.effects, walk.now)
    steps = [(step.run_id, step.node, step.visit, step.result) for step in walk.steps]
    if steps:
        run_sql(
            "flows.record_steps", now=walk.now, **columns("run_ids nodes visits results", steps)
        )
    run_sql("flows.advance_runs", **columns(_RUN_COLUMNS, _states(walk)))


_RUN_COLUMNS = "run_ids statuses reasons nodes visits waits keys contexts wakes ends"


def _states(walk: Walk) -> list[tuple[Any, ...]]:
    over = (RunStatus.COMPLETED, RunStatus.EXITED)
    return [
        (
            walker.run_id,
            str(walker.status),
            walker.reason,
            walker.node,
            walker.visit,
            walker.is_waiting,
            walker.waits_for if walker.is_waiting else "",
            walker.context,
            walker.wake_at,
            walk.now if walker.status in over else None,
        )
        for walker in walk.walkers
    ]


def _walkers(rows: Sequence[Any]) -> list[Walker]:
    graphs = get_graphs([row.version_id for row in rows])
    account = get_tenant(current_tenant_id()).timezone
    walkers = []
    for row in rows:
        walker = Walker(
            run_id=row.id,
            flow_id=row.flow_id,
            profile_id=row.profile_id,
            graph=graphs[row.version_id],
            zone=pick_zone((row.timezone,), row.country, account),
            node=row.current_node,
            visit=row.visit,
            is_waiting=row.is_waiting,
            due_at=row.wake_at,
            trigger_event_id=row.trigger_event_id,
            trigger=json.loads(row.trigger),
            context=json.loads(row.context),
            is_reviewed=row.flow_status == FlowStatus.MANUAL,
        )
        if row.is_erased:
            walker.end(RunStatus.EXITED, "the profile was erased")
        elif row.flow_status == FlowStatus.PAUSED:
            walker.set_aside()
        elif row.flow_status not in RUNNING:
            walker.end(RunStatus.EXITED, "the flow is not live")
        walkers.append(walker)
    return walkers


def _isolate(failure: _BatchFailed) -> int:
    """Halve a batch until the run that cannot go on is alone, and mark that one failed.

    Returns:
        Runs looked at, so that the drain goes on with the next batch.
    """
    ids = failure.run_ids
    if len(ids) == 1:
        log.error("flow_run_failed", run=ids[0], exc_info=failure.cause)
        _fail(failure)
        return 1
    middle = len(ids) // 2
    for half in (ids[:middle], ids[middle:]):
        try:
            _advance_batch(half)
        except _BatchFailed as smaller:
            _isolate(smaller)
    return len(ids)


def _fail(failure: _BatchFailed) -> None:
    """Do with the one run that broke its batch what the node says at which it broke.

    It is walked once more and stopped there, so that what came before is not lost. One that still
    breaks is parked where it stood.
    """
    (run_id,) = failure.run_ids
    reason = f"{type(failure.cause).__name__}: {failure.cause}"[:500]
    if failure.place is not None:
        try:
            _advance_batch([run_id], {run_id: Broken(*failure.place, reason)})
        except _BatchFailed as again:
            log.warning("flow_run_breaks_again", run=run_id, cause=str(again.cause))
        else:
            return
    with transaction.atomic():
        FlowRun.objects.filter(pk=run_id, status=RunStatus.ACTIVE).update(
            status=RunStatus.FAILED, exit_reason=reason, wake_at=None
        )
