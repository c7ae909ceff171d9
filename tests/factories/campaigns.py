"""Campaigns, their audiences and whom they reach, with dull defaults."""

from collections.abc import Sequence
from datetime import datetime
from itertools import count
from typing import Any

from crm.models import Profile
from flows.models import Campaign
from flows.services.campaigns.composing import CampaignData, create_campaign
from flows.services.campaigns.running import run_due
from kernel import clock
from kernel.batches import Deadline
from messaging.models import Message, Template
from segments.models import Membership, Segment

_numbers = count(1)


def make_audience(people: Sequence[Profile], name: str = "") -> Segment:
    """Put people into a new segment."""
    segment = Segment.objects.create(
        name=name or f"Audience {next(_numbers)}",
        definition={"field": "order_count", "is": ">=", "value": 0},
        member_count=len(people),
    )
    for person in people:
        row, _ = Membership.objects.get_or_create(profile=person)
        row.segment_ids = sorted({*row.segment_ids, segment.pk})
        row.save(update_fields=["segment_ids"])
    return segment


def make_campaign(
    segment: Segment, template_ids: Sequence[int], *, exclude: Sequence[int] = (), **plan: Any
) -> Campaign:
    """Write the draft of a campaign in which nobody is held out unless the plan says so."""
    data = CampaignData(
        name="Spring",
        template_ids=template_ids,
        include_ids=[segment.pk],
        exclude_ids=exclude,
        plan={"holdout": 0, **plan},
    )
    return create_campaign(data, actor="ada@example.com")


def make_sent_campaign(segment: Segment) -> Campaign:
    """Create a campaign that was sent to a segment with one person in it."""
    now = clock.now()
    return Campaign.objects.create(
        name="Spring",
        state="sent",
        include_ids=[segment.pk],
        starts_at=now,
        finished_at=now,
        recipient_count=1,
        released_count=1,
    )


def run() -> int:
    """Let workers take campaigns as far as they go now."""
    return run_due(Deadline(seconds=None))


def reached() -> list[int]:
    """Return the profile of every message of a campaign, ascending, as often as it is named."""
    found = Message.objects.filter(campaign_id__isnull=False)
    return sorted(found.values_list("profile_id", flat=True))


def dues() -> dict[int, datetime]:
    """Return when the message of each profile is due."""
    return dict(Message.objects.values_list("profile_id", "due_at"))


def note() -> int:
    """Return the id of the template ``note``."""
    return Template.objects.get(key="note").pk


def ids(people: Sequence[Profile]) -> list[int]:
    """Return the ids of people."""
    return [person.pk for person in people]


def state_of(campaign: Campaign) -> str:
    """Return the state that a campaign is in by now."""
    campaign.refresh_from_db()
    return str(campaign.state)
