"""`accept`: signed orders of 7 KB over HTTP into the inbox, against the same without Django."""

import asyncio
import itertools
import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from crm.services.stores import StoreData
from kernel.embedded.environment import python
from kernel.embedded.paths import PROJECT
from kernel.embedded.ports import LOOPBACK
from kernel.embedded.processes import WEB_THREADS
from kernel.scope import tenant_scope
from stores.services.connections import connect_store
from tests.benchmarks.measure import Goal, Measured, alternate, compare
from tests.benchmarks.start import free_port
from tests.benchmarks.world import database_address, make_merchant
from tests.support.shopify import sign, simple_order

CONNECTIONS = 32
WORKERS = 2
SECONDS = 3.0
BODY_BYTES = 7 * 1024
START_SECONDS = 30.0


@dataclass
class _Edge:
    """One server, and what is posted to it."""

    port: int
    head: bytes
    body: bytes
    ids: Iterator[int]

    def rate(self) -> float:
        """Post for some seconds; returns the requests answered with 200 per second."""
        return asyncio.run(self._post_all())

    async def _post_all(self) -> float:
        start = time.perf_counter()
        posted = await asyncio.gather(*(self._post(start + SECONDS) for _ in range(CONNECTIONS)))
        return sum(posted) / (time.perf_counter() - start)

    async def _post(self, until: float) -> int:
        reader, writer = await asyncio.open_connection(LOOPBACK, self.port)
        posted = 0
        while time.perf_counter() < until:
            name = f"X-Shopify-Webhook-Id: accept-{next(self.ids)}\r\n\r\n".encode()
            writer.write(self.head + name + self.body)
            answer = (await reader.readuntil(b"\r\n\r\n")).lower()
            if not answer.startswith(b"http/1.1 200"):
                raise AssertionError(answer.decode())
            if b"transfer-encoding: chunked" in answer:
                await reader.readuntil(b"0\r\n\r\n")
            posted += 1
        writer.close()
        return posted


def run(size: int) -> list[Measured]:
    """Measure requests per second; both servers run all the time, one is posted to.

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
    body = json.dumps({**simple_order(1), "note": "x" * BODY_BYTES}).encode()
    body = body[: BODY_BYTES - 2] + b'"}'
    path, ids = urlsplit(store.webhook_url).path, itertools.count()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nX-Shopify-Topic: orders/create\r\n"
        f"X-Shopify-Hmac-Sha256: {sign(store.secret, body)}\r\n"
    ).encode()
    with ExitStack() as stack:
        ports = [
            stack.enter_context(_served(application, settings))
            for application in ("tests.benchmarks.bare_edge:application", "config.wsgi:application")
        ]
        floor, ours = (_Edge(port, head, body, ids) for port in ports)
        floors, runs = alternate(floor.rate, ours.rate)
    work = f"{CONNECTIONS} connections, {WORKERS} workers; the floor: bare WSGI and psycopg"
    goal = Goal(0.6, at_least=True, unit="/s")
    return [compare("accept", floors, runs, goal, work=work)]


@contextmanager
def _served(application: str, settings: Mapping[str, str]) -> Iterator[int]:
    port = free_port()
    options = ("--interface", "wsgi", "--host", LOOPBACK, "--port", str(port), "--no-ws")
    numbers = ("--workers", str(WORKERS), "--blocking-threads", str(WEB_THREADS))
    command = python("-m", "granian", *options, *numbers, "--log-level", "warning", application)
    server = subprocess.Popen(command, cwd=PROJECT, env={**os.environ, **settings})
    try:
        _wait(port)
        yield port
    finally:
        server.terminate()
        server.wait()


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
