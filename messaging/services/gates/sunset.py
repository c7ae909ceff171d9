"""No promotional mail to people who have shown no interest for very long.

After so many days without an opening, a click, a visit and an order somebody gets a few more
promotional mails, the last chance, and then none until they come back.
"""

from collections.abc import Sequence
from datetime import datetime

from crm.choices import Channel
from kernel.arrays import array
from kernel.formats import format_time
from kernel.sql import run_sql
from messaging.choices import MessageClass
from messaging.services.gates.batch import limits_of_tenant, tenant_of_batch
from messaging.types import PendingMessage, Verdict


def sunset_gate(messages: Sequence[PendingMessage], now: datetime) -> dict[int, Verdict]:
    """Stop a promotional mail to somebody who slept through the last chance."""
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
        most=sunset.mails,
    )
    asleep = {row.profile_id: row for row in rows}
    zone = tenant_of_batch().timezone if asleep else ""
    verdicts = {}
    for message in asked:
        row = asleep.get(message.profile.id)
        if row is None:
            continue
        since = f"no sign of interest since {format_time(row.last_at, zone, 'd MMM y')}"
        if row.used >= sunset.mails:
            verdicts[message.id] = Verdict(passed=False, detail=since)
        else:
            chance = f"{since}; last chance {row.used + 1} of {sunset.mails}"
            verdicts[message.id] = Verdict(passed=True, detail=chance)
    return verdicts
