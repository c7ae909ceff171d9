"""Promotions pause for people who have other worries, and go on by themselves."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from crm.queries.unhappy import Trouble, find_troubles
from kernel.formats import format_time
from messaging.choices import MessageClass
from messaging.domain.limit_words import say_trouble
from messaging.domain.limits import Guard, Unhappy
from messaging.services.gates.batch import limits_of_tenant, tenant_of_batch
from messaging.services.gates.holding import ask_again
from messaging.types import PendingMessage, Verdict

EVERY = timedelta(minutes=30)
"""How often a promotion that waits is asked again."""
_CALM = Verdict(passed=True, detail="nothing is open")


def unhappy_gate(messages: Sequence[PendingMessage], now: datetime) -> dict[int, Verdict]:
    """Hold promotions to people with an open complaint, refund, bad review or late parcel."""
    asked = [message for message in messages if message.message_class == MessageClass.PROMOTIONAL]
    guard = limits_of_tenant().unhappy
    if not asked or not guard.kinds:
        return {}
    troubles = find_troubles({message.profile.id for message in asked}, guard.kinds)
    verdicts = dict.fromkeys((message.id for message in asked), _CALM)
    for message in asked if troubles else ():
        found = troubles.get(message.profile.id)
        if found:
            verdicts[message.id] = _judge(message, found, guard, now)
    return verdicts


def _judge(
    message: PendingMessage, found: Sequence[Trouble], guard: Unhappy, now: datetime
) -> Verdict:
    trouble = next((one for one in found if guard.guards[one.kind] == Guard.SKIP), found[0])
    verdict = Verdict(passed=False, detail=describe(trouble))
    if guard.guards[trouble.kind] == Guard.SKIP:
        return verdict
    return ask_again(message, now, EVERY, verdict)


def describe(trouble: Trouble) -> str:
    """Return what weighs on somebody and since when, in the zone of the merchant."""
    since = format_time(trouble.since, tenant_of_batch().timezone)
    return f"{say_trouble(trouble.kind, trouble.title)}, since {since}"


def find_pause(profile_id: int) -> str:
    """Return why promotions to somebody are paused now; empty while they are not."""
    kinds = limits_of_tenant().unhappy.kinds
    found: Mapping[int, list[Trouble]] = find_troubles([profile_id], kinds)
    troubles = found.get(profile_id)
    return describe(troubles[0]) if troubles else ""
