"""Queues messages: the one way in for everything that wants to be sent."""

from collections.abc import Sequence

from kernel import clock
from kernel.arrays import columns
from kernel.sql import count_sql
from kernel.tenancy import current_tenant_id
from kernel.work import ring
from messaging.services.writing import WRITERS
from messaging.types import NewMessage


def queue_messages(messages: Sequence[NewMessage]) -> int:
    """Queue messages in the surrounding transaction; a key that exists is left as it is.

    Args:
        messages: any number, of the active tenant; written in one statement.

    Returns:
        Messages that are really new.

    Raises:
        ValueError: a channel that nobody writes for.
        TenantScopeError: no scope, or no transaction, is open.
    """
    unsupported = {message.channel for message in messages} - WRITERS.keys()
    if unsupported:
        raise ValueError(f"nothing can be sent on {', '.join(sorted(unsupported))}")
    if not messages:
        return 0
    rows = [
        (
            message.key,
            message.profile_id,
            str(message.channel),
            str(message.message_class),
            message.template_id,
            message.flow_id,
            message.flow_run_id,
            message.node_id,
            dict(message.context),
            message.due_at,
        )
        for message in messages
    ]
    names = "keys profiles channels classes templates flows runs nodes contexts dues"
    queued = count_sql("messaging.queue_messages", now=clock.now(), **columns(names, rows))
    if queued:
        ring("messages", current_tenant_id())
    return queued
