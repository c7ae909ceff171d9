"""What orders hold of products that last a known time is kept with them."""

from datetime import timedelta

import pytest

from crm.models import Order, Product, RefillCycle, RefillPurchase, Store
from crm.services import catalog
from crm.services.checks import find_differences
from crm.services.refills import say_refill_days
from crm.types import LineData, OrderDeletionRecord
from tests.factories.crm import NOON, apply, line, make_store, order

pytestmark = [pytest.mark.usefixtures("tenant"), pytest.mark.covers("F9", "F10")]

LATER = NOON + timedelta(hours=1)
ACTOR = "ada@example.com"


def pieces(quantity: int, product: str = "soap", key: str = "1") -> LineData:
    return line(key, product_external_id=product, title=product, quantity=quantity)


def said(product: str, days: int | None) -> None:
    say_refill_days(Product.objects.get(external_id=product).pk, days, actor=ACTOR)


def kept() -> list[tuple[str, str, int]]:
    """Return order, product and pieces of what is kept, where that is what the orders hold."""
    assert find_differences() == []
    rows = RefillPurchase.objects.values_list(
        "order__external_id", "product__external_id", "quantity"
    )
    return sorted(rows)


def test_what_is_kept_follows_orders_and_what_a_member_says() -> None:
    store = make_store()
    two_lines = [pieces(2), pieces(1, key="2"), pieces(1, "tea", key="3")]
    apply(store, order("1", lines=two_lines), order("2", email="", lines=[pieces(1)]))
    assert kept() == []
    said("soap", 30)
    assert kept() == [("1", "soap", 3), ("2", "soap", 1)]

    apply(
        store,
        order("1", version_at=LATER, ordered_at=LATER, lines=two_lines[:1]),
        order("2", version_at=LATER, lines=[pieces(1, "tea")]),
        order("3", lines=[pieces(4)], is_test=True),
        order("4", lines=[pieces(5)]),
        is_backfill=True,
    )
    assert kept() == [("1", "soap", 2), ("4", "soap", 5)]
    assert RefillPurchase.objects.get(quantity=2).ordered_at == LATER

    apply(store, OrderDeletionRecord("4", LATER))
    assert kept() == [("1", "soap", 2)]
    said("tea", 10)
    said("soap", None)
    assert kept() == [("2", "tea", 1)]


def test_products_whose_orders_say_how_long_they_last_are_kept_once_that_is_measured() -> None:
    store = make_store()
    for number in range(2):
        at = NOON - timedelta(days=20 - 10 * number)
        apply(store, order(str(number), ordered_at=at, lines=[pieces(2)]))
    Product.objects.update(flags=["consumable"], flags_by_hand={"consumable": True})
    assert kept() == []
    catalog.count_products(NOON)
    assert RefillCycle.objects.get().days == 5
    assert kept() == [("0", "soap", 2), ("1", "soap", 2)]
    apply(store, order("2", lines=[pieces(1)]))
    assert kept() == [("0", "soap", 2), ("1", "soap", 2), ("2", "soap", 1)]

    Product.objects.update(flags=[], flags_by_hand={"consumable": False})
    catalog.count_products(NOON + timedelta(days=1))
    assert kept() == []


def test_what_is_kept_wrong_is_named_and_mended_by_the_next_day() -> None:
    apply(make_store(), order("1", lines=[pieces(1)]), order("2", lines=[pieces(2)]))
    said("soap", 30)
    catalog.count_products(NOON)
    first, second = Order.objects.order_by("external_id")
    soap = Product.objects.get(external_id="soap")
    RefillPurchase.objects.filter(order=first).delete()
    RefillPurchase.objects.filter(order=second).update(quantity=3)
    wrong = [f"purchase of product {soap.pk} in order {each.pk}" for each in (first, second)]
    assert [found.partition(":")[0] for found in find_differences()] == wrong
    catalog.count_products(NOON + timedelta(days=1))
    assert kept() == [("1", "soap", 1), ("2", "soap", 2)]


def test_more_pieces_than_anybody_uses_up_are_kept_as_very_many() -> None:
    lines = [pieces(10**9, key=key) for key in ("1", "2", "3")]
    apply(make_store(), order("1", lines=lines[:1]))
    said("soap", 30)
    apply(Store.objects.get(), order("1", version_at=LATER, lines=lines))
    assert kept() == [("1", "soap", 2**31 - 1)]
