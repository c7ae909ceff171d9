"""Where the callback edge puts what providers tell, and what it turns away.

Callbacks come as fast as messages leave, so what was told is filed in one statement, in one
transaction with what came meanwhile.
"""

import contextlib
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

from kernel import clock
from kernel.arrays import columns
from kernel.postgres.edge import EdgeUnavailable, write_once
from kernel.postgres.groups import write_together
from kernel.ringer import ring_soon
from kernel.sql import load_sql
from messaging.channels.base import Account, ProviderEvent

CALLBACKS: Final = "callbacks"
REFUSALS: Final = {
    "signature": "A request that the provider did not sign was refused",
    "too_large": "A request that is too large was refused",
    "unreadable": "A request that cannot be read was refused",
}
"""Why the edge turns requests away, in words for the merchant."""


def file_events(account: Account, events: Sequence[ProviderEvent]) -> None:
    """Commit what a provider told, and ring for it; what was told before changes nothing.

    Raises:
        EdgeUnavailable: nothing was filed; the provider must repeat.
    """
    if not events:
        return
    distinct = {event.dedupe_key: event for event in events}
    rows = [(event.dedupe_key, event.kind, body_of(event)) for event in distinct.values()]
    write_together(
        load_sql("messaging.accept_callbacks"),
        {
            "account_id": account.id,
            "received_at": clock.now(),
            **columns("dedupe_keys kinds bodies", rows),
        },
        tenant_id=account.tenant_id,
    )
    ring_soon(CALLBACKS, account.tenant_id)


def count_refusal(account: Account, reason: str) -> None:
    """Count a request that is turned away, for the merchant to see.

    Nobody waits for the disk, and a database that does not answer changes nothing.

    Args:
        account: for which it was made.
        reason: a key of `REFUSALS`.
    """
    now = clock.now()
    params = {
        "account_id": account.id,
        "dedupe_key": f"refused:{reason}:{now:%Y-%m-%d}",
        "detail": REFUSALS[reason],
        "now": now,
    }
    with contextlib.suppress(EdgeUnavailable):
        write_once(
            load_sql("messaging.count_refused_callback"),
            params,
            tenant_id=account.tenant_id,
            is_durable=False,
        )


def body_of(event: ProviderEvent) -> dict[str, Any]:
    """Return what is kept of an event; empty parts are left out."""
    found = {**asdict(event), "at": event.at.isoformat(), "media": list(event.media)}
    return {
        name: value for name, value in found.items() if value and name not in ("kind", "dedupe_key")
    }
