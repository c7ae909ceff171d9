"""`rfm`: everybody is scored and grouped for the first time; scores, facts and history are kept.

Then, everybody scored, those of one profile in 500 whose orders changed.
"""

from collections.abc import Callable

from kernel import clock
from kernel.scope import tenant_scope
from segments.services.rfm import score_all, score_changed
from tests.benchmarks.measure import Goal, Measured, alternate, compare, timed
from tests.benchmarks.rfm_frames import score_in_pandas, score_in_polars
from tests.benchmarks.world import bare, make_merchant, vacuum

SHARE_CHANGED = 500
PEER_PAIRS = 3
TABLES = (
    "crm_profile",
    "crm_profilefacts",
    "segments_rfmscore",
    "segments_rfmscale",
    "segments_rfmsum",
)

POPULATION = b"""
WITH made AS (
    INSERT INTO crm_profile (tenant_id, email, email_norm)
    SELECT %(tenant_id)s, 'p' || n || '@example.com', 'p' || n || '@example.com'
    FROM generate_series(1, %(profiles)s) AS n
    RETURNING tenant_id, id
)

INSERT INTO crm_profilefacts (
    tenant_id, profile_id, order_count, gross_minor, net_minor, first_order_at, last_order_at,
    lookback_order_count, lookback_net_minor, lookback_from
)
SELECT
    tenant_id, id, count, count * price, count * price, at, at, count, count * price, at
FROM (
    SELECT
        tenant_id,
        id,
        (1 + id * 7919 %% 97 * (id * 104729 %% 97) / 1200)::int AS count,
        500 + id * 15485863 %% 9973 AS price,
        %(now)s - (id * 32452843 %% 700) * interval '1 day' AS at
    FROM made
) AS drawn
"""

FORGET = (
    b"DELETE FROM segments_rfmscore WHERE tenant_id = %(tenant_id)s",
    b"DELETE FROM segments_rfmscale WHERE tenant_id = %(tenant_id)s",
    b"DELETE FROM segments_rfmhistory WHERE tenant_id = %(tenant_id)s",
    b"DELETE FROM segments_rfmsum WHERE tenant_id = %(tenant_id)s",
    b"""
    UPDATE crm_profilefacts
    SET recency = NULL, frequency = NULL, monetary = NULL, rfm_group = ''
    WHERE tenant_id = %(tenant_id)s
    """,
)

KEEP_RESULT = b"""
CREATE TABLE bench_rfm AS SELECT * FROM segments_rfmscore WHERE tenant_id = %(tenant_id)s
"""

WRITE_ALONE = b"INSERT INTO segments_rfmscore SELECT * FROM bench_rfm"

BY_HAND = b"""
WITH ranked AS (
    SELECT
        profile_id,
        (last_order_at AT TIME ZONE 'Europe/London')::date AS last_order_on,
        lookback_order_count AS order_count,
        lookback_net_minor AS net_minor,
        count(*) OVER () AS buyers,
        rank() OVER (ORDER BY (last_order_at AT TIME ZONE 'Europe/London')::date) - 1 AS older,
        rank() OVER (ORDER BY lookback_order_count) - 1 AS rarer,
        rank() OVER (ORDER BY lookback_net_minor) - 1 AS smaller
    FROM crm_profilefacts
    WHERE tenant_id = %(tenant_id)s AND lookback_order_count > 0
),

scored AS (
    SELECT
        profile_id, last_order_on, order_count, net_minor,
        (1 + older * 5 / buyers)::smallint AS recency,
        (1 + rarer * 5 / buyers)::smallint AS frequency,
        (1 + smaller * 5 / buyers)::smallint AS monetary
    FROM ranked
),

grouped AS (
    SELECT
        *,
        CASE
            WHEN recency >= 4 AND frequency >= 4 AND monetary >= 4 THEN 'champions'
            WHEN recency >= 3 AND frequency >= 4 THEN 'loyal'
            WHEN order_count = 1 AND recency >= 4 THEN 'potential'
            WHEN recency >= 4 THEN 'promising'
            WHEN order_count = 1 THEN 'one_time_lapsed'
            WHEN recency = 3 THEN 'needs_attention'
            WHEN recency = 2 THEN 'at_risk'
            WHEN frequency >= 3 OR monetary >= 4 THEN 'lapsed_regular'
            ELSE 'lost'
        END AS named
    FROM scored
),

written AS (
    INSERT INTO segments_rfmscore (
        tenant_id, profile_id, recency, frequency, monetary, "group", last_order_on, order_count,
        net_minor, changed_at, scored_at
    )
    SELECT
        %(tenant_id)s, profile_id, recency, frequency, monetary, named, last_order_on, order_count,
        net_minor, now(), now()
    FROM grouped
)

UPDATE crm_profilefacts AS f
SET recency = g.recency, frequency = g.frequency, monetary = g.monetary, rfm_group = g.named
FROM grouped AS g
WHERE f.tenant_id = %(tenant_id)s AND f.profile_id = g.profile_id
"""


DIGEST = b"""
SELECT md5(string_agg(
    concat_ws(' ', profile_id, recency, frequency, monetary, "group"), ',' ORDER BY profile_id
))
FROM segments_rfmscore
WHERE tenant_id = %(tenant_id)s
"""

BUY_AGAIN = b"""
UPDATE crm_profilefacts
SET order_count = order_count + 1, lookback_order_count = lookback_order_count + 1,
    last_order_at = %(now)s
WHERE tenant_id = %(tenant_id)s AND profile_id %% %(share)s = 0
RETURNING profile_id
"""


class _Bench:
    def __init__(self, profiles: int) -> None:
        self.tenant_id = make_merchant().tenant_id
        self.params = {"tenant_id": self.tenant_id, "profiles": profiles, "now": clock.now()}
        with bare() as cursor:
            cursor.execute(POPULATION, self.params)
        vacuum(TABLES)
        self.ours()
        with bare() as cursor:
            cursor.execute(KEEP_RESULT, self.params)
        self.expected = self._digest()

    def ours(self) -> float:
        self._forget()
        with tenant_scope(self.tenant_id):
            return timed(lambda: score_all(clock.now()))

    def write_alone(self) -> float:
        return self._statement(WRITE_ALONE)

    def by_hand(self) -> float:
        return self._statement(BY_HAND)

    def in_pandas(self) -> float:
        return self._checked(lambda: score_in_pandas(self.tenant_id))

    def in_polars(self) -> float:
        return self._checked(lambda: score_in_polars(self.tenant_id))

    def some(self) -> float:
        """Let one profile in `SHARE_CHANGED` buy once more, and score those."""
        params = self.params | {"share": SHARE_CHANGED}
        with bare() as cursor:
            ids = [row[0] for row in cursor.execute(BUY_AGAIN, params).fetchall()]
        vacuum(TABLES)
        with tenant_scope(self.tenant_id):
            return timed(lambda: score_changed(ids, clock.now()))

    def _statement(self, statement: bytes) -> float:
        def work() -> None:
            with bare() as cursor:
                cursor.execute(statement, self.params)

        return self._checked(work)

    def _checked(self, work: Callable[[], None]) -> float:
        self._forget()
        seconds = timed(work)
        if self._digest() != self.expected:
            raise AssertionError("The floor does not come to the result of Patron")
        return seconds

    def _forget(self) -> None:
        with bare() as cursor:
            for statement in FORGET:
                cursor.execute(statement, self.params)
        vacuum(TABLES)

    def _digest(self) -> str:
        with bare() as cursor:
            cursor.execute(DIGEST, self.params)
            (digest,) = cursor.fetchone() or ("",)
        return str(digest)


def run(size: int) -> list[Measured]:
    """Measure against writing the scores alone, one statement from facts, and data frames.

    Args:
        size: profiles, all of them buyers.
    """
    bench = _Bench(size)
    work = f"{size} buyers scored, none before; "
    peers = (
        ("rows", "the floor: INSERT of the score rows", bench.write_alone, Goal(2.0), 5),
        ("by hand", "the floor: one statement from facts", bench.by_hand, Goal(1.3), 5),
        ("polars", "the peer: facts read, scored, written", bench.in_polars, Goal(1.0), PEER_PAIRS),
        ("pandas", "the peer: facts read, scored, written", bench.in_pandas, Goal(1.0), PEER_PAIRS),
    )
    results = []
    for name, what, peer, goal, pairs in peers:
        floors, runs = alternate(peer, bench.ours, pairs=pairs)
        results.append(compare(f"rfm: {name}", floors, runs, goal, work=work + what))
    bench.ours()
    runs = [bench.some() for _ in range(PEER_PAIRS + 1)][1:]
    work = f"{size // SHARE_CHANGED} changed buyers scored; the floor: all {size}"
    results.append(compare("rfm: changed", results[0].runs, runs, Goal(1 / 15), work=work))
    with bare() as cursor:
        cursor.execute("DROP TABLE bench_rfm")
    return results
