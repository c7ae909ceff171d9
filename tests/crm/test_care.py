"""Parcels, returns, reviews and tickets: what is kept, said, counted and forgotten."""

from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
import time_machine

from crm.models import (
    Event,
    Order,
    Product,
    Profile,
    ProfileFacts,
    Return,
    Review,
    Shipment,
    Store,
    Ticket,
)
from crm.queries.resources import export_profile
from crm.services.checks import find_differences
from crm.services.delays import find_late
from crm.services.erasure import erase_profiles
from crm.services.facts import refresh_facts
from crm.services.merging import merge_profiles
from crm.services.parting import unmerge_profile
from crm.types import CustomerRecord, EraseRecord, OrderRecord, ProductRecord, ShipmentRecord
from crm.types.care import ReturnRecord, ReviewRecord, TicketRecord
from kernel.batches import Deadline
from segments.domain.comparisons import FieldLeaf
from segments.domain.definitions import parse
from segments.fields import FIELDS
from tests.factories.crm import NOON, apply, customer, make_store, order

pytestmark = [pytest.mark.usefixtures("noting_handlers", "tenant"), pytest.mark.django_db]
LATER = NOON + timedelta(hours=1)
MUCH_LATER = NOON + timedelta(days=2)
ADA = CustomerRecord(external_id="", version_at=NOON, email="ada@example.com", first_name="Ada")


@pytest.fixture
def store() -> Store:
    return make_store()


@pytest.fixture
def desk() -> Store:
    """A tool beside the shop."""
    return make_store("Desk", platform="zendesk")


def goods_back(**fields: Any) -> ReturnRecord:
    return ReturnRecord(
        **{"external_id": "b1", "version_at": NOON, "order_external_id": "1001", **fields}
    )


def review(**fields: Any) -> ReviewRecord:
    return ReviewRecord(
        **{"external_id": "v1", "version_at": NOON, "rating": 2, "customer": ADA, **fields}
    )


def ticket(**fields: Any) -> TicketRecord:
    return TicketRecord(**{"external_id": "t1", "version_at": NOON, "customer": ADA, **fields})


def parcel(**fields: Any) -> ShipmentRecord:
    return ShipmentRecord(
        **{"external_id": "s1", "version_at": NOON, "order_external_id": "1001", **fields}
    )


def event_names() -> list[str]:
    names = Event.objects.exclude(name__in=["Profile Created", "Order Placed"])
    return list(names.order_by("id").values_list("name", flat=True))


def orders_told() -> list[Any]:
    """The orders that the events of returns name."""
    found = Event.objects.filter(name__startswith="Return").order_by("id")
    return [event.properties["order_id"] for event in found]


def facts() -> ProfileFacts:
    """The facts of everybody, brought up to date."""
    refresh_facts(Profile.objects.values_list("pk", flat=True), NOON)
    return ProfileFacts.objects.get(profile__merged_into=None)


class TestParcels:
    def test_a_carriers_delay_is_told_once_and_ends_with_the_delivery(self, store: Store) -> None:
        apply(store, order(), parcel(status="success", tracking_number="T1"))
        apply(store, parcel(status="delayed", version_at=LATER))
        apply(store, parcel(status="delayed", version_at=LATER + timedelta(hours=1)))
        assert facts().late_shipment_count == 1

        apply(store, parcel(status="delivered", version_at=MUCH_LATER))

        stored = Shipment.objects.get()
        assert (stored.state, stored.tracking_number) == ("delivered", "T1")
        assert (stored.delayed_at, stored.delivered_at) == (LATER, MUCH_LATER)
        assert event_names() == ["Order Fulfilled", "Shipment Delayed", "Order Delivered"]
        assert facts().late_shipment_count == 0
        assert find_differences() == []

    def test_a_promise_that_passes_makes_a_parcel_late_once(self, store: Store) -> None:
        apply(store, order(), parcel(status="shipped", promised_at=LATER))
        with time_machine.travel(LATER, tick=False):
            assert find_late(Deadline(None)) == 0
        with time_machine.travel(MUCH_LATER, tick=False):
            assert find_late(Deadline(None)) == 1
            assert find_late(Deadline(None)) == 0

        late = Event.objects.get(name="Shipment Delayed")
        assert late.profile_id == Order.objects.get().profile_id
        assert late.properties["promised_at"] == LATER.isoformat()
        assert not late.is_backfill

    @pytest.mark.parametrize(("fields", "is_history"), [({}, False), ({"promised_at": NOON}, True)])
    def test_nobody_is_written_to_about_an_old_promise(
        self, store: Store, fields: dict[str, Any], is_history: bool
    ) -> None:
        at = NOON + timedelta(days=4)
        apply(store, order(), parcel(**{"promised_at": at - timedelta(days=1), **fields}))
        with time_machine.travel(at, tick=False):
            find_late(Deadline(None))

        assert Event.objects.get(name="Shipment Delayed").is_backfill is is_history

    def test_a_shop_that_says_sent_does_not_take_back_what_the_carrier_said(
        self, store: Store
    ) -> None:
        apply(store, order(), parcel(status="out_for_delivery"))
        apply(store, parcel(status="success", version_at=LATER, carrier="Royal Mail"))

        stored = Shipment.objects.get()
        assert (stored.state, stored.carrier) == ("out_for_delivery", "Royal Mail")

    def test_news_of_an_unknown_parcel_needs_its_order(self, store: Store) -> None:
        said = apply(store, parcel(order_external_id=""))
        assert said == ["rejected: order_external_id is missing"]
        assert not Shipment.objects.exists()


class TestReturns:
    def test_a_return_belongs_to_the_person_of_its_order(self, store: Store) -> None:
        items = [{"title": "Soap", "quantity": 1}]
        assert apply(store, order(), goods_back(items=items, reason="Too small")) == ["new", "new"]
        assert facts().open_return_count == 1
        assert apply(store, goods_back(status="approved", version_at=LATER)) == ["updated"]
        assert apply(store, goods_back(status="completed", version_at=MUCH_LATER)) == ["updated"]
        assert apply(store, goods_back(status="completed", version_at=MUCH_LATER)) == ["unchanged"]

        stored = Return.objects.get()
        bought = Order.objects.get()
        assert (stored.order_id, stored.profile_id) == (bought.pk, bought.profile_id)
        assert (stored.items, stored.reason, stored.requested_at) == (items, "Too small", NOON)
        assert stored.closed_at == MUCH_LATER
        assert event_names() == ["Return Initiated", "Return Updated", "Return Completed"]
        assert orders_told() == [bought.pk] * 3
        assert facts().open_return_count == 0
        assert find_differences() == []

    def test_a_return_before_its_order_waits_with_its_events(self, store: Store) -> None:
        apply(store, goods_back())
        apply(store, goods_back(status="completed", version_at=LATER))
        assert event_names() == []

        apply(store, order())

        assert Return.objects.get().profile_id == Order.objects.get().profile_id
        assert event_names() == ["Return Initiated", "Return Completed"]
        assert orders_told() == [Order.objects.get().pk] * 2
        assert set(Event.objects.filter(name__startswith="Return").values_list("profile_id")) == {
            (Order.objects.get().profile_id,)
        }

    def test_a_closed_return_opens_again(self, store: Store) -> None:
        apply(store, order(), goods_back(status="cancelled"))
        apply(store, goods_back(status="approved", version_at=LATER))
        assert Return.objects.get().closed_at is None


class TestReviews:
    def test_a_negative_review_counts_until_it_is_answered(self, store: Store) -> None:
        apply(store, review(body="Cracked", title="No"))
        assert (facts().unhappy_review_count, facts().last_rating) == (1, 2)

        apply(store, ReviewRecord("v1", LATER, answered_at=LATER))

        assert (Review.objects.get().body, facts().unhappy_review_count) == ("Cracked", 0)
        assert event_names() == ["Review Submitted", "Review Updated"]
        assert find_differences() == []

    def test_a_tool_names_products_and_orders_of_the_shop(self, store: Store, desk: Store) -> None:
        apply(store, ProductRecord("501", NOON, title="Soap"), order())
        apply(desk, review(product_external_id="501", order_external_id="1001"))

        stored = Review.objects.get()
        assert stored.product_id == Product.objects.get().pk
        assert stored.order_id == Order.objects.get().pk

    def test_an_id_that_two_shops_have_means_neither(self, store: Store, desk: Store) -> None:
        other = make_store("Second")
        for shop in (store, other):
            apply(shop, ProductRecord("501", NOON, title="Soap"), order(number=""))
        apply(desk, review(product_external_id="501", order_external_id="1001"))

        stored = Review.objects.get()
        assert (stored.product_id, stored.order_id) == (None, None)

    def test_a_first_word_needs_stars(self, store: Store) -> None:
        assert apply(store, review(rating=None)) == ["rejected: rating is missing"]
        assert apply(store, review(rating=6))[0].startswith("rejected: the rating is 6")
        assert not Review.objects.exists()


class TestTickets:
    def test_a_ticket_is_opened_resolved_and_opened_again(self, store: Store) -> None:
        apply(store, ticket(subject="Where is it?", channel="email", tags=["late"]))
        assert facts().open_ticket_count == 1
        apply(store, TicketRecord("t1", LATER, status="resolved"))
        assert (facts().open_ticket_count, Ticket.objects.get().resolved_at) == (0, LATER)
        apply(store, TicketRecord("t1", MUCH_LATER, status="open"))

        stored = Ticket.objects.get()
        assert (stored.subject, stored.tags, stored.resolved_at) == ("Where is it?", ["late"], None)
        assert event_names() == ["Ticket Opened", "Ticket Resolved", "Ticket Reopened"]
        assert facts().last_ticket_at == NOON

    def test_order_and_repetition_of_words_do_not_matter(self, store: Store) -> None:
        words = [
            ticket(subject="Help", channel="chat"),
            TicketRecord("t1", LATER, status="pending", priority="high"),
            TicketRecord("t1", MUCH_LATER, status="resolved"),
        ]
        ends = set()
        for place, said in enumerate(permutations(words)):
            shop = make_store(f"Shop {place}")
            for word in (*said, said[0]):
                apply(shop, word)
            row = Ticket.objects.get(store=shop)
            ends.add((row.subject, row.channel, row.priority, row.status, row.source_version_at))
        assert ends == {("Help", "chat", "high", "resolved", MUCH_LATER)}

    def test_what_a_helpdesk_says_of_a_name_fills_and_never_replaces(
        self, store: Store, desk: Store
    ) -> None:
        apply(store, customer(email="ada@example.com", first_name="Augusta"))
        apply(desk, ticket())
        assert Profile.objects.get().first_name == "Augusta"

    def test_of_somebody_who_was_erased_nothing_comes_back(self, store: Store) -> None:
        apply(store, ticket(subject="My address is…"), review(title="Mine", body="x"))
        apply(store, order(), goods_back(note="At the neighbour's"))
        erase_profiles([Profile.objects.get().pk])

        assert apply(store, ticket(external_id="t2")) == ["rejected: erased"]
        kept = Ticket.objects.get()
        assert (kept.profile_id, kept.subject) == (None, "")
        said = Review.objects.get()
        assert (said.profile_id, said.title, said.body, said.rating) == (None, "", "", 2)
        assert (Return.objects.get().profile_id, Return.objects.get().note) == (None, "")

    def test_a_privacy_request_reaches_a_ticket_of_another_tool(
        self, store: Store, desk: Store
    ) -> None:
        apply(desk, ticket(subject="Secret"))
        apply(store, EraseRecord(email="ada@example.com"))
        assert Ticket.objects.get().subject == ""


def test_a_merge_moves_everything_and_its_undoing_parts_it_again(store: Store) -> None:
    bob = CustomerRecord(external_id="", version_at=NOON, email="bob@example.com")
    apply(store, ticket(), ticket(external_id="t2", customer=bob), review(customer=bob))
    ada, other = Profile.objects.order_by("pk")

    merge = merge_profiles([(ada.pk, other.pk)], rule="manual")[0]
    refresh_facts([ada.pk], NOON)
    assert set(Ticket.objects.values_list("profile_id", flat=True)) == {ada.pk}
    assert ProfileFacts.objects.get(profile=ada).open_ticket_count == 2
    assert find_differences() == []

    unmerge_profile(merge)
    refresh_facts([ada.pk, other.pk], NOON)
    assert Review.objects.get().profile_id == other.pk
    counts = ProfileFacts.objects.order_by("profile_id")
    assert list(counts.values_list("open_ticket_count", flat=True)) == [1, 1]


def test_a_copy_of_somebodys_data_has_all_of_it(store: Store) -> None:
    apply(store, order(), parcel(), goods_back(), review(), ticket())
    found = export_profile(Profile.objects.get().pk)
    kept = (found.shipments, found.returns, found.reviews, found.tickets)
    assert [len(rows) for rows in kept] == [1, 1, 1, 1]


def test_payment_methods_and_channels_of_orders_that_count_are_facts(store: Store) -> None:
    bought: list[OrderRecord] = [
        order(channel="web", payment_names=["paypal"]),
        order("1002", channel="pos", payment_names=["visa"]),
        order("1003", channel="app", payment_names=["klarna"], cancelled_at=NOON),
    ]
    apply(store, *bought)
    assert facts().payment_methods == ["card", "paypal"]
    assert facts().order_channels == ["online", "pos"]
    assert find_differences() == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ({"is": "=", "field": "has_open_ticket"}, True),
        ({"is": "=", "field": "has_open_return"}, True),
        ({"is": "=", "field": "has_late_shipment"}, True),
        ({"is": "=", "field": "has_negative_review"}, True),
        ({"is": "<=", "field": "last_review_rating"}, 2),
        ({"is": "contains_any", "field": "payment_methods"}, ["card"]),
    ],
)
def test_conditions_can_ask_for_it(field: dict[str, Any], value: object) -> None:
    leaf = parse({**field, "value": value}, FIELDS)
    assert isinstance(leaf, FieldLeaf)
    assert (leaf.field.name, leaf.operator) == (field["field"], field["is"])
