"""A mail server on loopback, a tenant that sends through it, and a clock that stands still."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import time_machine
from django.db import transaction

from kernel.secrets import encrypt
from messaging import gates
from messaging.channels import email_smtp
from messaging.models import ChannelAccount, Sender
from messaging.services.senders import ensure_default_sender
from tenants.models import Tenant
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
