"""Recorded bodies of tools for reviews and tickets, each through its own address, signed."""

import base64
import hmac
import json
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from crm.models import Review, Ticket
from crm.services.stores import StoreData
from kernel.batches import Deadline
from kernel.postgres.edge import close_connections
from stores.models import InboxDelivery
from stores.services.connections import connect_store, forget_connections
from stores.services.inbox import drain_inbox
from tenants.models import Tenant

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls("stores.public_urls")]
SECRET = "of-the-tests"


@pytest.fixture(autouse=True)
def no_bell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stores.services.filing.ring_soon", lambda kind, tenant: None)


def read_samples(folder: Path) -> list[tuple[str, Any]]:
    """Return platform and body of every recorded delivery; fails for a file of no known tool."""
    tools = {"judgeme": "judgeme", "yotpo": "yotpo", "zendesk": "zendesk"}
    samples = []
    for file in sorted((folder / "helpdesk_reviews").glob("*.json")):
        recorded = json.loads(file.read_text("utf-8"))
        platform = tools[file.name.split("_")[0]]
        bodies = recorded.get("events") or [recorded["payload"]]
        samples += [(platform, body) for body in bodies]
    return samples


def send(client: Client, address: str, platform: str, payload: Any) -> int:
    """Post a body as its tool would; Yotpo's secret is the app key that its body names."""
    body = json.dumps(payload).encode()
    stamp = "2026-05-04T10:00:00Z"
    digest = hmac.digest(SECRET.encode(), stamp.encode() + body, "sha256")
    headers = {
        "judgeme": {"judgeme-hmac-sha256": hmac.digest(SECRET.encode(), body, "sha256").hex()},
        "yotpo": {"eventid": "e-1"},
        "zendesk": {
            "x-zendesk-webhook-signature": base64.b64encode(digest).decode(),
            "x-zendesk-webhook-signature-timestamp": stamp,
        },
    }[platform]
    return client.post(address, body, content_type="application/json", headers=headers).status_code


def test_every_recorded_body_is_applied_or_ignored_with_a_reason(
    tenant: Tenant, client: Client, conformance_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    forget_connections()
    samples = read_samples(conformance_data)
    for place, (platform, payload) in enumerate(samples):
        secret = payload["data"]["app_key"] if platform == "yotpo" else SECRET
        store = connect_store(StoreData(f"{platform} {place}", platform), secret=secret)
        address = "/webhooks/" + store.webhook_url.split("/webhooks/")[1]
        assert send(client, address, platform, payload) == HTTPStatus.OK

    assert drain_inbox(Deadline(seconds=None)) == len(samples) == 4

    with transaction.atomic():
        rows = InboxDelivery.objects.select_related("store").defer("body").order_by("pk")
        table = [(row.store.platform, row.topic, row.status, row.reason) for row in rows]
        assert (Review.objects.count(), Ticket.objects.count()) == (2, 1)
    with capsys.disabled():
        print()  # noqa: T201 the table is the result
        for row in table:
            print(" | ".join(row))  # noqa: T201 likewise
    assert [row[:3] for row in table] == [
        ("judgeme", "review", "applied"),
        ("yotpo", "review_create", "applied"),
        ("zendesk", "user.active_changed", "ignored"),
        ("zendesk", "ticket.created", "applied"),
    ]
    close_connections()
    forget_connections()
