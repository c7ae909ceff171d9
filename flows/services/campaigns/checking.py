"""What keeps a campaign from being sent, and what its author should know before."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from crm.choices import Channel
from flows.domain.campaigns.plan import Plan, parse_plan
from flows.domain.campaigns.times import is_over
from flows.errors import PlanError
from flows.models import Campaign
from flows.queries.campaigns.content import find_templates
from kernel.formats import find_zone
from kernel.tenancy import current_tenant_id
from messaging.queries.accounts import find_served_channels
from messaging.queries.sending import find_default_sender
from messaging.services.gating import MARKETING
from segments.queries.audiences import find_audience_choices
from tenants.queries import get_tenant

AUDIENCE, CONTENT, SCHEDULE = "audience", "content", "schedule"
STEPS: Final = (AUDIENCE, CONTENT, SCHEDULE)


@dataclass(frozen=True, slots=True)
class Blocker:
    """One thing that keeps a campaign from being sent.

    Attributes:
        step: of `STEPS`, where it is mended.
        path: the part that is to blame, such as ``plan.at``.
        text: what is wrong and what to do, in words.
        is_of_settings: it is mended in the settings of senders and channels.
    """

    step: str
    path: str
    text: str
    is_of_settings: bool = False


def read_plan(campaign: Campaign) -> Plan:
    """Return the plan of a campaign.

    Raises:
        PlanError: it cannot be read.
    """
    variants = len(campaign.template_ids)
    return parse_plan(campaign.plan, channel=campaign.channel, variants=variants)


def find_blockers(campaign: Campaign, now: datetime, *, is_begun: bool = False) -> list[Blocker]:
    """Return what keeps a campaign from being sent; empty where nothing does.

    Args:
        campaign: of the active tenant.
        now: aware.
        is_begun: its time has come, so it is not asked whether that has passed.
    """
    return [
        *_judge_audience(campaign),
        *_judge_content(campaign),
        *_judge_channel(campaign),
        *_judge_plan(campaign, now, is_begun=is_begun),
    ]


def _judge_audience(campaign: Campaign) -> list[Blocker]:
    if campaign.resend_of_id is not None:
        return []
    if not campaign.include_ids:
        return [Blocker(AUDIENCE, "include_ids", "Choose who gets it: a segment or a list.")]
    asked = {*campaign.include_ids, *campaign.exclude_ids}
    gone = asked - find_audience_choices(asked).keys()
    if not gone:
        return []
    words = "A segment of its audience was archived or deleted. Choose another one."
    path = "include_ids" if gone & set(campaign.include_ids) else "exclude_ids"
    return [Blocker(AUDIENCE, path, words)]


def _judge_content(campaign: Campaign) -> list[Blocker]:
    if not campaign.template_ids:
        return [Blocker(CONTENT, "template_ids", "Choose what it says: a template.")]
    found = find_templates(campaign.template_ids)
    blockers = []
    for template_id in campaign.template_ids:
        template = found.get(template_id)
        words = ""
        if template is None or template.is_archived:
            words = "A template was archived or deleted. Choose another one."
        elif template.channel != campaign.channel:
            words = f"{template.name} is written for another channel."
        elif template.message_class not in MARKETING:
            words = f"{template.name} is not of marketing, so nobody's “no” would count."
        if words:
            blockers.append(Blocker(CONTENT, "template_ids", words))
    return blockers


def _judge_channel(campaign: Campaign) -> list[Blocker]:
    if campaign.channel == Channel.EMAIL:
        if find_default_sender() is not None:
            return []
        words = "There is no sender. Set one up under Senders and domains."
        return [Blocker(CONTENT, "channel", words, is_of_settings=True)]
    if campaign.channel in find_served_channels():
        return []
    words = "No account is set up for this channel. Connect one under Channels."
    return [Blocker(CONTENT, "channel", words, is_of_settings=True)]


def _judge_plan(campaign: Campaign, now: datetime, *, is_begun: bool) -> list[Blocker]:
    try:
        plan = read_plan(campaign)
    except PlanError as exc:
        return [Blocker(SCHEDULE, f"plan.{problem.path}", problem.text) for problem in exc.problems]
    zone = find_zone(get_tenant(current_tenant_id()).timezone)
    if not is_begun and is_over(plan, zone, now):
        words = "This time has passed. Choose a later one."
        return [Blocker(SCHEDULE, "plan.at", words)]
    return []
