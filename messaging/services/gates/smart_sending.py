"""No promotional message so soon after another one on its channel."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from kernel.formats import format_time
from messaging.choices import MessageClass
from messaging.domain.limits import OnHit, SmartSending
from messaging.services.gates.batch import (
    limits_of_tenant,
    smart_key,
    tenant_of_batch,
    usage_of,
    used,
)
from messaging.services.gates.holding import wait_for
from messaging.types import PendingMessage, Verdict


def smart_sending_gate(messages: Sequence[PendingMessage], now: datetime) -> dict[int, Verdict]:
    """Stop a promotional message so soon after another one on its channel, or let it wait."""
    asked = [
        message
        for message in messages
        if message.message_class == MessageClass.PROMOTIONAL
        and message.context.get("smart_sending", True)
    ]
    if not asked:
        return {}
    smart, found = limits_of_tenant().smart, usage_of(messages, now)
    free = {
        channel: Verdict(passed=True, detail=f"none in {one.hours} hours")
        for channel, one in smart.items()
        if one.hours
    }
    verdicts = {}
    for message in asked:
        if message.channel not in free:
            continue
        last_at = used(found, message, smart_key(message.channel)).last_at
        verdicts[message.id] = (
            free[message.channel]
            if last_at is None
            else _stop(message, last_at, smart[message.channel])
        )
    return verdicts


def _stop(message: PendingMessage, last_at: datetime, smart: SmartSending) -> Verdict:
    when = format_time(last_at, tenant_of_batch().timezone)
    verdict = Verdict(passed=False, detail=f"the last one left at {when}")
    opens_at = last_at + timedelta(hours=smart.hours)
    most = message.planned_at + timedelta(hours=smart.max_wait_hours)
    if smart.on_hit != OnHit.WAIT or opens_at > most:
        return verdict
    return wait_for(message, opens_at, verdict)
