"""A clock that stands still, templates to send, and people to send to."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import time_machine
from django.db import transaction
from django.test import Client

from crm.models import Profile
from messaging.services.senders import ensure_default_sender
from segments.models import Segment
from tenants.models import Tenant
from tests.factories.campaigns import make_audience
from tests.factories.loyalty import make_profile
from tests.factories.tenants import call_with, make_key
from tests.flows.support import make_template

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture
def noon(tenant: Tenant) -> Iterator[time_machine.Traveller]:
    """Stand at noon UTC of 1 June 2026 with the templates ``note`` and ``order_note``."""
    with time_machine.travel(NOON, tick=False) as traveller:
        with transaction.atomic():
            make_template("note")
            make_template("order_note", "transactional")
        yield traveller


@pytest.fixture
def api(tenant: Tenant, broker: object) -> Client:
    """A client that shows a key of the tenant which may do everything."""
    return call_with(make_key(tenant))


@pytest.fixture
def sender(tenant: Tenant, noon: time_machine.Traveller) -> None:
    """Let the tenant have a sender."""
    ensure_default_sender()


@pytest.fixture
def people(tenant: Tenant) -> list[Profile]:
    return [make_profile() for _ in range(5)]


@pytest.fixture
def audience(people: list[Profile]) -> Segment:
    """A segment with these people in it."""
    return make_audience(people)
