"""Refunds, shipments, products, consent, privacy and events of a batch."""

from datetime import timedelta

import pytest

from crm.choices import StoreStatus
from crm.models import (
    ConsentEvent,
    Event,
    Identity,
    Order,
    OrderLine,
    Product,
    Profile,
    ProfileFacts,
    Refund,
    Return,
    Shipment,
    Store,
    Suppression,
    Variant,
)
from crm.services.checks import find_differences
from crm.types import (
    ConsentRecord,
    DataRequestRecord,
    EraseRecord,
    EventRecord,
    ProductRecord,
    ShipmentRecord,
    StoreClosedRecord,
    VariantData,
)
from crm.types.care import ReturnRecord
from tenants.models import AuditEntry
from tests.factories.crm import NOON, apply, customer, line, make_store, order, refund

pytestmark = [pytest.mark.usefixtures("noting_handlers", "tenant"), pytest.mark.django_db]
LATER = NOON + timedelta(hours=1)


@pytest.fixture
def store() -> Store:
    return make_store()


def event_names() -> list[str]:
    return list(Event.objects.order_by("id").values_list("name", flat=True))


class TestRefunds:
    def test_a_refund_belongs_to_its_orders_profile(self, store: Store) -> None:
        assert apply(store, refund(), order()) == ["new", "new"]

        stored, bought = Refund.objects.get(), Order.objects.get()
        assert (stored.order_id, stored.profile_id) == (bought.pk, bought.profile_id)
        assert event_names() == ["Profile Created", "Order Placed", "Order Refunded"]
        event = Event.objects.get(name="Order Refunded")
        assert event.properties == {
            "order_id": bought.pk,
            "number": "#1001",
            "amount": "4.00",
            "currency": "GBP",
        }
        assert (event.object_id, event.profile_id) == (stored.pk, bought.profile_id)

    def test_a_refund_before_its_order_waits_for_it(self, store: Store) -> None:
        assert apply(store, refund()) == ["new"]
        assert Refund.objects.get().order is None
        assert event_names() == []

        apply(store, order())

        stored, bought = Refund.objects.get(), Order.objects.get()
        assert (stored.order_id, stored.profile_id) == (bought.pk, bought.profile_id)
        assert event_names() == ["Profile Created", "Order Placed", "Order Refunded"]
        apply(store, refund())
        assert event_names() == ["Profile Created", "Order Placed", "Order Refunded"]

    def test_a_refund_of_an_unknown_purchase_belongs_to_its_customer(self, store: Store) -> None:
        apply(store, refund(order_external_id="", customer=customer("c1")))

        stored = Refund.objects.get()
        assert (stored.order_id, stored.profile_id) == (None, Profile.objects.get().pk)
        assert event_names() == ["Profile Created", "Order Refunded"]

    def test_a_repeat_and_an_older_version_change_nothing(self, store: Store) -> None:
        apply(store, order(), refund(version_at=LATER))

        outcomes = apply(store, refund(version_at=LATER), refund(amount_minor=1))
        assert outcomes == ["unchanged", "unchanged"]
        assert Refund.objects.get().amount_minor == 400

    def test_a_changed_amount_is_told_again(self, store: Store) -> None:
        apply(store, order(), refund())

        assert apply(store, refund(version_at=LATER, amount_minor=500)) == ["updated"]
        assert Refund.objects.get().base_amount_minor == 500
        assert event_names().count("Order Refunded") == 2

    def test_a_refund_in_an_unknown_currency_is_rejected(self, store: Store) -> None:
        assert apply(store, refund(currency="???")) == ["rejected: unknown currency '???'"]
        assert not Refund.objects.exists()


class TestShipments:
    def shipment(self, **fields: object) -> ShipmentRecord:
        return ShipmentRecord(
            **{  # type: ignore[arg-type] # mixed values of one literal
                "external_id": "s1",
                "version_at": NOON,
                "order_external_id": "1001",
                "status": "success",
                "tracking_number": "T1",
                **fields,
            }
        )

    def test_a_parcel_is_told_once(self, store: Store) -> None:
        apply(store, order(), self.shipment())
        apply(store, self.shipment(version_at=LATER, delivered_at=LATER))

        stored = Shipment.objects.get()
        assert (stored.order_id, stored.delivered_at) == (Order.objects.get().pk, LATER)
        parcel = ["Order Fulfilled", "Order Delivered"]
        assert event_names() == ["Profile Created", "Order Placed", *parcel]

    def test_a_parcel_before_its_order_waits(self, store: Store) -> None:
        apply(store, self.shipment())
        assert event_names() == []

        apply(store, order())
        assert Shipment.objects.get().order_id == Order.objects.get().pk
        assert event_names() == ["Profile Created", "Order Placed", "Order Fulfilled"]

    def test_a_cancelled_parcel_is_not_on_its_way(self, store: Store) -> None:
        apply(store, order(), self.shipment(status="cancelled"))

        assert "Order Fulfilled" not in event_names()


class TestProducts:
    def product(self, **fields: object) -> ProductRecord:
        return ProductRecord(
            **{  # type: ignore[arg-type] # mixed values of one literal
                "external_id": "p1",
                "version_at": NOON,
                "title": "Rose Soap",
                "category": "Bath",
                "tags": ["new", 'a "b"'],
                "variants": [VariantData("v1", sku="S1", price_minor=900, currency="GBP")],
                **fields,
            }
        )

    def test_a_product_is_new_updated_or_unchanged(self, store: Store) -> None:
        assert apply(store, self.product()) == ["new"]
        assert apply(store, self.product()) == ["unchanged"]
        assert apply(store, self.product(version_at=LATER, title="Rose")) == ["updated"]
        assert apply(store, self.product(title="Old")) == ["unchanged"]

        stored = Product.objects.get()
        assert (stored.title, stored.tags) == ("Rose", ["new", 'a "b"'])
        assert Variant.objects.get().price_minor == 900

    def test_a_changed_variant_is_an_update(self, store: Store) -> None:
        apply(store, self.product())

        dearer = [VariantData("v1", sku="S1", price_minor=950, currency="GBP")]
        assert apply(store, self.product(variants=dearer)) == ["updated"]
        assert Variant.objects.get().price_minor == 950

    def test_a_deleted_product_stays_and_is_marked(self, store: Store) -> None:
        apply(store, self.product())
        apply(store, self.product(version_at=LATER, is_deleted=True))

        assert Product.objects.get().deleted_at == LATER

    def test_the_catalogue_names_what_lines_knew_first(self, store: Store) -> None:
        apply(store, order(lines=[line(product_external_id="p1", category="")]))

        assert apply(store, self.product()) == ["new"]
        assert OrderLine.objects.get().category == "Bath"
        assert ProfileFacts.objects.get().categories == ["Bath"]


class TestConsent:
    def said(self, state: str, hours: int | None, **fields: str) -> ConsentRecord:
        at = None if hours is None else NOON + timedelta(hours=hours)
        who = fields or {"email": "ada@example.com"}
        return ConsentRecord(channel="email", state=state, occurred_at=at, **who)

    def test_the_latest_statement_holds_in_any_order(self, store: Store) -> None:
        apply(store, self.said("subscribed", 1), self.said("unsubscribed", 3))
        apply(store, self.said("subscribed", 2))

        profile = Profile.objects.get()
        assert profile.email_consent == "unsubscribed"
        assert profile.email_consent_at == NOON + timedelta(hours=3)
        assert ConsentEvent.objects.count() == 3
        assert [found for found in find_differences() if "consent" in found] == []

    def test_an_unsubscribe_never_loses_to_a_subscribe_without_a_time(self, store: Store) -> None:
        apply(store, self.said("unsubscribed", 1))
        apply(store, self.said("subscribed", None))

        assert Profile.objects.get().email_consent == "unsubscribed"

    def test_a_repeat_appends_nothing(self, store: Store) -> None:
        apply(store, self.said("subscribed", 1))

        assert apply(store, self.said("subscribed", 1)) == ["unchanged"]
        assert ConsentEvent.objects.count() == 1
        assert event_names() == ["Profile Created", "Consent Changed"]

    def test_an_older_statement_that_is_repeated_in_one_batch_is_kept_once(
        self, store: Store
    ) -> None:
        newest, older = self.said("unsubscribed", 3), self.said("subscribed", 1)
        apply(store, newest, older, older)
        apply(store, older)

        states = ConsentEvent.objects.order_by("id").values_list("state", flat=True)
        assert list(states) == ["unsubscribed", "subscribed"]

    def test_a_customer_record_brings_consent(self, store: Store) -> None:
        said = customer("c1", email_consent="subscribed", consent_at=NOON, sms_consent="never")
        apply(store, said)
        apply(store, said)

        profile = Profile.objects.get()
        assert (profile.email_consent, profile.sms_consent) == ("subscribed", "never")
        event = ConsentEvent.objects.get(channel="email")
        assert (event.method, event.occurred_at) == ("shopify", NOON)

    def test_an_unknown_channel_is_rejected(self, store: Store) -> None:
        record = ConsentRecord(channel="fax", state="subscribed", email="ada@example.com")
        assert apply(store, record) == ["rejected: unknown channel 'fax'"]
        assert not Profile.objects.exists()


class TestErasure:
    def test_an_erased_person_leaves_figures_and_stays_gone(self, store: Store) -> None:
        bought = order(customer=customer("c1", first_name="Ada", email="ada@example.com"))
        apply(store, bought, refund(note="Ada wrote"))

        assert apply(store, EraseRecord(external_id="c1", email="ada@example.com")) == ["updated"]

        profile, kept, back = Profile.objects.get(), Order.objects.get(), Refund.objects.get()
        assert (profile.email, profile.first_name, profile.erased_at) == ("", "", NOON)
        assert (kept.profile_id, kept.email, kept.gross_minor) == (None, "", 1000)
        assert (back.profile_id, back.note) == (None, "")
        assert not Identity.objects.exists()
        assert set(Suppression.objects.values_list("reason", flat=True)) == {"erased"}
        assert AuditEntry.objects.get().action == "profile.erased"
        assert find_differences() == []

        again = customer("c1", email="ada@example.com", version_at=LATER)
        assert apply(store, again) == ["rejected: erased"]
        outcomes = apply(store, order("1002", email="ada@example.com", city="London"))
        assert outcomes == ["new"]
        later = Order.objects.get(external_id="1002")
        assert (later.profile_id, later.email, later.city) == (None, "", "")
        assert Profile.objects.count() == 1

    def test_an_update_brings_nothing_of_an_erased_person_back(self, store: Store) -> None:
        eve = customer("c1", email="eve@example.com")
        apply(store, order(customer=eve, email="eve@example.com", city="Leeds"))
        apply(store, EraseRecord(external_id="c1", email="eve@example.com"))

        nameless = {"email": "eve@@example.com", "phone": "12", "city": "Leeds"}
        outcomes = apply(
            store,
            order(version_at=LATER, **nameless, gross_minor=900),
            ShipmentRecord("s1", LATER, order_external_id="1001", tracking_number="T1"),
            refund(note="Eve wrote"),
            ReturnRecord("b1", LATER, order_external_id="1001", note="Eve wrote"),
        )

        assert outcomes == ["updated", "new", "new", "new"]
        kept = Order.objects.get()
        assert (kept.profile_id, kept.email, kept.phone, kept.city) == (None, "", "", "")
        assert kept.gross_minor == 900
        assert Shipment.objects.get().tracking_number == ""
        assert (Refund.objects.get().note, Return.objects.get().note) == ("", "")

    def test_an_order_that_named_the_erased_from_the_start_stays_nameless(
        self, store: Store
    ) -> None:
        apply(store, EraseRecord(external_id="c1", email="eve@example.com"))
        apply(store, order(email="eve@example.com"))

        apply(store, order(version_at=LATER, email="eve@@example.com"))

        assert Order.objects.get().email == ""

    def test_an_erased_persons_order_that_names_somebody_else_is_theirs(self, store: Store) -> None:
        apply(store, order(email="eve@example.com"))
        apply(store, EraseRecord(email="eve@example.com"))

        apply(store, order(version_at=LATER, email="bo@example.com", city="York"))

        kept = Order.objects.get()
        assert kept.profile_id == Profile.objects.get(email="bo@example.com").pk
        assert (kept.email, kept.city, kept.is_erased) == ("bo@example.com", "York", False)

    def test_somebody_unknown_is_blocked_all_the_same(self, store: Store) -> None:
        assert apply(store, EraseRecord(email="ada@example.com")) == ["unchanged"]
        assert apply(store, customer(email="ada@example.com")) == ["rejected: erased"]

    def test_a_repeat_erases_nothing(self, store: Store) -> None:
        apply(store, customer("c1"))
        apply(store, EraseRecord(external_id="c1"))

        assert apply(store, EraseRecord(external_id="c1")) == ["unchanged"]
        assert AuditEntry.objects.count() == 1

    def test_a_closed_store_forgets_whom_only_it_knew(self, store: Store) -> None:
        other = make_store("Other")
        apply(store, customer("c1"), customer("c2", email="both@example.com"))
        apply(other, customer("c9", email="both@example.com"))

        assert apply(store, StoreClosedRecord(NOON, erase=True)) == ["updated"]

        store.refresh_from_db()
        assert (store.status, store.uninstalled_at) == (StoreStatus.UNINSTALLED, NOON)
        kept = Profile.objects.filter(erased_at=None).get()
        assert kept.email == "both@example.com"
        assert apply(store, StoreClosedRecord(NOON)) == ["unchanged"]

    def test_a_data_request_is_noted_once(self, store: Store) -> None:
        apply(store, customer("c1"))
        record = DataRequestRecord("77", external_id="c1")

        assert apply(store, record) == ["new"]
        assert apply(store, record) == ["unchanged"]
        assert Event.objects.get(name="Data Requested").profile_id == Profile.objects.get().pk
        assert AuditEntry.objects.get().action == "profile.data_requested"


class TestEvents:
    def viewed(self, key: str = "", name: str = "Product Viewed") -> EventRecord:
        who = customer("", email="ada@example.com")
        return EventRecord(name, NOON, who, properties={"sku": "S1"}, dedupe_key=key)

    def test_an_event_creates_its_profile(self, store: Store) -> None:
        assert apply(store, self.viewed()) == ["new"]

        event = Event.objects.get(name="Product Viewed")
        assert event.profile_id == Profile.objects.get().pk
        assert event.properties == {"sku": "S1"}

    def test_a_key_counts_once(self, store: Store) -> None:
        outcomes = apply(store, self.viewed("k"), self.viewed("k"), self.viewed("l"))

        assert outcomes == ["new", "unchanged", "new"]
        assert apply(store, self.viewed("k")) == ["unchanged"]
        assert Event.objects.filter(name="Product Viewed").count() == 2

    def test_nobody_may_tell_patrons_own_events(self, store: Store) -> None:
        outcomes = apply(store, self.viewed(name="Order Placed"))

        assert outcomes == ["rejected: 'Order Placed' is a name that only Patron gives"]
        assert not Event.objects.exists()
