"""What a definition will cost, as the planner expects, and which ones cost too much."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from kernel.sql import execute
from segments.domain.definitions import Leaf, Node, leaves
from segments.models import Segment
from segments.queries.conditions import (
    FROM_PROFILES,
    LIVE_PROFILES,
    find_missing_references,
    get_compiler,
    list_references,
)

SLOW_SECONDS: Final = 30
SECONDS_PER_COST: Final = 5e-6
"""What a unit of the planner's cost takes. Measured were 2e-7 (events by name) to 5e-6 (seasons)
with everything in memory; the slowest is taken, so that the estimate is rather too high."""
_HALF: Final = 0.5
_EVERYBODY: Final = 300
"""Seconds that counting everybody may take; whoever just changed has a minute."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """A segment that took too long, or cannot be asked, and is left out until it is changed.

    Attributes:
        allowed: how long it could have taken, in words.
        reason: why it cannot be asked; empty where it took too long.
    """

    id: int
    name: str
    stopped_at: datetime
    allowed: str
    reason: str


def list_stopped() -> list[Stopped]:
    """Return the segments that were stopped, the newest first."""
    found = Segment.objects.filter(stopped_at__isnull=False, archived_at=None)
    rows = found.order_by("-stopped_at", "-pk")
    return [
        Stopped(
            row.pk,
            row.name,
            row.stopped_at,
            _say_allowed(row.stopped_seconds),
            row.stopped_reason,
        )
        for row in rows.only("name", "stopped_at", "stopped_seconds", "stopped_reason")
        if row.stopped_at is not None
    ]


def _say_allowed(seconds: int) -> str:
    return "five minutes" if seconds >= _EVERYBODY else "a minute for people who had just changed"


def estimate_seconds(node: Node, now: datetime) -> float:
    """Return how long asking a definition of everybody will take, by the planner's estimate.

    Args:
        node: the tree; nothing of it is run.
        now: aware; the instant that relative conditions count from.
    """
    known = list_references()
    compiler = get_compiler(now, {**known, **find_missing_references(node, known)})
    condition = compiler.compile(node)
    [row] = execute(
        f"EXPLAIN (FORMAT JSON) SELECT p.id {FROM_PROFILES} {compiler.joined()}"
        f" WHERE {LIVE_PROFILES} AND {condition}",
        **compiler.params,
    )
    plan = row[0] if isinstance(row[0], list) else json.loads(row[0])
    return float(plan[0]["Plan"]["Total Cost"]) * SECONDS_PER_COST


def find_costliest(node: Node, now: datetime) -> Leaf | None:
    """Return the condition that takes most of the time by itself; None where none stands out."""
    costs = [(estimate_seconds(leaf, now), leaf) for leaf in leaves(node)]
    seconds, leaf = max(costs, key=lambda pair: pair[0])
    return leaf if seconds > _HALF * sum(cost for cost, _ in costs) else None
