"""The worker of `backfill`, in a process of its own, so that its memory is its own."""

import json
import sys
from collections.abc import Sequence

import django


def main(arguments: Sequence[str]) -> None:
    """Pull a store to the end, with all that reacts to it; print seconds and peak memory in bytes.

    Args:
        arguments: ids of the tenant and of its store.
    """
    django.setup()
    from kernel.batches import Deadline  # noqa: PLC0415 needs the settings
    from kernel.scope import tenant_scope  # noqa: PLC0415 likewise
    from kernel.work import drain_tenant  # noqa: PLC0415 likewise
    from stores.services.syncing import start_sync, take_turn  # noqa: PLC0415 likewise
    from tests.benchmarks.measure import peak_memory, timed  # noqa: PLC0415 likewise

    tenant_id, store_id = map(int, arguments)

    def work() -> None:
        with tenant_scope(tenant_id):
            run_id = start_sync(store_id)
            while take_turn(Deadline(1.0), run_id):
                drain_tenant(tenant_id, kinds=["reactions"])
        drain_tenant(tenant_id, kinds=["reactions"])

    seconds = timed(work)
    sys.stdout.write(json.dumps({"seconds": seconds, "memory": peak_memory()}) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
