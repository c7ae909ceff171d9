"""A shop with everything that every account starts with, at noon UTC of 1 June 2026, a Monday."""

from collections.abc import Iterator

import pytest
import time_machine

from config.provisioning import provision_tenant
from messaging.models import Sender
from messaging.services import lanes
from tenants.models import Tenant
from tests.factories.messaging import make_account
from tests.factories.phones import OURS
from tests.factories.tenants import call_with, make_key, sign_in
from tests.flows.library.story import Outbox, Story
from tests.support.shop_fixture import shop

__all__ = ["shop", "story"]

NOON = "2026-06-01T12:00:00+00:00"


@pytest.fixture
def story(tenant: Tenant, broker: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[Story]:
    """A shop that sends e-mail and SMS, and nobody in it yet."""
    with time_machine.travel(NOON, tick=False) as travel:
        provision_tenant(tenant.pk)
        Sender.objects.update(email="hello@ada-soap.example", postal_address="1 Soap Lane, London")
        make_account()
        make_account("sms", "twilio", options={"senders": OURS}, credentials={})
        outbox = Outbox()
        monkeypatch.setattr(lanes, "_open", lambda account: outbox)
        yield Story(sign_in(tenant), call_with(make_key(tenant)), travel, outbox)
