"""One order is asked about once, whatever flow or campaign asks."""

from collections.abc import Sequence
from datetime import datetime

from messaging.choices import ASKS_FOR_REVIEW, MessageClass, MessageStatus
from messaging.models import Message, Template
from messaging.types import PendingMessage, Verdict

_LEFT = (MessageStatus.SENDING, MessageStatus.SENT, MessageStatus.UNKNOWN)
_FIRST = Verdict(passed=True, detail="the first one")
_AGAIN = Verdict(passed=False, detail="one request an order, across all flows")


def review_gate(messages: Sequence[PendingMessage], now: datetime) -> dict[int, Verdict]:
    """Stop a request for a review of an order that the person was asked about before.

    Templates say by their tag that they ask. Of two in one batch the one queued first goes.
    """
    del now
    about = [
        each
        for each in messages
        if each.order_id and each.message_class != MessageClass.TRANSACTIONAL
    ]
    if not about:
        return {}
    asking = Template.objects.filter(
        pk__in={each.template_id for each in about}, tags__contains=[ASKS_FOR_REVIEW]
    )
    template_ids = set(asking.values_list("pk", flat=True))
    requests = sorted(
        (each for each in about if each.template_id in template_ids), key=lambda each: each.id
    )
    return _judge(requests) if requests else {}


def _judge(requests: Sequence[PendingMessage]) -> dict[int, Verdict]:
    left = Message.objects.filter(
        profile_id__in={each.profile.id for each in requests},
        template__tags__contains=[ASKS_FOR_REVIEW],
        status__in=_LEFT,
    ).exclude(pk__in=[each.id for each in requests])
    asked = {
        (profile_id, str(order_id))
        for profile_id, order_id in left.values_list("profile_id", "context__order_id")
    }
    verdicts = {}
    for each in requests:
        key = (each.profile.id, str(each.order_id))
        verdicts[each.id] = _AGAIN if key in asked else _FIRST
        asked.add(key)
    return verdicts
