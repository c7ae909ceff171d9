"""`flow_advance`: due runs leave a delay, queue a message and wait again.

The floor does the least that keeps the promise, for a batch of as many runs: it claims them, moves
them on and queues their messages in one statement. The peer does the same for one run at a time,
each in a transaction of its own, as a task per run would, without what its broker costs.
"""

from flows.services.engine import BATCH, advance_due
from kernel import clock
from kernel.batches import Deadline
from kernel.scope import tenant_scope
from tests.benchmarks.flow_rows import Rows
from tests.benchmarks.measure import Goal, Measured, alternate, compare, timed
from tests.benchmarks.world import bare, vacuum

DUE = 10_000
ALONE = 1_000
"""Runs that the peer advances, one by one."""
FEW, MANY = 10_000, 5_000_000
PAIRS = 5
TABLES = ("flows_flowrun", "flows_runstep", "messaging_message")

CALL = b"""
UPDATE flows_flowrun
SET wake_at = %(now)s::timestamptz - interval '1 minute', current_node = 'day', visit = 1,
    is_waiting = true
WHERE tenant_id = %(tenant_id)s AND id = ANY(%(due)s)
"""
FORGET = (
    b"DELETE FROM messaging_message WHERE tenant_id = %(tenant_id)s",
    b"DELETE FROM flows_runstep WHERE tenant_id = %(tenant_id)s",
)
BY_HAND = b"""
WITH claimed AS (
    SELECT r.id, r.profile_id, r.wake_at
    FROM flows_flowrun AS r
    WHERE r.tenant_id = %(tenant_id)s AND r.status = 'active' AND r.wake_at <= %(now)s
    ORDER BY r.wake_at, r.id
    LIMIT %(batch)s
    FOR NO KEY UPDATE SKIP LOCKED
),

moved AS (
    UPDATE flows_flowrun AS r
    SET current_node = 'week', visit = 1, is_waiting = true,
        wake_at = %(now)s::timestamptz + interval '7 days'
    FROM claimed AS c
    WHERE r.tenant_id = %(tenant_id)s AND r.id = c.id
),

stepped AS (
    INSERT INTO flows_runstep (tenant_id, run_id, node_id, visit, result, at)
    SELECT %(tenant_id)s, c.id, n.node, 1, n.result, %(now)s
    FROM claimed AS c
    CROSS JOIN (VALUES ('day', 'waited'), ('note', 'queued')) AS n (node, result)
),

queued AS (
    INSERT INTO messaging_message (
        tenant_id, key, profile_id, channel, message_class, template_id, flow_id, flow_run_id,
        node_id, context, status, due_at, planned_at, created_at
    )
    SELECT %(tenant_id)s, 'flow:' || c.id || ':note:1', c.profile_id, 'email', 'promotional',
        %(template_id)s, %(flow_id)s, c.id, 'note', '{}', 'pending', c.wake_at, c.wake_at, %(now)s
    FROM claimed AS c
)

SELECT count(*) FROM claimed
"""


class Advancing:
    def __init__(self, waiting: int) -> None:
        people = min(waiting, 500_000)
        self.rows = Rows(people)
        self.rows.let_wait(max(waiting // people, 1))
        with bare() as cursor:
            cursor.execute(
                "SELECT id FROM flows_flowrun WHERE tenant_id = %s ORDER BY md5(id::text) LIMIT %s",
                [self.rows.tenant_id, DUE],
            )
            self.due = [run_id for (run_id,) in cursor.fetchall()]
            cursor.execute(
                "SELECT id FROM messaging_template WHERE tenant_id = %s AND key = 'win_back'",
                [self.rows.tenant_id],
            )
            self.template_id = int((cursor.fetchone() or (0,))[0])

    def ours(self) -> float:
        self._prepare(self.due)
        with tenant_scope(self.rows.tenant_id):
            return timed(lambda: advance_due(Deadline(seconds=None)))

    def by_hand(self) -> float:
        self._prepare(self.due)
        return timed(lambda: self._by_hand(BATCH))

    def one_by_one(self) -> float:
        """Return what as many runs as Patron advances would take, from some of them."""
        self._prepare(self.due[:ALONE])
        return timed(lambda: self._by_hand(1)) * DUE / ALONE

    def check(self) -> None:
        """Let both queue the same messages."""
        for work in (self.by_hand, self.ours):
            work()
            with bare() as cursor:
                cursor.execute(
                    "SELECT count(*) FROM messaging_message WHERE tenant_id = %s",
                    [self.rows.tenant_id],
                )
                (found,) = cursor.fetchone() or (0,)
            if found != DUE:
                raise AssertionError(f"{found} messages were queued")

    def _by_hand(self, batch: int) -> None:
        params = {**self.rows.params, "template_id": self.template_id, "batch": batch}
        while True:
            with bare() as cursor:
                cursor.execute(BY_HAND, {**params, "now": clock.now()})
                (done,) = cursor.fetchone() or (0,)
            if not done:
                return

    def _prepare(self, due: list[int]) -> None:
        with bare(replica=True) as cursor:
            for statement in FORGET:
                cursor.execute(statement, self.rows.params)
            cursor.execute(CALL, {**self.rows.params, "due": due, "now": clock.now()})
        vacuum(TABLES)


def run(size: int) -> list[Measured]:
    """Measure against one statement per batch, and against one transaction per run.

    Args:
        size: the runs that wait are ten times as many, up to a million.
    """
    waiting = min(size * 10, 1_000_000)
    bench = Advancing(waiting)
    floors, runs = alternate(bench.by_hand, bench.ours, pairs=PAIRS)
    peers, again = alternate(bench.one_by_one, bench.ours, pairs=2)
    bench.check()
    work = f"{DUE} due of {waiting} waiting runs"
    return [
        compare("flow_advance", floors, runs, Goal(1 / 0.4), work=f"{work}; the floor: by hand"),
        compare(
            "flow_advance / one by one",
            peers,
            again,
            Goal(1 / 30),
            work=f"{work}; the peer: a transaction per run, no broker",
        ),
    ]
