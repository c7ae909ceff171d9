"""Keeps what those who are held out would have been sent, so that like is compared with like.

Every gate is asked for them when everybody else was let go, in sets, and its answer is written to
their row once.
"""

from datetime import datetime
from typing import Any

from flows.models import Campaign
from flows.queries.campaigns.content import find_templates
from flows.services.campaigns.asking import ask_people
from flows.services.campaigns.building import CHUNK
from flows.services.campaigns.releasing import AFTER_ALL, list_next
from kernel.arrays import columns
from kernel.sql import run_sql
from messaging.choices import MessageStatus
from messaging.services.gating import Asked


def decide_held_out(campaign: Campaign, now: datetime) -> bool:
    """Write what the next ones would have been sent; the caller saves how far it came.

    Args:
        campaign: locked by the caller; its cell is that of the held out.
        now: aware.

    Returns:
        True once all were asked about.
    """
    seen = list_next(campaign, AFTER_ALL, CHUNK)
    if not seen:
        return True
    place = campaign.winner or 0
    template = find_templates(campaign.template_ids).get(campaign.template_ids[place])
    messages, said = ask_people(
        campaign,
        template,
        [row.profile_id for row in seen],
        now,
        context={"campaign_id": campaign.pk},
    )
    rows = [(-each.id, _decision(said, each.id)) for each in messages]
    run_sql(
        "flows.decide_held_out",
        campaign_id=campaign.pk,
        cell=campaign.cell,
        **columns("profile_ids decisions", rows),
    )
    campaign.after_at, campaign.after_slot = seen[-1].due_at, seen[-1].slot
    return len(seen) < CHUNK


def _decision(said: Asked, message_id: int) -> dict[str, Any]:
    """Return what would have become of it; what only waits would have been sent later."""
    stop = said.stops.get(message_id)
    return {
        "would_have_sent": stop is None or stop.status == MessageStatus.PENDING,
        "reason": stop.reason if stop else "",
        "gates": said.trail(message_id),
    }
