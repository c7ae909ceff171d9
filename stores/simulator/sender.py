"""Posts signed webhooks over HTTP, each until it is acknowledged, as a storefront does."""

import base64
import hmac
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from kernel import clock
from stores.simulator.payloads import Post

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
TIMEOUT_SECONDS = 5.0

Sleep = Callable[[float], None]


@dataclass(slots=True)
class SendCounts:
    """What a sender did so far."""

    acknowledged: int = 0
    orders: int = 0
    repeats: int = 0


class Sender:
    """Posts to one store, one webhook after the other, over one connection."""

    def __init__(self, url: str, secret: str, domain: str, *, sleep: Sleep = time.sleep) -> None:
        """Aim at a webhook address; ``sleep`` is how it waits between attempts."""
        parts = urlsplit(url)
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._connection = kind(parts.hostname or "", parts.port, timeout=TIMEOUT_SECONDS)
        self._path = parts.path
        self._secret = secret.encode()
        self._domain = domain
        self._sleep = sleep
        self.counts = SendCounts()

    def send(self, post: Post) -> None:
        """Post until the answer is 200; every other answer, and none, is tried again."""
        body = json.dumps(post.payload).encode()
        headers = self._headers(post, body)
        pause = FIRST_PAUSE
        while self._try(body, headers) != HTTPStatus.OK:
            self.counts.repeats += 1
            self._sleep(pause)
            pause = min(LONGEST_PAUSE, pause * 2)
        self.counts.acknowledged += 1
        self.counts.orders += post.topic == "orders/create"

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _try(self, body: bytes, headers: dict[str, str]) -> int:
        try:
            self._connection.request("POST", self._path, body, headers)
            answer = self._connection.getresponse()
            answer.read()
        except (HTTPException, OSError):
            self._connection.close()
            return 0
        return answer.status

    def _headers(self, post: Post, body: bytes) -> dict[str, str]:
        signature = base64.b64encode(hmac.digest(self._secret, body, "sha256")).decode()
        return {
            "Content-Type": "application/json",
            "X-Shopify-Topic": post.topic,
            "X-Shopify-Hmac-Sha256": signature,
            "X-Shopify-Shop-Domain": self._domain,
            "X-Shopify-Webhook-Id": post.delivery_id,
            "X-Shopify-Triggered-At": clock.now().isoformat(),
            "X-Shopify-Test": "true",
        }
