"""What flows earned: credited to their messages, and beyond what people buy anyway."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final, NamedTuple

from django.db.models import F

from flows.domain.lift import Group, Lift, measure_lift
from flows.domain.reports import Days
from flows.models import Flow, FlowVersion
from flows.queries.versions import find_graphs
from flows.services.entry_stages import holdout_share
from kernel import clock
from kernel.arrays import array
from kernel.clock import end_of_day, start_of_day
from kernel.sql import run_sql
from messaging.queries.reports import credit_orders

LIFT_DAYS: Final = 30
"""Days after the first entry in which what somebody buys may come of a flow."""
_NOBODY: Final = Group(0, 0, 0)


class Earned(NamedTuple):
    """What a flow brought in some days, in minor units of the tenant's currency.

    Attributes:
        revenue_minor: of the orders that are credited to its messages, refunds taken off.
        lift: beyond what people buy anyway; None where the flow holds nobody out.
    """

    revenue_minor: int
    lift: Lift | None


def find_earnings(flows: Sequence[Flow], days: Days, *, zone: str) -> dict[int, Earned]:
    """Return what flows earned by messages that left on some days, and by who entered on them.

    Args:
        flows: of the active tenant.
        days: of the tenant's calendar.
        zone: the tenant's IANA zone.
    """
    span = _span(days, zone)
    revenue = dict.fromkeys((flow.pk for flow in flows), 0)
    for row in credit_orders(None, zone=zone, **span):
        if row.flow_id in revenue:
            revenue[row.flow_id] += row.gross - row.refunded
    lifts = measure_flows(flows, days, zone=zone)
    return {flow_id: Earned(minor, lifts.get(flow_id)) for flow_id, minor in revenue.items()}


def measure_flows(flows: Sequence[Flow], days: Days, *, zone: str) -> dict[int, Lift]:
    """Return what flows earned beyond what people buy anyway, in three statements.

    Who entered on these days is compared with who was held out on them, by what each bought within
    `LIFT_DAYS` of their first entry, as far as that time has gone.

    Returns:
        By flow; without those that hold nobody out and held nobody out.
    """
    measured = {flow.pk: measure_lift(_NOBODY, _NOBODY) for flow in _holding(flows)}
    groups: dict[int, dict[bool, Group]] = {}
    for row in run_sql(
        "flows.compare_flows",
        flow_ids=array(flow.pk for flow in flows),
        span=timedelta(days=LIFT_DAYS),
        now=clock.now(),
        **_span(days, zone),
    ):
        group = Group(row.people, row.total, int(row.squares))
        groups.setdefault(row.flow_id, {})[row.is_held_out] = group
    return measured | {
        flow_id: measure_lift(found.get(False, _NOBODY), found.get(True, _NOBODY))
        for flow_id, found in groups.items()
    }


def _holding(flows: Sequence[Flow]) -> list[Flow]:
    """Return the flows whose newest version holds somebody out."""
    asked = {flow.pk: flow for flow in flows if flow.holdout}
    newest = FlowVersion.objects.filter(flow_id__in=asked, number=F("flow__version_number"))
    by_version = dict(newest.values_list("pk", "flow_id"))
    return [
        asked[by_version[version_id]]
        for version_id, graph in find_graphs(by_version).items()
        if holdout_share(graph, asked[by_version[version_id]].holdout)
    ]


def _span(days: Days, zone: str) -> dict[str, Any]:
    return {"since": start_of_day(days.first, zone), "until": end_of_day(days.last, zone)}
