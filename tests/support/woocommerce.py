"""A WooCommerce shop of the tests: signs what it posts, as WooCommerce does."""

import json
from dataclasses import dataclass
from typing import Any

from tests.support.shopify import FakeShop, sign


@dataclass
class FakeWooShop(FakeShop):
    """One connected store."""

    def deliver(self, topic: str, payload: Any, delivery_id: str = "", *, secret: str = "") -> int:
        """Post a signed delivery and return the status; bytes are sent as they are."""
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        resource, _, event = topic.partition(".")
        headers = {
            "X-WC-Webhook-Source": "https://soap.example/",
            "X-WC-Webhook-Topic": topic,
            "X-WC-Webhook-Resource": resource,
            "X-WC-Webhook-Event": event,
            "X-WC-Webhook-Signature": sign(secret or self.store.secret, body),
            "X-WC-Webhook-ID": "1",
            "X-WC-Webhook-Delivery-ID": delivery_id or "07f3e4823cd78eeba1be4ec46437230d",
        }
        return self.post(body, headers)
