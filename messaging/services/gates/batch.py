"""What several gates need to know of one batch, asked for once."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from crm.queries.engagement import find_engaged
from messaging.choices import MessageClass
from messaging.domain.frequency import ALL, ENGAGED_DAYS, FLOOD_WINDOW, Rule
from messaging.domain.limits import BUDGET_DAYS, CHANNELS, Limits
from messaging.gates import once
from messaging.queries import limits as reads
from messaging.queries.own import own_tenant
from messaging.queries.usage import UNUSED, Usage, Weight, find_usage
from messaging.services.gating import MARKETING
from messaging.types import PendingMessage
from tenants.models import Tenant

BUDGET = "budget"
FLOOD = "flood"
_PROMOTIONAL = MessageClass.PROMOTIONAL.value

Used = Mapping[tuple[int, str], Usage]


def limits_of_tenant() -> Limits:
    """Return the sending limits of the active tenant."""
    return once("limits", reads.find_limits)


def rules_of_tenant() -> list[Rule]:
    """Return the frequency rules of the active tenant."""
    return once("rules", lambda: [reads.read_rule(row) for row in reads.list_frequency_rules()])


def tenant_of_batch() -> Tenant:
    """Return the active tenant."""
    return own_tenant()


def usage_of(messages: Sequence[PendingMessage], now: datetime) -> Used:
    """Return how much the people of a batch have used up of each limit.

    Read once for a batch: whoever asks first has all the messages that later gates have.
    """
    return once("usage", lambda: _load_usage(messages, now))


def engaged_of(messages: Sequence[PendingMessage], now: datetime) -> set[int]:
    """Return the people of a batch who are engaged; nobody while no rule asks for it."""
    if all(rule.audience == ALL for rule in rules_of_tenant()):
        return set()
    since = now - timedelta(days=ENGAGED_DAYS)
    people = {message.profile.id for message in messages}
    return once("engaged", lambda: find_engaged(people, since))


def used(found: Used, message: PendingMessage, key: str) -> Usage:
    """Return how much the person of a message has used up of a limit."""
    return found.get((message.profile.id, key), UNUSED)


def smart_key(channel: str) -> str:
    """Return the key of the smart sending of a channel."""
    return f"smart:{channel}"


def _load_usage(messages: Sequence[PendingMessage], now: datetime) -> Used:
    people = {message.profile.id for message in messages if message.message_class in MARKETING}
    return find_usage(people, _weights(limits_of_tenant(), rules_of_tenant(), now))


def _weights(limits: Limits, rules: Sequence[Rule], now: datetime) -> list[Weight]:
    weights = [
        Weight(FLOOD, message_class, channel, 1, now - FLOOD_WINDOW)
        for message_class in sorted(MARKETING)
        for channel in CHANNELS
    ]
    week = now - timedelta(days=BUDGET_DAYS)
    for channel in CHANNELS:
        if limits.budget.is_on and limits.budget.costs[channel]:
            cost = limits.budget.costs[channel]
            weights.append(Weight(BUDGET, _PROMOTIONAL, channel, cost, week))
        if hours := limits.smart[channel].hours:
            since = now - timedelta(hours=hours)
            weights.append(Weight(smart_key(channel), _PROMOTIONAL, channel, 1, since))
    weights += [
        Weight(rule.key, rule.message_class, channel, 1, now - rule.window)
        for rule in rules
        for channel in ([rule.channel] if rule.channel else CHANNELS)
    ]
    return weights
