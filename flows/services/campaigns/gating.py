"""What campaigns have to say before one of their messages leaves."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from flows.choices import CampaignState
from flows.queries.campaigns.reading import find_states
from messaging.choices import SkipReason
from messaging.types import PendingMessage, Verdict


def ask_campaign(messages: Sequence[PendingMessage], now: datetime) -> Mapping[int, Verdict]:
    """Stop the messages of campaigns that were cancelled or are gone.

    The claim refuses them as well; this is what is left of a message that slipped through.

    Args:
        messages: a batch of the active tenant; those of no campaign are not answered for.
        now: aware; unused, because only what was said counts.
    """
    asked = {
        message.id: campaign_id
        for message in messages
        if isinstance(campaign_id := message.context.get("campaign_id"), int)
    }
    if not asked:
        return {}
    states = find_states(set(asked.values()))
    over = (CampaignState.CANCELLED, None)
    return {
        message_id: Verdict(
            passed=False, detail="the campaign was cancelled", reason=SkipReason.CANCELLED.value
        )
        for message_id, campaign_id in asked.items()
        if states.get(campaign_id) in over
    }
