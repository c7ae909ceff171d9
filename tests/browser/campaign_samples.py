"""Campaigns for the pages that are looked at in a browser: a draft, one sent, one paused."""

from flows.models import Campaign
from kernel import clock
from messaging.models import Template
from segments.models import Segment


def make_campaigns() -> dict[str, str]:
    """Write a draft, of each step, beside a campaign that was sent and one that is paused."""
    segment, template = Segment.objects.order_by("pk")[0], _marketing()
    now = clock.now()
    common = {"include_ids": [segment.pk], "template_ids": [template], "starts_at": now}
    draft = Campaign.objects.create(
        name="Summer soaps", **{**common, "starts_at": None}, plan={"timing": "now"}
    )
    counts = {"recipient_count": 1_200, "held_out_count": 60, "created_at": now}
    figures = {"messages": 1_140, "sent": 1_100, "skipped": 40, "opened": 420, "clicked": 88}
    sent = Campaign.objects.create(
        name="Spring soaps",
        state="sent",
        **common,
        **counts,
        released_count=1_140,
        phase_at=now,
        finished_at=now,
        figured_at=now,
        figures={"A": {**figures, "reasons": {"no_consent": 40}}},
    )
    paused = Campaign.objects.create(
        name="Winter soaps",
        state="paused",
        resumes_to="sending",
        reason="Wrong price",
        **common,
        **counts,
        released_count=300,
    )
    again = Campaign.objects.create(
        name="Spring soaps, again", template_ids=[template], resend_of=sent, plan={"timing": "now"}
    )
    steps = ("audience", "content", "check", "schedule", "confirm")
    return {
        "campaigns": "campaigns/",
        "campaign-calendar": "campaigns/calendar/",
        "early-access": "flows/early-access/",
        "tasks": "tasks/",
        "campaign-sent": f"campaigns/{sent.pk}/",
        "campaign-again": f"campaigns/{again.pk}/compose/",
        "campaign-paused": f"campaigns/{paused.pk}/",
        **{f"campaign-{step}": f"campaigns/{draft.pk}/compose/?step={step}" for step in steps},
    }


def _marketing() -> int:
    found = Template.objects.filter(channel="email", message_class="promotional")
    return found.order_by("pk")[0].pk
