"""What is known of A/B splits whose winner is found by itself."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from flows.domain.nodes import WAY
from flows.domain.winning import Measured
from flows.models import ABTest
from kernel.sql import run_sql

MOST: Final = 200_000
"""So many runs of a flow are looked at, the newest of those whose time is over."""


def find_winner(flow_id: int, node_id: str) -> str:
    """Return the name of the way that has won; empty while none has."""
    found = ABTest.objects.filter(flow_id=flow_id, node_id=node_id).values_list("winner", flat=True)
    return found.first() or ""


def measure_ways(
    flow_id: int, node_id: str, metric: str, *, window: timedelta, now: datetime
) -> Mapping[str, Measured]:
    """Return what each way of a split brought, by name; ways that reached nobody are left out.

    Args:
        flow_id: the flow.
        node_id: the split.
        metric: a word of `flows.domain.nodes.METRICS`.
        window: so long after they came to the split it counts.
        now: aware.
    """
    rows = run_sql(
        "flows.measure_ways",
        flow_id=flow_id,
        node=node_id,
        metric=metric,
        window=window,
        now=now,
        most=MOST,
    )
    return {
        row.way.removeprefix(WAY): Measured(row.recipients, row.total, row.squares) for row in rows
    }
