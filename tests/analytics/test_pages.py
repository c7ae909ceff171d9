"""Home: its figures, what needs a person, what just happened, and the way of a new tenant."""

from datetime import timedelta

import pytest
from django.test import Client

from analytics.queries.attention import list_attention
from analytics.services.rollups import rebuild_rollups
from config.context import Navigation
from crm.models import Store
from kernel import clock
from messaging.models import ChannelAccount
from stores.choices import DeliveryStatus
from stores.models import InboxDelivery
from tenants.choices import Role
from tenants.models import Tenant
from tests.factories.crm import apply, make_store, order
from tests.factories.tenants import sign_in

HOME = "/t/ada-soap/"


def read(client: Client, address: str) -> str:
    page = client.get(address)
    assert page.status_code == 200, address
    return page.content.decode()


@pytest.fixture
def shop(tenant: Tenant) -> Store:
    """A store with one order of £59.90, placed just now."""
    store = make_store()
    now = clock.now()
    apply(store, order("1001", gross_minor=5990, ordered_at=now, version_at=now), now=now)
    rebuild_rollups()
    return store


def deliver(store: Store, status: str, number: int = 1, **fields: object) -> None:
    InboxDelivery.objects.create(
        store=store, delivery_id=str(number), topic="orders/create", body=b"{}", status=status
    )
    InboxDelivery.objects.filter(delivery_id=str(number)).update(**fields)


def test_a_new_tenant_sees_the_steps_and_no_figures(tenant: Tenant) -> None:
    text = read(sign_in(tenant), HOME)
    assert "Get started" in text
    assert "Connect a store" in text
    assert "home/kpis/" not in text


def test_who_may_not_connect_is_told_who_can(tenant: Tenant) -> None:
    assert "An owner or admin can do this" in read(sign_in(tenant, Role.ANALYST), HOME)


def test_tiles_show_the_figures_of_the_period(tenant: Tenant, shop: Store) -> None:
    text = read(sign_in(tenant), f"{HOME}home/kpis/?period=week")
    assert text.count("£59.90") == 3  # the week, the average, the lifetime value
    assert "Target 20–30%" in text
    assert "Target 25–40%" in text
    assert "Target under 5%" in text
    assert "What was paid ÷ orders, before refunds." in text


def test_a_period_that_does_not_exist_is_the_week(tenant: Tenant, shop: Store) -> None:
    assert "home/kpis/?period=week" in read(sign_in(tenant), f"{HOME}?period=century")


def test_nothing_needs_anybody(tenant: Tenant, shop: Store) -> None:
    assert "Nothing needs you" in read(sign_in(tenant), f"{HOME}home/attention/")


def test_what_needs_a_person_leads_there(tenant: Tenant, shop: Store) -> None:
    deliver(shop, DeliveryStatus.QUARANTINED)
    ChannelAccount.objects.create(
        channel="email", name="Mail", is_paused=True, paused_reason="Too many bounces"
    )
    text = read(sign_in(tenant), f"{HOME}home/attention/")
    assert "1 quarantined delivery" in text
    assert f"/t/ada-soap/stores/{shop.pk}/?status=quarantined" in text
    assert "Email is paused" in text
    assert "Too many bounces" in text


def test_a_store_that_lags_comes_before_what_is_put_aside(tenant: Tenant, shop: Store) -> None:
    deliver(shop, DeliveryStatus.QUARANTINED, 1)
    deliver(shop, DeliveryStatus.PENDING, 2, received_at=clock.now() - timedelta(minutes=9))
    assert [item.title for item in list_attention()] == [
        "Soap Shop is behind",
        "1 quarantined delivery",
    ]


def test_the_feed_shows_an_order_and_answers_nothing_when_it_is_the_same(
    tenant: Tenant, shop: Store
) -> None:
    client = sign_in(tenant)
    text = read(client, f"{HOME}home/feed/")
    assert "#1001" in text
    assert "£59.90" in text
    mark = text.partition('data-mark="')[2].partition('"')[0]
    assert client.get(f"{HOME}home/feed/?seen={mark}").status_code == 204
    now = clock.now()
    apply(shop, order("1002", ordered_at=now, version_at=now), now=now)
    assert "#1002" in read(client, f"{HOME}home/feed/?seen={mark}")


def test_the_frame_says_whether_all_is_in_step(tenant: Tenant, shop: Store) -> None:
    client = sign_in(tenant)
    assert "Everything is in step" in read(client, HOME)
    deliver(shop, DeliveryStatus.QUARANTINED, 1)
    assert "1 quarantined delivery" in read(client, HOME)
    deliver(shop, DeliveryStatus.PENDING, 2, received_at=clock.now() - timedelta(minutes=9))
    text = read(client, HOME)
    assert 'data-level="bad"' in text
    assert "Soap Shop is 9 min behind" in text


def test_a_tenant_without_a_store_has_no_health(tenant: Tenant) -> None:
    request = sign_in(tenant).get(HOME).wsgi_request
    assert Navigation(request).health is None
