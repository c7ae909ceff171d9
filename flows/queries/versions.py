"""Frozen definitions, read once: a version never changes, so its graph is kept in memory."""

from collections.abc import Collection
from typing import Any

from django.db.models import F

from flows.choices import FlowStatus
from flows.domain.graph import Graph
from flows.domain.parsing import parse_graph
from flows.models import FlowVersion

_KEPT = 1_000
_graphs: dict[int, Graph] = {}


def list_live() -> list[tuple[int, int]]:
    """Return flow and live version of every flow that takes people in, by flow."""
    live = FlowVersion.objects.filter(
        flow__status=FlowStatus.LIVE, number=F("flow__version_number")
    )
    return list(live.order_by("flow_id").values_list("flow_id", "pk"))


def get_graphs(version_ids: Collection[int]) -> dict[int, Graph]:
    """Return the graphs of some versions of the active tenant, by version.

    Raises:
        GraphError: a stored definition cannot be read.
    """
    missing = [pk for pk in set(version_ids) if pk not in _graphs]
    if missing:
        if len(_graphs) > _KEPT:
            _graphs.clear()
        rows: list[tuple[int, Any]] = list(
            FlowVersion.objects.filter(pk__in=missing).values_list("pk", "graph")
        )
        _graphs.update((pk, parse_graph(raw)) for pk, raw in rows)
    return {pk: _graphs[pk] for pk in set(version_ids)}
