"""`segments_full`: fifty typical segments decided for everybody, differences written.

First for people who are in none yet; then each time after one in five bought again or sent
something back. All three keep the same entries and exits, which is compared after each: by hand a
row for each, found by person and by segment, as one writes a log; ours those who move alike
together.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from kernel import clock
from kernel.scope import tenant_scope
from segments.choices import Cause
from segments.services.rebuild import rebuild
from tests.benchmarks.fifty import BUY_OR_RETURN, make_segments, populate
from tests.benchmarks.measure import Goal, Measured, alternate, compare, timed
from tests.benchmarks.world import bare, make_merchant, vacuum

PAIRS = 5
FEWER = ((400_000, 1), (50_000, 3))
"""From how many people on so many pairs are run: of many one takes minutes."""
PEER_RUNS = 2
MANY = 50_000
"""From so many people on the peer, which takes longest, is run once."""
TABLES = (
    "crm_profile",
    "crm_profilefacts",
    "segments_membership",
    "segments_membershipchange",
    "segments_membershipmove",
    "bench_member",
)

FORGET = b"TRUNCATE segments_membership, bench_member"
FORGET_CHANGES = b"TRUNCATE segments_membershipchange, segments_membershipmove"
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
    tenant_id bigint REFERENCES tenants_tenant DEFERRABLE INITIALLY DEFERRED,
    segment_id bigint,
    profile_id bigint,
    PRIMARY KEY (tenant_id, segment_id, profile_id),
    FOREIGN KEY (tenant_id, segment_id) REFERENCES segments_segment (tenant_id, id)
        DEFERRABLE INITIALLY DEFERRED,
    FOREIGN KEY (tenant_id, profile_id) REFERENCES crm_profile (tenant_id, id)
        DEFERRABLE INITIALLY DEFERRED
)
"""
"""Membership rows as a model would hold them: keys as of every tenant table, and found from both
sides."""
OF_PROFILES = b"CREATE INDEX bench_member_profile_idx ON bench_member (tenant_id, profile_id)"
TOGETHER = b"""
SELECT count(*), sum(hashint8extended(m.profile_id, n.id))
FROM segments_membership AS m
CROSS JOIN LATERAL unnest(m.segment_ids) AS n (id)
WHERE m.tenant_id = %(tenant_id)s
"""
APART = b"""
SELECT count(*), sum(hashint8extended(profile_id, segment_id))
FROM bench_member
WHERE tenant_id = %(tenant_id)s
"""


MOVES = b"""
SELECT count(*), sum(hashint8extended(n.profile_id, n.segment_id * 2 + n.entered::int))
FROM (
    SELECT c.profile_id, c.segment_id, c.entered
    FROM segments_membershipchange AS c
    WHERE c.tenant_id = %(tenant_id)s
    UNION ALL
    SELECT unnest(m.profile_ids), m.segment_id, m.entered
    FROM segments_membershipmove AS m
    WHERE m.tenant_id = %(tenant_id)s
) AS n
"""


class _Bench:
    def __init__(self, profiles: int) -> None:
        merchant = make_merchant()
        self.tenant_id = merchant.tenant_id
        with bare() as cursor:
            populate(cursor, merchant, profiles)
            cursor.execute(MEMBERS)
            cursor.execute(OF_PROFILES)
        with tenant_scope(self.tenant_id):
            self.conditions = make_segments()
        cases = [f"CASE WHEN {sql} THEN {key} END" for key, sql in self.conditions.items()]
        self.shared = SHARED.format(cases=", ".join(cases))
        self.ones = [
            ONE.format(condition=sql, segment_id=key) for key, sql in self.conditions.items()
        ]
        self.bought, self.is_anew = 0, True
        self.decided: dict[tuple[int, bool, int], tuple[Any, ...]] = {}
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
        self._run_plain([FORGET, FORGET_CHANGES, FORGET_SIZES])
        self.is_anew = True
        return self._decide(work)

    def again(self, work: str) -> float:
        """Let one in five buy or send something back, then decide."""
        self._run_plain([BUY_OR_RETURN, FORGET_CHANGES])
        self.bought, self.is_anew = self.bought + 1, False
        return self._decide(work)

    def _decide(self, work: str) -> float:
        vacuum(TABLES)
        taken = float(getattr(self, work)())
        self._compare(0, APART if work == "one_by_one" else TOGETHER)
        self._compare(1, MOVES)
        return taken

    def _compare(self, place: int, asked: bytes) -> None:
        """Let all three decide and keep the same: who bought one more is back after the next."""
        with bare() as cursor:
            found = cursor.execute(asked, {"tenant_id": self.tenant_id}).fetchone() or ()
        known = self.decided.setdefault((self.bought % 2, self.is_anew, place), found)
        if known != found:
            raise AssertionError(f"{found} was decided, and before {known}")

    def close(self) -> None:
        self._run_plain([b"DROP TABLE bench_member"])

    def _run(self, statements: list[str]) -> None:
        params: dict[str, Any] = {"tenant_id": self.tenant_id, "now": clock.now()}
        with bare() as cursor:
            # As ours: by the statistics of an empty table it is read once for each of the others,
            # while it grows.
            cursor.execute("SET LOCAL enable_nestloop = off")
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
    pairs = next((fewer for most, fewer in FEWER if size >= most), PAIRS)
    peers = PEER_RUNS if size < MANY else 1
    apart = [bench.anew("one_by_one") for _ in range(peers)]
    changed = [bench.again("one_by_one") for _ in range(peers)]
    anew = _alternate(bench.anew, pairs)
    again = _alternate(bench.again, pairs)
    bench.close()
    people = f"{size} profiles × 50 segments"
    scan = f"the floor: one shared scan, {pairs} runs"
    apiece = f"the floor: a set difference per segment, {peers} runs"
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


def _alternate(measured: Callable[[str], float], pairs: int) -> tuple[list[float], list[float]]:
    """Run the scan by hand and ours in turn; a single pair is preceded by nothing that warms up."""
    floor, ours = partial(measured, "by_hand"), partial(measured, "ours")
    return ([floor()], [ours()]) if pairs == 1 else alternate(floor, ours, pairs=pairs)
