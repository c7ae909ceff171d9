"""Events of Adobe Commerce that are registered by themselves."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.db import transaction

from crm.services.stores import StoreData
from kernel.batches import Deadline
from kernel.postgres.edge import close_connections
from stores.models import Connection
from stores.platforms.magento.adobe import INCOMPLETE, NO_WORKSPACE
from stores.platforms.magento.events import TOPICS
from stores.platforms.magento.hooks import FIELDS, NO_EVENTS
from stores.queries.registrations import find_registration
from stores.services.connections import (
    connect_store,
    disconnect_store,
    find_connection,
    forget_connections,
    save_credentials,
)
from stores.services.hooks import register_hooks
from stores.services.registering import AGAIN, drain_registrations
from stores.types import ConnectedStore, Registration
from tenants.models import Tenant
from tests.support.adobe_io import CREDENTIALS, AdobeIo
from tests.support.magento_api import FOUR, MageApi

pytestmark = pytest.mark.django_db(transaction=True)

ACTOR = "ada@example.com"
SUBSCRIPTIONS = "eventing/getEventSubscriptions"
CODES = sorted(f"com.adobe.commerce.{topic}" for topic in TOPICS)


@pytest.fixture
def store(
    at_ten: time_machine.Traveller, tenant: Tenant, mage_api: MageApi, adobe_io: AdobeIo
) -> Iterator[ConnectedStore]:
    forget_connections()
    mage_api.plain[SUBSCRIPTIONS] = []
    data = StoreData(name="Ada Mage", platform="magento", url=mage_api.url, currency="GBP")
    yield connect_store(data, credentials={**FOUR, **CREDENTIALS})
    forget_connections()
    close_connections()


def register() -> int:
    return drain_registrations(Deadline(seconds=None))


def enter(store: ConnectedStore, api: MageApi, **changes: str) -> None:
    given = {**FOUR, **CREDENTIALS, **changes}
    save_credentials(store.store_id, url=api.url, credentials=given, actor=ACTOR)


@transaction.atomic
def state(store: ConnectedStore) -> Registration | None:
    return find_registration(store.store_id)


def detail(store: ConnectedStore) -> str:
    found = state(store)
    assert found is not None
    return found.detail


@pytest.mark.covers("I4")
def test_every_event_is_emitted_with_its_id_and_sent_here_and_a_repeat_changes_nothing(
    store: ConnectedStore,
    mage_api: MageApi,
    adobe_io: AdobeIo,
    at_ten: time_machine.Traveller,
) -> None:
    mage_api.plain[SUBSCRIPTIONS].append({"name": f"com.adobe.commerce.{TOPICS[0]}"})
    assert register() == 1
    subscribed = mage_api.plain[SUBSCRIPTIONS][1:]
    assert [(each["name"].split("commerce.")[1], each["fields"]) for each in subscribed] == [
        (topic, [{"name": FIELDS[topic]}]) for topic in TOPICS[1:]
    ]
    assert adobe_io.sent_to(store.webhook_url) == CODES
    found = state(store)
    assert found is not None
    assert (found.detail, found.taken, found.topics) == ("", len(TOPICS), len(TOPICS))
    at_ten.shift(AGAIN)
    adobe_io.asked.clear()
    assert register() == 1
    assert [method for method, _ in adobe_io.asked] == ["GET", "GET"]
    assert len(mage_api.plain[SUBSCRIPTIONS]) == len(TOPICS)


def test_what_the_workspace_receives_is_taken_as_meant_for_the_store(
    store: ConnectedStore,
) -> None:
    token = store.webhook_url.rstrip("/").rpartition("/")[2]
    found = find_connection("magento", token)
    assert found is not None
    assert CREDENTIALS["adobe_client_id"] in found.secrets


def test_a_registration_that_adobe_switched_off_is_switched_on_and_keeps_what_else_it_sends(
    store: ConnectedStore, adobe_io: AdobeIo, at_ten: time_machine.Traveller
) -> None:
    register()
    [kept] = adobe_io.registrations.values()
    other = {"provider_id": "p-files", "event_code": "com.adobe.files.made"}
    kept |= {"enabled": False, "events_of_interest": [other, *kept["events_of_interest"][1:]]}
    at_ten.shift(AGAIN)
    register()
    assert sorted(adobe_io.sent_to(store.webhook_url)) == sorted([*CODES, other["event_code"]])


def test_an_event_that_the_shop_does_not_know_is_told_and_the_others_are_sent(
    store: ConnectedStore, mage_api: MageApi, adobe_io: AdobeIo
) -> None:
    mage_api.unknown_events = {TOPICS[2]}
    register()
    found = state(store)
    assert found is not None
    assert [(each.topic, "is not defined" in each.reason) for each in found.missing] == [
        (TOPICS[2], True)
    ]
    assert len(adobe_io.sent_to(store.webhook_url)) == len(TOPICS) - 1


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"adobe_client_secret": ""}, INCOMPLETE),
        ({"adobe_workspace": "https://developer.adobe.com/console"}, NO_WORKSPACE),
        ({"adobe_client_secret": "old"}, "Adobe does not know the OAuth credential"),
    ],
)
def test_a_credential_that_does_not_work_is_told_in_plain_words(
    store: ConnectedStore, mage_api: MageApi, adobe_io: AdobeIo, changes: dict[str, str], told: str
) -> None:
    enter(store, mage_api, **changes)
    register()
    assert told in detail(store)
    assert adobe_io.registrations == {}


def test_a_shop_without_events_and_an_organization_with_two_providers_are_told(
    store: ConnectedStore, mage_api: MageApi, adobe_io: AdobeIo
) -> None:
    adobe_io.providers.append({**adobe_io.providers[0], "id": "p-tea", "label": "Tea shop"})
    register()
    assert detail(store) == (
        "Enter the event provider of this shop, one of Soap shop (p-soap), Tea shop (p-tea)"
    )
    enter(store, mage_api, adobe_provider="p-tea")
    register()
    [made] = adobe_io.registrations.values()
    assert {each["provider_id"] for each in made["events_of_interest"]} == {"p-tea"}
    del mage_api.plain[SUBSCRIPTIONS]
    enter(store, mage_api)
    register()
    assert detail(store) == NO_EVENTS


def test_adobe_that_asks_for_patience_or_fails_is_asked_again(
    store: ConnectedStore, adobe_io: AdobeIo, at_ten: time_machine.Traveller
) -> None:
    adobe_io.fails = [(429, {"Retry-After": "90"}, {}), (503, {}, {})]
    register()
    at_ten.shift(timedelta(seconds=91))
    register()
    assert detail(store) == "Adobe answers with an error of its own (503)"
    at_ten.shift(timedelta(hours=1))
    register()
    assert adobe_io.sent_to(store.webhook_url) == CODES


def test_a_store_that_is_cut_off_is_sent_nothing_any_more(
    store: ConnectedStore, adobe_io: AdobeIo
) -> None:
    register()
    disconnect_store(store.store_id, actor=ACTOR)
    register()
    assert adobe_io.registrations == {}


def test_without_a_workspace_nothing_is_registered_and_nothing_said_of_it(
    store: ConnectedStore, mage_api: MageApi, adobe_io: AdobeIo
) -> None:
    register()
    save_credentials(store.store_id, url=mage_api.url, credentials=FOUR, actor=ACTOR)
    assert register() == 0
    assert state(store) is None
    with transaction.atomic():
        kept = Connection.objects.get()
    assert (kept.registered_at, kept.register_due_at) == (None, None)


def test_by_hand_it_says_what_was_done(store: ConnectedStore, adobe_io: AdobeIo) -> None:
    done = register_hooks(store.store_id, actor=ACTOR)
    assert (done.is_good, done.text) == (True, "6 of 6 events are registered.")
    assert adobe_io.sent_to(store.webhook_url) == CODES
