"""How a campaign stands, in words and figures, for its page."""

from dataclasses import dataclass
from typing import Final

from crm.domain.channels import CHANNEL_LABELS
from flows.choices import CampaignState, Phase
from flows.domain.campaigns.cells import letter_of
from flows.domain.campaigns.words import say_plan
from flows.domain.lift import Lift
from flows.errors import PlanError
from flows.models import Campaign
from flows.queries.campaigns.content import TemplateChoice, find_templates
from flows.queries.campaigns.counting import (
    Figures,
    add_up,
    compare_groups,
    count_campaign,
    read_figures,
    read_lift,
)
from flows.queries.campaigns.reading import find_campaign, find_resend
from flows.services.campaigns.checking import read_plan
from kernel.formats import format_time
from messaging.choices import FailReason, SkipReason
from messaging.domain.attribution import RULE
from segments.queries.audiences import Choice, find_audience_choices

LIVE_UP_TO: Final = 20_000
"""Campaigns with no more recipients are counted for each look; larger ones now and then."""


_REASONS: Final = dict([*SkipReason.choices, *FailReason.choices])


@dataclass(frozen=True, slots=True)
class Variant:
    """One template of a campaign and what it came to."""

    letter: str
    template: TemplateChoice | None
    figures: Figures
    is_winner: bool

    @property
    def opened(self) -> float:
        """Share of its messages that a person opened, 0 to 1."""
        return self.figures.rate("opened")

    @property
    def clicked(self) -> float:
        """Share of its messages that a person clicked, 0 to 1."""
        return self.figures.rate("clicked")


@dataclass(frozen=True, slots=True)
class Told:
    """What is said of a campaign.

    Attributes:
        sentence: how it stands.
        treated: recipients who are not held out.
        plan_words: what its plan does; empty for a plan that cannot be read.
        source: the campaign that this one sends again.
        resend: the campaign by which this one is sent again.
        lift: what it earned beyond what people buy anyway; None where nobody is held out.
        skipped: reasons not to send in words with their counts, the largest first.
    """

    sentence: str
    treated: int
    total: Figures
    variants: list[Variant]
    plan_words: list[str]
    skipped: list[tuple[str, int]]
    include: list[Choice]
    exclude: list[Choice]
    channel_label: str
    lift: Lift | None = None
    source: Campaign | None = None
    resend: Campaign | None = None

    @property
    def opened(self) -> float:
        """Share of the messages that a person opened, 0 to 1."""
        return self.total.rate("opened")

    @property
    def clicked(self) -> float:
        """Share of the messages that a person clicked, 0 to 1."""
        return self.total.rate("clicked")

    @property
    def done(self) -> int:
        """Recipients of whose message it is known what became."""
        return self.total.messages - self.total.open

    @property
    def revenue_formula(self) -> str:
        """How revenue is credited."""
        return RULE


def tell_campaign(campaign: Campaign, *, zone: str) -> Told:
    """Return how a campaign stands, counted now where it is small."""
    figures, groups = count_now(campaign)
    total = add_up(figures)
    templates = find_templates(campaign.template_ids)
    segments = find_audience_choices({*campaign.include_ids, *campaign.exclude_ids})
    source = find_campaign(campaign.resend_of_id) if campaign.resend_of_id else None
    reasons = sorted(total.reasons.items(), key=lambda item: (-item[1], item[0]))
    return Told(
        sentence=_say_state(campaign, total, zone),
        treated=campaign.recipient_count - campaign.held_out_count,
        total=total,
        variants=[
            Variant(
                letter=letter_of(place),
                template=templates.get(template_id),
                figures=figures.get(letter_of(place), Figures()),
                is_winner=campaign.winner == place,
            )
            for place, template_id in enumerate(campaign.template_ids)
        ],
        plan_words=_say_plan(campaign, zone, source),
        skipped=[(speak_reason(reason), count) for reason, count in reasons],
        include=[segments[key] for key in campaign.include_ids if key in segments],
        exclude=[segments[key] for key in campaign.exclude_ids if key in segments],
        channel_label=CHANNEL_LABELS[campaign.channel],
        lift=read_lift(groups),
        source=source,
        resend=find_resend(campaign.pk) if campaign.state == CampaignState.SENT else None,
    )


def speak_reason(reason: str) -> str:
    """Return a reason not to send in words."""
    return str(_REASONS.get(reason, reason))


def count_now(campaign: Campaign) -> tuple[dict[str, Figures], dict[str, list[int]]]:
    """Return the counts of a campaign's messages by variant, and what both groups bought.

    Counted now for a small campaign; for a large one as a worker counted it last.
    """
    if not campaign.released_count:
        return {}, {}
    if campaign.recipient_count <= LIVE_UP_TO:
        return count_campaign(campaign), compare_groups(campaign)
    return read_figures(campaign.figures), campaign.groups


def _say_plan(campaign: Campaign, zone: str, source: Campaign | None) -> list[str]:
    try:
        plan = read_plan(campaign)
    except PlanError:
        return []
    variants = len(campaign.template_ids)
    return say_plan(plan, zone=zone, variants=variants, again=source.name if source else "")


def _say_state(campaign: Campaign, total: Figures, zone: str) -> str:
    at = format_time(campaign.starts_at, zone) if campaign.starts_at else ""
    if campaign.state == CampaignState.SENDING:
        return _say_sending(campaign, total)
    if campaign.is_waiting:
        return str(campaign.reason)
    said = {
        CampaignState.DRAFT.value: "A draft. Nothing is sent before it is scheduled.",
        CampaignState.SCHEDULED.value: f"It begins on {at}. Until then you can take it back.",
        CampaignState.PREPARING.value: "Its audience is being taken.",
        CampaignState.PAUSED.value: "Paused. Nothing of it leaves until somebody resumes it.",
        CampaignState.SENT.value: "Everybody who was to get it has it, or there is a reason.",
        CampaignState.CANCELLED.value: "Cancelled. What had left by then stays sent.",
        CampaignState.FAILED.value: "It stopped, and nothing more of it is queued.",
    }
    return said[campaign.state]


def _say_sending(campaign: Campaign, total: Figures) -> str:
    if campaign.phase == Phase.TEST:
        return "The test group is being written to."
    if campaign.phase == Phase.WAIT:
        return "The test group has it. Everybody else gets the best one after the wait."
    if campaign.phase in (Phase.REST, Phase.HELD):
        return "It is on its way."
    return f"Everybody is queued; {total.open:,} still wait for their turn."
