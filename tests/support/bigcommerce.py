"""A BigCommerce shop of the tests: posts thin webhooks, signed as BigCommerce signs them."""

import base64
import hmac
import json
from dataclasses import dataclass
from typing import Any

from kernel.batches import Deadline
from stores.services.fetching import drain_fetches
from tests.support.shopify import FakeShop

SENT_AT = 1_777_888_800
"""2026-05-04 10:00 UTC."""


@dataclass
class FakeBigShop(FakeShop):
    """One connected store."""

    def deliver(self, topic: str, payload: Any, delivery_id: str = "", *, secret: str = "") -> int:
        """Post a signed delivery about ``payload``, its data, and return the status."""
        notice = {
            "scope": topic,
            "store_id": "1025646",
            "data": payload,
            "hash": "dd70c0976e06b67aaf671e73f49dcb79230ebf9d",
            "created_at": SENT_AT,
            "producer": "stores/abc123",
        }
        body = payload if isinstance(payload, bytes) else json.dumps(notice).encode()
        name = delivery_id or f"msg-{topic}-{base64.b16encode(body[-8:]).decode()}"
        content = f"{name}.{SENT_AT}.".encode() + body
        digest = hmac.digest((secret or self.store.secret).encode(), content, "sha256")
        headers = {
            "webhook-id": name,
            "webhook-timestamp": str(SENT_AT),
            "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
        }
        return self.post(body, headers)

    def tell(self, kind: str, number: int | str, delivery_id: str) -> int:
        """Post that something was changed."""
        return self.deliver(f"store/{kind}/updated", {"type": kind, "id": number}, delivery_id)

    def fetch(self) -> int:
        """Fetch what waits, and apply it."""
        return drain_fetches(Deadline(seconds=None))
