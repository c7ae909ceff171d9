"""Rings off the path of a request: a thread that rings for what was committed.

The broker is asked while nobody waits; one that is slow or down delays no answer. What is asked
for many times within a moment is rung once. A process that ends may lose rings; the sweep finds
the work.
"""

import os
import threading
import time

import structlog

from kernel.work import ring_now

log = structlog.get_logger(__name__)

PAUSE_SECONDS = 0.02
"""Between two rounds; a first ring does not wait for it."""

_wanted: set[tuple[str, int]] = set()
_lock = threading.Lock()
_bell = threading.Event()
_threads: list[threading.Thread] = []


def ring_soon(kind: str, tenant_id: int) -> None:
    """Have a tenant's work of a kind rung for; returns at once.

    Args:
        kind: of `kernel.work.work_kinds`; its rows are committed already.
        tenant_id: whose rows.
    """
    with _lock:
        _wanted.add((kind, tenant_id))
        if not _threads:
            thread = threading.Thread(target=_ring_forever, name="ringer", daemon=True)
            _threads.append(thread)
            thread.start()
    if not _bell.is_set():
        _bell.set()


def _ring_forever() -> None:
    while True:
        _bell.wait()
        _ring_wanted()
        time.sleep(PAUSE_SECONDS)


def _ring_wanted() -> None:
    _bell.clear()
    with _lock:
        wanted = sorted(_wanted)
        _wanted.clear()
    for kind, tenant_id in wanted:
        try:
            ring_now(kind, tenant_id)
        except Exception:  # the thread must live on for the rings after this one
            log.exception("ring_failed", kind=kind, tenant=tenant_id)


def _forget_thread() -> None:
    """A fork takes no thread along: the child starts its own."""
    _threads.clear()
    _wanted.clear()


os.register_at_fork(after_in_child=_forget_thread)
