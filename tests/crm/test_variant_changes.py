"""History of prices and stock."""

from datetime import datetime, timedelta

import pytest

from crm.models import Event, Product, Store, Variant, VariantChange
from crm.queries.product_detail import find_product_detail
from crm.types import ProductRecord, StockRecord, VariantData
from tests.factories.crm import NOON, apply, make_store

pytestmark = [pytest.mark.usefixtures("tenant"), pytest.mark.django_db]
LATER = NOON + timedelta(hours=1)


@pytest.fixture
def store(broker: object) -> Store:
    return make_store()


def soap(
    price: int | None, left: int | None, at: datetime = NOON, code: str = "GBP"
) -> ProductRecord:
    variant = VariantData("v1", sku="S", price_minor=price, currency=code, inventory_quantity=left)
    return ProductRecord("p1", at, title="Soap", variants=[variant])


def changes() -> list[tuple[str, int, int]]:
    return list(VariantChange.objects.order_by("pk").values_list("what", "before", "after"))


def test_the_first_word_and_a_repeat_are_no_change(store: Store) -> None:
    apply(store, soap(900, 0))
    apply(store, soap(900, 0, LATER))
    assert changes() == []
    assert not Event.objects.exists()


def test_a_lower_price_is_kept_and_said_and_a_higher_one_kept(store: Store) -> None:
    apply(store, soap(900, 5))
    apply(store, soap(700, 5, LATER), now=LATER)
    apply(store, soap(800, 5, LATER + timedelta(hours=1)))

    assert changes() == [("price", 900, 700), ("price", 700, 800)]
    dropped = Event.objects.get()
    variant = Variant.objects.get()
    assert (dropped.name, dropped.object_id, dropped.profile_id) == (
        "Price Dropped",
        variant.pk,
        None,
    )
    assert dropped.properties == {
        "product_id": str(variant.product_id),
        "variant": "v1",
        "sku": "S",
        "before": "9.00",
        "after": "7.00",
        "currency": "GBP",
    }
    assert dropped.occurred_at == LATER


def test_a_price_in_another_currency_or_an_older_one_is_no_change(store: Store) -> None:
    apply(store, soap(900, 5, LATER))
    apply(store, soap(700, 5))
    apply(store, soap(700, 5, LATER + timedelta(hours=1), "EUR"))
    assert changes() == []


def test_running_out_is_kept_and_coming_back_is_said(store: Store) -> None:
    apply(store, soap(900, 5))
    for hours, left in enumerate((3, 0, -1, 4, 9), start=1):
        apply(store, StockRecord(NOON + timedelta(hours=hours), "v1", available=left))

    assert changes() == [("stock", 3, 0), ("stock", -1, 4)]
    told = Event.objects.order_by("pk").values_list("name", "properties__pieces")
    assert list(told) == [("Stock Low", 3), ("Back In Stock", 4)]


def test_a_product_shows_its_changes_newest_first(store: Store) -> None:
    apply(store, soap(900, 5))
    apply(store, soap(700, 0, LATER), now=LATER)
    found = find_product_detail(Product.objects.get().pk)
    assert found is not None
    assert [change.what for change in found.changes] == ["stock", "price"]
