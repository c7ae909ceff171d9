"""`accept`: signed orders of 7 KB over HTTP into the inbox.

Against the same by bare WSGI and psycopg, and by a plain Django view under gunicorn's threads;
all servers run all the time, and one is posted to. In the end PostgreSQL is killed while orders are
posted, and what was acknowledged is counted.
"""

import itertools
import os
import signal
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager

from crm.services.stores import StoreData
from kernel.embedded.environment import python
from kernel.embedded.ports import LOOPBACK
from kernel.embedded.processes import WEB_THREADS
from kernel.scope import tenant_scope
from stores.services.connections import connect_store
from tests.benchmarks.beside import beside
from tests.benchmarks.measure import Goal, Measured, alternate, compare
from tests.benchmarks.poster import CONNECTIONS, Poster
from tests.benchmarks.start import free_port
from tests.benchmarks.world import bare, database_address, make_merchant

WORKERS = 2
PLAIN_THREADS = 4
"""Of the floor and the peer, where each thread has a database connection of its own. On a busy
machine a floor of 16 threads commits more at once and is up to twice as fast."""
START_SECONDS = 30.0
RATE = Goal(0.6, at_least=True, unit="/s")
PEER_RATE = Goal(1.7, at_least=True, unit="/s")
TAIL = Goal(4.0, unit="×")
LOST = Goal(0.0, unit="lost")


def run(size: int) -> list[Measured]:
    """Measure requests per second, how late the slowest are, and what a crash loses.

    Args:
        size: unused; the inbox does not look at profiles.
    """
    _ = size
    merchant = make_merchant()
    with tenant_scope(merchant.tenant_id):
        store = connect_store(StoreData(name="Accept", platform="shopify"))
    settings = {
        "BENCH_SECRET": store.secret,
        "BENCH_DATABASE": database_address(),
        "BENCH_TENANT": str(merchant.tenant_id),
        "BENCH_STORE": str(store.store_id),
    }
    ids = itertools.count()
    servers = (
        granian("tests.benchmarks.bare_edge:application", PLAIN_THREADS),
        _gunicorn("tests.benchmarks.plain_django:application", PLAIN_THREADS),
        granian("config.wsgi:application", WEB_THREADS),
    )
    with ExitStack() as stack:
        ports = [stack.enter_context(served(command, settings)) for command in servers]
        floor, peer, ours = (Poster(port, store, ids) for port in ports)
        against_floor = alternate(floor.rate, ours.rate)
        against_peer = alternate(peer.rate, ours.rate, pairs=3)
        acknowledged = ours.post_through(_crash_database)
        lost = _count_lost(acknowledged)
    work = f"{CONNECTIONS} connections, {WORKERS} workers; "
    return [
        compare("accept, floor", *against_floor, RATE, work=work + "bare WSGI and psycopg"),
        compare("accept, peer", *against_peer, PEER_RATE, work=work + "gunicorn threads, Django"),
        compare("accept, p99 / p50", [], ours.tails[1:], TAIL, work=work + "time of an answer"),
        compare(
            "accept, kill -9",
            [],
            [lost],
            LOST,
            work=f"PostgreSQL killed while {len(acknowledged)} orders were acknowledged",
        ),
    ]


def granian(application: str, threads: int) -> Sequence[str]:
    """Return the command of a server, without its port."""
    numbers = ("--workers", str(WORKERS), "--blocking-threads", str(threads))
    options = ("--interface", "wsgi", "--host", LOOPBACK, "--no-ws", "--log-level", "error")
    return python("-m", "granian", *options, *numbers, application, "--port")


def _gunicorn(application: str, threads: int) -> Sequence[str]:
    numbers = ("--workers", str(WORKERS), "--threads", str(threads))
    options = ("--worker-class", "gthread", "--log-level", "error")
    return python("-m", "gunicorn", *options, *numbers, application, "--bind")


@contextmanager
def served(command: Sequence[str], settings: Mapping[str, str]) -> Iterator[int]:
    """Run a server; the command ends with the option that takes its port or address."""
    port = free_port()
    place = f"{LOOPBACK}:{port}" if command[-1] == "--bind" else str(port)
    with beside([*command, place], settings=settings):
        _wait(port)
        yield port


def _wait(port: int) -> None:
    until = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection((LOOPBACK, port)).close()
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)
        else:
            return


def _crash_database() -> None:
    """Kill a process of the server, which then throws everything away and recovers from its log."""
    with bare() as cursor:
        cursor.execute("SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'")
        [(pid,)] = cursor.fetchall()
    os.kill(pid, signal.SIGKILL)


def _count_lost(names: Sequence[str]) -> int:
    statement = (
        "SELECT count(*) FROM unnest(%s::text[]) AS sent (name) WHERE NOT EXISTS"
        " (SELECT 1 FROM stores_inboxdelivery AS d WHERE d.delivery_id = sent.name)"
    )
    with bare() as cursor:
        cursor.execute(statement, [list(names)])
        [(lost,)] = cursor.fetchall()
    return int(lost)
