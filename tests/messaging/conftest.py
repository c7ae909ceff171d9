"""A mail server on loopback, a tenant that sends through it, and a clock that stands still."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import time_machine
from django.conf import settings
from django.core.cache import cache
from django.db import transaction

from kernel.secrets import encrypt
from messaging import gates
from messaging.channels import email_smtp, push_fcm
from messaging.models import ChannelAccount, Sender
from messaging.services.accounts import connect_account
from messaging.services.senders import ensure_default_sender
from messaging.types import AccountData
from stores.services import write_keys
from stores.services.write_keys import forget_keys
from tenants.choices import KeyKind
from tenants.models import Tenant
from tenants.services.keys import create_key
from tests.support.push_services import Server, serve_push
from tests.support.smtp import SmtpServer

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def no_foreign_gates(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out what other apps filled in; their own tests show it."""
    own = {
        name: gate
        for name, gate in gates._filled.items()
        if gate.__module__.startswith("messaging.")
    }
    monkeypatch.setattr(gates, "_filled", own)


@pytest.fixture
def noon() -> Iterator[time_machine.Traveller]:
    """Stand at noon UTC of 1 June 2026."""
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def smtp() -> Iterator[SmtpServer]:
    server = SmtpServer()
    server.start()
    yield server
    for channel in email_smtp._local.__dict__.pop("channels", {}).values():
        channel.close()
    server.stop()


@pytest.fixture
def shop(tenant: Tenant, smtp: SmtpServer, noon: time_machine.Traveller) -> Tenant:
    """A tenant with a sender and an account on the mail server of the test."""
    with transaction.atomic():
        ensure_default_sender()
        Sender.objects.update(email="hello@ada-soap.example", reply_to="help@ada-soap.example")
        ChannelAccount.objects.create(
            channel="email",
            provider="smtp",
            name="Test server",
            credentials_encrypted=encrypt(json.dumps({"url": smtp.url})),
            is_default=True,
        )
    return tenant


@pytest.fixture
def account(tenant: Tenant, noon: time_machine.Traveller) -> ChannelAccount:
    """An account at a provider that tells what becomes of messages."""
    with transaction.atomic():
        return ChannelAccount.objects.create(
            channel="email", provider="postmark", name="Postmark", credentials_encrypted=""
        )


@pytest.fixture
def people(tenant: Tenant, noon: time_machine.Traveller, db: None) -> Tenant:
    """A tenant that can send mail, at noon."""
    with transaction.atomic():
        ensure_default_sender()
    return tenant


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with serve_push() as found:
        monkeypatch.setattr(push_fcm, "HOST", found.url)
        monkeypatch.setattr(push_fcm, "_tokens", {})
        monkeypatch.setattr(settings, "OUTGOING_PRIVATE", True)
        yield found


@pytest.fixture
def web(shop: Tenant) -> ChannelAccount:
    data = AccountData("push", "web", "Site", {}, {"contact": "ada@soap.example"})
    return connect_account(data, actor="ada@example.com")


@pytest.fixture
def key(shop: Tenant, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A write key of the site; the transaction of the test stays open while it is looked up."""
    monkeypatch.setattr(write_keys, "close_old_connections", lambda: None)
    forget_keys()
    cache.clear()  # calls are counted by address, whatever the test
    yield create_key(name="Site", kind=KeyKind.WRITE).secret
    forget_keys()
