"""What campaigns have to say before one of their messages leaves."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from flows.choices import CampaignState
from flows.domain.campaigns.plan import SEND
from flows.models import Campaign
from flows.queries.campaigns.reading import find_standing
from flows.queries.campaigns.silent import find_silent
from messaging.choices import SkipReason
from messaging.types import PendingMessage, Verdict


def ask_campaign(messages: Sequence[PendingMessage], now: datetime) -> Mapping[int, Verdict]:
    """Stop the messages of campaigns that were cancelled or are gone, and who needs none any more.

    The claim refuses the former as well; this is what is left of a message that slipped through.

    Args:
        messages: a batch of the active tenant; those of no campaign are not answered for.
        now: aware; unused, because only what was said counts.
    """
    asked: dict[int, list[PendingMessage]] = defaultdict(list)
    for message in messages:
        if isinstance(campaign_id := message.context.get("campaign_id"), int):
            asked[campaign_id].append(message)
    if not asked:
        return {}
    standing = find_standing(asked)
    verdicts: dict[int, Verdict] = {}
    for campaign_id, theirs in asked.items():
        verdicts |= _judge(standing.get(campaign_id), theirs)
    return verdicts


def _judge(campaign: Campaign | None, messages: Sequence[PendingMessage]) -> Mapping[int, Verdict]:
    if campaign is None or campaign.state == CampaignState.CANCELLED:
        reason, detail = SkipReason.CANCELLED, "the campaign was cancelled"
        stopped = list(messages)
    elif campaign.resend_of_id is not None:
        with_hidden = (campaign.plan.get("resend") or {}).get("unsure") == SEND
        people = {each.profile.id for each in messages}
        silent = find_silent(campaign, people, with_hidden=with_hidden)
        detail = "opened, clicked or ordered meanwhile, or got it again before"
        reason = SkipReason.EXIT_CONDITION
        stopped = [each for each in messages if each.profile.id not in silent]
    else:
        return {}
    verdict = Verdict(passed=False, detail=detail, reason=reason.value)
    return {message.id: verdict for message in stopped}
