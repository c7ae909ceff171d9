"""Queues the messages of a campaign, cell by cell, in the order of its recipients' places.

The place that was reached moves in the transaction that queues: after a crash the same ones are
read again, and each has one message whatever happens, as its key is its person's.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import groupby
from operator import attrgetter
from typing import Any, Final

from crm.services.ids import lock_people
from flows.domain.campaigns.cells import REST, letter_of
from flows.domain.campaigns.plan import Plan
from flows.domain.campaigns.times import allow, next_at, next_tick
from flows.models import Campaign
from flows.queries.campaigns.content import find_templates
from flows.services.campaigns.building import CHUNK
from kernel.formats import find_zone
from kernel.sql import run_sql
from kernel.tenancy import current_tenant_id
from messaging.services.audiences import Mailing, queue_audience
from messaging.services.gating import MARKETING
from tenants.queries import get_tenant

_BEFORE_ALL: Final = datetime(1, 1, 2, tzinfo=UTC)
AFTER_ALL: Final = datetime(9999, 12, 30, tzinfo=UTC)


class CampaignStopped(Exception):
    """A campaign that cannot go on; the text is for people, and it can be resumed."""


def release(campaign: Campaign, plan: Plan, now: datetime) -> bool:
    """Queue messages of the cell that is being released, as many as may go now.

    Args:
        campaign: locked by the caller, who saves it.
        plan: of it.
        now: aware.

    Returns:
        True once everybody in the cell was released; otherwise ``due_at`` says when to go on.

    Raises:
        CampaignStopped: what it sends is gone, or is not of marketing any more.
    """
    batch, used_until, later = CHUNK, campaign.phase_at, None
    if plan.throttle is not None:
        rate = plan.throttle.rate(campaign.recipient_count - campaign.held_out_count)
        allowed, used_until = allow(rate, campaign.phase_at or now, now)
        batch, later = min(allowed, CHUNK), next_tick(rate, used_until, now)
    seen = list_next(campaign, now, batch) if batch else []
    rows = _keep(campaign, seen, now) if seen else []
    _queue(campaign, plan, rows, not_before(campaign, plan, now))
    campaign.phase_at = used_until
    campaign.released_count += len(rows)
    if seen:
        campaign.after_at, campaign.after_slot = seen[-1].due_at, seen[-1].slot
    if batch == len(seen):  # there may be more, now or with the next share
        campaign.due_at = later or now
        return False
    following = list_next(campaign, AFTER_ALL, 1)
    campaign.due_at = following[0].due_at if following else now
    return not following


def not_before(campaign: Campaign, plan: Plan, now: datetime) -> datetime:
    """Return when the messages of a cell may leave: of the rest at the time that won a test."""
    if plan.throttle is not None:
        return now
    opened_at = campaign.phase_at or now
    if campaign.cell != REST or plan.test is None or not plan.test.times:
        return opened_at
    zone = find_zone(get_tenant(current_tenant_id()).timezone)
    return next_at(plan.test.times[campaign.winner or 0], zone, opened_at)


def _keep(campaign: Campaign, seen: Sequence[Any], now: datetime) -> list[Any]:
    """Return who of some recipients is still one, kept from being merged until the commit.

    Somebody who was merged with another recipient takes the place of the one who comes first. So
    the places are read once more when nobody of them can be merged any more.
    """
    lock_people([row.profile_id for row in seen])
    last = (seen[-1].due_at, seen[-1].slot)
    again = list_next(campaign, now, len(seen))
    return [row for row in again if (row.due_at, row.slot) <= last]


def list_next(campaign: Campaign, until: datetime, batch: int) -> list[Any]:
    """Return the next recipients of the cell of a campaign, who are due until then, in order."""
    return run_sql(
        "flows.list_recipients",
        campaign_id=campaign.pk,
        cell=campaign.cell,
        after_at=campaign.after_at or _BEFORE_ALL,
        after_slot=campaign.after_slot,
        now=until,
        batch=batch,
    )


def _queue(campaign: Campaign, plan: Plan, rows: Sequence[Any], not_before: datetime) -> None:
    """Queue the message of each recipient; one that waited for the campaign is not late by it."""
    if not rows:
        return
    place = (campaign.winner or 0) if campaign.cell == REST else campaign.cell - 1
    template = find_templates(campaign.template_ids).get(campaign.template_ids[place])
    if template is None:
        raise CampaignStopped("The template that it sends was deleted.")
    if template.message_class not in MARKETING or template.channel != campaign.channel:
        raise CampaignStopped(
            f"{template.name} is not of marketing on this channel any more, so nobody's “no” "
            "would count. Change it back, and resume."
        )
    context: dict[str, Any] = {"campaign_id": campaign.pk, "campaign": campaign.name}
    if plan.utm:
        context["utm"] = dict(plan.utm)
    for due_at, group in groupby(rows, key=attrgetter("due_at")):
        mailing = Mailing(
            key=key_of(campaign),
            channel=campaign.channel,
            message_class=template.message_class,
            template_id=template.id,
            due_at=max(due_at, not_before),
            campaign_id=campaign.pk,
            node_id=letter_of(place),
            context=context,
        )
        queue_audience(mailing, [row.profile_id for row in group])


def key_of(campaign: Campaign) -> str:
    """Return what the keys of all messages of a campaign begin with."""
    return f"campaign:{campaign.pk}:{campaign.channel}"
