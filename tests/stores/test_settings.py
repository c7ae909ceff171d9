"""Settings of a store: its name, its secret, and cutting it off without losing anything."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
import time_machine
from django.db import transaction
from django.test import Client

from crm.choices import StoreStatus
from crm.models import Order, Store
from kernel import clock
from kernel.work import drain_tenant
from stores.models import InboxDelivery
from stores.services.connections import forget_connections
from tenants.models import AuditEntry, Tenant
from tests.factories.samples import make_store
from tests.factories.tenants import sign_in
from tests.support.shopify import FakeShop, simple_order

pytestmark = pytest.mark.django_db(transaction=True)


def address(shop: FakeShop, action: str) -> str:
    return f"/t/ada-soap/stores/{shop.store.store_id}/{action}/"


def actions() -> list[str]:
    with transaction.atomic():
        return list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))[1:]


def test_a_store_gets_another_name_that_no_other_has(shop: FakeShop, tenant: Tenant) -> None:
    with transaction.atomic():
        make_store("Taken")
    owner = sign_in(tenant)
    page = owner.post(address(shop, "settings"), {"name": "Taken"})
    assert page.status_code == 422
    assert "already" in page.content.decode()
    assert actions() == []
    owner.post(address(shop, "settings"), {"name": "  Shop   UK "})
    with transaction.atomic():
        assert Store.objects.get(pk=shop.store.store_id).name == "Shop UK"
    assert actions() == ["store.renamed"]


def test_both_secrets_are_accepted_for_an_hour_and_the_new_one_is_shown_once(
    shop: FakeShop, tenant: Tenant, client: Client
) -> None:
    owner = sign_in(tenant)
    page = owner.post(address(shop, "secret"), {"secret": ""})
    found = re.search(r"secret-new[^>]*>([0-9a-f]{64})<", page.content.decode())
    assert page.status_code == 201
    assert found
    assert found[1] not in owner.get(address(shop, "settings")).content.decode()
    fresh = FakeShop(replace(shop.store, secret=found[1]), client)
    assert shop.deliver("orders/create", simple_order(1), "d-1") == 200
    assert fresh.deliver("orders/create", simple_order(2), "d-2") == 200
    forget_connections()
    with time_machine.travel(clock.now() + timedelta(hours=1, seconds=1), tick=False):
        assert shop.deliver("orders/create", simple_order(3), "d-3") == 401
        assert fresh.deliver("orders/create", simple_order(3), "d-3") == 200
    assert actions() == ["store.secret_changed"]


def test_a_disconnected_store_receives_nothing_and_keeps_its_data(
    shop: FakeShop, tenant: Tenant
) -> None:
    shop.deliver("orders/create", simple_order(1), "d-1")
    owner = sign_in(tenant)
    for _ in range(2):
        owner.post(address(shop, "disconnect"))
    assert shop.deliver("orders/create", simple_order(2), "d-2") == 404
    drain_tenant(tenant.pk, kinds=["inbox"])
    with transaction.atomic():
        assert Store.objects.get().status == StoreStatus.DISCONNECTED
        assert InboxDelivery.objects.get().status == "applied"
        assert Order.objects.count() == 1
    assert actions() == ["store.disconnected"]
    page = owner.get(f"/t/ada-soap/stores/{shop.store.store_id}/").content.decode()
    assert "This store is disconnected" in page
    assert shop.store.webhook_url not in page


def test_a_store_that_is_connected_again_has_a_new_address_and_its_old_secret(
    shop: FakeShop, tenant: Tenant, client: Client
) -> None:
    owner = sign_in(tenant)
    owner.post(address(shop, "disconnect"))
    owner.post(address(shop, "reconnect"))
    page = owner.get(f"/t/ada-soap/stores/{shop.store.store_id}/").content.decode()
    found = re.search(r"http://[^<\s]+/webhooks/shopify/[\w-]+/", page)
    assert found
    assert found[0] != shop.store.webhook_url
    again = FakeShop(replace(shop.store, webhook_url=found[0]), client)
    assert shop.deliver("orders/create", simple_order(1), "d-1") == 404
    assert again.deliver("orders/create", simple_order(1), "d-1") == 200
    assert actions() == ["store.disconnected", "store.connected"]


def test_a_store_for_imports_has_neither_secret_nor_address(tenant: Tenant) -> None:
    with transaction.atomic():
        store = make_store("Import")
    owner = sign_in(tenant)
    home = f"/t/ada-soap/stores/{store.pk}/"
    page = owner.get(f"{home}settings/").content.decode()
    assert "Signing secret" not in page
    answer = owner.post(f"{home}secret/", {"secret": ""}, follow=True)
    assert "This store has no webhook address" in answer.content.decode()
    with transaction.atomic():
        assert not AuditEntry.objects.exists()
