import json
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import pytest
import time_machine
from django.db import transaction

from crm.models import Event, Order, Product, Profile, Refund, Variant
from crm.types import (
    CustomerRecord,
    OrderRecord,
    ProductRecord,
    RefundRecord,
    ShipmentRecord,
    VariantRecord,
)
from stores.errors import Untranslatable
from stores.models import InboxDelivery
from stores.platforms import PLATFORMS
from stores.platforms.woocommerce.orders import NO_ORDER_YET
from stores.types import Delivery, StoreContext, Translation
from tests.support.payloads import load_payload
from tests.support.woocommerce import FakeWooShop

ARRIVED = datetime(2026, 5, 8, 12, 0, tzinfo=UTC)
STORE = StoreContext(store_id=1, platform="woocommerce", currency="GBP", timezone="Europe/London")
edge = [pytest.mark.django_db(transaction=True), pytest.mark.urls("stores.public_urls")]


@pytest.fixture(autouse=True)
def no_bell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stores.services.filing.ring_soon", lambda kind, tenant: None)
    monkeypatch.setattr("kernel.work.ring_now", lambda kind, tenant: None)


def translate(topic: str, payload: Any) -> Translation:
    delivery = Delivery(
        id=1,
        topic=topic,
        source="webhook",
        headers={},
        body=json.dumps(payload).encode(),
        triggered_at=None,
        received_at=ARRIVED,
    )
    return PLATFORMS["woocommerce"].translate(delivery, STORE)


def read_order(**changes: Any) -> OrderRecord:
    order = translate("order.updated", load_payload("woocommerce/order", **changes)).records[0]
    assert isinstance(order, OrderRecord)
    return order


def test_an_order_is_read_whole() -> None:
    order = read_order()
    assert (order.external_id, order.number) == ("4711", "S-4711")
    assert order.ordered_at == datetime(2026, 5, 4, 10, 0, tzinfo=UTC)
    assert order.version_at == datetime(2026, 5, 4, 10, 0, 30, tzinfo=UTC)
    assert (order.currency, order.gross_minor, order.tax_minor) == ("GBP", 5990, 965)
    assert (order.subtotal_minor, order.discount_minor, order.shipping_minor) == (5400, 600, 390)
    assert order.gross_minor == order.subtotal_minor + order.shipping_minor + 200
    assert (order.financial_status, order.fulfillment_status) == ("paid", "")
    assert (order.cancelled_at, order.is_voided, order.is_test) == (None, False, False)
    assert (order.channel, order.country, order.city) == ("web", "DE", "Köln")
    assert order.discount_codes == ["spring"]
    assert order.attribution == {
        "utm_source": "newsletter",
        "referrer": "https://search.example/",
        "landing_site": "https://soap.example/oils/",
    }
    oil, sample = order.lines
    assert (oil.title, oil.sku, oil.quantity) == ("Rose & Oud Oil - 50 ml", "OIL-50", 2)
    assert (oil.unit_price_minor, oil.discount_minor, oil.total_minor) == (3000, 600, 5400)
    assert (oil.product_external_id, oil.variant_external_id) == ("900", "901")
    assert (sample.product_external_id, sample.sku, sample.total_minor) == ("", "", 0)


def test_lines_are_worth_what_the_shopper_saw() -> None:
    order = read_order(prices_include_tax=False)
    assert (order.subtotal_minor, order.discount_minor, order.shipping_minor) == (4500, 500, 325)
    assert order.lines[0].unit_price_minor == 2500
    assert order.gross_minor == 5990


def test_an_account_is_named_and_never_overwritten_by_its_orders() -> None:
    buyer = read_order().customer
    assert buyer is not None
    assert (buyer.external_id, buyer.email, buyer.phone) == (
        "77",
        "ada@example.com",
        "07700 900123",
    )
    assert buyer.version_at.year == 1970


def test_a_guest_has_no_id() -> None:
    buyer = read_order(customer_id=0).customer
    assert buyer is not None
    assert (buyer.external_id, buyer.email) == ("", "ada@example.com")
    assert read_order(customer_id=0, billing=[], shipping=[]).customer is None


@pytest.mark.parametrize(
    ("status", "payment", "is_cancelled", "is_voided"),
    [
        ("pending", "pending", False, False),
        ("on-hold", "pending", False, False),
        ("processing", "pending", False, False),
        ("completed", "paid", False, False),
        ("wc-shipped", "pending", False, False),
        ("refunded", "refunded", False, False),
        ("cancelled", "pending", True, False),
        ("trash", "pending", True, False),
        ("failed", "failed", False, True),
    ],
)
def test_a_status_says_whether_an_order_counts(
    status: str, payment: str, is_cancelled: bool, is_voided: bool
) -> None:
    order = read_order(status=status, date_paid=None, date_paid_gmt=None)
    found = (order.financial_status, order.cancelled_at is not None, order.is_voided)
    assert found == (payment, is_cancelled, is_voided)


def test_an_unfinished_checkout_is_no_order() -> None:
    payload = load_payload("woocommerce/order", status="checkout-draft")
    assert translate("order.created", payload) == Translation(ignored=NO_ORDER_YET)


def test_a_time_without_its_twin_is_in_the_zone_of_the_shop() -> None:
    order = read_order(date_created_gmt=None, date_modified_gmt=None)
    assert order.ordered_at == datetime(2026, 5, 4, 10, 0, tzinfo=UTC)
    assert order.version_at == datetime(2026, 5, 4, 10, 0, 30, tzinfo=UTC)


def test_refunds_inside_carry_no_time_of_their_own() -> None:
    inside = [{"id": 16, "reason": "damaged", "total": "-10.00", "total_tax": "0.00"}]
    payload = load_payload("woocommerce/order", refunds=inside)
    _, refund = translate("order.updated", payload).records
    assert isinstance(refund, RefundRecord)
    assert (refund.external_id, refund.order_external_id, refund.note) == ("16", "4711", "damaged")
    assert (refund.amount_minor, refund.currency, refund.is_dated) == (1000, "GBP", False)


def test_odd_quantities_and_amounts_keep_the_money_exact() -> None:
    line = {"id": 1, "name": "Oats", "quantity": 1.5, "subtotal": "10.00", "total": "9.995"}
    order = read_order(line_items=[line], prices_include_tax=False)
    (read,) = order.lines
    assert (read.quantity, read.unit_price_minor, read.total_minor) == (2, 500, 1000)
    yen = read_order(
        currency="jpy", total="1200", line_items=[], discount_total="", shipping_total=""
    )
    assert (yen.currency, yen.gross_minor) == ("JPY", 1200)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"total": "12,50"}, "total: '12,50' is not an amount; write 12.50"),
        ({"total": None}, "total is missing"),
        ({"currency": "XQZ"}, "currency is 'XQZ', which is not a known currency"),
        ({"date_created_gmt": "soon"}, "date_created_gmt: 'soon' is not a time"),
        ({"date_created_gmt": None, "date_created": None}, "date_created_gmt is missing"),
        ({"id": None}, "id is missing"),
    ],
)
def test_money_and_times_are_never_guessed(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(Untranslatable) as caught:
        read_order(**changes)
    assert str(caught.value) == reason


def test_a_customer_is_read_without_what_wordpress_keeps_for_itself() -> None:
    (customer,) = translate("customer.updated", load_payload("woocommerce/customer")).records
    assert isinstance(customer, CustomerRecord)
    assert (customer.external_id, customer.last_name) == ("77", "King")
    assert customer.version_at == datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
    assert customer.created_at == datetime(2025, 2, 1, 9, 0, tzinfo=UTC)
    assert (customer.address.country, customer.address.city) == ("GB", "London")
    assert customer.properties == {"skin_type": "dry"}
    assert (customer.email_consent, customer.sms_consent) == ("", "")


def test_a_simple_product_is_its_own_variant() -> None:
    (product,) = translate("product.updated", load_payload("woocommerce/product")).records
    assert isinstance(product, ProductRecord)
    assert (product.title, product.category) == ("Lavender & Oat Soap", "Bath & Body")
    assert (product.brand, product.tags, product.status) == ("Ada", ["vegan"], "active")
    (variant,) = product.variants
    assert (variant.external_id, variant.price_minor, variant.inventory_quantity) == (
        "910",
        650,
        12,
    )


def test_a_variation_belongs_to_its_product() -> None:
    (variant,) = translate("product.created", load_payload("woocommerce/variation")).records
    assert isinstance(variant, VariantRecord)
    assert (variant.product_external_id, variant.title) == ("900", "Rose & Oud Oil")
    assert (variant.variant.external_id, variant.variant.title) == ("901", "50 ml")
    assert (variant.variant.price_minor, variant.variant.inventory_quantity) == (3000, 0)


@pytest.mark.parametrize("topic", ["coupon.created", "customer.deleted", "action.my_hook"])
def test_topics_without_meaning_are_ignored_with_a_reason(topic: str) -> None:
    assert translate(topic, {"id": 1}).ignored != ""


class TestAtTheEdge:
    pytestmark = edge

    @transaction.atomic
    def rows(self) -> list[tuple[str, str]]:
        return list(InboxDelivery.objects.order_by("pk").values_list("topic", "status"))

    @transaction.atomic
    def order(self) -> Order:
        return Order.objects.get()

    @transaction.atomic
    def events(self) -> list[str]:
        names = Event.objects.filter(name__startswith="Order").order_by("pk")
        return list(names.values_list("name", flat=True))

    def test_a_ping_is_taken_and_means_nothing(self, woo: FakeWooShop) -> None:
        kind = "application/x-www-form-urlencoded"
        for _ in range(2):
            answer = woo.client.post(woo.path, b"webhook_id=6", content_type=kind)
            assert answer.status_code == HTTPStatus.OK
        woo.drain()
        assert self.rows() == [("", "ignored")]

    @pytest.mark.parametrize("body", [b"webhook_id=6&x=1", b"webhook_id=", b"{}", b" "])
    def test_nothing_else_goes_unsigned(self, woo: FakeWooShop, body: bytes) -> None:
        assert woo.post(body, {"X-WC-Webhook-Topic": "order.created"}) == HTTPStatus.UNAUTHORIZED
        assert self.rows() == []

    def test_one_changed_byte_breaks_the_signature(self, woo: FakeWooShop) -> None:
        order = load_payload("woocommerce/order")
        assert woo.deliver("order.created", order, secret="other") == HTTPStatus.UNAUTHORIZED
        assert self.rows() == []

    def test_a_shared_delivery_id_hides_no_order_and_a_retry_repeats_none(
        self, woo: FakeWooShop
    ) -> None:
        first = load_payload("woocommerce/order")
        second = load_payload("woocommerce/order", id=4712, number="4712")
        for body in (first, second, first):
            assert woo.deliver("order.created", body, "same") == HTTPStatus.OK
        assert woo.deliver("order.created", first, "another second") == HTTPStatus.OK
        woo.drain()
        assert self.rows() == [("order.created", "applied")] * 2
        assert self.events() == ["Order Placed"] * 2

    def test_updated_before_created_is_one_order_of_the_newer_version(
        self, woo: FakeWooShop
    ) -> None:
        newer = load_payload(
            "woocommerce/order", status="completed", date_modified_gmt="2026-05-04T12:00:00"
        )
        woo.deliver("order.updated", newer)
        woo.deliver("order.created", newer)
        woo.deliver("order.created", load_payload("woocommerce/order"))
        woo.drain()
        assert (self.order().fulfillment_status, self.events()) == ("fulfilled", ["Order Placed"])

    def test_a_refund_keeps_the_time_at_which_it_was_first_seen(self, woo: FakeWooShop) -> None:
        inside = [{"id": 16, "reason": "damaged", "total": "-10.00"}]
        for modified in ("2026-05-05T10:00:00", "2026-05-09T10:00:00"):
            changes = {"refunds": inside, "date_modified_gmt": modified}
            woo.deliver("order.updated", load_payload("woocommerce/order", **changes))
            woo.drain()
        with transaction.atomic():
            refund = Refund.objects.get()
        assert refund.refunded_at == datetime(2026, 5, 5, 10, 0, tzinfo=UTC)
        assert (refund.amount_minor, self.order().state) == (1000, "partially_refunded")

    def test_a_binned_order_counts_no_more_and_counts_again_when_restored(
        self, woo: FakeWooShop
    ) -> None:
        with time_machine.travel("2026-05-06T10:00:00Z", tick=False) as traveller:
            woo.deliver("order.created", load_payload("woocommerce/order"))
            woo.deliver("order.deleted", {"id": 4711}, "first")
            woo.deliver("product.deleted", {"id": 4711}, "first")
            woo.deliver("order.updated", load_payload("woocommerce/order"))
            woo.drain()
            assert (self.order().state, self.order().is_counted) == ("cancelled", False)

            back = load_payload("woocommerce/order", date_modified_gmt="2026-05-06T10:00:01")
            woo.deliver("order.deleted", {"id": 4711}, "again")
            woo.deliver("order.restored", back)
            woo.drain()
            assert (self.order().state, self.order().is_counted) == ("paid", True)

            traveller.shift(60)
            woo.deliver("order.deleted", {"id": 4711}, "second")
            woo.drain()
        assert (self.order().state, self.order().gross_minor) == ("cancelled", 5990)
        assert self.events() == [
            "Order Placed",
            "Order Cancelled",
            "Order Updated",
            "Order Cancelled",
        ]
        with transaction.atomic():
            assert list(Product.objects.values_list("external_id", flat=True)) == ["900"]

    def test_the_account_rules_over_what_its_orders_say(self, woo: FakeWooShop) -> None:
        woo.deliver("customer.updated", load_payload("woocommerce/customer"))
        moved = {"first_name": "A.", "last_name": "L.", "city": "Leeds", "country": "GB"}
        billing = {**moved, "email": "work@example.com", "phone": ""}
        woo.deliver("order.created", load_payload("woocommerce/order", billing=billing))
        woo.drain()
        with transaction.atomic():
            profile = Profile.objects.get()
        assert (profile.email, profile.last_name, profile.city) == (
            "ada@example.com",
            "King",
            "London",
        )

    def test_variations_fill_the_product_that_they_belong_to(self, woo: FakeWooShop) -> None:
        variation = load_payload("woocommerce/variation")
        other = {**variation, "id": 902, "sku": "OIL-100", "price": "55.00"}
        parent = load_payload(
            "woocommerce/product", id=900, name="Rose & Oud Oil", type="variable", variations=[901]
        )
        for body in (variation, other, parent, {**other, "price": "50.00"}):
            woo.deliver("product.updated", body)
        woo.drain()
        with transaction.atomic():
            product = Product.objects.get()
            variants = set(Variant.objects.values_list("sku", "price_minor", "product_id"))
        assert product.title == "Rose & Oud Oil"
        assert variants == {("OIL-50", 3000, product.pk), ("OIL-100", 5000, product.pk)}

    def test_a_deleted_product_keeps_its_name(self, woo: FakeWooShop) -> None:
        woo.deliver("product.created", load_payload("woocommerce/product"))
        woo.deliver("product.deleted", {"id": 910})
        woo.deliver("product.deleted", {"id": 911})
        woo.drain()
        with transaction.atomic():
            product = Product.objects.get()
        assert (product.title, product.category) == ("Lavender & Oat Soap", "Bath & Body")
        assert product.deleted_at is not None


def test_gateway_and_its_title_say_how_an_order_was_paid() -> None:
    order = read_order(payment_method="acme_7", payment_method_title="Klarna")
    assert list(order.payment_names) == ["acme_7", "Klarna"]


def test_parcels_come_from_the_meta_data_of_tracking_plugins() -> None:
    parcel = {
        "tracking_provider": "dhl-de",
        "custom_tracking_provider": "",
        "custom_tracking_link": "",
        "tracking_number": "JD01",
        "date_shipped": "1777896000",
        "tracking_id": "a1b2",
    }
    meta = [{"id": 1, "key": "_wc_shipment_tracking_items", "value": [parcel, {"x": 1}]}]
    order, *others = translate(
        "order.updated", load_payload("woocommerce/order", meta_data=meta)
    ).records
    assert isinstance(order, OrderRecord)
    (sent,) = [record for record in others if isinstance(record, ShipmentRecord)]
    assert (sent.external_id, sent.order_external_id) == ("4711:a1b2", "4711")
    assert (sent.carrier, sent.tracking_number, sent.status) == ("dhl-de", "JD01", "shipped")
    assert sent.shipped_at == datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
