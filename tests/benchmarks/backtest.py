"""`backtest`: 90 days of a cart recovery are lived again.

The floor is what such events take when they really happen, at its best, in full batches: each is
written, meets its handlers, and the runs it starts are advanced to their last message.
"""

import itertools
import json
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction

from crm.choices import EventSource
from crm.services.events import append_events
from crm.types import NewEvent
from flows.choices import FlowStatus
from flows.models import Flow
from flows.services.dry.backtests import backtest_batch, start_backtest
from flows.services.flows import create_flow, publish, set_status
from kernel import clock
from kernel.scope import tenant_scope
from kernel.work import drain_tenant
from tenants.types import JobTurn
from tests.benchmarks.flow_rows import PEOPLE
from tests.benchmarks.measure import Goal, Measured, alternate, compare, timed
from tests.benchmarks.world import bare, make_merchant, vacuum

DAYS = 90
MOST = 200_000
EVENTS_EACH = 5
SHARE = 2
"""Events for one profile of the size asked for."""
REAL_PEOPLE = 1_000
CHUNK = 1_000
PAIRS = 3
KINDS = ("reactions", "flows")
GOAL = Goal(20.0, at_least=True, unit="/s")
TABLES = ("crm_profile", "crm_event")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)

HISTORY: Final = b"""
INSERT INTO crm_event (
    tenant_id, name, occurred_at, profile_id, object_id, source, properties, is_backfill
)
SELECT p.tenant_id, e.name,
    %(since)s::timestamptz + e.days * interval '1 day'
        + (p.id %% 14) * interval '1 day' + (p.id * 7919 %% 86400) * interval '1 second'
        + e.minutes * (1 + p.id %% 60) * interval '1 minute',
    p.id, NULL, 'system',
    CASE WHEN e.name = 'Cart Abandoned'
        THEN jsonb_build_object('cart_id', p.id || '-' || e.days, 'value', '41.50')
        ELSE '{}'
    END,
    false
FROM crm_profile AS p
CROSS JOIN (VALUES
    ('Cart Abandoned', 0, 0), ('Order Placed', 0, 60), ('Cart Abandoned', 25, 0),
    ('Cart Abandoned', 50, 0), ('Order Placed', 70, 1)
) AS e (name, days, minutes)
WHERE p.tenant_id = %(tenant_id)s
"""
GRAPH: Final[dict[str, Any]] = {
    "trigger": {"event": "Cart Abandoned"},
    "reentry": {"policy": "keyed", "property": "cart_id"},
    "exit_on": [{"event": "Order Placed"}],
    "entry_node": "hour",
    "nodes": {
        "hour": {"type": "delay", "n": 1, "unit": "hours", "next": "note"},
        "note": {
            "type": "message",
            "template": "win_back",
            "message_class": "promotional",
            "next": "day",
        },
        "day": {"type": "delay", "n": 24, "unit": "hours", "next": "again"},
        "again": {
            "type": "message",
            "template": "win_back",
            "message_class": "promotional",
            "next": "end",
        },
        "end": {"type": "exit", "reason": "done"},
    },
}
STORY: Final = (
    (0, "Cart Abandoned", (0,)),
    (1, "", ()),
    (5, "Order Placed", (1,)),
    (6, "Cart Abandoned", (2, 3)),
    (7, "", ()),
    (31, "", ()),
    (40, "Order Placed", (4,)),
)
"""After how many hours what happens to everybody, and to which carts: as in `HISTORY`."""


class _Shop:
    """One tenant with people and a live cart recovery."""

    def __init__(self, people: int) -> None:
        self.tenant_id = make_merchant().tenant_id
        with bare() as cursor:
            cursor.execute(PEOPLE, {"tenant_id": self.tenant_id, "count": people})
            cursor.execute("SELECT id FROM crm_profile WHERE tenant_id = %s", [self.tenant_id])
            self.people = sorted(profile_id for (profile_id,) in cursor.fetchall())
        with tenant_scope(self.tenant_id), transaction.atomic():
            Flow.objects.update(status=FlowStatus.DRAFT)  # those of every new tenant
            flow = create_flow(name="Carts", holdout=0)
            publish(flow.pk, GRAPH)
            self.flow = set_status(flow.pk, FlowStatus.LIVE)


class _Past(_Shop):
    """Whose events lie in the past."""

    def __init__(self, people: int) -> None:
        super().__init__(people)
        with bare() as cursor:
            since = clock.now() - (DAYS - 1) * DAY  # it takes a while until all of it is replayed
            cursor.execute(HISTORY, {"tenant_id": self.tenant_id, "since": since})
        vacuum(TABLES)
        self.result: dict[str, Any] = {}

    def rate(self) -> float:
        """Live all of it again; returns events per second."""
        with tenant_scope(self.tenant_id):
            return EVENTS_EACH * len(self.people) / timed(self._replay)

    def _replay(self) -> None:
        with transaction.atomic():
            job = start_backtest(self.flow, actor="bench@example.com", days=DAYS)
        cursor, done = None, 0
        while True:
            turn = JobTurn(job.pk, job.params, cursor, done, job.total, job.actor, None)
            with transaction.atomic():
                step = backtest_batch(turn)
            cursor, done = step.cursor, done + step.rows
            if cursor is None:
                self.result = json.loads(step.output)
                return

    def check(self) -> None:
        """Look whether everybody was lived through."""
        if self.result["entered"] != 3 * len(self.people):
            raise AssertionError(f"{self.result['entered']} runs in the replay")


class _Present(_Shop):
    """Where the same happens now, to fewer people."""

    def __init__(self) -> None:
        super().__init__(REAL_PEOPLE)
        self._turns = itertools.count(1)

    def rate(self) -> float:
        """Let five events happen to everybody; returns how many per second were worked off."""
        turn = next(self._turns)
        return EVENTS_EACH * len(self.people) / timed(lambda: self._live(turn))

    def _live(self, turn: int) -> None:
        begin = clock.now() + (turn * 4 - DAYS) * DAY
        for hours, name, carts in STORY:
            at = begin + hours * HOUR
            with clock.simulated(at):
                for cart in carts:
                    self._happen(name, at, f"{turn}-{cart}")
                drain_tenant(self.tenant_id, kinds=KINDS)

    def _happen(self, name: str, at: datetime, cart: str) -> None:
        events = [
            NewEvent(
                name=name,
                occurred_at=at,
                source=EventSource.SYSTEM,
                profile_id=profile_id,
                properties={"cart_id": f"{profile_id}-{cart}", "value": "41.50"},
            )
            for profile_id in self.people
        ]
        with tenant_scope(self.tenant_id):
            for first in range(0, len(events), CHUNK):
                append_events(events[first : first + CHUNK])


def run(size: int) -> list[Measured]:
    """Measure events per second against those of the real engine.

    Args:
        size: two events for each, up to 200,000.
    """
    people = min(size * SHARE, MOST) // EVENTS_EACH
    past, present = _Past(people), _Present()
    rates = alternate(present.rate, past.rate, pairs=PAIRS)
    past.check()
    work = f"{EVENTS_EACH * people} events of {DAYS} days; the floor: when they really happen"
    return [compare("backtest", *rates, GOAL, work=work)]
