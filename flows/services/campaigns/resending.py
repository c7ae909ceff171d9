"""Sends a campaign once more, under another subject, to those on whom it was lost.

It is a campaign of its own, so that it is scheduled, paused, merged and counted as any other. Who
opens, clicks, unsubscribes or orders before their message leaves gets none (`gating.py`).
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction

from crm.choices import Channel
from flows.choices import CampaignState
from flows.domain.campaigns import plan as plans
from flows.models import Campaign
from flows.queries.campaigns.content import find_templates
from flows.services.campaigns.composing import (
    MAX_NAME,
    CampaignData,
    create_campaign,
    lock_campaign,
)
from kernel import clock
from kernel.errors import Conflict, Invalid
from kernel.formats import find_zone
from kernel.tenancy import current_tenant_id
from messaging.queries.templates import find_template
from messaging.services.authoring import draft_from, duplicate_template, update_template
from tenants.queries import get_tenant

AGAIN: Final = ", again"
HOURS: Final = (24, 48, 72, 120, 168)
USUAL_HOURS: Final = 48
MOST_HOURS: Final = 30 * 24
_KEPT: Final = ("throttle", "utm")
"""Of the plan of the first: how fast it goes, and what its links say."""


@dataclass(frozen=True, slots=True)
class Resend:
    """How a campaign is sent again.

    Attributes:
        subject: of the copy of its template; empty keeps that of the first.
        hours: since everybody had the first one.
        with_hidden: also to people of whom Apple hides whether they read it.
    """

    subject: str = ""
    hours: int = USUAL_HOURS
    with_hidden: bool = False


@transaction.atomic
def resend_campaign(campaign_id: int, resend: Resend, *, actor: str = "") -> Campaign:
    """Draft a campaign to those who got another one and showed no sign of it.

    Its template is a copy of the one that most people got, so that its words can be changed.

    Raises:
        NotFound: no such campaign.
        Conflict: it is not sent yet, is one that was sent again itself, or was sent again.
        Invalid: a time or a subject that cannot be; ``fields`` names it.
    """
    source = lock_campaign(campaign_id)
    _check(source, resend)
    hours = timedelta(hours=resend.hours)
    data = CampaignData(
        name=source.name[: MAX_NAME - len(AGAIN)] + AGAIN,
        channel=source.channel,
        template_ids=_copy_template(source, resend.subject.strip(), actor),
        plan={
            **_time((source.finished_at or clock.now()) + hours),
            "holdout": source.plan.get("holdout", plans.USUAL_HOLDOUT),
            "resend": {"unsure": plans.SEND if resend.with_hidden else plans.LEAVE_OUT},
            **{name: source.plan[name] for name in _KEPT if source.plan.get(name)},
        },
        resend_of_id=source.pk,
    )
    return create_campaign(data, actor=actor)


def _check(source: Campaign, resend: Resend) -> None:
    if source.state != CampaignState.SENT:
        raise Conflict("Only a campaign that everybody has can be sent again.")
    if source.resend_of_id is not None:
        raise Conflict("This one was sent again already. A third time does more harm than good.")
    others = Campaign.objects.filter(resend_of_id=source.pk)
    if others.exclude(state=CampaignState.CANCELLED).exists():
        raise Conflict("It was sent again, or a draft of that is open.")
    if resend.hours not in range(1, MOST_HOURS + 1):
        words = f"Say a whole number of hours from 1 to {MOST_HOURS}."
        raise Invalid(words, fields={"hours": words})


def _copy_template(source: Campaign, subject: str, actor: str) -> list[int]:
    """Copy what most people got, under a subject of its own; nothing where that is gone."""
    template_id = source.template_ids[source.winner or 0] if source.template_ids else 0
    if template_id not in find_templates([template_id]):
        return []
    copy = duplicate_template(template_id, actor=actor)
    if subject and source.channel == Channel.EMAIL and (template := find_template(copy.pk)):
        update_template(copy.pk, replace(draft_from(template), subject=subject), actor=actor)
    return [copy.pk]


def _time(at: datetime) -> dict[str, Any]:
    """Return the part of a plan that sends at a time, at once where that has passed."""
    if at <= clock.now():
        return {"timing": plans.NOW}
    wall = at.astimezone(find_zone(get_tenant(current_tenant_id()).timezone))
    return {"timing": plans.AT, "at": f"{wall:%Y-%m-%dT%H:%M}"}
