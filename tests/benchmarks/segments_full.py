"""`segments_full`: fifty typical segments decided for everybody, differences written.

First for people who are in none yet; then each time after one in five bought again or sent
something back.
"""

from typing import Any

from kernel import clock
from kernel.scope import tenant_scope
from segments.choices import Cause
from segments.services.rebuild import rebuild
from tests.benchmarks.fifty import BUY_OR_RETURN, make_segments, populate
from tests.benchmarks.measure import Goal, Measured, alternate, compare, timed
from tests.benchmarks.world import bare, make_merchant, vacuum

PAIRS = 5
PEER_PAIRS = 2
TABLES = (
    "crm_profile",
    "crm_profilefacts",
    "segments_membership",
    "segments_membershipchange",
    "bench_member",
)

FORGET = (
    b"DELETE FROM segments_membership WHERE tenant_id = %(tenant_id)s",
    b"DELETE FROM bench_member WHERE tenant_id = %(tenant_id)s",
)
FORGET_CHANGES = b"DELETE FROM segments_membershipchange WHERE tenant_id = %(tenant_id)s"
FORGET_SIZES = b"UPDATE segments_segment SET member_count = 0 WHERE tenant_id = %(tenant_id)s"

SHARED = """
WITH decided AS (
    SELECT p.id AS profile_id, array_remove(ARRAY[{cases}]::bigint[], NULL) AS segment_ids
    FROM crm_profile AS p
    JOIN crm_profilefacts AS f ON f.tenant_id = %(tenant_id)s AND f.profile_id = p.id
    WHERE p.tenant_id = %(tenant_id)s
),

different AS (
    SELECT d.profile_id, d.segment_ids, COALESCE(m.segment_ids, '{{}}') AS old_ids
    FROM decided AS d
    LEFT JOIN segments_membership AS m
        ON m.tenant_id = %(tenant_id)s AND m.profile_id = d.profile_id
    WHERE m.segment_ids IS DISTINCT FROM d.segment_ids
),

written AS (
    INSERT INTO segments_membership (tenant_id, profile_id, segment_ids, evaluated_at)
    SELECT %(tenant_id)s, profile_id, segment_ids, %(now)s
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
SELECT %(tenant_id)s, profile_id, id, entered, %(now)s, 'definition'
FROM moved
"""

ONE = """
WITH found AS (
    SELECT p.id AS profile_id
    FROM crm_profile AS p
    JOIN crm_profilefacts AS f ON f.tenant_id = %(tenant_id)s AND f.profile_id = p.id
    WHERE p.tenant_id = %(tenant_id)s AND {condition}
),

gone AS (
    DELETE FROM bench_member AS b
    WHERE b.tenant_id = %(tenant_id)s
        AND b.segment_id = {segment_id}
        AND NOT EXISTS (SELECT FROM found AS d WHERE d.profile_id = b.profile_id)
    RETURNING b.profile_id
),

come AS (
    INSERT INTO bench_member (tenant_id, segment_id, profile_id)
    SELECT %(tenant_id)s, {segment_id}, d.profile_id
    FROM found AS d
    WHERE NOT EXISTS (
        SELECT FROM bench_member AS b
        WHERE b.tenant_id = %(tenant_id)s
            AND b.segment_id = {segment_id}
            AND b.profile_id = d.profile_id
    )
    RETURNING profile_id
)

INSERT INTO segments_membershipchange (tenant_id, profile_id, segment_id, entered, at, cause)
SELECT %(tenant_id)s, profile_id, {segment_id}, true, %(now)s, 'definition' FROM come
UNION ALL
SELECT %(tenant_id)s, profile_id, {segment_id}, false, %(now)s, 'definition' FROM gone
"""

MEMBERS = b"""
CREATE TABLE bench_member (
    tenant_id bigint, segment_id bigint, profile_id bigint,
    PRIMARY KEY (tenant_id, segment_id, profile_id)
)
"""
DIFFERENT = b"""
SELECT count(*)
FROM (
    SELECT m.profile_id, unnest(m.segment_ids) AS segment_id
    FROM segments_membership AS m
    WHERE m.tenant_id = %(tenant_id)s
) AS stored
FULL JOIN (
    SELECT profile_id, segment_id FROM bench_member WHERE tenant_id = %(tenant_id)s
) AS apart USING (profile_id, segment_id)
WHERE stored.profile_id IS NULL OR apart.profile_id IS NULL
"""


class _Bench:
    def __init__(self, profiles: int) -> None:
        merchant = make_merchant()
        self.tenant_id = merchant.tenant_id
        with bare() as cursor:
            populate(cursor, merchant, profiles)
            cursor.execute(MEMBERS)
        with tenant_scope(self.tenant_id):
            self.conditions = make_segments()
        cases = [f"CASE WHEN {sql} THEN {key} END" for key, sql in self.conditions.items()]
        self.shared = SHARED.format(cases=", ".join(cases))
        self.ones = [
            ONE.format(condition=sql, segment_id=key) for key, sql in self.conditions.items()
        ]
        vacuum(TABLES)

    def ours(self) -> float:
        with tenant_scope(self.tenant_id):
            return timed(lambda: rebuild(clock.now(), Cause.DEFINITION))

    def by_hand(self) -> float:
        return timed(lambda: self._run([self.shared]))

    def one_by_one(self) -> float:
        return timed(lambda: self._run(self.ones))

    def anew(self, work: str) -> float:
        """Have nobody in any segment, then decide."""
        self._run_plain([*FORGET, FORGET_CHANGES, FORGET_SIZES])
        vacuum(TABLES)
        return float(getattr(self, work)())

    def again(self, work: str) -> float:
        """Let one in five buy or send something back, then decide."""
        self._run_plain([BUY_OR_RETURN, FORGET_CHANGES])
        vacuum(TABLES)
        return float(getattr(self, work)())

    def check(self) -> None:
        """Let all three have decided the same: members apart and together, before and after."""
        self.one_by_one()
        for decide in (self.ours, self.by_hand):
            self._run_plain([FORGET[0], FORGET_SIZES])
            decide()
            with bare() as cursor:
                cursor.execute(DIFFERENT, {"tenant_id": self.tenant_id})
                (apart,) = cursor.fetchone() or (0,)
            if apart:
                raise AssertionError(f"{apart} memberships were decided differently")

    def close(self) -> None:
        self._run_plain([b"DROP TABLE bench_member"])

    def _run(self, statements: list[str]) -> None:
        params: dict[str, Any] = {"tenant_id": self.tenant_id, "now": clock.now()}
        with bare() as cursor:
            for statement in statements:
                cursor.execute(statement.encode(), params)

    def _run_plain(self, statements: list[bytes]) -> None:
        with bare() as cursor:
            for statement in statements:
                cursor.execute(statement, {"tenant_id": self.tenant_id})


def run(size: int) -> list[Measured]:
    """Measure against one shared scan by hand, and against a set difference for each segment.

    Args:
        size: profiles, all with facts.
    """
    bench = _Bench(size)
    anew = alternate(lambda: bench.anew("by_hand"), lambda: bench.anew("ours"), pairs=PAIRS)
    apart = [bench.anew("one_by_one") for _ in range(PEER_PAIRS)]
    bench.check()
    again = alternate(lambda: bench.again("by_hand"), lambda: bench.again("ours"), pairs=PAIRS)
    changed = [bench.again("one_by_one") for _ in range(PEER_PAIRS + 1)][1:]
    bench.check()
    bench.close()
    people = f"{size} profiles × 50 segments"
    scan, apiece = "the floor: one shared scan", "the floor: a set difference per segment"
    return [
        compare("segments_full: anew", *anew, Goal(1.5), work=f"{people}, none before; {scan}"),
        compare("segments_full: changed", *again, Goal(1.5), work=f"{people}, 1 in 5; {scan}"),
        compare(
            "segments_full: apiece, anew", apart, anew[1], Goal(0.1), work=f"{people}; {apiece}"
        ),
        compare(
            "segments_full: apiece",
            changed,
            again[1],
            Goal(0.1),
            work=f"{people}, 1 in 5; {apiece}",
        ),
    ]
