"""Queues messages: the one way in for everything that wants to be sent."""

import json
from collections.abc import Sequence

from kernel import clock
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
    queued = count_sql(
        "messaging.queue_messages",
        now=clock.now(),
        keys=[message.key for message in messages],
        profiles=[message.profile_id for message in messages],
        channels=[str(message.channel) for message in messages],
        classes=[str(message.message_class) for message in messages],
        templates=[message.template_id for message in messages],
        flows=[message.flow_id for message in messages],
        runs=[message.flow_run_id for message in messages],
        nodes=[message.node_id for message in messages],
        contexts=[json.dumps(dict(message.context), default=str) for message in messages],
        dues=[message.due_at for message in messages],
    )
    if queued:
        ring("messages", current_tenant_id())
    return queued
