"""Waking runs that wait for something: they look for themselves once they are awake."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from crm.types import EventRef
from flows.domain.graph import Graph
from flows.domain.nodes import EventWait, StockWait, TaskWait
from flows.queries.reach import PLENTY, find_left
from flows.queries.versions import find_graphs
from flows.types import LiveRun
from kernel import clock
from kernel.arrays import array
from kernel.sql import count_sql, run_sql
from kernel.tenancy import current_tenant_id
from kernel.work import ring

BACK_IN_STOCK: Final = "Back In Stock"
TASK_FINISHED: Final = "Task Finished"
TRANCHE_GAP: Final = timedelta(minutes=30)


def wake_runs(
    runs: Sequence[LiveRun],
    graphs: Mapping[int, Graph],
    events: Mapping[int, Sequence[EventRef]],
    now: datetime,
) -> None:
    """Let runs look again that wait for an event of their profile.

    The rows are locked before it is looked where they stand: an event is written before anybody
    reacts to it, so a run that another worker is just bringing to its wait either finds the event
    there by itself, or is waited for here and woken.

    Args:
        runs: active ones.
        graphs: by version.
        events: what is new, by profile; history wakes nobody.
        now: aware.
    """
    heard = {
        run.id: names
        for run in runs
        if (
            names := listening(graphs[run.version_id]).keys()
            & {ref.name for ref in events.get(run.profile_id, ()) if not ref.is_backfill}
        )
    }
    if not heard:
        return
    rows = run_sql("flows.lock_runs", run_ids=array(sorted(heard)))
    waking = [
        row.id
        for row in rows
        if row.is_waiting
        and any(
            row.current_node in listening(graphs[row.version_id]).get(name, ())
            for name in heard[row.id]
        )
    ]
    if waking and count_sql("flows.wake_runs", run_ids=array(waking), now=now):
        ring("flows", current_tenant_id())


@transaction.atomic(savepoint=False)
def wake_for_stock(refs: Sequence[EventRef]) -> None:
    """Let runs look again that wait for variants which are back, as many as there is stock for.

    The others of a variant follow in tranches; who then finds nothing left waits on.

    Args:
        refs: new events of the active tenant; only what came back is looked at.
    """
    variants = {
        ref.object_id
        for ref in refs
        if ref.name == BACK_IN_STOCK and ref.object_id is not None and not ref.is_backfill
    }
    if not variants:
        return
    keys = {f"variant:{key}": key for key in variants}
    waits = run_sql("flows.list_stock_waits", keys=array(sorted(keys)))
    left = find_left(variants) if waits else {}
    graphs = find_graphs({row.version_id for row in waits})
    for row in waits:
        graph = graphs.get(row.version_id)
        node = graph.nodes.get(row.current_node) if graph is not None else None
        pieces = left.get(keys[row.waits_for], 0)
        if not isinstance(node, StockWait) or pieces < node.min_units:
            continue
        count_sql(
            "flows.wake_for_stock",
            waits_for=row.waits_for,
            version_id=row.version_id,
            node=row.current_node,
            now=clock.now(),
            tranche=min(pieces, PLENTY) * node.tranche,
            gap=TRANCHE_GAP,
            best_first=node.best_first,
        )
    if waits:
        ring("flows", current_tenant_id())


def listening(graph: Graph) -> dict[str, set[str]]:
    """Return the nodes that wait for each event, by its name."""
    found: dict[str, set[str]] = {}
    for node in graph.nodes.values():
        if isinstance(node, EventWait):
            for match in node.any_of:
                found.setdefault(match.event, set()).add(node.id)
        if isinstance(node, TaskWait):
            found.setdefault(TASK_FINISHED, set()).add(node.id)
    return found
