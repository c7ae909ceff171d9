"""What became of the messages of a campaign, counted from the messages themselves."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from typing import Any, Final

from flows.domain.lift import Group, Lift, measure_lift
from flows.models import Campaign
from kernel.sql import run_sql
from messaging.choices import MessageStatus
from messaging.queries.reports import credit_params

LIFT_DAYS: Final = 5
"""Days after the last of a campaign was let go in which what people buy may come of it."""
_OPEN: Final = frozenset({MessageStatus.PENDING.value, MessageStatus.SENDING.value})
_LEFT: Final = frozenset({MessageStatus.SENT.value, MessageStatus.UNKNOWN.value})
_OF_ANY: Final = ("delivered", "opened", "clicked", "bounced", "complained")


@dataclass(slots=True)
class Figures:
    """Counts of the messages of one variant, or of all.

    Attributes:
        messages: that were queued.
        open: those that wait or are being sent.
        sent: handed over, those whose outcome nobody knows included.
        opened, clicked: by people; scanners do not count.
        reasons: those that did not leave, by reason (a `SkipReason` or `FailReason` word).
        buyers, orders, revenue_minor: credited as `messaging.domain.attribution` says.
        squares: sum of the squares of the revenue of each buyer.
    """

    messages: int = 0
    open: int = 0
    sent: int = 0
    skipped: int = 0
    failed: int = 0
    cancelled: int = 0
    delivered: int = 0
    opened: int = 0
    clicked: int = 0
    bounced: int = 0
    complained: int = 0
    unsubscribed: int = 0
    buyers: int = 0
    orders: int = 0
    revenue_minor: int = 0
    squares: int = 0
    reasons: dict[str, int] = field(default_factory=dict)

    def add(self, row: Any) -> None:
        """Take in one line of the count."""
        self.messages += row.messages
        if row.status in _OPEN:
            self.open += row.messages
        elif row.status in _LEFT:
            self.sent += row.messages
        else:
            setattr(self, row.status, getattr(self, row.status) + row.messages)
        for name in _OF_ANY:
            setattr(self, name, getattr(self, name) + getattr(row, name))
        if row.reason:
            self.reasons[row.reason] = self.reasons.get(row.reason, 0) + row.messages

    def rate(self, name: str) -> float:
        """Return the share of the messages that left of which something is so, 0 to 1."""
        return int(getattr(self, name)) / self.sent if self.sent else 0.0


def count_campaign(campaign: Campaign) -> dict[str, Figures]:
    """Count the messages of a campaign by the letter of their variant.

    The cost grows with its messages: a worker does it now and then (`Campaign.figures`).
    """
    found: dict[str, Figures] = {}
    for row in run_sql("flows.tally_campaign", campaign_id=campaign.pk):
        found.setdefault(row.variant, Figures()).add(row)
    for row in run_sql("flows.count_campaign_unsubscribes", campaign_id=campaign.pk):
        found[row.variant].unsubscribed = row.people
    for row in run_sql("flows.earn_campaign", **credit_params(campaign_id=campaign.pk)):
        figures = found[row.variant]
        figures.buyers, figures.orders = row.buyers, row.orders
        figures.revenue_minor, figures.squares = row.revenue_minor, int(row.squares)
    return found


def read_figures(stored: Mapping[str, Any]) -> dict[str, Figures]:
    """Return what a campaign stored of an earlier count."""
    return {letter: Figures(**part) for letter, part in stored.items()}


def write_figures(figures: Mapping[str, Figures]) -> dict[str, Any]:
    """Return a count as it is stored."""
    return {letter: asdict(part) for letter, part in figures.items()}


def add_up(figures: Mapping[str, Figures]) -> Figures:
    """Return the sums over all variants."""
    total = Figures()
    for part in figures.values():
        for name, value in asdict(part).items():
            if name != "reasons":
                setattr(total, name, getattr(total, name) + value)
        for reason, count in part.reasons.items():
            total.reasons[reason] = total.reasons.get(reason, 0) + count
    return total


def compare_groups(campaign: Campaign) -> dict[str, list[int]]:
    """Return what those who were drawn to get a campaign bought, and those held out.

    Both in the same time: from when it began until `LIFT_DAYS` after the last ones were let go, so
    that nobody got it when their time was over, however slowly it left.

    Returns:
        People, total and sum of squares of ``treated`` and ``held_out``; empty where the campaign
        itself holds nobody out, or not everybody was released yet.
    """
    if not campaign.held_out_count or campaign.phase or not campaign.released_count:
        return {}
    since, last = campaign.starts_at, campaign.phase_at
    if since is None or last is None:
        return {}
    until = last + timedelta(days=LIFT_DAYS)
    rows = run_sql("flows.compare_campaign", campaign_id=campaign.pk, since=since, until=until)
    found = {row.is_held_out: [row.people, row.total, int(row.squares)] for row in rows}
    if len(found) < 2:  # noqa: PLR2004 one group is compared with nobody
        return {}
    return {"treated": found[False], "held_out": found[True]}


def read_lift(groups: Mapping[str, list[int]]) -> Lift | None:
    """Return what a campaign earned beyond what people buy anyway; None where nothing tells it."""
    if not groups:
        return None
    return measure_lift(Group(*groups["treated"]), Group(*groups["held_out"]))


def count_days(campaign: Campaign, zone: str) -> dict[str, dict[date, int]]:
    """Return by ``sent``, ``opened`` and ``clicked`` on which day how many were."""
    found: dict[str, dict[date, int]] = {"sent": {}, "opened": {}, "clicked": {}}
    rows = run_sql("flows.count_campaign_days", campaign_id=campaign.pk, zone=zone)
    for row in rows:
        found[row.kind][row.day] = row.messages
    return found
