import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.types import (
    AddressData,
    ConsentRecord,
    CustomerRecord,
    DataRequestRecord,
    EraseRecord,
    OrderRecord,
    ProductRecord,
    Record,
    RefundRecord,
    ShipmentRecord,
    StoreClosedRecord,
)
from crm.types.care import ReturnRecord
from stores.errors import Untranslatable
from stores.platforms import PLATFORMS
from stores.platforms.shopify.platform import TOPICS
from stores.types import Delivery, StoreContext, Translation
from tests.support.payloads import load_payload

ARRIVED = datetime(2026, 5, 8, 12, 0, tzinfo=UTC)
STORE = StoreContext(store_id=1, platform="shopify", currency="GBP", timezone="Europe/London")


def translate(topic: str, payload: Any) -> Translation:
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    delivery = Delivery(
        id=1,
        topic=topic,
        source="webhook",
        headers={"shopify-shop-domain": "ada-soap.example"},
        body=body,
        triggered_at=None,
        received_at=ARRIVED,
    )
    return PLATFORMS["shopify"].translate(delivery, STORE)


def records(topic: str, payload: Any) -> list[Record]:
    return list(translate(topic, payload).records)


def first_order(payload: dict[str, Any]) -> OrderRecord:
    order = records("orders/create", payload)[0]
    assert isinstance(order, OrderRecord)
    return order


def reason(topic: str, payload: Any) -> str:
    with pytest.raises(Untranslatable) as caught:
        translate(topic, payload)
    return str(caught.value)


def test_an_order_is_read_whole() -> None:
    order = first_order(load_payload("shopify/order"))

    assert order.external_id == "9007199254740993"
    assert order.number == "#1042"
    assert order.ordered_at == datetime(2026, 5, 4, 10, 0, tzinfo=UTC)
    assert order.version_at == datetime(2026, 5, 4, 10, 0, 5, tzinfo=UTC)
    assert (order.currency, order.gross_minor) == ("GBP", 5990)
    assert (order.base_currency, order.base_gross_minor) == ("GBP", 5990)
    assert (order.subtotal_minor, order.discount_minor) == (5595, 600)
    assert (order.shipping_minor, order.tax_minor) == (395, 998)
    assert (order.channel, order.country, order.city) == ("web", "DE", "Köln")
    assert order.discount_codes == ["SPRING"]
    assert (order.is_test, order.is_voided, order.cancelled_at) == (False, False, None)
    assert order.attribution == {
        "landing_site": "/collections/oils?utm_source=newsletter&utm_medium=email&gclid=x",
        "referrer": "https://search.example/",
        "utm_source": "newsletter",
        "utm_medium": "email",
    }


def test_lines_carry_their_share_of_discounts_and_empty_ones_are_left_out() -> None:
    lines = first_order(load_payload("shopify/order")).lines
    assert [
        (line.line_key, line.quantity, line.discount_minor, line.total_minor) for line in lines
    ] == [
        ("11001", 2, 505, 5195),
        ("11002", 1, 95, 400),
    ]
    assert [line.product_external_id for line in lines] == ["501", ""]


def test_the_buyer_of_an_order_is_read_with_consent() -> None:
    found = records("orders/create", load_payload("shopify/order"))
    order, sms = found[0], found[1]
    assert isinstance(order, OrderRecord)
    assert order.customer == CustomerRecord(
        external_id="7001",
        version_at=datetime(2026, 5, 4, 10, 0, 4, tzinfo=UTC),
        email="ada@example.com",
        phone="+447700900123",
        first_name="Ada",
        last_name="Byron",
        locale="en-GB",
        address=AddressData(country="GB", region="England", city="London", postcode="N1 9GU"),
        tags=["vip", "Oils"],
        created_at=datetime(2026, 1, 2, 9, 0, tzinfo=UTC),
        email_consent="subscribed",
        consent_at=datetime(2026, 1, 2, 9, 5, tzinfo=UTC),
    )
    assert sms == ConsentRecord(
        channel="sms",
        state="unsubscribed",
        external_id="7001",
        phone="+447700900123",
        occurred_at=datetime(2026, 2, 1, 8, 0, tzinfo=UTC),
        method="shopify",
        detail="single_opt_in",
    )


def test_refunds_and_parcels_inside_an_order_are_taken() -> None:
    refund, parcel = records("orders/updated", load_payload("shopify/order"))[2:]
    assert isinstance(refund, RefundRecord)
    assert isinstance(parcel, ShipmentRecord)
    assert (refund.external_id, refund.amount_minor, refund.currency) == ("31001", 1000, "GBP")
    assert refund.order_external_id == "9007199254740993"
    assert (parcel.external_id, parcel.carrier, parcel.status) == (
        "41001",
        "Parcel Mail",
        "delivered",
    )
    assert parcel.delivered_at == datetime(2026, 5, 5, 18, 0, tzinfo=UTC)


def test_a_guest_is_known_by_the_orders_own_address() -> None:
    order = first_order(load_payload("shopify/guest_order"))
    assert order.customer is not None
    assert order.customer.external_id == ""
    assert order.customer.email == "guest@example.com"
    assert (order.customer.first_name, order.customer.last_name) == ("Grace", "Hopper")
    assert order.customer.email_consent == "subscribed"
    assert order.customer.consent_at == datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
    assert (order.is_voided, order.channel) == (True, "pos")


def test_an_order_without_any_customer_has_none() -> None:
    payload = load_payload("shopify/guest_order", email=None)
    assert first_order(payload).customer is None


def test_a_cancelled_test_order_says_so() -> None:
    payload = load_payload("shopify/order", test=True, cancelled_at="2026-05-05T00:00:00+02:00")
    order = first_order(payload)
    assert order.is_test is True
    assert order.cancelled_at == datetime(2026, 5, 4, 22, 0, tzinfo=UTC)


def test_a_refund_without_payments_is_worth_its_lines_and_the_shipping() -> None:
    (refund,) = records("refunds/create", load_payload("shopify/refund"))
    assert isinstance(refund, RefundRecord)
    assert refund.amount_minor == 1200 + 395
    assert (refund.order_external_id, refund.currency) == ("5002", "GBP")
    assert refund.refunded_at == datetime(2026, 5, 7, 9, 0, tzinfo=UTC)


def test_a_refund_paid_in_another_currency_keeps_the_shops_own_worth() -> None:
    payment = {"kind": "refund", "status": "success", "amount": "11.70", "currency": "EUR"}
    payload = load_payload("shopify/refund", transactions=[payment])
    (refund,) = records("refunds/create", payload)
    assert isinstance(refund, RefundRecord)
    assert (refund.currency, refund.amount_minor) == ("EUR", 1170)
    assert (refund.base_currency, refund.base_amount_minor) == ("GBP", 1000)


def test_an_older_customer_payload_tells_consent_too() -> None:
    (customer,) = records("customers/update", load_payload("shopify/customer"))
    assert isinstance(customer, CustomerRecord)
    assert (customer.external_id, customer.last_name) == ("7002", "陳")
    assert customer.email_consent == "subscribed"
    assert customer.consent_at == datetime(2026, 3, 1, tzinfo=UTC)
    assert customer.address == AddressData()


def test_consent_topics_carry_state_and_time() -> None:
    consent = {"state": "unsubscribed", "consent_updated_at": "2026-05-01T00:00:00Z"}
    payload = {"customer_id": 7001, "email_address": "ada@example.com"}
    known, told = records(
        "customers_email_marketing_consent/update", {**payload, "email_marketing_consent": consent}
    )
    assert isinstance(known, CustomerRecord)
    assert known.version_at == datetime(1970, 1, 1, tzinfo=UTC)
    assert told == ConsentRecord(
        channel="email",
        state="unsubscribed",
        external_id="7001",
        email="ada@example.com",
        occurred_at=datetime(2026, 5, 1, tzinfo=UTC),
        method="shopify",
    )


def test_a_product_is_read_with_its_variants() -> None:
    (product,) = records("products/create", load_payload("shopify/product"))
    assert isinstance(product, ProductRecord)
    assert (product.external_id, product.category, product.brand) == ("501", "Skincare", "Ada Soap")
    assert product.url == "https://ada-soap.example/products/rosehip-night-oil"
    assert product.tags == ["oil", "night"]
    assert [(v.external_id, v.price_minor, v.inventory_quantity) for v in product.variants] == [
        ("601", 2850, 7),
        ("602", 3900, -2),
    ]


def test_a_deleted_product_is_marked_as_of_its_arrival() -> None:
    assert records("products/delete", {"id": 501}) == [
        ProductRecord(external_id="501", version_at=ARRIVED, is_deleted=True)
    ]


def test_privacy_topics_and_removal() -> None:
    customer = {"id": 7001, "email": "ada@example.com", "phone": "+447700900123"}
    asked = {"customer": customer, "data_request": {"id": 99}}
    assert records("customers/data_request", asked) == [
        DataRequestRecord(request_id="99", external_id="7001", email="ada@example.com")
    ]
    assert records("customers/redact", {"customer": customer}) == [
        EraseRecord(external_id="7001", email="ada@example.com", phone="+447700900123")
    ]
    assert records("app/uninstalled", {"id": 1}) == [StoreClosedRecord(occurred_at=ARRIVED)]
    assert records("shop/redact", {"shop_id": 1}) == [
        StoreClosedRecord(occurred_at=ARRIVED, erase=True)
    ]


@pytest.mark.parametrize("topic", ["collections/create", "themes/publish", "", "nonsense"])
def test_topics_without_use_are_ignored_unread(topic: str) -> None:
    found = translate(topic, b"not even json")
    assert found.records == ()
    assert found.ignored == f"Topic {topic or '(none)'} is not used yet"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"total_price": "12,50"}, "total_price: '12,50' is not an amount; write 12.50"),
        ({"total_price": None}, "total_price is missing"),
        ({"total_price": "NaN"}, "total_price: 'NaN' is not an amount; write 12.50"),
        ({"total_price": "1e400"}, "total_price: '1e400' is not an amount; write 12.50"),
        ({"total_price": "1" * 19}, "total_price: '1111111111111111111' is too large"),
        ({"currency": "QQQ"}, "currency is 'QQQ', which is not a known currency"),
        ({"currency": None}, "currency is '', which is not a known currency"),
        (
            {"processed_at": "2026-05-04T11:00:00"},
            "processed_at: '2026-05-04T11:00:00' has no time zone",
        ),
        ({"updated_at": "yesterday"}, "updated_at: 'yesterday' is not a time"),
        ({"created_at": None, "processed_at": None}, "created_at is missing"),
        ({"id": None}, "id is missing"),
        ({"id": {"a": 1}}, "id is missing"),
        (
            {"line_items": [{"id": 1, "quantity": "two", "price": "1.00"}]},
            "quantity is 'two', not a whole number",
        ),
    ],
)
def test_what_is_wrong_with_an_order_is_said(changes: dict[str, Any], expected: str) -> None:
    assert reason("orders/create", load_payload("shopify/order", **changes)) == expected


def test_broken_json_is_said() -> None:
    assert reason("orders/create", b'{"id": 1').startswith("The body is not valid JSON: ")
    assert reason("orders/create", b"\xff\xfe").startswith("The body is not valid JSON: ")
    assert reason("orders/create", b"[" * 100_000).startswith("The body is not valid JSON: ")
    assert reason("orders/create", b"[1]") == "The body is not a JSON object"
    assert reason("orders/create", b"").startswith("The body is not valid JSON: ")


def test_signs_that_postgresql_cannot_store_are_dropped() -> None:
    payload = load_payload("shopify/guest_order", name="#1\x00\ud800")
    assert first_order(payload).number == "#1?"


def answer(topic: str, payload: Any) -> tuple[int, str]:
    """Return how many records a delivery means, and the reason why it means none."""
    try:
        found = translate(topic, payload)
    except Untranslatable as refused:
        return 0, str(refused)
    return len(found.records), found.ignored


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(
    topic=st.sampled_from(sorted(TOPICS)),
    name=st.sampled_from(["order", "customer", "product"]),
    data=st.data(),
)
def test_whatever_a_field_holds_the_answer_is_records_or_a_reason(
    topic: str, name: str, data: st.DataObject
) -> None:
    payload = load_payload(f"shopify/{name}")
    field = data.draw(st.sampled_from(sorted(payload)))
    payload[field] = data.draw(JSON)
    count, why = answer(topic, payload)
    assert (count > 0) is (why == "")


def visit_of_order(**fields: Any) -> dict[str, str] | None:
    found = first_order({**load_payload("shopify/order"), **fields}).attribution
    return dict(found) if found else None


def test_campaign_words_of_the_cart_fill_what_the_landing_page_lacks() -> None:
    assert visit_of_order(
        landing_site="/?utm_source=news",
        referring_site=None,
        note_attributes=[
            {"name": "utm_source", "value": "old"},
            {"name": "UTM_Campaign", "value": "May"},
            {"name": "gift", "value": "yes"},
            {"name": "utm_term", "value": None},
        ],
    ) == {"landing_site": "/?utm_source=news", "utm_source": "news", "utm_campaign": "May"}


def test_the_shop_itself_is_no_referrer() -> None:
    assert visit_of_order(
        landing_site="/",
        referring_site="https://www.ada-soap.example/cart",
        order_status_url="https://ada-soap.example/1/orders/x",
    ) == {"landing_site": "/"}


def test_the_label_of_a_landing_page_is_its_source() -> None:
    found = visit_of_order(landing_site="/?ref=bob", landing_site_ref="bob", referring_site=None)
    assert found == {"landing_site": "/?ref=bob", "utm_source": "bob"}


def test_an_order_without_a_visit_says_none() -> None:
    assert visit_of_order(landing_site=None, referring_site=None) is None


def payments(**fields: Any) -> list[str]:
    return list(first_order({**load_payload("shopify/order"), **fields}).payment_names)


def test_what_paid_most_comes_first() -> None:
    card = {"gateway": "shopify_payments", "status": "success", "amount": "50.00"}
    assert payments(
        payment_gateway_names=["gift_card", "shopify_payments"],
        transactions=[
            {**card, "id": 1, "kind": "authorization"},
            {**card, "id": 2, "kind": "capture", "parent_id": 1},
            {"id": 3, "kind": "sale", "status": "success", "amount": "70.00", "gateway": "paypal"},
            {"id": 4, "kind": "sale", "status": "failure", "amount": "90.00", "gateway": "klarna"},
            {"id": 5, "kind": "refund", "status": "success", "amount": "99.00", "gateway": "x"},
        ],
    ) == ["paypal", "shopify_payments", "gift_card", "shopify_payments"]


def test_the_wallet_of_a_card_is_what_paid() -> None:
    paid = {
        "kind": "sale",
        "status": "success",
        "amount": "59.90",
        "gateway": "shopify_payments",
        "payment_details": {"credit_card_wallet": "apple_pay", "credit_card_number": "•••• 4242"},
    }
    assert payments(transactions=[paid], payment_gateway_names=None) == ["apple_pay"]


def test_old_orders_name_one_gateway() -> None:
    assert payments(payment_gateway_names=None, gateway="paypal") == ["paypal"]
    assert payments(payment_gateway_names=[None, 7, " "]) == []


def test_what_a_carrier_says_is_news_of_the_parcel() -> None:
    said = {
        "id": 1,
        "fulfillment_id": 33,
        "order_id": 1001,
        "status": "out_for_delivery",
        "happened_at": "2026-05-08T09:00:00+01:00",
        "estimated_delivery_at": "2026-05-08T18:00:00+01:00",
    }
    (parcel,) = records("fulfillment_events/create", said)
    assert isinstance(parcel, ShipmentRecord)
    assert (parcel.external_id, parcel.order_external_id) == ("33", "1001")
    assert (parcel.status, parcel.delivered_at) == ("out_for_delivery", None)
    assert parcel.promised_at == datetime(2026, 5, 8, 17, 0, tzinfo=UTC)
    (arrived,) = records("fulfillment_events/create", {**said, "status": "delivered"})
    assert isinstance(arrived, ShipmentRecord)
    assert arrived.delivered_at == datetime(2026, 5, 8, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("word", "status"),
    [("requested", "requested"), ("open", "approved"), ("closed", "completed")],
)
def test_a_return_is_read_with_its_goods(word: str, status: str) -> None:
    line = {"id": 7, "sku": "SOAP", "title": "Soap"}
    item = {"quantity": 1, "return_reason": "SIZE_TOO_SMALL"}
    said = {
        "id": 9,
        "status": word,
        "name": "#1001-R1",
        "order": {"id": 1001},
        "return_line_items": [{**item, "fulfillment_line_item": {"line_item": line}}],
    }
    (back,) = records("returns/request", said)
    assert isinstance(back, ReturnRecord)
    assert (back.external_id, back.status, back.order_external_id) == ("9", status, "1001")
    assert back.items == [
        {
            "line_key": "7",
            "sku": "SOAP",
            "title": "Soap",
            "quantity": 1,
            "reason": "Size too small",
        }
    ]
    assert translate("returns/process", {}).ignored == "The delivery names no return"
