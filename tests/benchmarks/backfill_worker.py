"""The workers of `backfill`, in processes of their own, so that their memory is their own.

Two, as in every installation: one pulls the store, one reacts to what that brings.
"""

import json
import multiprocessing
import sys
from collections.abc import Sequence
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event

import django

PAUSE = 0.05
"""Seconds between two looks for something to react to, when there was nothing."""


def main(arguments: Sequence[str]) -> None:
    """Pull a store to the end, with all that reacts to it; print seconds and peak memory in bytes.

    The memory is that of the larger of the two.

    Args:
        arguments: ids of the tenant and of its store.
    """
    django.setup()
    from tests.benchmarks.measure import peak_memory, timed  # noqa: PLC0415 needs the settings

    tenant_id, store_id = map(int, arguments)
    spawned = multiprocessing.get_context("spawn")
    ours, theirs = spawned.Pipe()
    is_pulled = spawned.Event()
    reacting = spawned.Process(target=react, args=(tenant_id, is_pulled, theirs))
    reacting.start()
    theirs.close()
    ours.recv()

    def work() -> None:
        try:
            pull(tenant_id, store_id)
        finally:
            is_pulled.set()
        reacting.join()

    seconds = timed(work)
    memory = max(peak_memory(), ours.recv())
    sys.stdout.write(json.dumps({"seconds": seconds, "memory": memory}) + "\n")


def pull(tenant_id: int, store_id: int) -> None:
    """Pull a store to the end, in turns of a second."""
    from kernel.batches import Deadline  # noqa: PLC0415 needs the settings
    from kernel.scope import tenant_scope  # noqa: PLC0415 likewise
    from stores.services.syncing import start_sync, take_turn  # noqa: PLC0415 likewise

    with tenant_scope(tenant_id):
        run_id = start_sync(store_id)
        while take_turn(Deadline(1.0), run_id):
            pass


def react(tenant_id: int, is_pulled: Event, told: Connection) -> None:
    """React until everything is pulled and nothing is left; tell the peak memory in bytes.

    Args:
        tenant_id: whose.
        is_pulled: set by whoever pulls, at the end.
        told: hears ``None`` once this is ready, and the bytes at the end.
    """
    django.setup()
    from kernel.work import drain_tenant  # noqa: PLC0415 needs the settings
    from tests.benchmarks.measure import peak_memory  # noqa: PLC0415 likewise

    told.send(None)
    while not is_pulled.wait(PAUSE):
        drain_tenant(tenant_id, kinds=["reactions"])
    drain_tenant(tenant_id, kinds=["reactions"])
    told.send(peak_memory())


if __name__ == "__main__":
    main(sys.argv[1:])
