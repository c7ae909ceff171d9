"""Reviews and tickets of tools: how each is signed, and what it is read as."""

import base64
import hmac
import json
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import pytest
from django.urls import reverse
from django.utils.html import escape

from crm.models import Store
from crm.types.care import ReviewRecord, TicketRecord
from stores.errors import Untranslatable
from stores.platforms import PLATFORMS
from stores.platforms.tools.guides import TOOL_GUIDES
from stores.types import Delivery, StoreContext, Translation
from tenants.models import Tenant
from tests.factories.tenants import sign_in

AT = datetime(2026, 5, 4, 10, tzinfo=UTC)
SECRET = "of-the-tests"
STORE = StoreContext(1, "zendesk", "GBP", "Europe/London")
REVIEW = {
    "id": 7,
    "title": "Lovely",
    "body": "Smells of roses",
    "rating": 5,
    "product_external_id": 501,
    "reviewer": {"email": "ada@example.com", "name": "Ada King Lovelace"},
    "hidden": False,
    "curated": "ok",
    "verified": "buyer",
    "created_at": "2026-05-01T10:00:00Z",
    "updated_at": "2026-05-02T10:00:00Z",
}
JUDGEME = {"review": REVIEW}
YOTPO = {
    "event": "review_updated",
    "data": {
        "id": "9",
        "title": "Meh",
        "content": "Cracked",
        "score": "2",
        "deleted": "false",
        "app_key": SECRET,
        "created_at": "2026-05-01 10:00:00 UTC",
        "updated_at": "2026-05-02 10:00:00 UTC",
        "verified_buyer": "true",
        "customer_email": "ada@example.com",
        "order": {"external_id": "1001"},
    },
}
ZENDESK = {
    "ticket": {
        "id": "35",
        "subject": "Where is it?",
        "status": "Solved",
        "channel": "Email",
        "priority": "High",
        "tags": "late parcel",
        "url": "soap.zendesk.com/agent/tickets/35",
        "satisfaction": "Good",
        "created_at": "2026-05-01T10:00:00Z",
        "updated_at": "2026-05-02T10:00:00Z",
        "requester": {"email": "ada@example.com", "name": "Ada", "phone": ""},
    }
}
GORGIAS = {
    "ticket": {
        "id": "11",
        "subject": "Broken",
        "status": "closed",
        "channel": "chat",
        "priority": "normal",
        "created_datetime": "2026-05-01T10:00:00",
        "updated_datetime": "2026-05-02T10:00:00",
        "closed_datetime": "2026-05-02T09:00:00",
        "customer": {"email": "ada@example.com", "name": "Ada"},
    }
}
INTERCOM = {
    "type": "notification_event",
    "id": "notif_1",
    "topic": "conversation.admin.closed",
    "app_id": "abc",
    "created_at": 1777716000,
    "data": {
        "item": {
            "id": "21",
            "state": "open",
            "title": "<p>Too small</p>",
            "created_at": 1777629600,
            "updated_at": 1777716000,
            "source": {
                "type": "conversation",
                "author": {"type": "user", "email": "ada@example.com", "name": "Ada"},
            },
            "tags": {"tags": [{"name": "size"}]},
            "statistics": {"first_admin_reply_at": 1777633200, "last_close_at": 1777716000},
            "conversation_rating": {"rating": 1},
        }
    },
}


def sign(platform: str, body: bytes) -> dict[str, str]:
    """Return the headers that a tool sends with a body."""
    key = SECRET.encode()
    stamp = "2026-05-02T10:00:00Z"
    spelled = base64.b64encode(hmac.digest(key, stamp.encode() + body, "sha256")).decode()
    return {
        "judgeme": {"judgeme-hmac-sha256": hmac.digest(key, body, "sha256").hex()},
        "yotpo": {"eventid": "e-1"},
        "zendesk": {
            "x-zendesk-webhook-signature": spelled,
            "x-zendesk-webhook-signature-timestamp": stamp,
            "x-zendesk-webhook-invocation-id": "i-1",
        },
        "gorgias": {"x-patron-secret": SECRET},
        "intercom": {"x-hub-signature": "sha1=" + hmac.digest(key, body, "sha1").hex()},
    }[platform]


SAMPLES = {
    "judgeme": JUDGEME,
    "yotpo": YOTPO,
    "zendesk": ZENDESK,
    "gorgias": GORGIAS,
    "intercom": INTERCOM,
}


def translate(platform: str, payload: Any) -> Translation:
    body = json.dumps(payload).encode()
    head = PLATFORMS[platform].read_head({}, body)
    delivery = Delivery(1, head.topic, "webhook", {}, body, None, AT)
    return PLATFORMS[platform].translate(delivery, STORE)


def read(platform: str, payload: Any) -> Any:
    (record,) = translate(platform, payload).records
    return record


@pytest.mark.parametrize("platform", list(SAMPLES))
def test_only_what_shows_the_secret_is_taken(platform: str) -> None:
    tool, body = PLATFORMS[platform], json.dumps(SAMPLES[platform]).encode()
    head = tool.read_head(sign(platform, body), body)
    assert tool.is_signed(SECRET, body, head)
    assert not tool.is_signed("another", body, head)
    assert not tool.is_signed("", body, head)
    bare = tool.read_head({}, body.replace(SECRET.encode(), b""))
    assert not tool.is_signed(SECRET, body, bare)
    if platform not in ("yotpo", "gorgias"):
        assert not tool.is_signed(SECRET, body + b" ", head)


def test_a_review_of_judgeme() -> None:
    record = read("judgeme", JUDGEME)
    assert isinstance(record, ReviewRecord)
    assert (record.external_id, record.rating, record.status) == ("7", 5, "published")
    assert (record.product_external_id, record.is_verified) == ("501", True)
    assert record.customer is not None
    assert (record.customer.first_name, record.customer.last_name) == ("Ada", "King Lovelace")
    assert record.customer.external_id == ""
    hidden = read("judgeme", {"review": {**REVIEW, "hidden": True}})
    assert hidden.status == "hidden"


def test_a_review_of_yotpo_whose_values_are_words() -> None:
    record = read("yotpo", YOTPO)
    assert (record.external_id, record.rating, record.status) == ("9", 2, "published")
    assert (record.order_external_id, record.is_verified) == ("1001", True)
    assert record.reviewed_at == datetime(2026, 5, 1, 10, tzinfo=UTC)


def test_a_ticket_of_a_zendesk_trigger() -> None:
    record = read("zendesk", ZENDESK)
    assert isinstance(record, TicketRecord)
    assert (record.external_id, record.status, record.channel) == ("35", "resolved", "email")
    assert (record.priority, record.satisfaction) == ("high", "good")
    assert (record.tags, record.url) == (
        ["late", "parcel"],
        "https://soap.zendesk.com/agent/tickets/35",
    )


def test_a_ticket_event_of_zendesk_names_nobody() -> None:
    detail = {"id": "35", "status": "OPEN", "subject": "Hi", "updated_at": "2026-05-02T10:00:00Z"}
    event = {"type": "zen:event-type:ticket.status_changed", "detail": detail}
    record = read("zendesk", event)
    assert (record.status, record.subject, record.customer) == ("open", "Hi", None)
    gone = read("zendesk", {**event, "type": "zen:event-type:ticket.soft_deleted"})
    assert gone.status == "resolved"


def test_a_ticket_of_gorgias() -> None:
    record = read("gorgias", GORGIAS)
    assert (record.status, record.subject) == ("resolved", "Broken")
    assert record.resolved_at == datetime(2026, 5, 2, 9, tzinfo=UTC)


def test_a_conversation_of_intercom() -> None:
    record = read("intercom", INTERCOM)
    assert (record.status, record.subject, record.satisfaction) == ("resolved", "Too small", "bad")
    assert record.url == "https://app.intercom.com/a/apps/abc/conversations/21"
    assert (record.tags, record.channel) == (["size"], "conversation")


@pytest.mark.parametrize(
    ("platform", "payload"),
    [
        ("judgeme", {"shop": 1}),
        ("yotpo", {"event": "loyalty", "data": {}}),
        ("zendesk", {"type": "zen:event-type:user.created", "detail": {}}),
        ("zendesk", {"hello": "world"}),
        ("gorgias", {"hello": "world"}),
        ("intercom", {"topic": "ping"}),
    ],
)
def test_what_means_nothing_here_is_ignored_with_a_reason(platform: str, payload: Any) -> None:
    found = translate(platform, payload)
    assert found.records == ()
    assert found.ignored


@pytest.mark.parametrize(
    ("platform", "payload"),
    [
        ("judgeme", {"review": {**REVIEW, "id": None}}),
        ("yotpo", {"event": "review_create", "data": {"id": "9", "score": "good"}}),
        ("gorgias", {"ticket": {**GORGIAS["ticket"], "created_datetime": "yesterday"}}),
        ("intercom", {**INTERCOM, "data": {}}),
    ],
)
def test_what_cannot_be_read_is_put_aside(platform: str, payload: Any) -> None:
    with pytest.raises(Untranslatable):
        translate(platform, payload)


@pytest.mark.django_db
@pytest.mark.parametrize("platform", list(TOOL_GUIDES))
def test_each_tool_has_a_page_that_connects_it(tenant: Tenant, platform: str) -> None:
    address = f"{reverse('stores:connect_tool', args=[tenant.slug])}?platform={platform}"
    client = sign_in(tenant)
    assert escape(TOOL_GUIDES[platform].brings) in client.get(address).content.decode()
    answer = client.post(address, {"name": "Mine", "secret": SECRET})
    assert answer.status_code == HTTPStatus.CREATED
    store = Store.objects.get()
    assert (store.name, store.platform, store.currency) == ("Mine", platform, tenant.currency)
    page = answer.content.decode()
    assert f"/webhooks/{platform}/" in page
    assert all(topic in page for topic in TOOL_GUIDES[platform].topics)


@pytest.mark.django_db
def test_a_tool_that_has_a_secret_needs_it(tenant: Tenant) -> None:
    address = f"{reverse('stores:connect_tool', args=[tenant.slug])}?platform=zendesk"
    answer = sign_in(tenant).post(address, {"name": "Desk"})
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert not Store.objects.exists()
