"""`segments_clock`: ten thousand people whose time has come are decided anew, with their events.

Each of them bought 20 days ago, or 400, in turn, so that each leaves some segments and enters
others. The floor are the same steps by hand: what is due is claimed, all fifty conditions are
decided together with the next instant, changes, events and what reacts to them are written.
"""

from typing import Any

from django.db import transaction

from kernel import clock
from kernel.batches import Deadline
from kernel.scope import tenant_scope
from segments.choices import Cause
from segments.models import Upkeep
from segments.services.clock import reevaluate_due
from segments.services.rebuild import rebuild
from tests.benchmarks.fifty import ZONE, ago, make_segments, populate
from tests.benchmarks.measure import Goal, Measured, alternate, compare, timed
from tests.benchmarks.world import bare, make_merchant, vacuum

DUE = 10_000
BATCH = 2_000
PAIRS = 7
TABLES = (
    "crm_profile",
    "crm_profilefacts",
    "crm_event",
    "crm_reaction",
    "segments_membership",
    "segments_membershipchange",
    "segments_membershipmove",
)
COUNTED = {
    "last_order_at": (14, 31, 45, 60, 61, 90, 91, 120, 180, 365),
    "last_opened_at": (31, 61, 91),
    "last_seen_at": (31, 61, 91),
}
"""At how many days a condition on this instant turns."""

AGE = b"""
UPDATE crm_profilefacts
SET last_order_at = %(now)s::timestamptz - CASE
    WHEN last_order_at < %(now)s::timestamptz - interval '100 days' THEN interval '20 days'
    ELSE interval '400 days'
END
WHERE tenant_id = %(tenant_id)s AND profile_id = ANY(%(due)s)
"""
CALL = b"""
UPDATE segments_membership
SET reeval_at = CASE WHEN profile_id = ANY(%(due)s) THEN %(now)s::timestamptz - interval '1 second'
    ELSE %(now)s::timestamptz + interval '1 day' END
WHERE tenant_id = %(tenant_id)s
    AND (profile_id = ANY(%(due)s) OR reeval_at < %(now)s::timestamptz + interval '1 hour')
"""
FORGET = (
    b"DELETE FROM segments_membershipchange WHERE tenant_id = %(tenant_id)s",
    b"DELETE FROM segments_membershipmove WHERE tenant_id = %(tenant_id)s",
    b"DELETE FROM crm_event WHERE tenant_id = %(tenant_id)s",
    b"DELETE FROM crm_reaction WHERE tenant_id = %(tenant_id)s",
)

DIGEST = b"""
SELECT md5(string_agg(
    concat_ws(' ', profile_id, segment_ids, reeval_at), ',' ORDER BY profile_id
))
FROM segments_membership
WHERE tenant_id = %(tenant_id)s AND profile_id = ANY(%(due)s)
"""

CLAIM = b"""
SELECT array_agg(profile_id) FROM (
    SELECT profile_id
    FROM segments_membership
    WHERE tenant_id = %(tenant_id)s AND reeval_at <= %(now)s
    ORDER BY reeval_at
    LIMIT %(batch)s
    FOR UPDATE SKIP LOCKED
) AS claimed
"""
BY_HAND = """
WITH decided AS (
    SELECT p.id AS profile_id,
        array_remove(ARRAY[{cases}]::bigint[], NULL) AS segment_ids,
        LEAST({turns}) AS reeval_at
    FROM crm_profile AS p
    JOIN crm_profilefacts AS f ON f.tenant_id = %(tenant_id)s AND f.profile_id = p.id
    WHERE p.tenant_id = %(tenant_id)s AND p.id = ANY(%(ids)s)
),

different AS (
    SELECT d.profile_id, d.segment_ids, d.reeval_at, m.segment_ids AS old_ids
    FROM decided AS d
    JOIN segments_membership AS m
        ON m.tenant_id = %(tenant_id)s AND m.profile_id = d.profile_id
),

written AS (
    UPDATE segments_membership AS m
    SET segment_ids = d.segment_ids, reeval_at = d.reeval_at, evaluated_at = %(now)s
    FROM different AS d
    WHERE m.tenant_id = %(tenant_id)s AND m.profile_id = d.profile_id
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
),

noted AS (
    INSERT INTO segments_membershipchange (tenant_id, profile_id, segment_id, entered, at, cause)
    SELECT %(tenant_id)s, profile_id, id, entered, %(now)s, 'time'
    FROM moved
),

counted AS (
    UPDATE segments_segment AS s
    SET member_count = s.member_count + n.delta
    FROM (
        SELECT id, sum(CASE WHEN entered THEN 1 ELSE -1 END)::int AS delta FROM moved GROUP BY id
    ) AS n
    WHERE s.tenant_id = %(tenant_id)s AND s.id = n.id
),

told AS (
    INSERT INTO crm_event (
        tenant_id, name, occurred_at, profile_id, object_id, source, properties, is_backfill
    )
    SELECT %(tenant_id)s, CASE WHEN m.entered THEN 'Segment Entered' ELSE 'Segment Exited' END,
        %(now)s, m.profile_id, m.id, 'system',
        jsonb_build_object('segment', s.name, 'key', s.key), false
    FROM moved AS m
    JOIN segments_segment AS s ON s.tenant_id = %(tenant_id)s AND s.id = m.id
    RETURNING id, name, occurred_at, profile_id, object_id
)

INSERT INTO crm_reaction (
    tenant_id, event_id, event_name, occurred_at, profile_id, object_id, is_backfill
)
SELECT %(tenant_id)s, id, name, occurred_at, profile_id, object_id, false
FROM told
"""


class _Bench:
    def __init__(self, profiles: int) -> None:
        merchant = make_merchant()
        self.tenant_id = merchant.tenant_id
        with bare() as cursor:
            populate(cursor, merchant, profiles)
            cursor.execute(
                "SELECT profile_id FROM crm_profilefacts WHERE tenant_id = %s ORDER BY profile_id",
                [self.tenant_id],
            )
            ids = [profile_id for (profile_id,) in cursor.fetchall()]
        self.due = ids[:: max(len(ids) // DUE, 1)][:DUE]
        with tenant_scope(self.tenant_id):
            conditions = make_segments()
        self.statement = BY_HAND.format(
            cases=", ".join(f"CASE WHEN {sql} THEN {key} END" for key, sql in conditions.items()),
            turns=", ".join(_turn(column, days) for column, days in COUNTED.items()),
        ).encode()
        self._prepare()
        with tenant_scope(self.tenant_id):
            rebuild(clock.now(), Cause.DEFINITION)
            with transaction.atomic():
                Upkeep.objects.update(due_at=None)

    def ours(self) -> float:
        self._prepare()
        with tenant_scope(self.tenant_id):
            return timed(lambda: reevaluate_due(Deadline(seconds=None)))

    def by_hand(self) -> float:
        self._prepare()
        return timed(self._by_hand)

    def check(self) -> None:
        """Let both come to what a rebuild finds: the segments, and when they are due again."""
        for decide in (self.ours, self.by_hand):
            decide()
            found = self._digest()
            with tenant_scope(self.tenant_id):
                rebuild(clock.now(), Cause.DEFINITION)
            if found != self._digest():
                raise AssertionError("Memberships were decided differently")

    def _prepare(self) -> None:
        with bare() as cursor:
            for statement in (AGE, CALL, *FORGET):
                cursor.execute(statement, self._params())
        vacuum(TABLES)

    def _by_hand(self) -> None:
        now = clock.now()
        while True:
            with bare() as cursor:
                params = {"tenant_id": self.tenant_id, "now": now, "batch": BATCH}
                (ids,) = cursor.execute(CLAIM, params).fetchone() or (None,)
                if not ids:
                    return
                cursor.execute(self.statement, {**params, "ids": ids})

    def _digest(self) -> str:
        with bare() as cursor:
            cursor.execute(DIGEST, self._params())
            (digest,) = cursor.fetchone() or ("",)
        return str(digest)

    def _params(self) -> dict[str, Any]:
        return {"tenant_id": self.tenant_id, "now": clock.now(), "due": self.due}


def run(size: int) -> list[Measured]:
    """Measure against the same steps by hand, in batches of the same size.

    Args:
        size: profiles present, all with facts.
    """
    bench = _Bench(size)
    floors, runs = alternate(bench.by_hand, bench.ours, pairs=PAIRS)
    bench.check()
    work = f"{len(bench.due)} due of {size} profiles × 50 segments, with events; the floor: by hand"
    return [compare("segments_clock", floors, runs, Goal(2.0), work=work)]


def _turn(column: str, days: tuple[int, ...]) -> str:
    """Return SQL for the next instant at which a condition on an instant turns."""
    cases = " ".join(f"WHEN f.{column} >= {ago(count - 1)} THEN {count}" for count in days)
    day = f"(f.{column} AT TIME ZONE '{ZONE}')::date + CASE {cases} END"
    return f"(({day})::timestamp AT TIME ZONE '{ZONE}')"
