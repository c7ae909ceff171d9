"""Requests that real client libraries sent, replayed byte for byte but for their write key."""

import base64
import gzip
import json
from collections import Counter
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.db import transaction

from crm.models import Event, Identity, Profile
from stores.models import InboxDelivery
from tests.support.tracking import FakeSite, basic

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls("stores.public_urls")]

CLIENTS = ("rudder-sdk-python", "segment-analytics-python", "segment-analytics-next")
SENT = ("content-type", "content-encoding", "user-agent", "accept", "sec-fetch-mode")


@pytest.fixture(autouse=True)
def no_bell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stores.services.filing.ring_soon", lambda kind, tenant: None)


@pytest.fixture(autouse=True)
def soon_after() -> Iterator[None]:
    with time_machine.travel("2026-11-21T23:10:00Z", tick=False):
        yield


def read_requests(folder: Path, library: str) -> list[dict[str, Any]]:
    [recorded] = (folder / "tracking_sdks").glob(f"{library}*.json")
    requests: list[dict[str, Any]] = json.loads(recorded.read_text("utf-8"))["requests"]
    return requests


def replay(site: FakeSite, request: dict[str, Any]) -> Any:
    """Send a recorded request with the site's write key in the place of its own."""
    headers = {name.lower(): value for name, value in request["headers"].items()}
    if request["method"] == "GET":
        parts = request["path"].removeprefix("/cdn").split("/")
        return site.client.get("/".join([*parts[:3], site.key, *parts[4:]]))
    body = base64.b64decode(request["body_b64"])
    is_packed = headers.get("content-encoding") == "gzip"
    text = gzip.decompress(body) if is_packed else body
    if b'"writeKey"' in text:
        payload = json.loads(text)
        text = json.dumps({**payload, "writeKey": site.key}, ensure_ascii=False).encode()
        body = gzip.compress(text, mtime=0) if is_packed else text
    sent = {name: headers[name] for name in SENT[1:] if name in headers}
    return site.client.post(
        request["path"],
        body,
        content_type=headers["content-type"],
        headers={**sent, "authorization": basic(site.key)},
    )


@transaction.atomic
def applied() -> Counter[tuple[str, str, str]]:
    rows = InboxDelivery.objects.values_list("topic", "status", "reason")
    return Counter(rows)


@pytest.mark.parametrize("library", CLIENTS)
def test_every_recorded_request_is_taken_and_applied(
    site: FakeSite, conformance_data: Path, library: str
) -> None:
    requests = read_requests(conformance_data, library)
    for request in requests:
        answer = replay(site, request)
        assert answer.status_code == HTTPStatus.OK, request["path"]
        assert request["method"] == "GET" or answer.json()["success"] is True
    site.drain()
    found = applied()
    assert {(status, reason) for _, status, reason in found} == {("applied", "")}
    assert sum(found.values()) == sum(1 for request in requests if request["method"] == "POST")


def test_the_calls_of_the_python_client_end_on_their_profiles(
    site: FakeSite, conformance_data: Path
) -> None:
    for request in read_requests(conformance_data, "segment-analytics-python"):
        replay(site, request)
    site.drain()
    with transaction.atomic():
        zoe = Profile.objects.get(email="zoe@example.com")
        assert (zoe.first_name, zoe.properties["createdAt"]) == ("Zoë", "2026-01-02T03:04:05")
        names = Event.objects.exclude(name="Profile Created").order_by("pk")
        assert list(names.filter(profile_id=zoe.pk).values_list("name", flat=True)) == [
            "Order Completed",
            "Page Viewed",
            "Screen Viewed",
            "Group Joined",
        ]
        assert Identity.objects.get(kind="anonymous", value_norm="anon-1").profile_id == zoe.pk
        visitor = Identity.objects.get(kind="anonymous", value_norm="anon-9").profile_id
        assert list(names.filter(profile_id=visitor).values_list("name", flat=True)) == [
            "Product Viewed"
        ]


def test_the_calls_of_the_browser_client_end_on_one_profile(
    site: FakeSite, conformance_data: Path
) -> None:
    for request in read_requests(conformance_data, "segment-analytics-next"):
        replay(site, request)
    site.drain()
    with transaction.atomic():
        [zoe] = Profile.objects.filter(merged_into=None)
        assert (zoe.email, zoe.locale, zoe.timezone) == ("zoe@example.com", "en-US", "UTC")
        kinds = Counter(Identity.objects.values_list("kind", flat=True))
        assert kinds == {"customer_id": 1, "email": 1, "anonymous": 1}
        page = Event.objects.get(name="Page Viewed")
        assert page.properties["path"] == "/products/tee"


def test_the_calls_of_another_product_are_no_calls_of_this_one(
    site: FakeSite, conformance_data: Path
) -> None:
    for request in read_requests(conformance_data, "customerio"):
        answer = site.client.generic(request["method"], f"/v1{request['path']}", b"{}")
        assert answer.status_code == HTTPStatus.NOT_FOUND
    assert site.filed() == []
