"""Whom a campaign is for: its segments and lists, or those on whom an earlier one was lost."""

from flows.domain.campaigns.plan import Plan
from flows.models import Campaign
from flows.queries.campaigns.silent import count_silent, list_silent_ids
from segments.queries.audiences import Audience, list_audience_ids, measure_audience


def audience_of(campaign: Campaign) -> Audience:
    """Return the segments and lists that a campaign names; one that is sent again names none."""
    return Audience(tuple(campaign.include_ids), tuple(campaign.exclude_ids))


def list_ids(campaign: Campaign, plan: Plan, *, after: int, limit: int) -> list[int]:
    """Return ids of the people of its audience as it is now, ascending, page by page.

    Args:
        campaign: of the active tenant.
        plan: of it.
        after: the last id seen; 0 for the first page.
        limit: the most ids.
    """
    if campaign.resend_of_id is None:
        return list_audience_ids(audience_of(campaign), after=after, limit=limit)
    return list_silent_ids(campaign, with_hidden=plan.with_hidden, after=after, limit=limit)


def count_people(campaign: Campaign, plan: Plan) -> int:
    """Count the audience as it is now."""
    if campaign.resend_of_id is None:
        return measure_audience(audience_of(campaign)).people
    silent = count_silent(campaign)
    return silent.people + (silent.hidden if plan.with_hidden else 0)
