"""A lane whose account is a channel of the test, and what a worker does before it hands over."""

from datetime import datetime
from typing import Any
from uuid import uuid4

import time_machine

from messaging.services.claiming import record_and_claim
from messaging.services.lanes import Lane
from messaging.services.preparing import Prepared, _list_due, prepare_set
from messaging.services.writers.base import Ready
from messaging.types import PendingMessage


def lane_over(channel: Any, name: str = "email") -> Lane:
    """Return a lane that hands over to a channel, such as a make-believe server."""
    return Lane(name, None, lambda: channel)


def claim_batch(channel: str, *, size: int, now: datetime) -> list[Ready]:
    """Ask the gates for due messages of a channel, and claim what passes."""
    lane = lane_over(None, channel)
    prepared = prepare_set(lane, size=size, now=now)
    with time_machine.travel(now, tick=False):
        return record_and_claim(prepared, lane, None, prepared.ready)


def claim_due(channel: str, *, size: int, now: datetime) -> list[PendingMessage]:
    """Claim due messages of a channel as if every gate let them through."""
    claim_id = uuid4()
    messages = _list_due(channel, claim_id, size=size, now=now)
    trails: dict[int, list[dict[str, Any]]] = {message.id: [] for message in messages}
    prepared = Prepared(claim_id, now, len(messages), [], trails)
    ready = [Ready(message, None, "", "") for message in messages]
    lane = lane_over(None, channel)
    return [item.message for item in record_and_claim(prepared, lane, None, ready)]
