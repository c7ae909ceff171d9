"""Sending a campaign, and holding it back: schedule, take back, pause, resume, cancel.

Whoever releases messages of a campaign holds its row, as all of these do: once one of them has
committed, no message of it is queued any more, and the claim refuses those that were
(`messaging.services.stops`).
"""

from datetime import datetime

from django.db import transaction

from flows.choices import CampaignState, Phase
from flows.domain.campaigns.times import TICK, begins_at
from flows.models import Campaign
from flows.services.campaigns.checking import find_blockers, read_plan
from flows.services.campaigns.composing import describe, lock_campaign
from kernel import clock
from kernel.errors import Conflict, Invalid, Outdated
from kernel.formats import find_zone
from kernel.tenancy import current_tenant_id
from kernel.work import ring
from messaging.choices import StopScope
from messaging.services.stops import cancel_messages, pause_messages, resume_campaign_messages
from tenants.queries import get_tenant
from tenants.services import audit

ON_THE_WAY = (CampaignState.PREPARING, CampaignState.SENDING)
HELD = (CampaignState.PAUSED, CampaignState.FAILED)
MAX_REASON = 300


@transaction.atomic
def schedule_campaign(campaign_id: int, *, version: int | None = None, actor: str = "") -> Campaign:
    """Let a draft be sent, at once or when its plan says.

    Args:
        campaign_id: of the tenant.
        version: what the caller has seen; None takes what there is.
        actor: e-mail address of the member.

    Raises:
        NotFound: no such campaign.
        Conflict: it is no draft.
        Outdated: somebody changed it since it was read; nothing is sent.
        Invalid: something keeps it from being sent; ``fields`` names every part.
    """
    campaign = lock_campaign(campaign_id)
    now = clock.now()
    if campaign.state != CampaignState.DRAFT:
        raise Conflict("It is no draft any more, so it was not scheduled again.")
    if version is not None and version != campaign.version:
        raise Outdated("Somebody changed this campaign after it was read. Read it again.")
    if blockers := find_blockers(campaign, now):
        faults = {blocker.path: blocker.text for blocker in blockers}
        raise Invalid("This campaign cannot be sent as it is.", fields=faults)
    zone = find_zone(get_tenant(current_tenant_id()).timezone)
    campaign.starts_at = begins_at(read_plan(campaign), zone, now)
    campaign.due_at = campaign.starts_at
    campaign.scheduled_by = actor
    _turn(campaign, CampaignState.SCHEDULED, now)
    after = {**describe(campaign), "starts_at": campaign.starts_at.isoformat()}
    audit.record("campaign.scheduled", "campaign", campaign_id, after=after, actor=actor)
    if campaign.starts_at <= now:
        ring("campaigns", current_tenant_id())
    return campaign


@transaction.atomic
def unschedule_campaign(campaign_id: int, *, actor: str = "") -> Campaign:
    """Take a campaign whose time has not come, or that could not begin, back to a draft.

    Raises:
        NotFound: no such campaign.
        Conflict: it is not scheduled, or has begun.
    """
    campaign = lock_campaign(campaign_id)
    could_not_begin = campaign.state == CampaignState.FAILED and not campaign.resumes_to
    if campaign.state != CampaignState.SCHEDULED and not could_not_begin:
        raise Conflict("It is not waiting for its time. What has begun can be paused or cancelled.")
    campaign.starts_at = campaign.due_at = None
    campaign.reason = ""
    _turn(campaign, CampaignState.DRAFT, clock.now())
    _record("campaign.unscheduled", campaign, actor)
    return campaign


@transaction.atomic
def pause_campaign(campaign_id: int, *, reason: str = "", actor: str = "") -> Campaign:
    """Let a campaign wait: nothing more is queued, and what is queued is not handed over.

    Raises:
        NotFound: no such campaign.
        Conflict: it is not being sent.
    """
    campaign = lock_campaign(campaign_id)
    if campaign.state not in ON_THE_WAY:
        raise Conflict(f"It is {CampaignState(campaign.state).label.lower()}, not being sent.")
    campaign.resumes_to = campaign.state
    campaign.reason = reason.strip()[:MAX_REASON]
    campaign.due_at = None
    _turn(campaign, CampaignState.PAUSED, clock.now())
    target = str(campaign_id)
    pause_messages(StopScope.CAMPAIGN.value, target, reason=campaign.reason, actor=_by(actor))
    _record("campaign.paused", campaign, actor)
    return campaign


@transaction.atomic
def resume_campaign(campaign_id: int, *, actor: str = "") -> Campaign:
    """Let a campaign that was paused or failed go on where it stood; nobody is left out or doubled.

    Raises:
        NotFound: no such campaign.
        Conflict: it is neither paused nor failed, or failed before it began.
    """
    campaign = lock_campaign(campaign_id)
    if campaign.state not in HELD or not campaign.resumes_to:
        raise Conflict("Only what was paused, or failed on its way, can be resumed.")
    now = clock.now()
    campaign.reason = ""
    campaign.due_at = now
    if campaign.phase in (Phase.TEST, Phase.REST):  # the others count from the last message
        campaign.phase_at = now - TICK
    _turn(campaign, CampaignState(campaign.resumes_to), now)
    resume_campaign_messages(campaign_id, actor=_by(actor))
    _record("campaign.resumed", campaign, actor)
    ring("campaigns", current_tenant_id())
    return campaign


@transaction.atomic
def cancel_campaign(campaign_id: int, *, reason: str = "", actor: str = "") -> Campaign:
    """End a campaign for good: nothing more of it is sent. What has left stays sent.

    Raises:
        NotFound: no such campaign.
        Conflict: it is a draft, was sent to everybody, or is cancelled already.
    """
    campaign = lock_campaign(campaign_id)
    if campaign.state not in (CampaignState.SCHEDULED, *ON_THE_WAY, *HELD):
        raise Conflict(f"It is {CampaignState(campaign.state).label.lower()} already.")
    now = clock.now()
    campaign.reason = reason.strip()[:MAX_REASON]
    campaign.finished_at = now
    campaign.due_at = now if campaign.released_count else None
    _turn(campaign, CampaignState.CANCELLED, now)
    if campaign.released_count:
        target = str(campaign_id)
        cancel_messages(StopScope.CAMPAIGN.value, target, reason=campaign.reason, actor=_by(actor))
    resume_campaign_messages(campaign_id, actor=_by(actor))
    _record("campaign.cancelled", campaign, actor)
    return campaign


def _turn(campaign: Campaign, state: CampaignState, now: datetime) -> None:
    campaign.state = state
    campaign.version += 1
    campaign.updated_at = now
    campaign.save(
        update_fields=[
            "state",
            "version",
            "updated_at",
            "starts_at",
            "due_at",
            "scheduled_by",
            "resumes_to",
            "reason",
            "phase_at",
            "finished_at",
        ]
    )


def _record(action: str, campaign: Campaign, actor: str) -> None:
    after = {"name": campaign.name, "reason": campaign.reason}
    audit.record(action, "campaign", campaign.pk, after=after, actor=actor)


def _by(actor: str) -> str:
    return actor or audit.current_actor()
