"""A clock that stands still, and templates to send."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import time_machine
from django.db import transaction
from django.test import Client

from tenants.models import Tenant
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
