"""A shop is suspended while its storefront goes on selling: nothing is lost, nothing is sent."""

from typing import Any

import pytest
from django.db import transaction

from config.provisioning import provision_tenant
from crm.models import Order
from kernel.work import drain_tenant, sweep
from messaging.models import Message
from stores.models import InboxDelivery
from tenants.models import Tenant
from tenants.services.lifecycle import resume_tenant, suspend_tenant
from tests.support.shopify import FakeShop, simple_order


@pytest.mark.django_db(databases=["default", "sys"], transaction=True)
def test_what_arrives_meanwhile_is_filed_and_read_after_resuming(
    shop: FakeShop, tenant: Tenant, broker: Any
) -> None:
    provision_tenant(tenant.pk)
    with transaction.atomic():
        suspend_tenant(actor="ada@example.com")
    assert shop.deliver("orders/create", simple_order(1), "d-1") == 200
    broker.flushdb()
    assert sweep() == 0
    assert drain_tenant(tenant.pk) == 0
    with transaction.atomic():
        assert InboxDelivery.objects.get().status == "pending"
        assert not Order.objects.exists()
        assert not Message.objects.exists()

    with transaction.atomic():
        resume_tenant(actor="ada@example.com")
    drain_tenant(tenant.pk)
    with transaction.atomic():
        assert InboxDelivery.objects.get().status == "applied"
        assert Order.objects.count() == 1
        assert Message.objects.get().status == "sent"
