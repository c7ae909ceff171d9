"""No promotional mail to people who have shown no interest for very long.

After so many days without an opening, a click, a visit and an order somebody gets promotional
mails more rarely; after some more days a few, the last chance, and then none until they come back.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from crm.choices import Channel
from kernel.arrays import array
from kernel.formats import format_time
from kernel.sql import run_sql
from messaging.choices import MessageClass
from messaging.domain.limits import Sunset
from messaging.services.gates.batch import limits_of_tenant, tenant_of_batch
from messaging.types import PendingMessage, Verdict


def sunset_gate(messages: Sequence[PendingMessage], now: datetime) -> dict[int, Verdict]:
    """Stop a promotional mail to somebody who slept through the last chance, or just had one."""
    sunset = limits_of_tenant().sunset
    asked = [
        message
        for message in messages
        if message.message_class == MessageClass.PROMOTIONAL and message.channel == Channel.EMAIL
    ]
    if not sunset.is_on or not asked:
        return {}
    rows = run_sql(
        "messaging.find_asleep",
        profile_ids=array({message.profile.id for message in asked}),
        now=now,
        days=sunset.days,
        slow_days=min(sunset.slow_days, sunset.days),
        slow_gap=sunset.slow_gap,
        most=sunset.mails,
    )
    asleep = {row.profile_id: row for row in rows}
    zone = tenant_of_batch().timezone if asleep else ""
    verdicts = {}
    for message in asked:
        row = asleep.get(message.profile.id)
        if row is not None:
            since = f"no sign of interest since {format_time(row.last_at, zone, 'd MMM y')}"
            verdicts[message.id] = _judge(row, sunset, since)
    return verdicts


def _judge(row: Any, sunset: Sunset, since: str) -> Verdict:
    if not row.is_over:
        rarely = f"{since}; one mail in {sunset.slow_gap} days"
        return Verdict(passed=not row.has_lately, detail=rarely)
    if row.used >= sunset.mails:
        return Verdict(passed=False, detail=since)
    return Verdict(passed=True, detail=f"{since}; last chance {row.used + 1} of {sunset.mails}")
