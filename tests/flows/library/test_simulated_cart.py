"""A cart of the simulator, as it can be watched: webhook, mail, text in the mailbox, order, end."""

import json
from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.db import transaction
from django.test import Client

from config.provisioning import provision_tenant
from flows.models import Flow, FlowDraft, FlowRun
from flows.services.flows import set_holdout
from kernel import clock
from kernel.scope import tenant_scope
from kernel.work import drain_tenant
from messaging.models import Sender
from messaging.services import lanes
from messaging.services.accounts import connect_account
from messaging.types import AccountData
from stores.simulator.catalogue import JUNIPER
from stores.simulator.payloads import LiveStore, Post
from stores.simulator.people import name_shopper
from tenants.models import Tenant
from tests.factories.messaging import make_account
from tests.factories.tenants import sign_in
from tests.flows.library.story import SLUG, Outbox
from tests.support.shopify import FakeShop

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.covers("F3")]

NUMBER = "+447700900123"


def open_for_business(tenant: Tenant) -> None:
    """Send mail, and let texts be read in the mailbox of this installation."""
    provision_tenant(tenant.pk)
    with tenant_scope(tenant.pk), transaction.atomic():
        Sender.objects.update(email="hello@ada-soap.example", postal_address="1 Soap Lane, London")
        make_account()
        texts = AccountData("sms", "mailbox", "Mailbox of this installation", {}, {})
        connect_account(texts, actor="ada@example.com")


def switch_on_quickly(member: Client, tenant: Tenant) -> None:
    """Install cart recovery with a minute in the place of every wait, and switch it on."""
    member.post(f"/t/{SLUG}/flows/library/install/", {"key": "cart_recovery"})
    with tenant_scope(tenant.pk), transaction.atomic():
        flow = Flow.objects.get(key="cart_recovery")
        set_holdout(flow.pk, 0)
        graph = FlowDraft.objects.get(flow=flow).graph
    for node in graph["nodes"].values():
        if node["type"] == "wait_event":
            node["timeout"] = {"n": 1, "unit": "minutes"}
    page = f"/t/{SLUG}/flows/{flow.pk}/"
    saved = member.post(f"{page}save/", {"graph": json.dumps(graph)}, headers={"If-Match": "*"})
    assert saved.status_code == 200
    assert member.post(f"{page}publish/", {"on": "1"}).status_code == 200


def tell(shop: FakeShop, tenant: Tenant, *posts: Post) -> None:
    for post in posts:
        assert shop.deliver(post.topic, post.payload, post.delivery_id) == 200
    drain_tenant(tenant.pk)


def test_a_simulated_cart_is_written_to_texted_and_bought(
    shop: FakeShop, tenant: Tenant, broker: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    outbox, real = Outbox(), lanes._open
    monkeypatch.setattr(
        lanes, "_open", lambda account: outbox if account.channel == "email" else real(account)
    )
    ada = name_shopper([], JUNIPER, "ada@shoppers.example", NUMBER)
    store = LiveStore(JUNIPER, seed=1, only=ada)
    with time_machine.travel("2026-06-01T12:00:00+00:00", tick=False) as travel:
        open_for_business(tenant)
        switch_on_quickly(sign_in(tenant), tenant)

        tell(shop, tenant, *store.leave_cart(clock.now()))
        [letter] = outbox.sent
        assert letter.to_address == "ada@shoppers.example"
        assert letter.content.subject == "You left something in your cart"
        assert "juniper-moss.example/checkouts/" in letter.content.text

        travel.shift(timedelta(minutes=1))
        drain_tenant(tenant.pk)
        [text] = mail.outbox
        assert text.to == ["447700900123@sms.localhost"]
        assert text.from_email == "Mailbox of this installation <shop@sms.localhost>"
        assert "your cart is still here" in text.body

        tell(shop, tenant, *store.leave_cart(clock.now() + timedelta(hours=1)))
        tell(shop, tenant, next(iter(store.purchase(clock.now()))))
        travel.shift(timedelta(minutes=90))
        drain_tenant(tenant.pk)
    with tenant_scope(tenant.pk), transaction.atomic():
        reasons = list(FlowRun.objects.order_by("pk").values_list("flow__key", "exit_reason"))
    assert reasons == [
        ("cart_recovery", "the text was the last step"),
        ("post_purchase", "confirmation queued"),
    ]
    assert len(mail.outbox) == 1
