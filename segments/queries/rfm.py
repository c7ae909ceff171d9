"""Reads of RFM: the scale, the grid, groups with their movement, why a score is what it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Sum

from kernel import clock
from kernel.formats import format_number
from kernel.sql import run_sql
from segments.domain.rfm import GROUP_LABELS
from segments.models import RfmHistory, RfmScale, RfmSum, Segment
from segments.queries.conditions import get_moment

ADVICE = {
    "champions": "Thank them first. Early access, a personal note, ask for a review.",
    "loyal": "Keep them. Points, bundles and what goes with their last order.",
    "potential": "Earn the second order. Show what others bought next.",
    "promising": "Build the habit. A reason to come back within 30 days.",
    "one_time_lapsed": "One reminder of what they bought, then leave them in peace.",
    "needs_attention": "Ask what is missing before they drift off. News from their categories.",
    "at_risk": "Win them back now, while they still remember you.",
    "lapsed_regular": "They were regulars. Your strongest win-back goes here.",
    "lost": "Spend little here. A yearly hello is enough.",
}


@dataclass(frozen=True, slots=True)
class GridCell:
    """Buyers of one recency and one frequency score; revenue in minor units."""

    recency: int
    frequency: int
    profile_count: int
    net_minor: int


@dataclass(frozen=True, slots=True)
class GroupSummary:
    """One RFM group today.

    Attributes:
        people_share, revenue_share: of all buyers, 0 to 1; None without any.
        net_minor: net revenue in the look-back, minor units of the tenant's currency.
        before_count: people about 30 days ago; None when nothing was kept then.
        order_count: orders in the look-back as of the last full scoring; None before it.
    """

    group: str
    label: str
    advice: str
    profile_count: int
    net_minor: int
    people_share: float | None
    revenue_share: float | None
    before_count: int | None
    order_count: int | None


def find_scale() -> RfmScale | None:
    """Return how the buyers were last cut; None before the first scoring."""
    return RfmScale.objects.first()


def get_scale_summary() -> dict[str, Any]:
    """Return the last scoring as plain values, as the ``score`` command prints it.

    Returns:
        ``buyers``, ``mode``, ``as_of`` (local day), ``is_pinned``, ``groups`` with people per
        group, all of them listed, and ``bounds``: the lowest values that get scores 2 to 5,
        days as ISO dates, money in minor units.
    """
    scale = RfmScale.objects.get()
    counts = dict(RfmSum.objects.values_list("group").annotate(people=Sum("profile_count")))
    return {
        "buyers": scale.buyers,
        "mode": scale.mode,
        "as_of": get_moment(scale.as_of).today.isoformat(),
        "is_pinned": scale.is_pinned,
        "groups": {group: counts.get(group, 0) for group in GROUP_LABELS},
        "bounds": {
            "recency": [day.isoformat() for day in scale.recency_bounds],
            "frequency": scale.frequency_bounds,
            "monetary_minor": scale.monetary_bounds,
        },
    }


def list_grid() -> list[GridCell]:
    """Return the 25 cells of recency × frequency, best recency first, lowest frequency first."""
    rows = RfmSum.objects.values_list("recency", "frequency").annotate(
        people=Sum("profile_count"), revenue=Sum("net_minor")
    )
    found = {(r, f): (people, int(revenue)) for r, f, people, revenue in rows}
    return [
        GridCell(recency, frequency, *found.get((recency, frequency), (0, 0)))
        for recency in range(5, 0, -1)
        for frequency in range(1, 6)
    ]


def list_groups(today: date) -> list[GroupSummary]:
    """Return every group with people, revenue and shares, in the order of the rules.

    Args:
        today: local day; movement is against the kept figures of 30 days before or the nearest
            day before that.
    """
    rows = RfmSum.objects.values_list("group").annotate(
        people=Sum("profile_count"), revenue=Sum("net_minor")
    )
    found = {group: (people, int(revenue)) for group, people, revenue in rows}
    people_total = sum(people for people, _ in found.values())
    revenue_total = sum(revenue for _, revenue in found.values())
    before = _history_before(today - timedelta(days=30))
    orders = _last_orders()
    return [
        GroupSummary(
            group=group,
            label=label,
            advice=ADVICE[group],
            profile_count=found.get(group, (0, 0))[0],
            net_minor=found.get(group, (0, 0))[1],
            people_share=_share(found.get(group, (0, 0))[0], people_total),
            revenue_share=_share(found.get(group, (0, 0))[1], revenue_total),
            before_count=before.get(group, 0) if before else None,
            order_count=orders.get(group, 0) if orders else None,
        )
        for group, label in GROUP_LABELS.items()
    ]


def list_group_history(since: date) -> dict[str, dict[date, int]]:
    """Return people per group by day from a day on, as far as it was kept."""
    rows = RfmHistory.objects.filter(on__gte=since).order_by("on")
    history: dict[str, dict[date, int]] = {group: {} for group in GROUP_LABELS}
    for on, group, people in rows.values_list("on", "group", "profile_count"):
        history[group][on] = people
    return history


def explain_recency(profile_id: int, now: datetime) -> str | None:
    """Return the line that says why R is what it is; None for who is no buyer.

    Returns:
        Such as ``R = 2: last order 74 days ago; 61% of buyers are more recent``.
    """
    rows = run_sql("segments.count_more_recent", profile_id=profile_id)
    scale = find_scale() if rows else None
    if scale is None:
        return None
    [row] = rows
    until = scale.as_of if scale.is_pinned else now
    days = (get_moment(until).today - row.last_order_on).days
    ago = "today" if days <= 0 else f"{format_number(days)} day{'' if days == 1 else 's'} ago"
    share = 100 * row.more_recent // max(row.buyers, 1)
    return f"R = {row.recency}: last order {ago}; {share}% of buyers are more recent"


@dataclass(frozen=True, slots=True)
class GroupMove:
    """People who were in one group at the beginning and in another one at the end.

    An empty group is no buyer: somebody new at the beginning, somebody gone at the end.
    """

    from_group: str
    to_group: str
    people: int


def list_group_moves(first: date, last: date, now: datetime) -> list[GroupMove]:
    """Return who moved from which group to which between the ends of two days, and who stayed.

    Args:
        first: local day at whose end movement begins.
        last: local day at whose end it stops; today stops now.
        now: aware.
    """
    moment = get_moment(now)
    rows = run_sql(
        "segments.count_group_moves",
        since=clock.end_of_day(first, moment.zone.key),
        until=clock.end_of_day(last, moment.zone.key),
    )
    moves = [GroupMove(row.from_group, row.to_group, row.people) for row in rows]
    arrived: dict[str, int] = {}
    for move in moves:
        arrived[move.to_group] = arrived.get(move.to_group, 0) + move.people
    sizes = _sizes_now() if last >= moment.today else _history_before(last)
    stayed = [
        GroupMove(group, group, sizes.get(group, 0) - arrived.get(group, 0))
        for group in GROUP_LABELS
    ]
    return [*(move for move in stayed if move.people > 0), *moves]


def list_installed(keys: Sequence[str]) -> dict[str, int]:
    """Return the ids of the segments that were made of some starters, by key; no archived one."""
    rows = Segment.objects.filter(key__in=keys, archived_at=None)
    return dict(rows.values_list("key", "pk"))


def _sizes_now() -> dict[str, int]:
    return dict(RfmSum.objects.values_list("group").annotate(people=Sum("profile_count")))


def _last_orders() -> dict[str, int]:
    """Return orders of each group as of the last day on which they were counted."""
    counted = RfmHistory.objects.exclude(order_count=None)
    last = counted.order_by("-on").values_list("on", flat=True).first()
    rows = counted.filter(on=last).values_list("group", "order_count") if last else ()
    return {group: orders or 0 for group, orders in rows}


def _history_before(day: date) -> dict[str, int]:
    nearest = (
        RfmHistory.objects.filter(on__lte=day).order_by("-on").values_list("on", flat=True).first()
    )
    if nearest is None:
        return {}
    return dict(RfmHistory.objects.filter(on=nearest).values_list("group", "profile_count"))


def _share(part: int, total: int) -> float | None:
    return part / total if total else None
