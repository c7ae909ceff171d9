"""`flow_lateness`: many runs come due at one moment; when have 99 of 100 their message?

Patron's workers and its sweep run as in an installation, and nothing is rung for by hand. The peer
is a Celery worker with as many processes to which a task was sent for each run, with its time.
"""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from kernel import clock
from kernel.embedded.processes import CELERY, worker_command
from tests.benchmarks.beside import Process, beside, task_worker
from tests.benchmarks.flow_advance import PEER_PROCESSES, Advancing
from tests.benchmarks.machine import list_descendants
from tests.benchmarks.measure import Goal, Measured, compare, peak_memory
from tests.benchmarks.task_per_run import QUEUE, advance_one

MOST = 20_000
SMALL_SHARE = 10
"""One run for so many, for the worker whose memory is compared."""
LATEST = 0.99
RUNS = 3
AHEAD = timedelta(seconds=15)
"""How long before the moment everything is written, beside what the sending of tasks takes."""
ROOM = 2
"""So many times as long as some tasks took to send is left for all."""
LATE = Goal(1 / 15)
FLAT = Goal(1.1, unit="MB")
MEGABYTE = 1024 * 1024


def run(size: int) -> list[Measured]:
    """Measure how late the runs are, and what a worker holds of few and of many of them.

    Args:
        size: runs that come due at once, up to 20,000.
    """
    many = min(size, MOST)
    few = max(many // SMALL_SHARE, 1)
    bench = Advancing(many, due=many)
    with _patron() as worker:
        _lateness(bench, bench.due[:few])
        small = _held_by(worker)
    with _patron() as worker:
        runs = [_lateness(bench, bench.due) for _ in range(RUNS + 1)][1:]
        large = _held_by(worker)
    with task_worker("tests.benchmarks.task_per_run", QUEUE, processes=PEER_PROCESSES):
        pace = _task_pace(bench, bench.due[:few])
        peers = [_task_lateness(bench, bench.due, pace)]
    work = f"{many} due at once, when 99% have their message; the floor: a Celery task with an ETA"
    held = f"peak of a worker with {many} due; the floor: with {few}"
    return [
        compare("flow_lateness", peers, runs, LATE, work=f"{work} each"),
        compare("flow_lateness: memory", [small], [large], FLAT, work=held),
    ]


def _lateness(bench: Advancing, due: list[int]) -> float:
    """Return how many seconds after their moment nearly all of some runs have a message."""
    moment = clock.now() + AHEAD
    bench.call(due, moment)
    return _wait(bench, due, moment)


def _task_pace(bench: Advancing, due: list[int]) -> float:
    """Return the seconds that it takes to send a task, on this machine as it is now."""
    bench.call(due)
    began = time.perf_counter()
    _send_tasks(bench, due, clock.now())
    pace = (time.perf_counter() - began) / len(due)
    bench.wait_for(len(due))
    return pace


def _task_lateness(bench: Advancing, due: list[int], pace: float) -> float:
    moment = clock.now() + AHEAD + timedelta(seconds=ROOM * pace * len(due))
    bench.call(due, moment)
    _send_tasks(bench, due, moment)
    return _wait(bench, due, moment)


def _send_tasks(bench: Advancing, due: list[int], moment: datetime) -> None:
    for run_id in due:
        advance_one.apply_async((bench.rows.tenant_id, run_id, bench.template_id), eta=moment)


def _wait(bench: Advancing, due: list[int], moment: datetime) -> float:
    left = (moment - clock.now()).total_seconds()
    if left < 0:
        raise AssertionError("The runs were due before everything was written")
    time.sleep(left)
    bench.wait_for(int(len(due) * LATEST))
    late = (clock.now() - moment).total_seconds()
    bench.wait_for(len(due))
    return late


@contextmanager
def _patron() -> Iterator[Process]:
    """Run the workers that flows need, and the sweep; yields the one that advances runs."""
    with (
        tempfile.TemporaryDirectory() as folder,
        beside(worker_command("slow", "sync", processes=1)),
        beside(worker_command("fast", "flows", processes=PEER_PROCESSES)) as worker,
        beside((*CELERY, "beat", "--schedule", str(Path(folder) / "beat"), "--pidfile=")),
    ):
        yield worker


def _held_by(worker: Process) -> float:
    """Return the peak memory of the largest process of a worker, in MB."""
    return max(peak_memory(pid) for pid in list_descendants(worker.pid)) / MEGABYTE
