"""The best customers get no mass discounts: they buy without one."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from flows.queries import people
from flows.queries.campaigns.reading import find_audiences
from messaging.choices import MessageClass
from messaging.queries.templates import find_with_coupon
from messaging.services.gates.batch import limits_of_tenant
from messaging.types import PendingMessage, Verdict

BEST: Final = "vip"
"""Key of the segment of the best customers, which the merchant may define anew."""


def spare_best(messages: Sequence[PendingMessage], now: datetime) -> Mapping[int, Verdict]:
    """Stop campaigns that carry a coupon before they reach the best customers.

    A campaign for them alone is no mass discount.

    Args:
        messages: a batch of the active tenant; those of no campaign are not answered for.
        now: aware; unused.
    """
    del now
    asked = [
        message
        for message in messages
        if message.message_class == MessageClass.PROMOTIONAL
        and isinstance(message.context.get("campaign_id"), int)
    ]
    if not asked or not limits_of_tenant().spares_best:
        return {}
    giving = find_with_coupon({message.template_id for message in asked})
    asked = [message for message in asked if message.template_id in giving]
    best = people.find_segment(BEST) if asked else None
    if best is None:
        return {}
    audiences = find_audiences({message.context["campaign_id"] for message in asked})
    segments = people.segments_of({message.profile.id for message in asked})
    return {
        message.id: Verdict(passed=False, detail="one of your best customers")
        for message in asked
        if best in segments.get(message.profile.id, frozenset())
        and audiences.get(message.context["campaign_id"]) != [best]
    }
