"""A storefront of the benches: posts deliveries over many connections at once."""

import asyncio
import json
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from kernel.embedded.ports import LOOPBACK
from stores.types import ConnectedStore
from tests.support.shopify import sign, simple_order

CONNECTIONS = 32
SECONDS = 3.0
BODY_BYTES = 7 * 1024
REPEAT_SECONDS = 0.05
PERCENT = 100


@dataclass
class Poster:
    """Posts one signed order of 7 KB under ever new ids to one server.

    Attributes:
        port: of the server.
        store: whose webhook is called.
        ids: of the deliveries, shared by all posters of a bench.
        tails: slowest hundredth of each run as a multiple of its median.
    """

    port: int
    store: ConnectedStore
    ids: Iterator[int]
    tails: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        order = json.dumps({**simple_order(1), "note": "x" * BODY_BYTES}).encode()
        self._body = order[: BODY_BYTES - 2] + b'"}'
        self._head = (
            f"POST {urlsplit(self.store.webhook_url).path} HTTP/1.1\r\nHost: localhost\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(self._body)}\r\n"
            f"X-Shopify-Topic: orders/create\r\n"
            f"X-Shopify-Hmac-Sha256: {sign(self.store.secret, self._body)}\r\n"
        ).encode()

    def rate(self) -> float:
        """Post for some seconds; returns the requests answered with 200 per second."""

        async def post(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
            return await self._post_one(f"accept-{next(self.ids)}", reader, writer)

        times, seconds = post_all(self.port, post)
        cuts = statistics.quantiles(times, n=PERCENT)
        self.tails.append(cuts[-1] / statistics.median(times))
        return len(times) / seconds

    def post_through(self, crash: Callable[[], None]) -> list[str]:
        """Post while something crashes, and repeat what is not answered with 200.

        Returns:
            The ids that were acknowledged.
        """
        acknowledged: list[str] = []

        async def post(until: float) -> None:
            while time.perf_counter() < until:
                name = f"crash-{next(self.ids)}"
                while not await self._is_taken(name):
                    await asyncio.sleep(REPEAT_SECONDS)
                acknowledged.append(name)

        async def run() -> None:
            crashing = asyncio.create_task(_crash_soon(crash))
            await _all_at_once(post)
            await crashing

        asyncio.run(run())
        return acknowledged

    async def _is_taken(self, name: str) -> bool:
        try:
            reader, writer = await asyncio.open_connection(LOOPBACK, self.port)
            answer = await self._post_one(name, reader, writer)
            writer.close()
        except (OSError, EOFError):
            return False
        return answer.startswith(b"http/1.1 200")

    async def _post_one(
        self, name: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bytes:
        writer.write(self._head + f"X-Shopify-Webhook-Id: {name}\r\n\r\n".encode() + self._body)
        answer = (await reader.readuntil(b"\r\n\r\n")).lower()
        if b"transfer-encoding: chunked" in answer:
            await reader.readuntil(b"0\r\n\r\n")
        return answer


def post_all(
    port: int,
    post: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[bytes]],
    *,
    connections: int = CONNECTIONS,
) -> tuple[list[float], float]:
    """Post over many connections at once for some seconds; each answer must be 200.

    Args:
        port: of the server.
        post: posts once and returns the head of the answer, in lower case.
        connections: how many.

    Returns:
        Seconds that each answer took, and that all of it took.
    """
    times: list[float] = []

    async def go_on(until: float) -> None:
        reader, writer = await asyncio.open_connection(LOOPBACK, port)
        while time.perf_counter() < until:
            start = time.perf_counter()
            answer = await post(reader, writer)
            if not answer.startswith(b"http/1.1 200"):
                raise AssertionError(answer.decode())
            times.append(time.perf_counter() - start)
        writer.close()

    return times, asyncio.run(_all_at_once(go_on, connections))


async def _all_at_once(
    post: Callable[[float], Awaitable[None]], connections: int = CONNECTIONS
) -> float:
    """Run one poster for each connection; returns the seconds that they took."""
    start = time.perf_counter()
    await asyncio.gather(*(post(start + SECONDS) for _ in range(connections)))
    return time.perf_counter() - start


async def _crash_soon(crash: Callable[[], None]) -> None:
    await asyncio.sleep(SECONDS / 2)
    await asyncio.to_thread(crash)
