"""Kinds of work: rows are the queue, the broker is the doorbell.

A kind says which rows wait (a scan), who works them off (a service) and on which queue the
bell rings. Rings are coalesced: at most one task per tenant and kind is queued.
"""

import functools
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial

import redis
import structlog
from celery import current_app as celery  # noqa: TID251 the one home of ringing
from django.conf import settings
from django.db import DatabaseError, transaction
from django.utils.module_loading import import_string
from kombu.exceptions import OperationalError

from kernel.batches import Deadline
from kernel.broker import connect_broker
from kernel.scan import list_tenants_due
from kernel.scope import tenant_scope

log = structlog.get_logger(__name__)

RING_SECONDS = 60
"""A ring that never became a task is forgotten after this, so that the sweep may ring again."""
BROKER_SECONDS = 0.5
"""How long the broker may take to answer; a webhook waits for it."""
SILENT_SECONDS = 5.0
"""How long a broker that failed is left alone, so that webhooks do not wait for it each."""

GATHER_SECONDS = 0.5
"""How long a bell that was rung is not rung again where rings are gathered."""

_breaker = {"silent_until": 0.0}


@dataclass(frozen=True, slots=True)
class WorkKind:
    """One kind of work.

    Attributes:
        task: name of the Celery task, its import path.
        queue: queue by patience.
        service: import path of ``drain(deadline) -> int``; returns rows worked off, 0 when
            nothing was due.
        due: SELECT of the ids of tenants with due rows, run as `patron_sys`.
        rests_when_suspended: whether a tenant that is suspended has none of it done. What waits
            stays where it is.
    """

    task: str
    queue: str
    service: str
    due: str
    rests_when_suspended: bool = True


class _Rings:
    """Rings of whoever commits one small transaction after the other.

    Attributes:
        waiting: kind and tenant of those that were put off.
    """

    def __init__(self) -> None:
        self.waiting: set[tuple[str, int]] = set()
        self._rung: dict[tuple[str, int], float] = {}

    def put_off(self, kind: str, tenant_id: int) -> bool:
        """Say whether a ring can wait, as the last one is not long ago."""
        key, now = (kind, tenant_id), time.monotonic()
        if now - self._rung.get(key, float("-inf")) < GATHER_SECONDS:
            self.waiting.add(key)
            return True
        self._rung[key] = now
        self.waiting.discard(key)
        return False


_rings: ContextVar[_Rings | None] = ContextVar("rings", default=None)


@contextmanager
def gather_rings() -> Iterator[None]:
    """Ring inside of it for the same work twice a second at most, and when it ends."""
    rings = _Rings()
    token = _rings.set(rings)
    try:
        yield
    finally:
        _rings.reset(token)
        for kind, tenant_id in sorted(rings.waiting):
            ring_now(kind, tenant_id)


def work_kinds() -> dict[str, WorkKind]:
    """Return the kinds in the order in which one drain takes them."""
    kinds: dict[str, WorkKind] = import_string(settings.WORK_KINDS)
    return kinds


def ring(kind: str, tenant_id: int) -> None:
    """Say, once the surrounding transaction commits, that a tenant has work of a kind.

    While one ring waits another adds nothing. A broker that is down loses the ring and not
    the work, which the sweep finds.
    """
    transaction.on_commit(partial(ring_now, kind, tenant_id), robust=True)


def ring_now(kind: str, tenant_id: int) -> None:
    """Ring at once; a broker that is down is logged, left alone for a while, otherwise ignored."""
    rings = _rings.get()
    if rings is not None and rings.put_off(kind, tenant_id):
        return
    if time.monotonic() < _breaker["silent_until"]:
        return
    work = work_kinds()[kind]
    try:
        if not _broker().set(_ring_key(kind, tenant_id), 1, nx=True, ex=RING_SECONDS):
            return
        celery.send_task(work.task, args=[tenant_id], queue=work.queue, retry=False)
    except (redis.RedisError, OSError, OperationalError):
        _breaker["silent_until"] = time.monotonic() + SILENT_SECONDS
        log.warning("ring_lost", kind=kind, tenant=tenant_id)


def work_off(kind: str, tenant_id: int) -> None:
    """Give one tenant one turn of a kind, and ring again when something is left."""
    _forget_ring(kind, tenant_id)
    work = work_kinds()[kind]
    if work.rests_when_suspended and _find_suspended([tenant_id]):
        return
    deadline = Deadline()
    drain = _service(work.service)
    with tenant_scope(tenant_id):
        done = drain(deadline)
    if done:
        ring_now(kind, tenant_id)


def drain_tenant(
    tenant_id: int, *, limit: int = 10_000, kinds: Collection[str] | None = None
) -> int:
    """Work off everything that is due for one tenant in this process, until it is idle.

    Args:
        tenant_id: whose work.
        limit: turns at most.
        kinds: looks at these kinds alone; None looks at all.

    Returns:
        Turns in which something was done.
    """
    turns = idle = 0
    is_suspended = bool(_find_suspended([tenant_id]))
    chosen = [
        work
        for kind, work in work_kinds().items()
        if (kinds is None or kind in kinds) and not (is_suspended and work.rests_when_suspended)
    ]
    with tenant_scope(tenant_id):
        while turns < limit and idle < len(chosen):
            idle = _drain_round(chosen, idle)
            turns += idle < len(chosen)
    return turns


def sweep() -> int:
    """Ring for every tenant with due work; repairs every ring that was lost.

    Returns:
        Rings asked for.
    """
    rings = 0
    for kind, work in work_kinds().items():
        try:
            due = list_tenants_due(work.due)
        except DatabaseError:
            log.exception("sweep_failed", kind=kind)
            continue
        resting = _find_suspended(due) if work.rests_when_suspended else set()
        for tenant_id in due:
            if tenant_id not in resting:
                ring_now(kind, tenant_id)
        rings += len(set(due) - resting)
    return rings


def _drain_round(chosen: Collection[WorkKind], idle: int) -> int:
    """Give each kind a turn, until all of them had nothing to do one after the other.

    Args:
        chosen: the kinds, in order.
        idle: how many had nothing to do just before.

    Returns:
        How many had nothing to do in the end; all of them when there was none who had.
    """
    for work in chosen:
        idle = 0 if _service(work.service)(Deadline(seconds=None)) else idle + 1
        if idle == len(chosen):
            break
    return idle


def _find_suspended(tenant_ids: Collection[int]) -> set[int]:
    """Return those of some tenants that are suspended, as the settings' query says."""
    if not tenant_ids or not settings.SUSPENDED_TENANTS:
        return set()
    find: Callable[[Collection[int]], set[int]] = import_string(settings.SUSPENDED_TENANTS)
    return find(tenant_ids)


@functools.cache
def _service(path: str) -> Callable[[Deadline], int]:
    service: Callable[[Deadline], int] = import_string(path)
    return service


@functools.cache
def _broker() -> "redis.Redis":
    return connect_broker(settings.REDIS_URL, seconds=BROKER_SECONDS)


def _ring_key(kind: str, tenant_id: int) -> str:
    return f"ring:{kind}:{tenant_id}"


def _forget_ring(kind: str, tenant_id: int) -> None:
    try:
        _broker().delete(_ring_key(kind, tenant_id))
    except (redis.RedisError, OSError):
        log.warning("ring_key_kept", kind=kind, tenant=tenant_id)
