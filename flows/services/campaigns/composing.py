"""Campaigns as members write them: created, changed, copied and deleted while they are drafts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.db import transaction

from crm.choices import Channel
from flows.choices import CampaignState
from flows.domain.campaigns.plan import MOST_VARIANTS, check_parts
from flows.errors import PlanError
from flows.models import Campaign
from flows.queries.campaigns.content import find_templates
from flows.services.drafting import KEY
from kernel import clock
from kernel.errors import Conflict, Invalid, NotFound, Outdated
from segments.domain.rfm import GROUP_LABELS
from segments.queries.audiences import find_audience_choices, list_archived
from segments.services.library import ensure_starter
from tenants.services import audit

MAX_NAME: Final = 120
MOST_SEGMENTS: Final = 50
COPY: Final = ", copy"


@dataclass(frozen=True, slots=True)
class CampaignData:
    """What a campaign is told to be.

    Attributes:
        template_ids: one, or up to five variants that are tested.
        include_ids, exclude_ids: segments and lists.
        plan: as `flows.domain.campaigns.plan.parse_plan` reads it.
        resend_of_id: a campaign that is sent again to who showed no sign of it, instead of to
            segments; never changed.
    """

    name: str
    channel: str = Channel.EMAIL.value
    template_ids: Sequence[int] = ()
    include_ids: Sequence[int] = ()
    exclude_ids: Sequence[int] = ()
    plan: Mapping[str, Any] = field(default_factory=dict)
    resend_of_id: int | None = None


@transaction.atomic
def create_campaign(data: CampaignData, *, actor: str = "") -> Campaign:
    """Create a draft; nothing is sent before it is scheduled.

    Raises:
        Invalid: a name, channel, segment, template or plan that cannot be; ``fields`` names it.
    """
    now = clock.now()
    made = Campaign.objects.create(
        **_values(data), created_by=actor, created_at=now, updated_at=now
    )
    audit.record("campaign.created", "campaign", made.pk, after=describe(made), actor=actor)
    return made


@transaction.atomic
def draft_for_group(group: str, *, actor: str = "") -> Campaign:
    """Create a draft to everybody in an RFM group, whose segment is installed where it is not.

    Raises:
        NotFound: no such group.
    """
    if group not in GROUP_LABELS:
        raise NotFound(f"no group {group}")
    segment = ensure_starter(f"{KEY}{group}")
    data = CampaignData(name=f"To {GROUP_LABELS[group]}", include_ids=[segment.pk])
    return create_campaign(data, actor=actor)


@transaction.atomic
def update_campaign(
    campaign_id: int, data: CampaignData, *, version: int | None = None, actor: str = ""
) -> Campaign:
    """Change a draft; what is equal changes nothing.

    Args:
        campaign_id: of the tenant.
        data: all of it.
        version: what the caller has seen; None takes what there is.
        actor: e-mail address of the member.

    Raises:
        NotFound: no such campaign.
        Conflict: it is no draft.
        Outdated: somebody saved in between; nothing is changed.
        Invalid: likewise as `create_campaign`.
    """
    campaign = lock_campaign(campaign_id)
    if campaign.state != CampaignState.DRAFT:
        raise Conflict("Only a draft can be changed. Take the campaign back to a draft first.")
    values = _values(data)
    changed = {name: value for name, value in values.items() if getattr(campaign, name) != value}
    if not changed:
        return campaign
    if version is not None and version != campaign.version:
        raise Outdated("Somebody changed this campaign after it was read. Read it again.")
    before = describe(campaign)
    for name, value in changed.items():
        setattr(campaign, name, value)
    campaign.version += 1
    campaign.updated_at = clock.now()
    campaign.save(update_fields=[*changed, "version", "updated_at"])
    audit.record(
        "campaign.changed",
        "campaign",
        campaign_id,
        before=before,
        after=describe(campaign),
        actor=actor,
    )
    return campaign


@transaction.atomic
def duplicate_campaign(campaign_id: int, *, actor: str = "") -> Campaign:
    """Copy a campaign, whatever its state, into a draft that is sent at once if nothing is changed.

    Segments and templates that are gone are left out, those whose people get it also when they
    are archived.

    Raises:
        NotFound: no such campaign.
        Conflict: a segment that it leaves out is archived: the copy would go to its people.
    """
    source = lock_campaign(campaign_id)
    left_out = {"timing", "at", "resend"}
    plan = {name: part for name, part in source.plan.items() if name not in left_out}
    segments = find_audience_choices({*source.include_ids, *source.exclude_ids})
    if archived := list_archived(source.exclude_ids):
        names = " and ".join(archived)
        raise Conflict(
            f"The people of {names} are left out here. Restore the segment to copy this."
        )
    templates = find_templates(source.template_ids)
    data = CampaignData(
        name=source.name[: MAX_NAME - len(COPY)] + COPY,
        channel=source.channel,
        template_ids=[key for key in source.template_ids if key in templates],
        include_ids=[key for key in source.include_ids if key in segments],
        exclude_ids=[key for key in source.exclude_ids if key in segments],
        plan=plan,
    )
    return create_campaign(data, actor=actor)


@transaction.atomic
def delete_campaign(campaign_id: int, *, actor: str = "") -> str:
    """Delete a draft and return its name.

    Raises:
        NotFound: no such campaign.
        Conflict: it is no draft; what was sent is kept.
    """
    campaign = lock_campaign(campaign_id)
    if campaign.state != CampaignState.DRAFT:
        raise Conflict("Only drafts are deleted. What was sent or cancelled is kept.")
    before = describe(campaign)
    campaign.delete()
    audit.record("campaign.deleted", "campaign", campaign_id, before=before, actor=actor)
    return str(campaign.name)


def lock_campaign(campaign_id: int) -> Campaign:
    """Return a campaign that nobody else changes until the end of the transaction.

    Raises:
        NotFound: no such campaign.
    """
    campaign = Campaign.objects.select_for_update(no_key=True).filter(pk=campaign_id).first()
    if campaign is None:
        raise NotFound("This campaign does not exist.")
    return campaign


def describe(campaign: Campaign) -> dict[str, Any]:
    """Return what the audit trail keeps of a campaign."""
    return {
        "name": campaign.name,
        "channel": campaign.channel,
        "templates": list(campaign.template_ids),
        "include": list(campaign.include_ids),
        "exclude": list(campaign.exclude_ids),
        "plan": campaign.plan,
        "resend_of": campaign.resend_of_id,
    }


def _values(data: CampaignData) -> dict[str, Any]:
    name = data.name.strip()
    faults: dict[str, str] = {}
    if not name or len(name) > MAX_NAME:
        faults["name"] = f"Give it a name of at most {MAX_NAME} characters."
    if data.channel not in Channel.values:
        faults["channel"] = f"Choose one of {', '.join(Channel.values)}."
    faults |= _check_templates(data)
    faults |= _check_segments(data)
    try:
        check_parts(data.plan, channel=data.channel)
    except PlanError as exc:
        faults |= {f"plan.{problem.path}": problem.text for problem in exc.problems}
    if faults:
        raise Invalid(next(iter(faults.values())), fields=faults)
    return {
        "name": name,
        "channel": data.channel,
        "template_ids": list(dict.fromkeys(data.template_ids)),
        "include_ids": sorted(set(data.include_ids)),
        "exclude_ids": sorted(set(data.exclude_ids)),
        "plan": dict(data.plan),
        "resend_of_id": data.resend_of_id,
    }


def _check_templates(data: CampaignData) -> dict[str, str]:
    if len(data.template_ids) > MOST_VARIANTS:
        return {"template_ids": f"Choose up to {MOST_VARIANTS} templates."}
    known = find_templates(data.template_ids) if data.template_ids else {}
    for template_id in data.template_ids:
        found = known.get(template_id)
        if found is None:
            return {"template_ids": "There is no such template."}
        if found.channel != data.channel:
            return {"template_ids": f"{found.name} is written for another channel."}
    return {}


def _check_segments(data: CampaignData) -> dict[str, str]:
    faults = {}
    if data.resend_of_id is not None and (data.include_ids or data.exclude_ids):
        words = "It goes to those who showed no sign of the first one, not to segments."
        return {"include_ids": words}
    asked = {*data.include_ids, *data.exclude_ids}
    known = find_audience_choices(asked) if asked else {}
    for path, ids in (("include_ids", data.include_ids), ("exclude_ids", data.exclude_ids)):
        if len(ids) > MOST_SEGMENTS:
            faults[path] = f"Choose up to {MOST_SEGMENTS} segments and lists."
        elif set(ids) - known.keys():
            faults[path] = "There is no such segment or list, or it is archived."
    return faults
