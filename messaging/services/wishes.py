"""What people want of marketing, asked before each message."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from crm.choices import Channel
from kernel.formats import format_time
from kernel.tenancy import current_tenant_id
from messaging.choices import Frequency, MessageClass, SkipReason
from messaging.models import Topic
from messaging.queries import preferences as reads
from messaging.queries import sending
from messaging.services.gating import MARKETING
from messaging.types import PendingMessage, Verdict
from tenants.queries import get_tenant

BETWEEN = {
    Frequency.WEEKLY.value: timedelta(days=7),
    Frequency.MONTHLY.value: timedelta(days=30),
}
"""How long after a promotional message the next one may follow, by what somebody wants."""


def preference_gate(messages: Sequence[PendingMessage], now: datetime) -> dict[int, Verdict]:
    """Stop marketing of a topic that somebody refused, in their pause, and more often than wanted.

    A pause stops all marketing; how often somebody wants it counts for promotions alone.
    """
    asked = [message for message in messages if message.message_class in MARKETING]
    wishes = reads.find_wishes({message.profile.id for message in asked}) if asked else {}
    if not wishes:
        return {}
    topics = reads.find_topics_of({message.template_id for message in asked})
    last = _find_last(wishes, now)
    zone = get_tenant(current_tenant_id()).timezone
    verdicts = {}
    for message in asked:
        wish = wishes.get(message.profile.id)
        if wish is not None:
            topic = topics.get(message.template_id)
            verdict = _judge(message, wish, topic, last.get(message.profile.id), now, zone)
            if verdict is not None:
                verdicts[message.id] = verdict
    return verdicts


def _find_last(wishes: dict[int, reads.Wish], now: datetime) -> dict[int, datetime]:
    rare = {key for key, wish in wishes.items() if wish.frequency in BETWEEN}
    if not rare:
        return {}
    since = now - max(BETWEEN.values())
    return sending.find_last_promotional(Channel.EMAIL.value, rare, since)


def _judge(
    message: PendingMessage,
    wish: reads.Wish,
    topic: Topic | None,
    left_at: datetime | None,
    now: datetime,
    zone: str,
) -> Verdict | None:
    if topic is not None and topic.pk in wish.refused_topics:
        return Verdict(passed=False, detail=topic.name, reason=SkipReason.TOPIC_REFUSED)
    if wish.paused_until is not None and wish.paused_until > now:
        until = f"until {format_time(wish.paused_until, zone, 'd MMM y')}"
        return Verdict(passed=False, detail=until, reason=SkipReason.PAUSED)
    if left_at is None or message.message_class != MessageClass.PROMOTIONAL:
        return None
    if now - left_at < BETWEEN.get(wish.frequency, timedelta()):
        label = Frequency(wish.frequency).label.lower()
        detail = f"{label}; the last one left at {format_time(left_at, zone)}"
        return Verdict(passed=False, detail=detail, reason=SkipReason.TOO_OFTEN)
    return None
