"""Campaigns as their list and calendar show them, page by page at the cost of one page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import Q

from flows.models import Campaign
from flows.queries.campaigns.counting import Figures, add_up, read_figures
from kernel.keyset import Place, Sorting, Statement, count_up_to, has_any, select_page

NEWEST: Final = Sorting("c.created_at", "c.id", "created_at", is_time=True)
PAGE_SIZE: Final = 50
MOST_A_MONTH: Final = 400
_FROM = "FROM flows_campaign AS c"
_SELECT = f"SELECT c.id, c.created_at {_FROM}"


@dataclass(frozen=True, slots=True)
class WantedCampaigns:
    """Which campaigns; an empty value does not narrow."""

    search: str = ""
    state: str = ""
    channel: str = ""

    @property
    def is_narrowed(self) -> bool:
        """Whether anything was chosen."""
        return self != WantedCampaigns()


@dataclass(frozen=True, slots=True)
class CampaignRow:
    """One campaign with what was counted of it last."""

    campaign: Campaign
    total: Figures

    @property
    def when(self) -> datetime | None:
        """When it was or is sent; None for a draft."""
        return self.campaign.starts_at

    @property
    def opened(self) -> float:
        """Share of the messages that a person opened, 0 to 1."""
        return self.total.rate("opened")

    @property
    def clicked(self) -> float:
        """Share of the messages that a person clicked, 0 to 1."""
        return self.total.rate("clicked")


@dataclass(frozen=True, slots=True)
class CampaignPage:
    """One page, newest first; the marks lead to its neighbours."""

    rows: list[CampaignRow]
    next: str | None
    previous: str | None


def list_page(wanted: WantedCampaigns, place: Place) -> CampaignPage:
    """Return a page of campaigns, newest first, in two statements."""
    conditions, params = _conditions(wanted)
    found = select_page(
        Statement(_SELECT, conditions, params), NEWEST, descending=True, place=place
    )
    campaigns = Campaign.objects.in_bulk([row.id for row in found.rows])
    rows = [_row(campaigns[row.id]) for row in found.rows if row.id in campaigns]
    return CampaignPage(rows, found.next, found.previous)


def count_listed(wanted: WantedCampaigns) -> int:
    """Return how many campaigns there are, at most the ceiling."""
    return count_up_to(_FROM, *_conditions(wanted))


def has_campaigns() -> bool:
    """Say whether the tenant has any campaign."""
    return has_any(Campaign.objects.all())


def list_between(first: datetime, until: datetime) -> list[Campaign]:
    """Return the campaigns that begin in a span of time, earliest first.

    Args:
        first: aware; included.
        until: aware; excluded.
    """
    begun = Q(starts_at__gte=first, starts_at__lt=until)
    rows = Campaign.objects.filter(begun).order_by("starts_at", "pk")
    return list(rows[:MOST_A_MONTH])


def _row(campaign: Campaign) -> CampaignRow:
    return CampaignRow(campaign, add_up(read_figures(campaign.figures)))


def _conditions(wanted: WantedCampaigns) -> tuple[Sequence[str], dict[str, Any]]:
    choices: list[tuple[str, str, Any]] = [
        ("strpos(lower(c.name), %(search)s) > 0", "search", wanted.search.lower()),
        ("c.state = %(state)s", "state", wanted.state),
        ("c.channel = %(channel)s", "channel", wanted.channel),
    ]
    chosen = [item for item in choices if item[2]]
    parts = ["c.tenant_id = %(tenant_id)s", *(part for part, _, _ in chosen)]
    return parts, {name: value for _, name, value in chosen}
