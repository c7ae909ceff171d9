import base64
import hmac
import json
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from stores.models import InboxDelivery
from stores.platforms import PLATFORMS
from stores.platforms.shopify.platform import TOPICS
from tests.support.shopify import FakeShop

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls("stores.public_urls")]

EMPTY_CONSENT = "customers_marketing_consent/update"
"""Its sample says nothing about the consent."""
EMPTY_RETURN = "returns/process"
"""Its sample is an empty object."""


@pytest.fixture(autouse=True)
def no_bell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stores.services.filing.ring_soon", lambda kind, tenant: None)


def read_samples(folder: Path) -> list[dict[str, Any]]:
    samples = sorted((folder / "shopify" / "webhooks_2026-07").glob("*.json"))
    return [json.loads(sample.read_text("utf-8")) for sample in samples]


def test_every_topic_ends_applied_or_ignored(shop: FakeShop, conformance_data: Path) -> None:
    samples = read_samples(conformance_data)
    assert len(samples) == 112
    for sample in samples:
        topic = sample["topic"]
        assert shop.deliver(topic, sample["payload"], topic) == HTTPStatus.OK

    assert shop.drain() == 112

    with transaction.atomic():
        found = {row.topic: row for row in InboxDelivery.objects.defer("body")}
    unread = {topic: row.reason for topic, row in found.items() if row.status == "quarantined"}
    assert unread == {}
    applied = {topic for topic, row in found.items() if row.status == "applied"}
    assert applied == set(TOPICS) - {EMPTY_CONSENT, EMPTY_RETURN}


def test_every_topic_ends_applied_or_ignored_by_itself(
    shop: FakeShop, conformance_data: Path
) -> None:
    samples = {sample["topic"]: sample["payload"] for sample in read_samples(conformance_data)}
    for topic in sorted(TOPICS, reverse=True):
        shop.deliver(topic, samples[topic], topic)
        shop.drain()
        status, reason = shop.outcome(topic)
        assert (topic, status != "quarantined", reason) == (topic, True, reason)


def test_signatures_of_real_libraries_hold(conformance_data: Path) -> None:
    vectors = json.loads((conformance_data / "shopify" / "hmac_vectors.json").read_text("utf-8"))
    for vector in vectors["webhook"]:
        body = vector["raw_body"].encode()
        head = PLATFORMS["shopify"].read_head({"x-shopify-hmac-sha256": vector["value"]}, body)
        assert PLATFORMS["shopify"].is_signed(vector["secret"], body, head)
        assert not PLATFORMS["shopify"].is_signed(vector["secret"], body + b" ", head)
        digest = hmac.digest(vector["secret"].encode(), body, "sha256")
        assert base64.b64encode(digest).decode() == vector["value"]
