"""Senders: who may be written from, who is written from, and what stands in the way."""

import re
from datetime import datetime, timedelta

import pytest
import time_machine
from django.conf import settings
from django.core import mail
from django.core.cache import cache
from django.db import transaction
from django.test import Client

from kernel import clock
from kernel.tenancy import tenant_scope
from messaging.models import Sender
from messaging.services.senders import ensure_default_sender
from tenants.models import AuditEntry, Tenant
from tests.factories.samples import make_domain
from tests.factories.tenants import sign_in

SENDERS = "/t/ada-soap/settings/senders/"
NEW = {"name": "Ada", "email": "Ada@Soap.example", "reply_to": ""}
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def nobody_tried_before() -> None:
    """Forget the tries of other tests, which the limits would count along."""
    cache.clear()


@pytest.fixture
def default(tenant: Tenant) -> Sender:
    with transaction.atomic():
        return ensure_default_sender()


def newest() -> Sender:
    with transaction.atomic():
        return Sender.objects.order_by("-pk")[0]


def link() -> str:
    found = re.search(r"/v/\S+", str(mail.outbox[-1].body))
    assert found
    return found[0]


def test_an_address_is_verified_by_its_mail_and_then_sent_from(
    tenant: Tenant, default: Sender, client: Client
) -> None:
    owner = sign_in(tenant)
    owner.post(f"{SENDERS}new/", NEW)
    sender = newest()
    assert (sender.email, sender.is_default) == ("ada@soap.example", False)
    assert sender.verified_at is None
    assert mail.outbox[-1].to == ["ada@soap.example"]

    page = owner.post(f"{SENDERS}{sender.pk}/default/", follow=True)
    assert "Verify ada@soap.example first" in page.content.decode()
    assert client.get(link()).status_code == 200
    assert newest().verified_at is None
    for _ in range(2):
        assert "Confirmed" in client.post(link()).content.decode()
    assert newest().verified_at is not None
    owner.post(f"{SENDERS}{sender.pk}/default/")
    with transaction.atomic():
        assert Sender.objects.get(is_default=True).email == "ada@soap.example"
        actions = list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))
    assert actions == ["sender.added", "sender.verified", "sender.made_default"]


def test_a_link_is_sent_once_a_minute(tenant: Tenant, default: Sender) -> None:
    owner = sign_in(tenant)
    owner.post(f"{SENDERS}new/", NEW)
    again = f"{SENDERS}{newest().pk}/verify/"
    owner.post(again)
    assert len(mail.outbox) == 1
    with time_machine.travel(clock.now() + timedelta(minutes=1, seconds=1), tick=False):
        owner.post(again)
    assert len(mail.outbox) == 2


def test_links_to_ever_new_addresses_are_limited(tenant: Tenant, default: Sender) -> None:
    owner = sign_in(tenant)
    for number in range(20):
        owner.post(f"{SENDERS}new/", {**NEW, "email": f"p{number}@x.example"})
    page = owner.post(f"{SENDERS}new/", {**NEW, "email": "eve@x.example"}, follow=True)
    assert "Too many links in an hour" in page.content.decode()
    assert len(mail.outbox) == 20
    assert newest().asked_at is None


def test_a_link_does_not_verify_an_address_that_takes_the_place_of_its_own(
    tenant: Tenant, default: Sender, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = sign_in(tenant)
    owner.post(f"{SENDERS}new/", NEW)
    sender, path, now = newest(), link(), clock.now

    def change_address() -> datetime:
        Sender.objects.filter(pk=sender.pk).update(email="ceo@else.example")
        return now()

    monkeypatch.setattr("messaging.services.senders.clock.now", change_address)
    assert client.post(path).status_code == 404
    assert newest().verified_at is None


def test_a_link_is_worth_nothing_once_it_is_old_or_the_address_changed(
    tenant: Tenant, default: Sender, client: Client
) -> None:
    owner = sign_in(tenant)
    owner.post(f"{SENDERS}new/", NEW)
    first = link()
    with time_machine.travel(clock.now() + timedelta(days=3, seconds=1), tick=False):
        assert client.post(first).status_code == 404
    owner.post(f"{SENDERS}{newest().pk}/", {**NEW, "email": "bo@soap.example"})
    assert client.post(first).status_code == 404
    assert client.get("/v/made-up").status_code == 404
    assert newest().verified_at is None


def test_a_domain_whose_key_is_in_place_verifies_its_addresses(
    tenant: Tenant, default: Sender
) -> None:
    with transaction.atomic():
        make_domain(domain="soap.example", is_signing=True)
    owner = sign_in(tenant)
    owner.post(f"{SENDERS}new/", NEW)
    assert mail.outbox == []
    owner.post(f"{SENDERS}{newest().pk}/default/")
    assert newest().is_default


def test_the_domain_of_another_tenant_verifies_nothing(
    tenant: Tenant, other_tenant: Tenant, default: Sender
) -> None:
    with tenant_scope(other_tenant.pk), transaction.atomic():
        make_domain(domain="soap.example", is_signing=True)
    owner = sign_in(tenant)
    owner.post(f"{SENDERS}new/", NEW)
    owner.post(f"{SENDERS}{newest().pk}/default/")
    assert not newest().is_default


def test_the_default_sender_cannot_go_nor_take_an_address_of_somebody_else(
    tenant: Tenant, default: Sender
) -> None:
    owner = sign_in(tenant)
    page = owner.post(f"{SENDERS}{default.pk}/remove/", follow=True)
    assert "All mails leave from this sender" in page.content.decode()
    page = owner.post(f"{SENDERS}{default.pk}/", {**NEW, "email": "eve@bank.example"})
    assert page.status_code == 422
    with transaction.atomic():
        assert Sender.objects.get().email == default.email
        assert not AuditEntry.objects.exists()
    owner.post(f"{SENDERS}{default.pk}/", {"name": "New name", "email": default.email})
    assert newest().name == "New name"


def test_a_sender_that_is_not_used_is_removed(tenant: Tenant, default: Sender) -> None:
    owner = sign_in(tenant)
    owner.post(f"{SENDERS}new/", NEW)
    owner.post(f"{SENDERS}{newest().pk}/remove/")
    with transaction.atomic():
        assert list(Sender.objects.values_list("pk", flat=True)) == [default.pk]


def test_domains_of_other_scripts_are_kept_as_mail_servers_take_them(
    tenant: Tenant, default: Sender
) -> None:
    data = {**NEW, "email": "ada@bücher.example", "reply_to": "help@bücher.example"}
    sign_in(tenant).post(f"{SENDERS}new/", data)
    sender = newest()
    assert sender.email == "ada@xn--bcher-kva.example"
    assert sender.reply_to == "help@xn--bcher-kva.example"


def test_line_breaks_cannot_start_a_header(tenant: Tenant, default: Sender) -> None:
    sign_in(tenant).post(f"{SENDERS}new/", {**NEW, "name": "Ada\r\nBcc: all@example.com"})
    assert newest().name == "Ada Bcc: all@example.com"
    assert settings.PUBLIC_URL in str(mail.outbox[-1].body)
