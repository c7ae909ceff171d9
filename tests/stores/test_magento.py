import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

import pytest
import time_machine
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.db import transaction
from django.test import Client

from crm.models import (
    Event,
    Order,
    OrderLine,
    Product,
    Profile,
    Refund,
    Shipment,
    Variant,
)
from crm.services.stores import StoreData
from kernel.batches import Deadline
from kernel.postgres.edge import close_connections
from stores.models import InboxDelivery, SyncRun
from stores.platforms.magento import events
from stores.services.connections import connect_store, forget_connections, save_credentials
from stores.services.fetching import drain_fetches
from stores.services.syncing import check_access, drain_syncs, start_sync
from stores.types import ConnectedStore
from tenants.models import Tenant
from tests.support.magento_api import FOUR, TOKEN, MageApi
from tests.support.payloads import load_payload

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls("stores.public_urls")]

START = datetime(2026, 5, 1, tzinfo=UTC)
FOREVER = Deadline(seconds=None)
CLIENT_ID = "adobe-client-1"
KEY_PATH = "/prod/keys/pub-key-1.pem"


@pytest.fixture(autouse=True)
def no_bell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stores.services.filing.ring_soon", lambda kind, tenant: None)
    monkeypatch.setattr("kernel.work.ring_now", lambda kind, tenant: None)


@pytest.fixture
def store(transactional_db: None, tenant: Tenant, mage_api: MageApi) -> Iterator[ConnectedStore]:
    forget_connections()
    data = StoreData(name="Ada Mage", platform="magento", url=mage_api.url, currency="GBP")
    yield connect_store(data, secret=CLIENT_ID, credentials=FOUR)
    forget_connections()
    close_connections()


def stamp(seconds: int) -> str:
    return (START + timedelta(seconds=seconds)).isoformat(" ")[:19]


def order(number: int, at: int | None = None, **changes: Any) -> dict[str, Any]:
    found = load_payload(
        "magento/order",
        entity_id=number,
        increment_id=f"{number:09}",
        customer_id=None,
        customer_is_guest=1,
        customer_email=f"shopper{number}@example.com",
        created_at=stamp(0),
        updated_at=stamp(number if at is None else at),
    )
    return {**found, **changes}


@transaction.atomic
def numbers() -> list[int]:
    return sorted(int(each) for each in Order.objects.values_list("external_id", flat=True))


def pull(store: ConnectedStore, since: datetime | None = None) -> SyncRun:
    start_sync(store.store_id, since=since)
    drain_syncs(FOREVER)
    with transaction.atomic():
        return SyncRun.objects.order_by("-pk")[0]


def fill(mage_api: MageApi) -> None:
    """Let the shop know 121 orders, one of them with everything, a customer and a product."""
    refunded = {"total_refunded": 12, "updated_at": stamp(9_000)}
    bought = {**load_payload("magento/order"), **refunded}
    bought["items"][0]["qty_shipped"] = 2
    mage_api.objects["orders"] = [*(order(number) for number in range(1, 121)), bought]
    mage_api.objects["creditmemos"] = [
        {
            "entity_id": 9,
            "order_id": 4711,
            "created_at": "2026-05-06 10:00:00",
            "updated_at": "2026-05-06 10:00:00",
            "state": 2,
            "grand_total": 12,
            "items": [
                {"order_item_id": 501, "qty": 1},
                {"order_item_id": 502, "qty": 1},
                {"order_item_id": 503, "qty": 0},
            ],
            "comments": [{"comment": "Came late"}],
        }
    ]
    mage_api.objects["shipments"] = [
        {
            "entity_id": 6,
            "order_id": 4711,
            "created_at": "2026-05-05 08:00:00",
            "updated_at": "2026-05-05 08:00:00",
            "tracks": [{"track_number": "EJ1", "title": "Royal Mail", "carrier_code": "custom"}],
        }
    ]
    mage_api.objects["customers/search"] = [load_payload("magento/customer")]
    parent, child = load_payload("magento/product"), load_payload("magento/simple")
    mage_api.objects["products"] = [parent, child]
    mage_api.objects["categories/list"] = [{"id": 23, "name": "Tops"}]
    mage_api.objects["inventory/source-items"] = [
        {"id": 1, "sku": "TEE-S", "quantity": 4, "status": 1},
        {"id": 2, "sku": "TEE-S", "quantity": 3, "status": 1},
    ]
    mage_api.plain["products/attributes/manufacturer/options"] = [{"label": "Ada", "value": "36"}]


def test_a_configurable_product_has_its_simple_ones_as_variants(
    store: ConnectedStore, mage_api: MageApi
) -> None:
    fill(mage_api)
    pull(store)
    with transaction.atomic():
        product = Product.objects.get(external_id="910")
        assert (product.brand, product.category, product.handle) == ("Ada", "Tops", "tee")
        assert product.image_url == f"{mage_api.url}/media/catalog/product/t/e/tee.jpg"
        variant = Variant.objects.get(product=product)
        assert (variant.external_id, variant.title, variant.price_minor) == ("910-911", "S", 1200)
        assert variant.inventory_quantity == 7
        assert OrderLine.objects.get(line_key="501", order__external_id="4711").variant == variant


def test_a_first_fill_is_complete_and_lines_are_not_doubled(
    store: ConnectedStore, mage_api: MageApi
) -> None:
    fill(mage_api)

    done = pull(store)

    assert (done.status, done.detail) == ("finished", "")
    assert (done.expected, done.read_count, done.quarantined_count) == (124, 124, 0)
    assert numbers() == [*range(1, 121), 4711]
    with transaction.atomic():
        kept = Order.objects.get(external_id="4711")
        assert (kept.number, kept.gross_minor, kept.currency) == ("000004711", 6290, "GBP")
        assert (kept.discount_minor, kept.shipping_minor, kept.tax_minor) == (500, 325, 965)
        assert (kept.city, kept.channel, kept.discount_codes) == ("Oxford", "online", ["SPRING"])
        lines = OrderLine.objects.filter(order=kept).order_by("position")
        assert list(
            lines.values_list(
                "sku", "quantity", "unit_price_minor", "discount_minor", "total_minor"
            )
        ) == [("TEE-S", 2, 1200, 222, 2178), ("OIL-30", 1, 3000, 278, 2722)]
        refund = Refund.objects.get()
        assert (refund.amount_minor, refund.note) == (1200, "Came late")
        assert refund.lines == [{"line_key": "501", "quantity": "1"}]
        assert Shipment.objects.get().tracking_number == "EJ1"
        who = Profile.objects.get(email="ada@example.com")
        assert (who.country, who.email_consent) == ("GB", "never")
        assert who.properties == {"skin": "dry"}
        assert Event.objects.filter(is_backfill=False).count() == 0
        assert InboxDelivery.objects.count() == 0
    again = pull(store)
    assert (again.read_count, again.written_count) == (124, 0)


def test_what_changes_or_goes_meanwhile_is_not_missed(
    store: ConnectedStore, mage_api: MageApi
) -> None:
    mage_api.objects["orders"] = [order(number) for number in range(1, 301)]
    pages = []

    def disturb(path: str, params: dict[str, str]) -> None:
        if path == "orders" and params["searchCriteria[pageSize]"] == "100":
            pages.append(params)
            if len(pages) == 2:
                del mage_api.objects["orders"][:50]
                mage_api.objects["orders"][0] = order(51, 5_000, grand_total=1)

    mage_api.before_answer = disturb
    pull(store)
    assert numbers() == list(range(1, 301))
    with transaction.atomic():
        assert Order.objects.get(external_id="51").gross_minor == 100


@pytest.mark.parametrize("size", [100, 200, 230])
def test_a_last_page_that_the_shop_repeats_for_ever_ends_the_walk(
    store: ConnectedStore, mage_api: MageApi, size: int
) -> None:
    mage_api.objects["orders"] = [order(number, 1) for number in range(1, size + 1)]
    done = pull(store)
    assert (done.status, done.read_count) == ("finished", size)
    assert len(mage_api.asked) < 20


def test_what_an_hourly_pull_finds_is_news_and_an_old_one_is_history(
    store: ConnectedStore, mage_api: MageApi
) -> None:
    with time_machine.travel("2026-05-01T01:00:00Z", tick=False) as traveller:
        mage_api.objects["orders"] = [order(1)]
        pull(store)
        traveller.shift(timedelta(hours=1))
        mage_api.objects["orders"].append(order(2, 3_600))
        assert drain_syncs(FOREVER) > 0
        with transaction.atomic():
            placed = Event.objects.filter(name="Order Placed").order_by("pk")
            assert [event.is_backfill for event in placed] == [True, False]
        mage_api.objects["orders"].append(order(3, 3_700))
        pull(store, START - timedelta(days=30))
        with transaction.atomic():
            assert Event.objects.filter(name="Order Placed", is_backfill=False).count() == 1


def test_one_website_of_several_is_asked_for_alone(
    store: ConnectedStore, mage_api: MageApi
) -> None:
    mage_api.plain["store/websites"] = [
        {"id": 0, "code": "admin"},
        {"id": 1, "code": "base"},
        {"id": 2, "code": "de"},
    ]
    mage_api.plain["store/storeViews"] = [
        {"id": 1, "code": "default", "website_id": 1},
        {"id": 3, "code": "de_de", "website_id": 2},
        {"id": 4, "code": "de_en", "website_id": 2},
    ]
    mage_api.objects["orders"] = [order(each, store_id=each) for each in (1, 3, 4)]
    keys = {**FOUR, "website": "de"}
    save_credentials(store.store_id, url=mage_api.url, credentials=keys, actor="a@example.com")
    pull(store)
    assert numbers() == [3, 4]
    keys["website"] = "fr"
    save_credentials(store.store_id, url=mage_api.url, credentials=keys, actor="a@example.com")
    found = check_access(store.store_id)
    assert found.text == "There is no website 'fr' in this shop; there are base, de."


@pytest.mark.parametrize(
    ("answer", "status", "reason"),
    [
        (
            (
                401,
                {},
                {
                    "message": "The consumer isn't authorized to access %resources.",
                    "parameters": {"resources": "Magento_Sales::actions_view"},
                },
            ),
            "paused",
            "Magento says: The consumer isn't authorized to access Magento_Sales::actions_view",
        ),
        ((401, {}, {"message": "Token expired"}), "paused", "the four values of the integration"),
        ((404, {}, {}), "paused", "has no Magento REST API for products"),
        ((302, {"Location": "https://x.example/"}, {}), "paused", "leads on to https://x.example/"),
        ((400, {}, {"message": "%1 is wrong", "parameters": ["updated_at"]}), "paused", "400"),
        ((500, {}, {}), "waiting", "The shop answers with an error of its own (500)"),
        ((200, {}, b"<br>Notice"), "waiting", "The shop's answer for products is not JSON"),
        ((200, {}, []), "waiting", "is not an object"),
        ((503, {"Retry-After": "9"}, {}), "waiting", "The shop asks for patience"),
    ],
)
def test_what_is_wrong_is_said(
    store: ConnectedStore, mage_api: MageApi, answer: Any, status: str, reason: str
) -> None:
    mage_api.fails = [answer]
    run = pull(store)
    assert run.status == status
    assert reason in run.detail


class TestTheCredential:
    def test_the_four_values_are_tested_in_plain_words(
        self, store: ConnectedStore, mage_api: MageApi
    ) -> None:
        mage_api.objects["orders"] = [order(1)]
        found = check_access(store.store_id)
        assert (found.is_good, found.text) == (
            True,
            "Magento answers: 0 products, 0 customers, 1 order.",
        )

    @pytest.mark.parametrize(
        ("keys", "text"),
        [
            ({"access_token": TOKEN}, "Since 2.4.4 it takes an access token alone only where"),
            ({}, "Enter the shop's address and the access token"),
            ({**FOUR, "access_token_secret": ""}, "Enter all four values of the integration"),
            ({**FOUR, "consumer_secret": "x"}, "does not accept the four values"),
        ],
    )
    def test_what_is_wrong_with_it_is_said(
        self, store: ConnectedStore, mage_api: MageApi, keys: dict[str, str], text: str
    ) -> None:
        mage_api.takes_tokens = False
        save_credentials(store.store_id, url=mage_api.url, credentials=keys, actor="a")
        found = check_access(store.store_id)
        assert not found.is_good
        assert text in found.text

    def test_a_token_alone_does_where_the_shop_takes_it(
        self, store: ConnectedStore, mage_api: MageApi
    ) -> None:
        keys = {"access_token": TOKEN}
        save_credentials(store.store_id, url=mage_api.url, credentials=keys, actor="a")
        assert check_access(store.store_id).is_good


class TestEvents:
    """Adobe I/O Events, signed with a key that lies on a host of Adobe."""

    @pytest.fixture(autouse=True)
    def adobe(self, mage_api: MageApi, monkeypatch: pytest.MonkeyPatch) -> None:
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        public = self.key.public_key()
        pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        mage_api.keys[KEY_PATH] = pem
        monkeypatch.setattr(events, "KEY_HOST", mage_api.url)
        monkeypatch.setattr(events, "_keys", {})

    def send(
        self,
        store: ConnectedStore,
        kind: str,
        value: dict[str, Any],
        name: str = "e-1",
        **changes: str,
    ) -> int:
        event = {
            "event_id": name,
            "type": f"com.adobe.commerce.observer.{kind}",
            "recipient_client_id": CLIENT_ID,
            "data": {"value": value, "_metadata": {"websiteId": "1"}},
        }
        body = json.dumps({**event, **changes}).encode()
        signature = self.key.sign(body, padding.PKCS1v15(), SHA256())
        headers = {
            "x-adobe-digital-signature-1": base64.b64encode(signature).decode(),
            "x-adobe-public-key1-path": changes.get("path", KEY_PATH),
        }
        path = "/webhooks/" + store.webhook_url.split("/webhooks/")[1]
        answer = Client().post(path, body, content_type="application/json", headers=headers)
        return answer.status_code

    def outcomes(self) -> dict[str, tuple[str, str]]:
        with transaction.atomic():
            rows = InboxDelivery.objects.order_by("pk")
            return {row.delivery_id: (row.status, row.reason) for row in rows}

    def test_what_they_name_is_fetched_from_the_shop(
        self, store: ConnectedStore, mage_api: MageApi
    ) -> None:
        mage_api.objects["orders"] = [order(1), order(2)]
        assert self.send(store, "sales_order_save_commit_after", {"entity_id": "1"}) == 200
        lied = {"entity_id": "7", "order_id": 2, "grand_total": 9_999}
        self.send(store, "sales_order_creditmemo_save_after", lied, "e-2")
        self.send(store, "sales_order_save_commit_after", {"entity_id": 3}, "e-3")
        self.send(store, "newsletter_subscriber_save_commit_after", {"id": 1}, "e-4")
        self.send(store, "catalog_product_delete_commit_after", {"entity_id": "9"}, "e-5")

        assert drain_fetches(FOREVER) == 5

        assert numbers() == [1, 2]
        assert mage_api.paths().count("orders") == 1
        found = self.outcomes()
        assert found["e-1"] == found["e-2"] == ("applied", "")
        assert found["e-4"][0] == "ignored"
        with transaction.atomic():
            assert Order.objects.get(external_id="2").gross_minor == 6290
            assert Event.objects.filter(name="Order Placed", is_backfill=False).count() == 2

    def test_a_forged_one_is_put_aside_and_nothing_is_asked_for_it(
        self, store: ConnectedStore, mage_api: MageApi
    ) -> None:
        mage_api.objects["orders"] = [order(1)]
        other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.key = other
        assert self.send(store, "sales_order_save_commit_after", {"entity_id": 1}) == 200
        foreign = "/prod/keys/../../x.pem"
        self.send(store, "sales_order_save_commit_after", {"entity_id": 1}, "e-2", path=foreign)
        assert drain_fetches(FOREVER) == 2
        assert numbers() == []
        reason = "The signature is not Adobe's: nothing was read"
        assert self.outcomes() == dict.fromkeys(("e-1", "e-2"), ("quarantined", reason))
        assert "orders" not in mage_api.paths()

    def test_one_for_another_client_is_refused(
        self, store: ConnectedStore, mage_api: MageApi
    ) -> None:
        status = self.send(
            store, "sales_order_save_commit_after", {"entity_id": 1}, recipient_client_id="x"
        )
        assert status == HTTPStatus.UNAUTHORIZED
        assert self.outcomes() == {}

    def test_the_challenge_is_answered(self, store: ConnectedStore) -> None:
        path = "/webhooks/" + store.webhook_url.split("/webhooks/")[1]
        answer = Client().get(path, {"challenge": "8ec8d794-e0ab"})
        assert (answer.status_code, answer.json()) == (200, {"challenge": "8ec8d794-e0ab"})
        assert Client().get(path, {"challenge": "<script>"}).status_code == 400
        assert Client().get(path).status_code == 400
        unknown = "/webhooks/magento/unknown/"
        assert Client().get(unknown, {"challenge": "a"}).status_code == 404
        assert Client().get("/webhooks/shopify/unknown/").status_code == 405
