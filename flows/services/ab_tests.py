"""Finding the winners of A/B splits: measured until one way is sure to be the best.

Every hour, less often where many came, and by those who came last, so that a flow of years and
millions costs no more than a large one.
"""

from datetime import datetime, timedelta
from typing import Final

import structlog
from django.db import transaction

from flows.choices import RUNNING
from flows.domain.graph import Graph
from flows.domain.nodes import ABSplit
from flows.domain.winning import Measured, find_winner, win_chances
from flows.models import ABTest, Flow
from flows.queries.ab_tests import measure_ways
from flows.queries.versions import find_graphs, list_live
from flows.services.turns import TurnFailed, claim_due, take_turns, turn_of
from kernel import clock
from kernel.batches import Deadline
from tenants.services import audit

EVERY: Final = timedelta(hours=1)
RARER: Final = ((50_000, timedelta(days=1)), (5_000, timedelta(hours=6)))
"""From so many people on it is measured less often: who comes anew changes little by then."""
WINDOW: Final = timedelta(days=5)
"""So long after they came to the split it counts what people did."""
NOBODY: Final = Measured(0, 0.0, 0.0)

log = structlog.get_logger(__name__)


def keep_tests(flow: Flow, graph: Graph | None) -> None:
    """Begin, go on or stop measuring the splits of a flow, in the transaction that changes it.

    A decided one stays decided until its metric is another one.

    Args:
        flow: as it is now.
        graph: its live definition; None before the first.
    """
    splits = {
        node.id: node.metric
        for node in (graph.nodes.values() if graph is not None else ())
        if isinstance(node, ABSplit) and node.metric and not node.winner
    }
    held = {test.node_id: test for test in ABTest.objects.filter(flow_id=flow.pk)}
    stale = [test.pk for key, test in held.items() if splits.get(key) != test.metric]
    ABTest.objects.filter(pk__in=stale).delete()
    due = clock.now() + EVERY if flow.status in RUNNING else None
    ABTest.objects.filter(flow_id=flow.pk, winner="").update(due_at=due)
    ABTest.objects.bulk_create(
        ABTest(flow_id=flow.pk, node_id=key, metric=metric, due_at=due)
        for key, metric in splits.items()
        if key not in held or held[key].pk in stale
    )


def measure_due(deadline: Deadline) -> int:
    """Measure the splits of the active tenant that are due.

    One that cannot be measured is tried again in an hour; the others go on.

    Args:
        deadline: when to stop claiming.

    Returns:
        Splits looked at; 0 when nothing is due or other workers hold it.

    Raises:
        OperationalError: the database was lost or chose this one as a deadlock's victim; it is
            safe to call again.
    """
    return take_turns(_measure_next, _postpone, deadline)


@transaction.atomic
def _measure_next() -> bool:
    now = clock.now()
    test = claim_due(ABTest.objects.all(), now)
    if test is None:
        return False
    with turn_of(test.pk):
        _measure(test, now)
    return True


@transaction.atomic
def _postpone(failure: TurnFailed) -> None:
    log.error("ab_test_failed", test=failure.row_id, exc_info=failure.cause)
    ABTest.objects.filter(pk=failure.row_id).update(due_at=clock.now() + EVERY)


def _measure(test: ABTest, now: datetime) -> None:
    found = measure_ways(test.flow_id, test.node_id, test.metric, window=WINDOW, now=now)
    ways = {name: found.get(name, NOBODY) for name in _names(test)}
    test.recipients = {name: way.recipients for name, way in ways.items()}
    test.chances = (
        {name: round(chance, 4) for name, chance in win_chances(ways).items()}
        if ways and all(way.recipients for way in ways.values())
        else {}
    )
    test.winner = find_winner(ways)
    later = now + _rhythm(sum(way.recipients for way in ways.values()))
    test.decided_at, test.due_at = (now, None) if test.winner else (None, later)
    if test.winner:
        told = {"step": test.node_id, "winner": test.winner, "chances": test.chances}
        audit.record("flow.winner_found", "flow", test.flow_id, after=told)
    test.save()


def _rhythm(recipients: int) -> timedelta:
    """Return how long it is until a split that reached so many is measured again."""
    return next((every for least, every in RARER if recipients >= least), EVERY)


def _names(test: ABTest) -> list[str]:
    """Return the ways of a split as it is live; those that are gone no longer compete."""
    live = [each.version_id for each in list_live() if each.flow_id == test.flow_id]
    for graph in find_graphs(live).values():
        node = graph.nodes.get(test.node_id)
        if isinstance(node, ABSplit):
            return [way.name for way in node.branches]
    return []
