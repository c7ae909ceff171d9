"""The callback edge: who calls is checked, what is told is committed, and then it is answered."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import pytest
import time_machine
from django.db import transaction
from django.test import Client

from kernel.batches import Deadline
from kernel.postgres.edge import close_connections
from kernel.postgres.groups import write_together
from kernel.secrets import encrypt
from kernel.tenancy import tenant_scope
from messaging.models import ChannelAccount, Message, ProviderCallback
from messaging.services import callback_edge
from messaging.services.accounts import callback_url
from messaging.services.callbacks import apply_callbacks
from messaging.services.tokens import callback_url as sign_url
from messaging.views import callback_accounts
from messaging.views.callback_accounts import forget_accounts
from tenants.models import Tenant
from tests.factories.messaging import make_recipient, make_template, queue_message

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls("messaging.public_urls")]

SVIX_KEY = base64.b64encode(b"k" * 24).decode()


@pytest.fixture(autouse=True)
def rings(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, int]]]:
    """What was rung for."""
    found: list[tuple[str, int]] = []
    monkeypatch.setattr(
        callback_edge, "ring_soon", lambda kind, tenant: found.append((kind, tenant))
    )
    forget_accounts()
    yield found
    close_connections()


@transaction.atomic
def connect(provider: str = "postmark", **credentials: str) -> str:
    """Return the path where a new account is told what became of messages."""
    row = ChannelAccount.objects.create(
        channel="email",
        provider=provider,
        name=provider,
        credentials_encrypted=encrypt(json.dumps(credentials)),
    )
    return urlsplit(callback_url(row)).path


@transaction.atomic
def rows() -> list[tuple[str, str, str]]:
    found = ProviderCallback.objects.order_by("pk")
    return list(found.values_list("kind", "status", "detail"))


def post(client: Client, path: str, said: Any, **headers: str) -> int:
    body = said if isinstance(said, bytes) else json.dumps(said).encode()
    kind = headers.pop("content_type", "application/json")
    return client.post(path, body, content_type=kind, headers=headers).status_code


def delivery(**more: Any) -> dict[str, Any]:
    return {
        "RecordType": "Delivery",
        "MessageID": "b7bc2f4a-1",
        "Recipient": "zoe@example.com",
        "DeliveredAt": "2026-06-01T12:00:00Z",
        "Details": "250 ok",
        **more,
    }


@pytest.mark.covers("C8")
def test_what_is_told_is_committed_before_the_answer(
    tenant: Tenant, client: Client, rings: list[tuple[str, int]]
) -> None:
    path = connect()

    assert post(client, path, delivery(Metadata={"patron": "7-4711"})) == HTTPStatus.OK

    with transaction.atomic():
        row = ProviderCallback.objects.get()
    assert (row.kind, row.status, row.tries) == ("delivered", "pending", 0)
    assert row.body == {
        "at": "2026-06-01T12:00:00+00:00",
        "provider_id": "b7bc2f4a-1",
        "reference": "7-4711",
        "recipient": "zoe@example.com",
        "detail": "250 ok",
    }
    assert rings == [("callbacks", tenant.pk)]


@pytest.mark.covers("C8")
def test_what_is_told_twice_is_kept_once(tenant: Tenant, client: Client) -> None:
    path = connect()

    for _ in range(3):
        assert post(client, path, delivery()) == HTTPStatus.OK
    assert post(client, path, delivery(DeliveredAt="2026-06-01T12:00:01Z")) == HTTPStatus.OK

    assert [kind for kind, _, _ in rows()] == ["delivered", "delivered"]


@pytest.mark.covers("C8")
def test_an_address_that_was_not_made_here_leads_nowhere(tenant: Tenant, client: Client) -> None:
    path = connect()
    forged = path.replace(path.split("/")[4], f"{tenant.pk}.1:forged")

    for wrong in (forged, path.replace("postmark", "brevo"), path.replace("email", "sms")):
        assert post(client, wrong, delivery()) == HTTPStatus.NOT_FOUND
    assert post(client, path.replace("postmark", "smtp"), delivery()) == HTTPStatus.NOT_FOUND
    assert rows() == []


def test_an_account_that_was_removed_is_told_nothing(tenant: Tenant, client: Client) -> None:
    path = sign_url("email", "postmark", tenant.pk, 4711)

    assert post(client, urlsplit(path).path, delivery()) == HTTPStatus.NOT_FOUND


def test_what_is_told_to_one_tenant_stays_with_it(
    tenant: Tenant, other_tenant: Tenant, client: Client
) -> None:
    with tenant_scope(other_tenant.pk):
        path = connect()

    assert post(client, path, delivery()) == HTTPStatus.OK

    assert rows() == []
    with tenant_scope(other_tenant.pk):
        assert len(rows()) == 1


@pytest.mark.covers("C8")
def test_a_forged_request_is_refused_and_shown(tenant: Tenant, client: Client) -> None:
    path = connect("mailersend", api_token="x", signing_secret="right")
    told = {"type": "activity.delivered", "data": {"type": "delivered", "message_id": "m"}}
    body = json.dumps(told).encode()
    wrong = hmac.new(b"wrong", body, hashlib.sha256).hexdigest()
    right = hmac.new(b"right", body, hashlib.sha256).hexdigest()

    assert post(client, path, body) == HTTPStatus.UNAUTHORIZED
    assert post(client, path, body, signature=wrong) == HTTPStatus.UNAUTHORIZED
    assert rows() == [("refused", "ignored", callback_edge.REFUSALS["signature"])]
    with transaction.atomic():
        assert ProviderCallback.objects.get().tries == 2

    assert post(client, path, body, signature=right) == HTTPStatus.OK
    assert [kind for kind, _, _ in rows()] == ["refused", "delivered"]


def test_without_its_secret_nobody_is_believed(tenant: Tenant, client: Client) -> None:
    for provider in ("mailgun", "resend", "mailersend"):
        path = connect(provider, api_key="x")
        body = json.dumps({"event-data": {"event": "delivered"}}).encode()

        assert post(client, path, body) == HTTPStatus.UNAUTHORIZED


def test_a_login_in_the_address_is_asked_for_where_one_is_set(
    tenant: Tenant, client: Client
) -> None:
    path = connect(callback_login="patron:s3cret")
    right = "Basic " + base64.b64encode(b"patron:s3cret").decode()

    assert post(client, path, delivery()) == HTTPStatus.UNAUTHORIZED
    assert post(client, path, delivery(), authorization="Basic eDp5") == HTTPStatus.UNAUTHORIZED
    assert post(client, path, delivery(), authorization=right) == HTTPStatus.OK


def test_a_secret_that_was_changed_holds_at_once(
    tenant: Tenant, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(callback_accounts, "RENEW_SECONDS", 0.0)
    path = connect("mailersend", api_token="x", signing_secret="old")
    body = json.dumps({"data": {"type": "delivered", "message_id": "m"}}).encode()
    new = hmac.new(b"new", body, hashlib.sha256).hexdigest()
    assert post(client, path, body, signature=new) == HTTPStatus.UNAUTHORIZED
    with transaction.atomic():
        ChannelAccount.objects.update(
            credentials_encrypted=encrypt(json.dumps({"signing_secret": "new"}))
        )

    assert post(client, path, body, signature=new) == HTTPStatus.OK


def test_resend_signs_as_svix_does(tenant: Tenant, client: Client) -> None:
    path = connect("resend", api_key="x", signing_secret=f"whsec_{SVIX_KEY}")
    body = json.dumps(
        {
            "type": "email.bounced",
            "created_at": "2026-06-01T12:00:00.000Z",
            "data": {
                "email_id": "49a3999c-1",
                "to": ["zoe@example.com"],
                "headers": [{"name": "X-Metadata", "value": json.dumps({"patron": "7-4711"})}],
                "bounce": {"message": "sent a hard bounce message", "type": "Permanent"},
            },
        }
    ).encode()
    signed = hmac.digest(b"k" * 24, b"msg_1.1780315200." + body, "sha256")
    headers = {
        "svix_id": "msg_1",
        "svix_timestamp": "1780315200",
        "svix_signature": "v1," + base64.b64encode(signed).decode(),
    }
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    assert post(client, path, body, **{**named, "svix-id": "msg_2"}) == HTTPStatus.UNAUTHORIZED
    assert post(client, path, body, **named) == HTTPStatus.OK

    assert [kind for kind, _, _ in rows()] == ["refused", "bounced_hard"]
    with transaction.atomic():
        row = ProviderCallback.objects.get(kind="bounced_hard")
    assert row.body["reference"] == "7-4711"
    digest = hashlib.sha256(row.body["recipient"].encode()).hexdigest()
    assert row.dedupe_key == f"msg_1:bounced_hard:{digest}"


def test_a_body_that_is_too_large_is_refused_and_shown(
    tenant: Tenant, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("messaging.views.hooks.MAX_BODY", 1000)
    path = connect()

    answer = post(client, path, delivery(Details="x" * 1000))

    assert answer == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    assert rows() == [("refused", "ignored", callback_edge.REFUSALS["too_large"])]


@pytest.mark.parametrize("body", [b"no JSON", b"[1, 2]", b'"text"', b"\xff\xfe", b"null"])
def test_a_body_of_nobody_is_refused_and_shown(tenant: Tenant, client: Client, body: bytes) -> None:
    assert post(client, connect(), body) == HTTPStatus.BAD_REQUEST

    assert rows() == [("refused", "ignored", callback_edge.REFUSALS["unreadable"])]


def test_an_address_is_tried_out_with_get_and_head(tenant: Tenant, client: Client) -> None:
    path = connect()

    assert client.get(path).status_code == HTTPStatus.OK
    assert client.head(path).status_code == HTTPStatus.OK
    assert client.put(path).status_code == HTTPStatus.METHOD_NOT_ALLOWED
    assert rows() == []


def test_a_batch_of_events_is_one_statement(
    tenant: Tenant, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    statements: list[str] = []
    write = write_together

    def watch(statement: str, row: Any, *, tenant_id: int) -> None:
        statements.append(statement)
        write(statement, row, tenant_id=tenant_id)

    monkeypatch.setattr(callback_edge, "write_together", watch)
    told = [
        {
            "msys": {
                "message_event": {
                    "type": "delivery",
                    "event_id": str(number),
                    "transmission_id": f"t{number}",
                    "timestamp": "1780315200",
                    "rcpt_meta": {"patron": f"7-{number}"},
                }
            }
        }
        for number in range(50)
    ]

    assert post(client, connect("sparkpost"), [*told, {"msys": {}}]) == HTTPStatus.OK

    assert len(rows()) == 50
    assert len(statements) == 1


@pytest.mark.covers("C8")
def test_the_whole_way_from_the_callback_to_the_page(
    tenant: Tenant, client: Client, noon: time_machine.Traveller
) -> None:
    path = connect()
    with transaction.atomic():
        message = queue_message(make_recipient(email="zoe@example.com"), make_template())
        Message.objects.filter(pk=message.pk).update(
            status="sent",
            sent_at=message.created_at,
            account=ChannelAccount.objects.get(),
            provider_id="b7bc2f4a-1",
            address="zoe@example.com",
        )
    bounce = {
        "RecordType": "Bounce",
        "Type": "SoftBounce",
        "ID": 1,
        "MessageID": "b7bc2f4a-1",
        "Email": "zoe@example.com",
        "BouncedAt": "2026-06-01T11:30:00Z",
        "Details": "452 mailbox full",
    }

    assert post(client, path, bounce) == HTTPStatus.OK
    assert apply_callbacks(Deadline(seconds=None)) == 1

    with transaction.atomic():
        message.refresh_from_db()
    assert (message.outcome, message.detail) == ("bounced", "SoftBounce: 452 mailbox full")
