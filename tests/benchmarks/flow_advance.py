"""`flow_advance`: due runs leave a delay, queue a message and wait again.

The floor does the least that keeps the promise, for a batch of as many runs: it claims them, moves
them on and queues their messages in one statement. The peer does the same for one run in each of
its Celery tasks.
"""

import time
from datetime import datetime, timedelta

from flows.services.engine import BATCH, advance_due
from kernel import clock
from kernel.batches import Deadline
from kernel.scope import tenant_scope
from tests.benchmarks.beside import task_worker
from tests.benchmarks.flow_rows import Rows
from tests.benchmarks.measure import Goal, Measured, alternate, compare, timed
from tests.benchmarks.task_per_run import OF_BATCH, QUEUE, advance_one
from tests.benchmarks.world import bare, vacuum

DUE = 10_000
ALONE = 1_000
"""Runs that the peer advances, by so many tasks."""
FEW, MANY = 10_000, 5_000_000
MOST_PEOPLE = 500_000
PAIRS = 5
PEER_PAIRS = 2
PEER_PROCESSES = 2
PEER_SECONDS = 1_200.0
POLL_SECONDS = 0.05
TABLES = ("flows_flowrun", "flows_runstep", "messaging_message")

CALL = b"""
UPDATE flows_flowrun
SET wake_at = %(at)s, current_node = 'day', visit = 1, is_waiting = true
WHERE tenant_id = %(tenant_id)s AND id = ANY(%(due)s)
"""
FORGET = (
    b"DELETE FROM messaging_message WHERE tenant_id = %(tenant_id)s",
    b"DELETE FROM flows_runstep WHERE tenant_id = %(tenant_id)s",
)


class Advancing:
    """Runs that wait, some of which come due again and again.

    Args:
        waiting: runs, of as many people up to `MOST_PEOPLE`.
        due: of these come due.
    """

    def __init__(self, waiting: int, due: int = DUE) -> None:
        people = min(waiting, MOST_PEOPLE)
        self.rows = Rows(people)
        self.rows.let_wait(max(waiting // people, 1))
        with bare() as cursor:
            cursor.execute(
                "SELECT id FROM flows_flowrun WHERE tenant_id = %s ORDER BY md5(id::text) LIMIT %s",
                [self.rows.tenant_id, due],
            )
            self.due = [run_id for (run_id,) in cursor.fetchall()]
            cursor.execute(
                "SELECT id FROM messaging_template WHERE tenant_id = %s AND key = 'win_back'",
                [self.rows.tenant_id],
            )
            self.template_id = int((cursor.fetchone() or (0,))[0])

    def ours(self) -> float:
        self.call(self.due)
        with tenant_scope(self.rows.tenant_id):
            return timed(lambda: advance_due(Deadline(seconds=None)))

    def by_hand(self) -> float:
        self.call(self.due)
        return timed(self._by_hand)

    def by_tasks(self) -> float:
        """Return what as many runs as Patron advances would take, from some of them."""
        due = self.due[:ALONE]
        self.call(due)
        return timed(lambda: self._send_tasks(due)) * len(self.due) / len(due)

    def check(self) -> None:
        """Let both queue the same messages."""
        for work in (self.by_hand, self.ours):
            work()
            if (found := self.count()) != len(self.due):
                raise AssertionError(f"{found} messages were queued")

    def count(self) -> int:
        """Return how many messages were queued since runs were called."""
        with bare() as cursor:
            cursor.execute(
                "SELECT count(*) FROM messaging_message WHERE tenant_id = %s",
                [self.rows.tenant_id],
            )
            return int((cursor.fetchone() or (0,))[0])

    def call(self, due: list[int], at: datetime | None = None) -> None:
        """Let some runs come due for the first time, a minute ago if nothing else is said."""
        moment = at or clock.now() - timedelta(minutes=1)
        with bare(replica=True) as cursor:
            for statement in FORGET:
                cursor.execute(statement, self.rows.params)
            cursor.execute(CALL, {**self.rows.params, "due": due, "at": moment})
        vacuum(TABLES)

    def wait_for(self, number: int) -> None:
        """Wait until so many messages were queued."""
        until = time.monotonic() + PEER_SECONDS
        while self.count() < number:
            if time.monotonic() > until:
                raise AssertionError(f"Only {self.count()} of {number} messages were queued")
            time.sleep(POLL_SECONDS)

    def _send_tasks(self, due: list[int]) -> None:
        for run_id in due:
            advance_one.delay(self.rows.tenant_id, run_id, self.template_id)
        self.wait_for(len(due))

    def _by_hand(self) -> None:
        params = {**self.rows.params, "template_id": self.template_id, "batch": BATCH}
        while True:
            with bare() as cursor:
                cursor.execute(OF_BATCH.encode(), {**params, "now": clock.now()})
                (done,) = cursor.fetchone() or (0,)
            if not done:
                return


def run(size: int) -> list[Measured]:
    """Measure against one statement per batch, and against a Celery task for each run.

    Args:
        size: the runs that wait are ten times as many, up to a million.
    """
    waiting = min(size * 10, 1_000_000)
    bench = Advancing(waiting)
    floors, runs = alternate(bench.by_hand, bench.ours, pairs=PAIRS)
    with task_worker("tests.benchmarks.task_per_run", QUEUE, processes=PEER_PROCESSES):
        peers, again = alternate(bench.by_tasks, bench.ours, pairs=PEER_PAIRS)
    bench.check()
    work = f"{DUE} due of {waiting} waiting runs"
    return [
        compare("flow_advance", floors, runs, Goal(1 / 0.4), work=f"{work}; the floor: by hand"),
        compare(
            "flow_advance: tasks",
            peers,
            again,
            Goal(1 / 30),
            work=f"{work}; the peer: a Celery task each, {PEER_PROCESSES} processes",
        ),
    ]
