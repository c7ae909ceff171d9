"""A storefront of the tests: signs what it posts, as Shopify does."""

import base64
import hmac
import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.test import Client

from kernel import clock
from kernel.batches import Deadline
from stores.models import InboxDelivery
from stores.types import ConnectedStore


def sign(secret: str, body: bytes) -> str:
    """Return the signature Shopify would send."""
    return base64.b64encode(hmac.digest(secret.encode(), body, "sha256")).decode()


@dataclass
class FakeShop:
    """One connected store."""

    store: ConnectedStore
    client: Client

    @property
    def path(self) -> str:
        """Path of the webhook address."""
        return "/webhooks/" + self.store.webhook_url.split("/webhooks/")[1]

    def post(self, body: bytes, headers: dict[str, str], *, path: str = "") -> int:
        """Post bytes with headers as they are and return the status."""
        answer = self.client.post(
            path or self.path, body, content_type="application/json", headers=headers
        )
        return answer.status_code

    def deliver(self, topic: str, payload: Any, delivery_id: str = "", *, secret: str = "") -> int:
        """Post a signed delivery and return the status; bytes are sent as they are."""
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        headers = {
            "X-Shopify-Topic": topic,
            "X-Shopify-Hmac-Sha256": sign(secret or self.store.secret, body),
            "X-Shopify-Shop-Domain": "ada-soap.example",
            "X-Shopify-Triggered-At": "2026-05-04T10:00:00Z",
        }
        if delivery_id:
            headers["X-Shopify-Webhook-Id"] = delivery_id
        return self.post(body, headers)

    def drain(self) -> int:
        """Work off the inbox of the open scope."""
        from stores.services.inbox import drain_inbox  # noqa: PLC0415

        return drain_inbox(Deadline(seconds=None))

    @transaction.atomic
    def outcome(self, delivery_id: str) -> tuple[str, str]:
        """Return status and reason of a delivery."""
        return InboxDelivery.objects.values_list("status", "reason").get(delivery_id=delivery_id)


def simple_order(number: int) -> dict[str, Any]:
    """Return a paid order of one line, placed now, by a guest of its own."""
    at = clock.now().isoformat()
    return {
        "id": 5_000_000 + number,
        "name": f"#{number}",
        "email": f"shopper{number}@example.com",
        "created_at": at,
        "processed_at": at,
        "updated_at": at,
        "currency": "GBP",
        "total_price": "12.50",
        "subtotal_price": "12.50",
        "total_tax": "0.00",
        "total_discounts": "0.00",
        "financial_status": "paid",
        "test": False,
        "customer": None,
        "line_items": [
            {
                "id": 9_000_000 + number,
                "title": "Soap",
                "sku": "SOAP",
                "quantity": 1,
                "price": "12.50",
                "total_discount": "0.00",
            }
        ],
    }


def simple_checkout(number: int) -> dict[str, Any]:
    """Return a checkout of two soaps by the guest of a `simple_order`, changed a minute from now.

    It comes after the order, which would end it.
    """
    at = (clock.now() + timedelta(minutes=1)).isoformat()
    return {
        "token": f"checkout-{number}",
        "email": f"shopper{number}@example.com",
        "created_at": at,
        "updated_at": at,
        "currency": "GBP",
        "total_price": "25.00",
        "line_items": [{"title": "Soap", "sku": "SOAP", "quantity": 2, "price": "12.50"}],
        "abandoned_checkout_url": f"https://soap.example/recover/{number}",
    }


def simple_refund(number: int) -> dict[str, Any]:
    """Return a refund of 2.50 of a `simple_order`, placed now; its line is a key, as in a shop."""
    return {
        "id": 7_000_000 + number,
        "order_id": 5_000_000 + number,
        "created_at": clock.now().isoformat(),
        "note": "Came late",
        "refund_line_items": [
            {"line_item_id": 9_000_000 + number, "quantity": 1, "subtotal": "2.50"}
        ],
        "transactions": [
            {"kind": "refund", "status": "success", "amount": "2.50", "currency": "GBP"}
        ],
    }
