from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.choices import OrderChannel, PaymentMethod
from crm.domain.sales import NAMES, channel_of, payment_of
from crm.models import Event, Order, ProfileFacts
from crm.panels import speak_events
from crm.queries.orders import WantedOrders, list_orders
from kernel.keyset import Place
from tenants.models import Tenant
from tests.factories.crm import NOON, apply, make_store, order
from tests.factories.tenants import sign_in

CARD_NUMBER = "4242 4242 4242 4242"


@pytest.mark.parametrize(
    ("names", "payment"),
    [
        ([], ("", "")),
        ([" ", ""], ("", "")),
        (["shopify_payments"], ("card", "")),
        (["Credit Card"], ("card", "")),
        (["paypal"], ("paypal", "PayPal")),
        (["PayPal Express Checkout"], ("paypal", "PayPal")),
        (["apple_pay"], ("wallet", "Apple Pay")),
        (["Amazon Payments"], ("wallet", "Amazon Pay")),
        (["Bank Deposit"], ("bank_transfer", "")),
        (["bacs"], ("bank_transfer", "")),
        (["mollie_wc_gateway_ideal"], ("bank_transfer", "iDEAL")),
        (["Cash on Delivery (COD)"], ("cash_on_delivery", "")),
        (["cod"], ("cash_on_delivery", "")),
        (["Klarna"], ("pay_later", "Klarna")),
        (["Shop Pay Installments"], ("pay_later", "Instalments")),
        (["gift_card"], ("gift_card", "Gift card")),
        (["gift_card", "shopify_payments"], ("card", "")),
        (["gift_card", "gift_card"], ("gift_card", "Gift card")),
        (["manual"], ("other", "Manual payment")),
        (["acme_gateway_7", "Klarna"], ("pay_later", "Klarna")),
        (["gift_card", "acme_gateway_7"], ("other", "")),
        (["Bobs secret gateway"], ("other", "")),
        ([f"Visa {CARD_NUMBER}"], ("card", "")),
        ([CARD_NUMBER], ("other", "")),
        (["pay_later"], ("pay_later", "")),
        (["wallet"], ("wallet", "")),
    ],
)
def test_how_an_order_was_paid(names: list[str], payment: tuple[str, str]) -> None:
    assert payment_of(names) == payment


@given(st.lists(st.text(max_size=40), max_size=4))
def test_of_no_gateway_more_than_a_known_word_is_kept(names: list[str]) -> None:
    method, name = payment_of(names)
    assert method in {"", *PaymentMethod.values}
    assert name in {"", *NAMES}


@pytest.mark.parametrize(
    ("word", "channel"),
    [
        ("web", "online"),
        ("580111", "online"),
        ("pos", "pos"),
        ("shopify_draft_order", "draft"),
        ("iphone", "app"),
        ("Online", "online"),
        ("1234567", "other"),
        ("", ""),
    ],
)
def test_where_an_order_was_placed(word: str, channel: str) -> None:
    assert channel_of(word) == channel
    assert channel in {"", *OrderChannel.values}


@pytest.mark.usefixtures("noting_handlers", "tenant")
@pytest.mark.django_db
class TestStored:
    def test_an_order_keeps_channel_and_family_and_never_the_gateway(self) -> None:
        apply(make_store(), order(channel="web", payment_names=[f"Visa {CARD_NUMBER}"]))
        stored = Order.objects.get()
        assert (stored.channel, stored.payment_method, stored.payment_name) == (
            "online",
            "card",
            "",
        )
        assert stored.payment_label == "Card"
        event = Event.objects.get(name="Order Placed")
        assert event.properties["payment_method"] == "card"
        assert event.properties["channel"] == "online"
        assert CARD_NUMBER not in str(event.properties)

    def test_another_way_of_paying_is_news_and_another_word_for_it_is_none(self) -> None:
        store = make_store()
        apply(store, order(payment_names=["stripe"]))
        later = NOON + timedelta(hours=1)
        assert apply(store, order(payment_names=["Visa"], version_at=later)) == ["unchanged"]
        assert apply(store, order(payment_names=["paypal"], version_at=later)) == ["updated"]
        assert Order.objects.get().payment_label == "PayPal"

    def test_the_time_line_says_how_it_was_paid_and_that_it_was_at_the_till(self) -> None:
        store = make_store()
        apply(
            store,
            order("1", channel="pos", payment_names=["apple_pay"]),
            order("2", channel="web", payment_names=["stripe"]),
            order("3"),
        )
        events = list(Event.objects.filter(name="Order Placed").order_by("pk"))
        assert [speak_events(events)[event.pk].text for event in events] == [
            "£10.00 · Soap · Apple Pay · Point of sale",
            "£10.00 · Soap · Card",
            "£10.00 · Soap",
        ]


@pytest.mark.django_db
class TestLists:
    @pytest.fixture(autouse=True)
    def orders(self, tenant: Tenant) -> None:
        apply(
            make_store(),
            order("1", channel="web", payment_names=["stripe"]),
            order("2", channel="pos", payment_names=["Cash"]),
            order("3", channel="web", payment_names=["klarna"]),
            order("4"),
        )

    @pytest.mark.parametrize(
        ("wanted", "found"),
        [
            ({"channel": "online"}, ["#3", "#1"]),
            ({"channel": "pos"}, ["#2"]),
            ({"channel": "draft"}, []),
            ({"payment": "card"}, ["#1"]),
            ({"payment": "other"}, ["#2"]),
            ({"payment": "pay_later", "channel": "online"}, ["#3"]),
            ({"payment": "pay_later", "channel": "pos"}, []),
        ],
    )
    def test_orders_are_narrowed(self, wanted: dict[str, str], found: list[str]) -> None:
        page = list_orders(WantedOrders(**wanted), Place())  # type: ignore[arg-type] # words alone
        assert [row.number for row in page.rows] == found

    def test_the_page_shows_filters_and_what_is_on(self, tenant: Tenant) -> None:
        client = sign_in(tenant)
        text = client.get("/t/ada-soap/orders/?channel=pos&payment=nonsense").content.decode()
        assert "Channel: Point of sale" in text
        assert "Paid by:" not in text
        assert "#2" in text
        assert "#1" not in text
        shown = client.get(f"/t/ada-soap/orders/{Order.objects.get(number='#3').pk}/")
        assert "Klarna" in shown.content.decode()
        assert "Online shop" in shown.content.decode()


def test_somebody_of_the_till_has_it_as_first_touch(tenant: Tenant, db: None) -> None:
    apply(make_store(), order(channel="pos"))
    facts = ProfileFacts.objects.get()
    assert (facts.first_touch or {})["source"] == "pos"
