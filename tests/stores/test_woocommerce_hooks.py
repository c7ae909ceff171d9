"""Webhooks that are registered in a WooCommerce shop by themselves."""

import json
from collections.abc import Iterator
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import pytest
import time_machine
from django.db import transaction
from django.test import Client

from crm.services.stores import StoreData
from kernel import clock
from kernel.batches import Deadline
from kernel.postgres.edge import close_connections
from stores.models import Connection
from stores.platforms.woocommerce.hooks import NEEDS, PAUSED, REGISTERED
from stores.queries.registrations import find_registration
from stores.services.connections import (
    connect_store,
    disconnect_store,
    forget_connections,
    save_credentials,
)
from stores.services.registering import AGAIN, drain_registrations
from stores.types import ConnectedStore, Registration
from tenants.models import Tenant
from tests.support.payloads import load_payload
from tests.support.shopify import sign
from tests.support.woocommerce_api import KEY, SECRET, WooApi

pytestmark = pytest.mark.django_db(transaction=True)

ACTOR = "ada@example.com"


@pytest.fixture
def store(
    at_ten: time_machine.Traveller, tenant: Tenant, woo_api: WooApi
) -> Iterator[ConnectedStore]:
    forget_connections()
    data = StoreData(name="Ada Woo", platform="woocommerce", url=woo_api.url, currency="GBP")
    yield connect_store(data, credentials={"consumer_key": KEY, "consumer_secret": SECRET})
    forget_connections()
    close_connections()


def register() -> int:
    return drain_registrations(Deadline(seconds=None))


def hooks(api: WooApi) -> list[dict[str, Any]]:
    return api.objects["webhooks"]


@transaction.atomic
def state(store: ConnectedStore) -> Registration:
    found = find_registration(store.store_id)
    assert found is not None
    return found


@pytest.mark.covers("I1")
def test_every_topic_is_sent_here_signed_with_the_key_and_a_repeat_asks_for_nothing(
    store: ConnectedStore, woo_api: WooApi, at_ten: time_machine.Traveller
) -> None:
    theirs = {"id": 7, "topic": "order.created", "delivery_url": "https://else.example/"}
    hooks(woo_api).append({**theirs, "name": "Else", "status": "active"})
    assert register() == 1
    made = hooks(woo_api)[1:]
    assert [each["topic"] for each in made] == REGISTERED
    assert {(each["delivery_url"], each["secret"], each["status"]) for each in made} == {
        (store.webhook_url, SECRET, "active")
    }
    assert (state(store).detail, state(store).taken) == ("", len(REGISTERED))
    at_ten.shift(AGAIN)
    woo_api.asked.clear()
    assert register() == 1
    assert [path for path, _ in woo_api.asked] == ["webhooks"]


@pytest.mark.urls("stores.public_urls")
def test_what_they_send_is_taken(store: ConnectedStore, client: Client) -> None:
    body = json.dumps(load_payload("woocommerce/order")).encode()
    path = "/webhooks/" + store.webhook_url.split("/webhooks/")[1]
    headers = {
        "X-WC-Webhook-Topic": "order.created",
        "X-WC-Webhook-Delivery-ID": "1",
        "X-WC-Webhook-Signature": sign(SECRET, body),
    }
    answer = client.post(path, body, content_type="application/json", headers=headers)
    assert answer.status_code == HTTPStatus.OK


def test_one_that_failed_too_often_is_switched_on_and_one_that_was_paused_is_told(
    store: ConnectedStore, woo_api: WooApi, at_ten: time_machine.Traveller
) -> None:
    register()
    failed, paused = hooks(woo_api)[:2]
    failed["status"], paused["status"] = "disabled", "paused"
    at_ten.shift(AGAIN)
    register()
    assert (failed["status"], paused["status"]) == ("active", "paused")
    assert [tuple(each) for each in state(store).missing] == [(paused["topic"], PAUSED)]


def test_another_key_signs_what_was_made_and_leaves_what_was_made_by_hand(
    store: ConnectedStore, woo_api: WooApi
) -> None:
    own = {"id": 9, "topic": "order.created", "delivery_url": store.webhook_url}
    hooks(woo_api).append({**own, "name": "By hand", "secret": "own", "status": "active"})
    register()
    assert len(hooks(woo_api)) == len(REGISTERED)
    woo_api.secret = "cs_2"
    key = {"consumer_key": KEY, "consumer_secret": "cs_2"}
    save_credentials(store.store_id, url=woo_api.url, credentials=key, actor=ACTOR)
    register()
    assert [each["secret"] for each in hooks(woo_api)] == ["own", *["cs_2"] * (len(REGISTERED) - 1)]


def test_a_key_that_only_reads_is_told_what_it_lacks_unless_all_are_there(
    store: ConnectedStore, woo_api: WooApi
) -> None:
    woo_api.is_read_only = True
    register()
    assert hooks(woo_api) == []
    assert state(store).detail.endswith(NEEDS)
    for number, topic in enumerate(REGISTERED):
        by_hand = {"id": number, "topic": topic, "delivery_url": store.webhook_url}
        hooks(woo_api).append({**by_hand, "name": "By hand", "status": "active"})
    with transaction.atomic():
        Connection.objects.update(register_due_at=clock.now() - timedelta(seconds=1))
    register()
    assert (state(store).detail, state(store).missing) == ("", [])


def test_a_topic_that_the_shop_does_not_take_is_told_with_its_reason(
    store: ConnectedStore, woo_api: WooApi
) -> None:
    woo_api.refused_topics = {"order.restored"}
    register()
    assert [tuple(each) for each in state(store).missing] == [
        ("order.restored", "Webhook topic must be valid.")
    ]
    assert len(hooks(woo_api)) == len(REGISTERED) - 1


def test_a_store_that_is_cut_off_has_them_taken_away(
    store: ConnectedStore, woo_api: WooApi
) -> None:
    register()
    disconnect_store(store.store_id, actor=ACTOR)
    register()
    assert hooks(woo_api) == []
