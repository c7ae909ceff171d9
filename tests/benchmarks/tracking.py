"""`tracking`: `/v1/batch` of 1 and of 100 events over HTTP into the inbox.

A request of one event is held against `accept`, a signed order through the same server, and the
time of a request of 100 against that of one.
"""

import asyncio
import base64
import itertools
import json
import statistics
from contextlib import ExitStack
from functools import partial
from typing import Any

from crm.services.stores import StoreData
from kernel.embedded.processes import WEB_THREADS
from kernel.scope import tenant_scope
from stores.services.connections import connect_store
from tenants.choices import KeyKind
from tenants.services.keys import create_key
from tests.benchmarks.accept import WORKERS, granian, served
from tests.benchmarks.measure import Goal, Measured, alternate, compare
from tests.benchmarks.poster import CONNECTIONS, Poster, post_all
from tests.benchmarks.world import database_address, make_merchant

MANY = 100
UNLIMITED = "1000000"
RATE = Goal(0.8, at_least=True, unit="/s")
LARGE = Goal(4.0, unit="ms")
MILLISECONDS = 1000


def run(size: int) -> list[Measured]:
    """Measure requests per second, and how long a large request takes beside a small one.

    Args:
        size: unused; the inbox does not look at profiles.
    """
    _ = size
    merchant = make_merchant()
    with tenant_scope(merchant.tenant_id):
        store = connect_store(StoreData(name="Accept", platform="shopify"))
        key = create_key(name="Bench", kind=KeyKind.WRITE).secret
    settings = {
        "BENCH_SECRET": store.secret,
        "BENCH_DATABASE": database_address(),
        "BENCH_TENANT": str(merchant.tenant_id),
        "BENCH_STORE": str(store.store_id),
        "PATRON_TRACKING_RATE_PER_SECOND": UNLIMITED,
    }
    with ExitStack() as stack:
        port = stack.enter_context(
            served(granian("config.wsgi:application", WEB_THREADS), settings)
        )
        accept, caller = Poster(port, store, itertools.count()), Caller(port, key)
        against_accept = alternate(accept.rate, partial(caller.rate, 1))
        times = alternate(partial(caller.time, 1), partial(caller.time, MANY))
    work = f"{CONNECTIONS} connections, {WORKERS} workers; "
    return [
        compare("tracking, accept", *against_accept, RATE, work=work + "a batch of 1 event"),
        compare(
            "tracking, 100 events",
            *times,
            LARGE,
            work="1 connection; time of a batch of 100 events",
        ),
    ]


class Caller:
    """Posts batches of ever new events to one server."""

    def __init__(self, port: int, key: str) -> None:
        self._port = port
        shown = base64.b64encode(f"{key}:".encode()).decode()
        self._head = (
            "POST /v1/batch HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            f"Authorization: Basic {shown}\r\n"
        )
        self._ids = itertools.count()

    def rate(self, count: int) -> float:
        """Post batches over many connections for some seconds; returns requests per second."""
        times, seconds = post_all(self._port, partial(self._post, count))
        return len(times) / seconds

    def time(self, count: int) -> float:
        """Post batches one after the other; returns the median of their times in milliseconds."""
        times, _ = post_all(self._port, partial(self._post, count), connections=1)
        return statistics.median(times) * MILLISECONDS

    async def _post(
        self, count: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bytes:
        body = json.dumps({"batch": [self._event() for _ in range(count)]}).encode()
        writer.write(f"{self._head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        answer = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = answer.partition(b"content-length: ")[2].partition(b"\r\n")[0]
        await reader.readexactly(int(length))
        return answer

    def _event(self) -> dict[str, Any]:
        number = next(self._ids)
        return {
            "type": "track",
            "event": "Product Viewed",
            "messageId": f"bench-{number}",
            "anonymousId": f"visitor-{number % 1000}",
            "timestamp": "2026-05-04T10:00:00.000Z",
            "properties": {"product_id": f"p{number % 100}", "price": 29.99, "currency": "GBP"},
            "context": {
                "page": {"url": "https://shop.example/products/tee", "path": "/products/tee"},
                "userAgent": "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0",
                "locale": "en-GB",
                "library": {"name": "bench", "version": "1"},
            },
        }
