from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import pytest
import time_machine
from django.db import transaction
from django.test import Client
from django.urls import reverse

from crm.services.stores import StoreData
from kernel import clock
from kernel.batches import Deadline
from kernel.postgres.edge import close_connections
from stores.models import Connection
from stores.platforms.shopify import tokens
from stores.platforms.shopify.webhooks import REGISTERED, ShopifyKeeper, spell
from stores.queries.registrations import find_registration
from stores.services import registering
from stores.services.connections import (
    connect_store,
    disconnect_store,
    forget_connections,
    reconnect_store,
    rotate_secret,
    save_credentials,
)
from stores.services.registering import AGAIN, SOON, drain_registrations
from stores.services.syncing import start_sync
from stores.types import Registration
from tenants.models import Tenant
from tests.factories.tenants import sign_in
from tests.support.shopify import FakeShop, simple_order
from tests.support.shopify_api import CLIENT_ID, CLIENT_SECRET, TOKEN, ShopifyApi

pytestmark = pytest.mark.django_db(transaction=True)

FOREVER = Deadline(seconds=None)
APP = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
ACTOR = "ada@example.com"


@pytest.fixture
def shop(
    at_ten: time_machine.Traveller, tenant: Tenant, client: Client, shopify_api: ShopifyApi
) -> Iterator[FakeShop]:
    forget_connections()
    shopify_api.filled_at = clock.now()
    data = StoreData(name="Ada Shopify", platform="shopify", url=shopify_api.url, currency="GBP")
    yield FakeShop(connect_store(data, credentials=APP), client)
    forget_connections()
    close_connections()


def register() -> int:
    return drain_registrations(FOREVER)


def registered(api: ShopifyApi) -> set[str]:
    return {str(each["topic"]) for each in api.subscriptions.values()}


@transaction.atomic
def state(shop: FakeShop) -> Registration | None:
    return find_registration(shop.store.store_id)


@transaction.atomic
def due_in(shop: FakeShop) -> timedelta | None:
    due_at = Connection.objects.get(store_id=shop.store.store_id).register_due_at
    return due_at - clock.now() if due_at else None


def test_a_store_that_is_connected_with_an_app_has_its_webhooks_registered(
    shop: FakeShop, shopify_api: ShopifyApi
) -> None:
    assert register() == 1
    assert registered(shopify_api) == {spell(topic) for topic in REGISTERED}
    assert {each["uri"] for each in shopify_api.subscriptions.values()} == {shop.store.webhook_url}
    found = state(shop)
    assert found is not None
    assert (found.is_due, found.detail, found.taken, found.missing) == (
        False,
        "",
        len(REGISTERED),
        [],
    )
    assert (register(), due_in(shop)) == (0, AGAIN)


def test_what_the_shop_dropped_is_registered_again_a_day_later_and_nothing_twice(
    shop: FakeShop, shopify_api: ShopifyApi, at_ten: time_machine.Traveller
) -> None:
    register()
    dropped = next(iter(shopify_api.subscriptions))
    del shopify_api.subscriptions[dropped]
    at_ten.shift(AGAIN)
    shopify_api.asked.clear()
    assert register() == 1
    assert shopify_api.kinds() == ["webhookSubscriptions", "webhookSubscriptionCreate"]
    assert len(shopify_api.subscriptions) == len(REGISTERED)


@pytest.mark.urls("stores.public_urls")
def test_what_an_app_registered_is_signed_with_its_secret(shop: FakeShop) -> None:
    order = simple_order(1)
    assert shop.deliver("orders/create", order, "d-1", secret=CLIENT_SECRET) == HTTPStatus.OK
    assert shop.deliver("orders/create", order, "d-2") == HTTPStatus.OK
    assert shop.deliver("orders/create", order, "d-3", secret="x") == HTTPStatus.UNAUTHORIZED


def test_a_topic_that_the_shop_does_not_take_is_shown_with_its_reason(
    tenant: Tenant, shop: FakeShop, shopify_api: ShopifyApi
) -> None:
    reason = "You need the scope read_fulfillments"
    shopify_api.refused_topics = {"FULFILLMENTS_CREATE": reason}
    register()
    owner = sign_in(tenant)
    page = owner.get(reverse("stores:detail", args=["ada-soap", shop.store.store_id]))
    text = page.content.decode()
    assert "The shop does not send everything" in text
    assert reason in text
    assert f"{len(REGISTERED) - 1} of {len(REGISTERED)} topics" in text

    shopify_api.refused_topics = {}
    address = reverse("stores:register_webhooks", args=["ada-soap", shop.store.store_id])
    told = owner.post(address, follow=True).content.decode()
    assert f"{len(REGISTERED)} of {len(REGISTERED)} webhooks are registered." in told
    assert register() == 1
    found = state(shop)
    assert found is not None
    assert found.missing == []


@pytest.mark.parametrize(
    ("answer", "again", "detail"),
    [
        ((401, {}, {"errors": "[API] Gone"}), AGAIN, "Shopify refuses the access token: Gone"),
        ((500, {}, {}), SOON, "Shopify answers with an error of its own (500)"),
        ((429, {"Retry-After": "20"}, {}), timedelta(seconds=20), ""),
    ],
)
def test_a_shop_that_cannot_be_told_is_told_later(
    shop: FakeShop,
    shopify_api: ShopifyApi,
    answer: tuple[int, dict[str, str], dict[str, str]],
    again: timedelta,
    detail: str,
) -> None:
    shopify_api.fails = [answer, answer]
    register()
    found = state(shop)
    assert found is not None
    assert (found.registered_at, found.detail, due_in(shop)) == (None, detail, again)
    assert shopify_api.subscriptions == {}


def test_without_the_secret_of_the_app_nothing_is_registered_that_would_be_refused(
    shop: FakeShop, shopify_api: ShopifyApi
) -> None:
    save_credentials(
        shop.store.store_id,
        url=shopify_api.url,
        credentials={"access_token": TOKEN},
        actor=ACTOR,
    )
    register()
    found = state(shop)
    assert found is not None
    assert found.detail == "Enter the client secret of the app: Shopify signs its webhooks with it"
    assert shopify_api.subscriptions == {}


@pytest.mark.urls("stores.public_urls")
def test_a_store_that_is_disconnected_is_left_alone_and_refuses_what_still_comes(
    shop: FakeShop, shopify_api: ShopifyApi, at_ten: time_machine.Traveller
) -> None:
    register()
    start_sync(shop.store.store_id)
    disconnect_store(shop.store.store_id, actor=ACTOR)
    assert register() == 1
    assert shopify_api.subscriptions == {}
    assert (state(shop), due_in(shop)) == (None, None)
    order = simple_order(1)
    assert shop.deliver("orders/create", order, "d", secret=CLIENT_SECRET) == HTTPStatus.NOT_FOUND
    at_ten.shift(AGAIN)
    assert register() == 0

    shop.store = shop.store.__class__(
        shop.store.store_id, reconnect_store(shop.store.store_id, actor=ACTOR), shop.store.secret
    )
    assert register() == 1
    assert {each["uri"] for each in shopify_api.subscriptions.values()} == {shop.store.webhook_url}


class TestConnectedAgain:
    """A merchant who disconnects and thinks better of it before the shop was told."""

    def test_before_anybody_told_the_shop(self, shop: FakeShop, shopify_api: ShopifyApi) -> None:
        register()
        disconnect_store(shop.store.store_id, actor=ACTOR)
        again = reconnect_store(shop.store.store_id, actor=ACTOR)
        assert register() == 1
        assert addresses(shopify_api) == {again}
        assert registered(shopify_api) == {spell(topic) for topic in REGISTERED}
        assert (due_in(shop), strays(shop)) == (AGAIN, [])

    def test_while_its_webhooks_are_taken_away(
        self, shop: FakeShop, shopify_api: ShopifyApi, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        register()
        disconnect_store(shop.store.store_id, actor=ACTOR)
        again: list[str] = []
        unregister = ShopifyKeeper.unregister

        def interrupt(self: ShopifyKeeper, access: Any, client: Any) -> int:
            if not again:
                again.append(reconnect_store(shop.store.store_id, actor=ACTOR))
            return unregister(self, access, client)

        monkeypatch.setattr(ShopifyKeeper, "unregister", interrupt)
        assert register() == 2
        assert addresses(shopify_api) == set(again)
        assert registered(shopify_api) == {spell(topic) for topic in REGISTERED}
        assert (due_in(shop), strays(shop)) == (AGAIN, [])

    def test_while_another_worker_still_registers_the_address_of_before(
        self, shop: FakeShop, shopify_api: ShopifyApi, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        again: list[str] = []
        keep = ShopifyKeeper.keep

        def overtake(self: ShopifyKeeper, access: Any, client: Any) -> Any:
            """Before this worker registers anything another one does all that followed."""
            if not again:
                disconnect_store(shop.store.store_id, actor=ACTOR)
                again.append(reconnect_store(shop.store.store_id, actor=ACTOR))
                assert register() == 1
                assert addresses(shopify_api) == set(again)
            return keep(self, access, client)

        monkeypatch.setattr(ShopifyKeeper, "keep", overtake)
        assert register() == 2
        assert addresses(shopify_api) == set(again)
        assert (due_in(shop), strays(shop)) == (AGAIN, [])

    def test_while_another_worker_is_at_it_nobody_is_overtaken_once_more(
        self, shop: FakeShop, shopify_api: ShopifyApi
    ) -> None:
        """What a slow worker left is noted for the one that is at it, which goes on with it."""
        register()
        disconnect_store(shop.store.store_id, actor=ACTOR)
        reconnect_store(shop.store.store_id, actor=ACTOR)
        turn = registering._claim()
        assert turn is not None
        late = replace(turn, held_until=clock.now(), token="slow")
        registering._settle(late, is_done=True)
        assert strays(shop) == [*turn.strays, "slow"]
        registering._take(turn)
        assert (due_in(shop), strays(shop)) == (timedelta(), ["slow"])
        assert register() == 1
        assert strays(shop) == []

    @pytest.mark.urls("stores.public_urls")
    def test_neither_the_address_nor_the_secret_of_before_is_taken(
        self, shop: FakeShop, at_ten: time_machine.Traveller
    ) -> None:
        first = shop.store.secret
        secret = rotate_secret(shop.store.store_id, actor=ACTOR)
        order = simple_order(1)
        assert shop.deliver("orders/create", order, "d-1", secret=first) == HTTPStatus.OK
        disconnect_store(shop.store.store_id, actor=ACTOR)
        again = reconnect_store(shop.store.store_id, actor=ACTOR)
        assert shop.deliver("orders/create", order, "d-2", secret=secret) == HTTPStatus.NOT_FOUND
        shop.store = replace(shop.store, webhook_url=again)
        assert shop.deliver("orders/create", order, "d-3", secret=first) == HTTPStatus.UNAUTHORIZED
        assert shop.deliver("orders/create", order, "d-4", secret=secret) == HTTPStatus.OK


def addresses(api: ShopifyApi) -> set[str]:
    return {str(each["uri"]) for each in api.subscriptions.values()}


@transaction.atomic
def strays(shop: FakeShop) -> list[str]:
    found: list[str] = Connection.objects.get(store_id=shop.store.store_id).stray_tokens
    return found


def test_a_shop_that_was_cut_off_and_lets_nobody_in_is_done_with(
    shop: FakeShop, shopify_api: ShopifyApi
) -> None:
    register()
    shopify_api.tokens = set()
    tokens._cache.clear()
    shopify_api.fails = [(401, {}, {}), (401, {}, {})]
    disconnect_store(shop.store.store_id, actor=ACTOR)
    register()
    assert due_in(shop) is None


def test_what_became_due_meanwhile_is_not_overwritten(
    shop: FakeShop,
    shopify_api: ShopifyApi,
    at_ten: time_machine.Traveller,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tell = ShopifyKeeper.keep

    def change(*asked: Any) -> Any:
        monkeypatch.setattr(ShopifyKeeper, "keep", tell)
        save_credentials(shop.store.store_id, url=shopify_api.url, credentials=APP, actor=ACTOR)
        return tell(*asked)

    monkeypatch.setattr(ShopifyKeeper, "keep", change)
    assert register() == 2
    assert due_in(shop) == AGAIN


def test_a_store_without_credentials_is_not_told(tenant: Tenant) -> None:
    connect_store(StoreData(name="Ada", platform="shopify"))
    assert register() == 0
    with transaction.atomic():
        assert Connection.objects.get().register_due_at is None
