"""`flow_enrol`: ten thousand events knock at five live flows and start fifty thousand runs.

The floor is one INSERT … SELECT of the same runs; Patron also writes the entry of each.
"""

from django.db import transaction

from crm.types import EventRef
from flows.services.enrolment import enrol_for_events
from kernel import clock
from kernel.scope import tenant_scope
from tests.benchmarks.flow_rows import Rows
from tests.benchmarks.measure import Goal, Measured, alternate, compare, timed
from tests.benchmarks.world import bare, vacuum

EVENTS = 10_000
FLOWS = 5
BATCH = 1_000
"""Reactions that a worker takes at once."""
TABLES = ("flows_flowrun", "flows_flowentry")

BY_HAND = b"""
INSERT INTO flows_flowrun (
    tenant_id, flow_id, version_id, profile_id, run_key, trigger_event_id, trigger, current_node,
    wake_at, started_at
)
SELECT p.tenant_id, v.flow_id, v.id, p.id, 'event:' || p.id, p.id,
    jsonb_build_object('event', 'Order Placed', 'object_id', p.id, 'occurred_at', %(now)s::text),
    'day', %(now)s, %(now)s
FROM crm_profile AS p
CROSS JOIN flows_flowversion AS v
WHERE p.tenant_id = %(tenant_id)s
  AND p.id = ANY(%(people)s)
  AND v.tenant_id = %(tenant_id)s
  AND v.id = ANY(%(versions)s)
"""
FORGET = (
    b"DELETE FROM flows_flowentry WHERE tenant_id = %(tenant_id)s",
    b"DELETE FROM flows_flowrun WHERE tenant_id = %(tenant_id)s",
)


class _Bench:
    def __init__(self, people: int) -> None:
        self.rows = Rows(max(people, EVENTS), flows=FLOWS)
        with bare() as cursor:
            cursor.execute(
                "SELECT id FROM crm_profile WHERE tenant_id = %s ORDER BY id LIMIT %s",
                [self.rows.tenant_id, EVENTS],
            )
            self.people = [profile_id for (profile_id,) in cursor.fetchall()]

    def ours(self) -> float:
        self._prepare()
        now = clock.now()
        refs = [
            EventRef(-profile_id, "Order Placed", now, profile_id, profile_id, False)
            for profile_id in self.people
        ]
        with tenant_scope(self.rows.tenant_id):
            return timed(lambda: self._enrol(refs))

    def by_hand(self) -> float:
        self._prepare()
        return timed(self._by_hand)

    def check(self) -> None:
        """Let both start the same runs."""
        for start in (self.by_hand, self.ours):
            start()
            with bare() as cursor:
                cursor.execute(
                    "SELECT count(*) FROM flows_flowrun WHERE tenant_id = %s",
                    [self.rows.tenant_id],
                )
                (found,) = cursor.fetchone() or (0,)
            if found != EVENTS * FLOWS:
                raise AssertionError(f"{found} runs were started")

    def _enrol(self, refs: list[EventRef]) -> None:
        for at in range(0, len(refs), BATCH):
            with transaction.atomic():
                enrol_for_events(refs[at : at + BATCH])

    def _by_hand(self) -> None:
        with bare() as cursor:
            params = {"people": self.people, "versions": self.rows.version_ids}
            cursor.execute(BY_HAND, {**self.rows.params, **params, "now": clock.now()})

    def _prepare(self) -> None:
        with bare() as cursor:
            for statement in FORGET:
                cursor.execute(statement, self.rows.params)
        vacuum(TABLES)


def run(size: int) -> list[Measured]:
    """Measure against one INSERT … SELECT of the same runs.

    Args:
        size: profiles present.
    """
    bench = _Bench(size)
    floors, runs = alternate(bench.by_hand, bench.ours)
    bench.check()
    work = f"{EVENTS} events × {FLOWS} flows with {size} profiles; the floor: INSERT … SELECT"
    return [compare("flow_enrol", floors, runs, Goal(3.0), work=work)]
