"""From an order to its one confirmation, and back as an opened and a clicked mail."""

import html
import re
from datetime import timedelta

import pytest
import time_machine
from django.db import transaction
from django.test import Client

from config.provisioning import provision_tenant
from crm.models import Event, Profile, ProfileFacts, Store
from crm.services.ingest import apply_records
from crm.types import CustomerRecord, LineData, OrderRecord
from kernel import clock
from kernel.work import drain_tenant
from messaging.models import Message
from messaging.services.checks import find_differences
from tenants.models import Tenant
from tests.support.smtp import SmtpServer

BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/120 Safari/537.36"


@pytest.fixture(autouse=True)
def no_foreign_gates() -> None:
    """Keep the gates of every app."""


def place_order(shop: Tenant, external_id: str) -> None:
    store, _ = Store.objects.get_or_create(
        name="Shop",
        defaults={
            "platform": "shopify",
            "currency": "GBP",
            "timezone": "Europe/London",
            "url": "https://ada.example",
        },
    )
    now = clock.now()
    order = OrderRecord(
        external_id=external_id,
        version_at=now,
        ordered_at=now,
        currency="GBP",
        gross_minor=5990,
        number=f"#{external_id}",
        customer=CustomerRecord(
            external_id="c1", version_at=now, email="ada@example.com", first_name="Ada"
        ),
        lines=[
            LineData(
                line_key="1",
                position=0,
                quantity=1,
                unit_price_minor=5990,
                total_minor=5990,
                title="Soap",
            )
        ],
        city="Bath",
    )
    with transaction.atomic():
        apply_records(store.pk, [order], source="webhook", now=now)


def test_an_order_becomes_one_confirmation_that_is_opened_and_clicked(
    shop: Tenant, smtp: SmtpServer, noon: time_machine.Traveller
) -> None:
    provision_tenant(shop.pk)

    place_order(shop, "1001")
    place_order(shop, "1001")
    drain_tenant(shop.pk)
    drain_tenant(shop.pk)

    message = Message.objects.get()
    assert (message.status, message.reason, message.message_class) == ("sent", "", "transactional")
    assert message.gates is not None
    assert [gate["gate"] for gate in message.gates][:2] == ["exit_condition", "flow_filter"]
    [mail] = smtp.mails
    assert mail["Subject"] == "Your order #1001 is confirmed"
    assert mail["Message-ID"] == message.message_id
    assert smtp.received == {"ada@example.com": 1}

    part = mail.get_body(("html",))
    assert part is not None
    [pixel] = re.findall(r"(/o/[^\"]+)", part.get_content())
    noon.shift(timedelta(minutes=5))
    assert Client(headers={"user-agent": BROWSER}).get(html.unescape(pixel)).status_code == 200
    drain_tenant(shop.pk)

    message.refresh_from_db()
    facts = ProfileFacts.objects.get(profile=Profile.objects.get())
    assert message.opened_at == clock.now()
    assert facts.last_opened_at == clock.now()
    assert facts.order_count == 1
    names = ["Message Sent", "Message Opened"]
    found = Event.objects.filter(name__in=names).order_by("occurred_at")
    assert list(found.values_list("name", "object_id")) == [(name, message.pk) for name in names]
    assert find_differences() == []


def test_each_order_of_one_person_gets_its_own_confirmation(shop: Tenant, smtp: SmtpServer) -> None:
    provision_tenant(shop.pk)

    place_order(shop, "1001")
    place_order(shop, "1002")
    drain_tenant(shop.pk)

    assert sorted(str(mail["Subject"]) for mail in smtp.mails) == [
        "Your order #1001 is confirmed",
        "Your order #1002 is confirmed",
    ]
