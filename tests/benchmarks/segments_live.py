"""`segments_live`: a hundred profiles have changed, fifty segments are decided for them at once.

Each has one order of 50.00 more than before, or one less, in turn. A figure is of ten such batches.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import transaction
from psycopg import Cursor

from crm.types import EventRef
from kernel import clock
from kernel.scope import tenant_scope
from segments.choices import Cause
from segments.models import Segment
from segments.services.live import refresh_for_events
from segments.services.rebuild import rebuild
from tests.benchmarks.measure import Goal, Measured, alternate, compare, timed
from tests.benchmarks.rfm import POPULATION
from tests.benchmarks.world import bare, make_merchant, vacuum

CHANGED = 100
BATCHES = 10
PAIRS = 15
TABLES = ("crm_profile", "crm_profilefacts", "segments_membership")

CHANGE = b"""
UPDATE crm_profilefacts
SET order_count = order_count + CASE WHEN order_count %% 2 = 0 THEN -1 ELSE 1 END,
    net_minor = net_minor + CASE WHEN order_count %% 2 = 0 THEN -5000 ELSE 5000 END
WHERE tenant_id = %(tenant_id)s AND profile_id = ANY(%(changed)s)
"""

BY_HAND = """
WITH decided AS (
    SELECT f.profile_id, array_remove(ARRAY[{cases}]::bigint[], NULL) AS segment_ids
    FROM crm_profilefacts AS f
    WHERE f.tenant_id = %(tenant_id)s AND f.profile_id = ANY(%(changed)s)
),

different AS (
    SELECT d.profile_id, d.segment_ids, COALESCE(m.segment_ids, '{{}}') AS old_ids
    FROM decided AS d
    LEFT JOIN segments_membership AS m
        ON m.tenant_id = %(tenant_id)s
        AND m.profile_id = d.profile_id
        AND m.profile_id = ANY(%(changed)s)
    WHERE m.segment_ids IS DISTINCT FROM d.segment_ids
),

written AS (
    INSERT INTO segments_membership (tenant_id, profile_id, segment_ids, evaluated_at)
    SELECT %(tenant_id)s, profile_id, segment_ids, now()
    FROM different
    ON CONFLICT (tenant_id, profile_id) DO UPDATE
    SET segment_ids = excluded.segment_ids, evaluated_at = excluded.evaluated_at
),

moved AS (
    SELECT d.profile_id, n.id, true AS entered
    FROM different AS d
    CROSS JOIN LATERAL unnest(d.segment_ids) AS n (id)
    WHERE n.id <> ALL(d.old_ids)
    UNION ALL
    SELECT d.profile_id, n.id, false AS entered
    FROM different AS d
    CROSS JOIN LATERAL unnest(d.old_ids) AS n (id)
    WHERE n.id <> ALL(d.segment_ids)
)

INSERT INTO segments_membershipchange (tenant_id, profile_id, segment_id, entered, at, cause)
SELECT %(tenant_id)s, profile_id, id, entered, now(), 'event'
FROM moved
"""


class _Bench:
    def __init__(self, profiles: int) -> None:
        self.tenant_id = make_merchant().tenant_id
        self.params: dict[str, Any] = {"tenant_id": self.tenant_id}
        with bare() as cursor:
            params = {**self.params, "profiles": profiles, "now": clock.now()}
            cursor.execute(POPULATION, params)
            self._choose(cursor)
        with tenant_scope(self.tenant_id):
            self._make_segments()
            rebuild(clock.now(), Cause.DEFINITION)
        vacuum(TABLES)
        self.refs = [_ref(profile_id) for profile_id in self.params["changed"]]

    def ours(self) -> float:
        return sum(self._decide() for _ in range(BATCHES))

    def by_hand(self) -> float:
        return sum(self._decide_by_hand() for _ in range(BATCHES))

    def check(self) -> None:
        """Let both have decided the same: nobody is found in a wrong segment."""
        for decide in (self._decide, self._decide_by_hand):
            decide()
            with tenant_scope(self.tenant_id):
                wrong = rebuild(clock.now(), Cause.REFERENCE)
            if wrong:
                raise AssertionError(f"{wrong} memberships were decided differently")

    def _decide(self) -> float:
        with self._changed(), tenant_scope(self.tenant_id):
            return timed(lambda: refresh_for_events(self.refs))

    def _decide_by_hand(self) -> float:
        with self._changed(), bare() as cursor:

            def work() -> None:
                cursor.execute(self.statement.encode(), self.params)
                cursor.connection.commit()

            return timed(work)

    @contextmanager
    def _changed(self) -> Iterator[None]:
        """Have them changed; the end of the connection that did it is in nobody's time."""
        with bare() as cursor:
            cursor.execute(CHANGE, self.params)
            cursor.connection.commit()
            yield

    def _choose(self, cursor: Cursor[Any]) -> None:
        cursor.execute(
            "SELECT profile_id FROM crm_profilefacts WHERE tenant_id = %s ORDER BY profile_id",
            [self.tenant_id],
        )
        ids = [profile_id for (profile_id,) in cursor.fetchall()]
        self.params["changed"] = ids[:: len(ids) // CHANGED][:CHANGED]

    @transaction.atomic
    def _make_segments(self) -> None:
        Segment.objects.all().delete()
        cases = []
        for number, (definition, condition) in enumerate(_conditions()):
            made = Segment.objects.create(name=f"Segment {number}", definition=definition)
            cases.append(f"CASE WHEN {condition} THEN {made.pk} END")
        self.statement = BY_HAND.format(cases=", ".join(cases))


def run(size: int) -> list[Measured]:
    """Measure against one statement that decides the fifty conditions together.

    Args:
        size: profiles present.
    """
    bench = _Bench(size)
    floors, runs = alternate(bench.by_hand, bench.ours, pairs=PAIRS)
    bench.check()
    done = f"{BATCHES} × {CHANGED} of {size} profiles × 50 segments"
    work = f"{done}, with events; the floor: one statement"
    return [compare("segments_live", floors, runs, Goal(2.0), work=work)]


def _conditions() -> list[tuple[dict[str, Any], str]]:
    """Return definitions with the same by hand: orders, revenue, and both together."""
    orders = [(_leaf("order_count", n), f"f.order_count >= {n}") for n in range(2, 22)]
    revenue = [(_leaf("net_revenue", n), f"f.net_minor >= {n * 100}") for n in range(50, 1050, 50)]
    both = [
        (
            {"op": "and", "children": [_leaf("order_count", n), _leaf("net_revenue", n * 40)]},
            f"f.order_count >= {n} AND f.net_minor >= {n * 4000}",
        )
        for n in range(2, 12)
    ]
    return [*orders, *revenue, *both]


def _leaf(field: str, value: int) -> dict[str, Any]:
    return {"field": field, "is": ">=", "value": value}


def _ref(profile_id: int) -> EventRef:
    return EventRef(
        event_id=profile_id,
        name="Profile Updated",
        occurred_at=clock.now(),
        profile_id=profile_id,
        object_id=None,
        is_backfill=False,
    )
