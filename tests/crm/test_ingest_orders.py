from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from crm.models import Event, ExchangeRate, Order, OrderLine, Product, Profile, Store, Variant
from crm.services.ingest import apply_records
from kernel.errors import NotFound
from tests.factories.crm import NOON, apply, customer, line, make_store, order

pytestmark = [pytest.mark.usefixtures("noting_handlers", "tenant"), pytest.mark.django_db]
LATER = NOON + timedelta(hours=1)


@pytest.fixture
def store() -> Store:
    return make_store()


def event_names() -> list[str]:
    return list(Event.objects.order_by("id").values_list("name", flat=True))


def test_an_order_is_stored_with_its_line_profile_and_events(store: Store) -> None:
    outcomes = apply(
        store, order(discount_codes=["TEN", 'odd "code"'], attribution={"source": "x"})
    )

    assert outcomes == ["new"]
    stored = Order.objects.get()
    assert stored.profile is not None
    assert stored.profile.email == "ada@example.com"
    assert (stored.gross_minor, stored.base_gross_minor, stored.is_counted) == (1000, 1000, True)
    assert stored.discount_codes == ["TEN", 'odd "code"']
    assert stored.attribution == {"source": "x"}
    bought = OrderLine.objects.get()
    assert (bought.order_id, bought.title, bought.total_minor) == (stored.pk, "Soap", 1000)
    assert event_names() == ["Profile Created", "Order Placed"]
    placed = Event.objects.get(name="Order Placed")
    assert (placed.object_id, placed.profile_id) == (stored.pk, stored.profile_id)
    assert placed.occurred_at == NOON
    assert placed.properties == {
        "number": "#1001",
        "total": "10.00",
        "currency": "GBP",
        "items": [{"title": "Soap", "quantity": 1, "sku": "SOAP", "category": "Bath"}],
        "discount_codes": ["TEN", 'odd "code"'],
    }


def test_a_repeat_changes_nothing(store: Store) -> None:
    apply(store, order())

    assert apply(store, order(), order()) == ["unchanged", "unchanged"]
    assert Order.objects.count() == 1
    assert event_names() == ["Profile Created", "Order Placed"]


def test_ten_thousand_repeats_in_a_batch_are_one_order(store: Store) -> None:
    outcomes = apply(store, *[order()] * 10_000)

    assert outcomes.count("new") == 1
    assert outcomes.count("unchanged") == 9_999
    assert Order.objects.count() == 1


def test_an_older_version_changes_nothing(store: Store) -> None:
    apply(store, order(version_at=LATER, gross_minor=2000))

    assert apply(store, order(gross_minor=1000)) == ["unchanged"]
    assert Order.objects.get().gross_minor == 2000


def test_an_equal_version_with_other_content_applies(store: Store) -> None:
    apply(store, order())

    assert apply(store, order(gross_minor=2000)) == ["updated"]
    assert Order.objects.get().gross_minor == 2000
    assert event_names() == ["Profile Created", "Order Placed", "Order Updated"]


def test_the_same_content_in_a_newer_version_only_moves_the_version(store: Store) -> None:
    apply(store, order())

    assert apply(store, order(version_at=LATER)) == ["unchanged"]
    assert apply(store, order(gross_minor=5)) == ["unchanged"]
    stored = Order.objects.get()
    assert (stored.gross_minor, stored.source_version_at) == (1000, LATER)


def test_of_several_versions_in_a_batch_the_newest_is_applied(store: Store) -> None:
    outcomes = apply(store, order(version_at=LATER, gross_minor=3), order(gross_minor=2))

    assert outcomes == ["new", "unchanged"]
    assert Order.objects.get().gross_minor == 3


def test_lines_are_replaced_by_difference(store: Store) -> None:
    apply(store, order(lines=[line("1"), line("2", title="Brush")]))
    kept = OrderLine.objects.get(line_key="1").pk

    apply(store, order(version_at=LATER, lines=[line("1", quantity=2), line("3", title="Oil")]))

    lines = OrderLine.objects.order_by("line_key")
    assert [(each.line_key, each.title, each.quantity) for each in lines] == [
        ("1", "Soap", 2),
        ("3", "Oil", 1),
    ]
    assert lines[0].pk == kept


def test_lines_with_one_key_are_all_kept(store: Store) -> None:
    apply(store, order(lines=[line("1"), line("1"), line("1")]))

    keys = OrderLine.objects.order_by("line_key").values_list("line_key", flat=True)
    assert list(keys) == ["1", "1#2", "1#3"]


def test_an_order_that_arrives_cancelled_was_placed_and_cancelled(store: Store) -> None:
    apply(store, order(cancelled_at=LATER))

    assert event_names() == ["Profile Created", "Order Placed", "Order Cancelled"]
    assert Order.objects.get().is_counted is False


def test_a_cancellation_is_told_once(store: Store) -> None:
    apply(store, order())
    apply(store, order(version_at=LATER, cancelled_at=LATER))
    apply(store, order(version_at=LATER + timedelta(1), cancelled_at=LATER, number="#new"))

    assert event_names() == ["Profile Created", "Order Placed", "Order Cancelled", "Order Updated"]


@pytest.mark.parametrize(
    "fields", [{"is_test": True}, {"is_voided": True}, {"lines": []}, {"lines": [line(quantity=0)]}]
)
def test_what_does_not_count(store: Store, fields: dict[str, Any]) -> None:
    apply(store, order(**fields))

    assert Order.objects.get().is_counted is False


def test_a_test_order_starts_nothing(store: Store) -> None:
    apply(store, order(is_test=True))

    assert event_names() == ["Profile Created"]


def test_an_order_without_a_customer_has_no_profile(store: Store) -> None:
    assert apply(store, order(email="")) == ["new"]

    assert Order.objects.get().profile is None
    assert not Profile.objects.exists()
    assert event_names() == ["Order Placed"]


def test_unknown_products_become_bare_rows_that_the_catalogue_names(store: Store) -> None:
    bought = line(product_external_id="p1", variant_external_id="v1", sku="S1")
    apply(store, order(lines=[bought, line("2", product_external_id="p1", title="", category="")]))

    product, variant = Product.objects.get(), Variant.objects.get()
    assert (product.external_id, product.title, product.source_version_at) == ("p1", "Soap", None)
    assert (variant.product_id, variant.sku) == (product.pk, "S1")
    second = OrderLine.objects.get(line_key="2")
    assert (second.title, second.category, second.product_id) == ("Soap", "Bath", product.pk)


def test_an_order_in_the_tenants_currency_needs_no_rate(store: Store) -> None:
    apply(store, order())

    assert Order.objects.get().base_gross_minor == 1000


def test_the_stores_own_conversion_goes_before_a_rate(store: Store) -> None:
    ExchangeRate.objects.create(currency="EUR", on=NOON.date(), rate="0.5")
    apply(store, order(currency="EUR", base_currency="GBP", base_gross_minor=873))

    assert Order.objects.get().base_gross_minor == 873


def test_the_latest_rate_on_or_before_the_day_converts_half_up(store: Store) -> None:
    ExchangeRate.objects.create(currency="EUR", on="2026-02-20", rate="0.8")
    ExchangeRate.objects.create(currency="EUR", on="2026-02-27", rate="0.8505")
    ExchangeRate.objects.create(currency="EUR", on="2026-03-02", rate="0.9")
    apply(store, order(currency="eur", gross_minor=1010))

    stored = Order.objects.get()
    assert (stored.currency, stored.base_gross_minor) == ("EUR", 859)


def test_without_a_rate_the_order_is_stored_and_has_no_base_amount(store: Store) -> None:
    assert apply(store, order(currency="JPY")) == ["new"]

    assert Order.objects.get().base_gross_minor is None


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"currency": "XQZ"}, "unknown currency 'XQZ'"),
        ({"external_id": " "}, "no id"),
        ({"ordered_at": NOON.replace(tzinfo=None)}, "ordered_at has no time zone"),
        (
            {"ordered_at": NOON.replace(year=1999)},
            "ordered_at is out of range: 1999-03-01T12:00:00+00:00",
        ),
        ({"gross_minor": -1}, "total is negative or out of range"),
        ({"gross_minor": 10**18}, "total is negative or out of range"),
        ({"lines": [line(quantity=-1)]}, "line 1 has the quantity -1"),
    ],
)
def test_a_record_that_cannot_be_applied_writes_nothing_and_stops_no_other(
    store: Store, fields: dict[str, Any], reason: str
) -> None:
    outcomes = apply(
        store, order(**{"external_id": "bad", **fields}), order("good", email="b@b.de")
    )

    assert outcomes == [f"rejected: {reason}", "new"]
    assert list(Order.objects.values_list("external_id", flat=True)) == ["good"]
    assert list(Profile.objects.values_list("email", flat=True)) == ["b@b.de"]


def test_text_that_postgresql_cannot_store_is_cleaned(store: Store) -> None:
    apply(store, order(number="a\0b\ud800c", lines=[line(title="x\0y", sku="\x1f")]))

    assert Order.objects.get().number == "abc"
    assert OrderLine.objects.get().title == "xy"


def test_history_is_marked(store: Store) -> None:
    apply(store, order(), is_backfill=True)

    assert Order.objects.get().is_backfill is True
    assert set(Event.objects.values_list("is_backfill", flat=True)) == {True}


def test_an_order_that_changes_hands_takes_its_money_along(store: Store) -> None:
    apply(store, order())
    apply(store, order(version_at=LATER, email="", customer=customer("c9", email="new@x.org")))

    stored = Order.objects.get()
    assert stored.profile is not None
    assert stored.profile.email == "new@x.org"


def test_a_store_that_does_not_exist_is_refused() -> None:
    with pytest.raises(NotFound), transaction.atomic():
        apply_records(4711, [], source="api", now=NOON)
