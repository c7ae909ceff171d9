import json
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

import pytest
import time_machine
from django.db import transaction

from crm.models import (
    ConsentEvent,
    Event,
    Order,
    OrderLine,
    Product,
    Profile,
    Refund,
    Shipment,
    Variant,
)
from kernel import clock
from stores.models import Connection, InboxDelivery
from stores.platforms.bigcommerce.naming import Named, name_object
from stores.platforms.bigcommerce.orders import translate_order
from stores.queries import find_store_health
from stores.services.connections import disconnect_store, save_credentials
from stores.services.fetching import GIVEN_UP_AFTER, LEASE
from stores.services.inbox import retry_deliveries
from stores.types import Delivery, StoreContext
from tests.support.bigcommerce import FakeBigShop
from tests.support.bigcommerce_api import TOKEN, BigApi
from tests.support.payloads import load_payload

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls("stores.public_urls")]

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
STORE = StoreContext(1, "bigcommerce", "GBP", "Europe/London")


@pytest.fixture(autouse=True)
def no_bell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stores.services.filing.ring_soon", lambda kind, tenant: None)
    monkeypatch.setattr("kernel.work.ring_now", lambda kind, tenant: None)


def order(number: int, **changes: Any) -> dict[str, Any]:
    return load_payload("bigcommerce/order", id=number, **changes)


@transaction.atomic
def outcomes() -> dict[str, tuple[str, str]]:
    rows = InboxDelivery.objects.order_by("pk")
    return {row.delivery_id: (row.status, row.reason) for row in rows}


@transaction.atomic
def connection() -> Connection:
    return Connection.objects.get()


def read(payload: dict[str, Any]) -> Any:
    body = json.dumps(payload).encode()
    delivery = Delivery(1, "order", "sync", {}, body, None, NOON)
    return translate_order(payload, delivery, STORE).records


def test_an_order_is_fetched_with_what_hangs_on_it(big: FakeBigShop, big_api: BigApi) -> None:
    paid_back = {"items_shipped": 2, "status_id": 14, "payment_status": "partially refunded"}
    big_api.objects["orders"] = [order(4711, **paid_back)]
    big_api.nested["orders/4711/coupons"] = [{"id": 3, "code": "SPRING", "discount": 5}]
    big_api.nested["orders/4711/shipments"] = [
        {
            "id": 6,
            "date_created": "Tue, 05 May 2026 08:00:00 +0000",
            "tracking_number": "EJ1",
            "shipping_provider_display_name": "Royal Mail",
            "generated_tracking_link": "https://track.example/EJ1",
        }
    ]
    big_api.objects["refunds"] = [
        {
            "id": 9,
            "order_id": 4711,
            "created": "2026-05-06T10:00:00+00:00",
            "reason": "Came late",
            "total_amount": 12,
            "items": [{"item_type": "PRODUCT", "item_id": 501, "quantity": 1}],
            "payments": [{"id": 1, "amount": 12, "is_declined": False}],
        }
    ]

    assert big.tell("order", 4711, "d-1") == HTTPStatus.OK
    assert big.drain() == 0
    assert big.fetch() == 1

    assert outcomes() == {"d-1": ("applied", "")}
    with transaction.atomic():
        kept = Order.objects.get()
        assert (kept.external_id, kept.gross_minor, kept.currency) == ("4711", 5290, "GBP")
        assert (kept.discount_minor, kept.shipping_minor, kept.tax_minor) == (500, 390, 882)
        assert (kept.state, kept.financial_status) == ("partially_refunded", "partially_refunded")
        assert (kept.country, kept.city, kept.channel) == ("GB", "Oxford", "online")
        assert kept.discount_codes == ["SPRING"]
        lines = OrderLine.objects.order_by("position")
        assert list(
            lines.values_list(
                "sku", "quantity", "unit_price_minor", "discount_minor", "total_minor"
            )
        ) == [("SOAP", 2, 1200, 222, 2178), ("OIL-30", 1, 3000, 278, 2722)]
        refund = Refund.objects.get()
        assert (refund.amount_minor, refund.note) == (1200, "Came late")
        assert refund.lines == [{"line_key": "501", "quantity": "1"}]
        parcel = Shipment.objects.get()
        assert (parcel.carrier, parcel.tracking_number) == ("Royal Mail", "EJ1")
        who = Profile.objects.get()
        assert (who.email, who.first_name, who.city) == ("ada@example.com", "Ada", "London")
        assert Event.objects.filter(name="Order Placed", is_backfill=False).count() == 1


def test_deliveries_about_one_thing_cost_one_request(big: FakeBigShop, big_api: BigApi) -> None:
    big_api.objects["orders"] = [order(number) for number in (1, 2)]
    big_api.objects["products"] = [
        load_payload("bigcommerce/product", id=number) for number in (7, 8, 9)
    ]
    for each in range(20):
        big.tell("order", 1, f"o-{each}")
    big.deliver("store/order/refund/created", {"type": "order", "id": 2, "refund": {}}, "r-1")
    big.deliver("store/shipment/created", {"type": "shipment", "id": 5, "orderId": 2}, "s-1")
    for number in (7, 8, 9):
        big.tell("product", number, f"p-{number}")

    assert big.fetch() == 25

    paths = big_api.paths()
    assert [paths.count(f"v2/orders/{number}") for number in (1, 2)] == [1, 1]
    assert paths.count("v3/catalog/products") == 1
    assert {status for status, _ in outcomes().values()} == {"applied"}
    assert big.fetch() == 0


def test_products_come_with_names_prices_and_stock(big: FakeBigShop, big_api: BigApi) -> None:
    big_api.objects["products"] = [load_payload("bigcommerce/product")]
    big_api.objects["brands"] = [{"id": 36, "name": "Ada"}]
    big_api.objects["categories"] = [{"id": 23, "name": "Bath"}]
    inventory = {"product_id": 910, "method": "absolute", "value": 25, "variant_id": 9101}
    data = {"type": "sku", "id": 1, "inventory": inventory}
    big.deliver("store/sku/inventory/updated", data, "i-1")
    big.tell("product", 99, "gone")
    assert big.fetch() == 2

    with transaction.atomic():
        product = Product.objects.get()
        assert (product.title, product.brand, product.category) == ("Soap", "Ada", "Bath")
        assert product.url == "https://soap.example/bath/soap/"
        assert product.image_url == "https://cdn.example/soap.jpg"
        variants = Variant.objects.order_by("external_id")
        names = ("sku", "title", "price_minor", "inventory_quantity")
        assert list(variants.values_list(*names)) == [
            ("SOAP", "Rose", 1200, 25),
            ("SOAP-XL", "Rose / XL", 1750, 0),
        ]
    big_api.objects["products"] = []
    big.deliver("store/product/deleted", {"type": "product", "id": 910}, "d-1")
    assert big.fetch() == 1
    with transaction.atomic():
        assert Product.objects.get().deleted_at is not None


def test_customers_and_subscribers_come_with_their_consent(
    big: FakeBigShop, big_api: BigApi
) -> None:
    big_api.objects["customers"] = [load_payload("bigcommerce/customer")]
    big_api.objects["attributes"] = [{"id": 4, "name": "Skin"}]
    signed_up = {
        "id": 5,
        "email": "ada@example.com",
        "source": "storefront",
        "consents": ["marketing_newsletter"],
        "date_modified": "2026-05-04T09:00:00+00:00",
    }
    big_api.objects["subscribers"] = [signed_up]
    address = {"type": "customer", "id": 5, "address": {"customer_id": 77}}
    big.deliver("store/customer/address/created", address, "c-1")
    big.tell("subscriber", 5, "s-1")
    assert big.fetch() == 2

    with transaction.atomic():
        who = Profile.objects.get()
        assert (who.first_name, who.country, who.email_consent) == ("Ada", "GB", "subscribed")
        assert who.properties == {"Skin": "dry", "Scents": "rose, cedar"}
    left = {"consents": [], "date_modified": "2026-05-05T09:00:00+00:00"}
    big_api.objects["subscribers"] = [signed_up | left]
    big.tell("subscriber", 5, "s-2")
    big.fetch()
    with transaction.atomic():
        assert Profile.objects.get().email_consent == "unsubscribed"
        assert ConsentEvent.objects.count() == 2


def test_a_cart_is_taken_once_its_shopper_is_known(big: FakeBigShop, big_api: BigApi) -> None:
    checkout = load_payload("bigcommerce/checkout")
    name, now = checkout["id"], datetime.now(UTC)
    checkout |= {"created_time": now.isoformat(), "updated_time": now.isoformat()}
    big_api.checkouts[name] = {**checkout, "billing_address": {}}
    big.deliver("store/cart/created", {"type": "cart", "id": name}, "k-1")
    big.fetch()
    assert outcomes()["k-1"][0] == "applied"
    assert "once its shopper is known" in outcomes()["k-1"][1]

    big_api.checkouts[name] = checkout
    line = {"type": "cart_line_item", "id": "x", "cartId": name}
    big.deliver("store/cart/lineItem/created", line, "k-2")
    big.deliver("store/cart/abandoned", {"type": "cart", "id": name}, "k-3")
    big.deliver("store/cart/updated", {"type": "cart", "id": "gone"}, "k-4")
    big.fetch()

    assert outcomes()["k-4"] == ("ignored", "The cart is gone")
    with transaction.atomic():
        started = Event.objects.get(name="Checkout Started")
        assert started.profile_id == Profile.objects.get(email="ada@example.com").pk
        assert Order.objects.count() == 0


def test_an_order_that_answers_404_is_cancelled(big: FakeBigShop, big_api: BigApi) -> None:
    big_api.objects["orders"] = [order(1)]
    big.tell("order", 1, "d-1")
    big.fetch()
    big_api.objects["orders"] = []
    with time_machine.travel(NOON, tick=False):
        big.deliver("store/order/archived", {"type": "order", "id": 1}, "d-2")
    big.fetch()
    with transaction.atomic():
        assert (Order.objects.get().state, Order.objects.get().is_counted) == ("cancelled", False)


class TestWhatGoesWrong:
    def test_a_shop_that_does_not_answer_loses_nothing(
        self, big: FakeBigShop, big_api: BigApi
    ) -> None:
        big_api.objects["orders"] = [order(1)]
        big_api.fails = [(502, {}, {})] * 3
        waits = []
        with time_machine.travel(NOON, tick=False) as traveller:
            big.tell("order", 1, "d-1")
            for _ in range(3):
                assert big.fetch() == 0
                assert big.fetch() == 0
                wait = (connection().fetch_at or clock.now()) - clock.now()
                waits.append(wait.total_seconds())
                traveller.shift(wait)
            assert outcomes() == {"d-1": ("pending", "")}
            with transaction.atomic():
                health = find_store_health(big.store.store_id)
            assert health is not None
            assert health.fetch_detail == "BigCommerce answers with an error of its own (502)"
            assert big.fetch() == 1
        assert waits == [10, 30, 60]
        assert (connection().fetch_tries, connection().fetch_detail) == (0, "")

    def test_a_quota_that_is_used_up_is_waited_for(self, big: FakeBigShop, big_api: BigApi) -> None:
        big_api.objects["orders"] = [order(number) for number in range(1, 6)]
        big_api.quota = 6
        with time_machine.travel(NOON, tick=False) as traveller:
            for number in range(1, 6):
                big.tell("order", number, f"d-{number}")
            assert big.fetch() == 2
            assert len(big_api.asked) == 4
            assert connection().fetch_at == NOON + timedelta(seconds=15)
            assert connection().fetch_detail == ""
            big_api.quota = None
            traveller.shift(timedelta(seconds=14))
            assert big.fetch() == 0
            traveller.shift(timedelta(seconds=2))
            assert big.fetch() == 3
        with transaction.atomic():
            assert Order.objects.count() == 5

    def test_a_token_that_is_refused_makes_them_wait_until_there_is_another(
        self, big: FakeBigShop, big_api: BigApi
    ) -> None:
        big_api.objects["orders"] = [order(1)]
        keys = {"api_path": big_api.path, "access_token": "old"}
        url = "https://soap.example"
        save_credentials(big.store.store_id, url=url, credentials=keys, actor="a@example.com")
        big.tell("order", 1, "d-1")
        assert big.fetch() == 0
        assert "does not accept the access token" in connection().fetch_detail
        assert outcomes() == {"d-1": ("pending", "")}
        keys["access_token"] = TOKEN
        save_credentials(big.store.store_id, url=url, credentials=keys, actor="a@example.com")
        assert big.fetch() == 1
        assert outcomes() == {"d-1": ("applied", "")}

    def test_what_the_token_may_not_see_is_put_aside_and_holds_nothing_up(
        self, big: FakeBigShop, big_api: BigApi
    ) -> None:
        big_api.objects["orders"] = [order(1)]
        big_api.objects["customers"] = [load_payload("bigcommerce/customer")]
        big_api.broken["v3/customers"] = (403, {}, {})
        big.tell("customer", 77, "c-1")
        big.tell("order", 1, "d-1")
        assert big.fetch() == 2
        assert outcomes() == {
            "c-1": (
                "quarantined",
                "The API account may not see v3/customers; give it the scope Customers, read-only",
            ),
            "d-1": ("applied", ""),
        }
        big_api.broken.clear()
        with transaction.atomic():
            retry_deliveries([InboxDelivery.objects.get(delivery_id="c-1").pk])
        assert big.fetch() == 1
        assert outcomes()["c-1"] == ("applied", "")

    def test_one_order_that_cannot_be_had_holds_the_others_up_not_and_is_put_aside(
        self, big: FakeBigShop, big_api: BigApi
    ) -> None:
        big_api.objects["orders"] = [order(number) for number in range(1, 12)]
        big_api.broken["v2/orders/1"] = (500, {}, {})
        with time_machine.travel(NOON, tick=False) as traveller:
            big.tell("order", 1, "d-1")
            for number in range(2, GIVEN_UP_AFTER + 2):
                big.tell("order", number, f"d-{number}")
                big.fetch()
                assert outcomes()[f"d-{number}"] == ("applied", "")
                traveller.shift(60)
        assert outcomes()["d-1"] == (
            "quarantined",
            "BigCommerce answers with an error of its own (500), 8 times in a row. Retry it later",
        )
        assert connection().fetch_tries == 0

    def test_a_worker_that_dies_leaves_them_to_the_next(
        self, big: FakeBigShop, big_api: BigApi, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Killed(BaseException):
            pass

        def die(path: str, params: dict[str, str]) -> None:
            monkeypatch.setattr("stores.services.fetching.settle_fetched", kill)

        def kill(*args: Any) -> int:
            raise Killed

        big_api.objects["orders"] = [order(1)]
        big_api.before_answer = die
        with time_machine.travel(NOON, tick=False) as traveller:
            big.tell("order", 1, "d-1")
            with pytest.raises(Killed):
                big.fetch()
            monkeypatch.undo()
            monkeypatch.setattr("kernel.work.ring_now", lambda kind, tenant: None)
            big_api.before_answer = None
            assert big.fetch() == 0
            traveller.shift(LEASE)
            assert big.fetch() == 1

    def test_a_disconnected_store_is_not_asked(self, big: FakeBigShop, big_api: BigApi) -> None:
        big.tell("order", 1, "d-1")
        disconnect_store(big.store.store_id, actor="a@example.com")
        assert big.fetch() == 1
        assert big_api.asked == []
        status, reason = outcomes()["d-1"]
        assert (status, reason[:26]) == ("ignored", "The store was disconnected")

    def test_what_is_fetched_and_cannot_be_read_is_put_aside_with_its_reason(
        self, big: FakeBigShop, big_api: BigApi
    ) -> None:
        big_api.objects["orders"] = [order(1, total_inc_tax="12,50")]
        big.tell("order", 1, "d-1")
        big.fetch()
        assert outcomes()["d-1"] == (
            "quarantined",
            "total_inc_tax: '12,50' is not an amount; write 12.50",
        )

    def test_broken_bodies_and_scopes_without_use_are_filed_and_asked_nothing(
        self, big: FakeBigShop, big_api: BigApi
    ) -> None:
        big.deliver("", b"{", "b-1")
        big.deliver("store/cart/converted", {"type": "cart", "id": "x", "orderId": 1}, "b-2")
        big.deliver("store/order/updated", {"type": "order", "id": "../../v3/hooks"}, "b-3")
        big.deliver("store/giftcard/created", {"type": "giftcard", "id": 1}, "b-4")
        assert big.fetch() == 4
        assert big_api.asked == []
        found = outcomes()
        assert found["b-1"][0] == "quarantined"
        assert found["b-2"] == ("ignored", "What became of the cart is told by its order")
        assert found["b-3"][0] == found["b-4"][0] == "ignored"

    def test_a_wrong_signature_is_refused(self, big: FakeBigShop, big_api: BigApi) -> None:
        status = big.deliver("store/order/updated", {"id": 1}, "d-1", secret="other")
        assert status == HTTPStatus.UNAUTHORIZED
        assert outcomes() == {}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"status_id": 1, "payment_status": ""}, ("pending", "", False, False)),
        ({"status_id": 2}, ("paid", "fulfilled", False, False)),
        ({"status_id": 3}, ("paid", "partial", False, False)),
        ({"status_id": 5}, ("paid", "", True, False)),
        ({"status_id": 6, "payment_status": "declined"}, ("failed", "", False, True)),
        ({"status_id": 4, "payment_status": ""}, ("refunded", "", False, True)),
        ({"status_id": 11, "is_deleted": True}, ("paid", "", False, False)),
    ],
)
def test_states_are_read(changes: dict[str, Any], expected: tuple[Any, ...]) -> None:
    record = read({"order": order(1, **changes)})[0]
    found = (
        record.financial_status,
        record.fulfillment_status,
        record.cancelled_at is not None,
        record.is_voided,
    )
    assert found == expected


def test_an_unfinished_checkout_is_no_order() -> None:
    payload = {"order": order(1, status_id=0)}
    delivery = Delivery(1, "order", "sync", {}, b"", None, NOON)
    found = translate_order(payload, delivery, STORE)
    assert (found.records, found.ignored) == (
        (),
        "The checkout is not finished, so there is no order yet",
    )


def test_an_order_in_another_currency_is_worth_what_the_shop_says() -> None:
    told = {
        "currency_code": "USD",
        "default_currency_code": "EUR",
        "store_default_currency_code": "GBP",
        "store_default_to_transactional_exchange_rate": "1.2500000000",
        "total_inc_tax": "100.0000",
    }
    refunds = [{"id": 1, "total_amount": "25", "created": "2026-05-05T00:00:00Z"}]
    record, refund = read({"order": order(1, **told), "refunds": refunds})
    assert (record.currency, record.gross_minor) == ("EUR", 10000)
    assert (record.base_currency, record.base_gross_minor) == ("GBP", 8000)
    assert (refund.amount_minor, refund.base_amount_minor) == (2500, 2000)


def test_a_refund_whose_payment_was_declined_is_none() -> None:
    refunds = [{"id": 1, "total_amount": 5, "payments": [{"amount": 5, "is_declined": True}]}]
    assert len(read({"order": order(1), "refunds": refunds})) == 1


@pytest.mark.parametrize(
    ("scope", "data", "expected"),
    [
        ("store/order/statusUpdated", {"id": 250}, Named("order", "250")),
        ("store/order/message/created", {"id": 250}, None),
        ("store/customer/deleted", {"id": 32}, None),
        ("store/sku/created", {"id": 461, "sku": {"product_id": 206}}, Named("product", "206")),
        ("store/subscriber/created", {"id": 5}, Named("subscriber", "5")),
        ("store/category/updated", {"id": 42}, None),
        ("store/order/updated", {}, None),
    ],
)
def test_what_a_webhook_is_about(scope: str, data: dict[str, Any], expected: Named | None) -> None:
    assert name_object(scope, data) == expected


def test_nothing_is_drained_where_nothing_waits(big: FakeBigShop, big_api: BigApi) -> None:
    assert big.fetch() == 0
    assert big_api.asked == []
