from datetime import datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.models import Product, StockLevel, Store, Variant
from crm.queries.catalog import WantedProducts, list_products
from crm.services.checks import find_differences
from crm.types import ProductRecord, Record, StockRecord, VariantData
from kernel.keyset import Place
from stores.queries import list_sync_health
from tenants.models import Tenant
from tests.factories.crm import NOON, apply, make_store
from tests.factories.tenants import sign_in

pytestmark = [pytest.mark.usefixtures("noting_handlers", "tenant"), pytest.mark.django_db]
HOUR = timedelta(hours=1)


@pytest.fixture
def store() -> Store:
    return make_store()


def product(quantity: int | None = 5, at: datetime = NOON, **fields: Any) -> ProductRecord:
    """Return a product of one variant v1, which is the item i1."""
    variant = VariantData(
        "v1", sku="S1", inventory_quantity=quantity, **{"inventory_item": "i1", **fields}
    )
    return ProductRecord(external_id="p1", version_at=at, title="Soap", variants=[variant])


def level(available: int | None, at: datetime, place: str = "l1") -> StockRecord:
    return StockRecord(
        version_at=at, item_external_id="i1", location_external_id=place, available=available
    )


def tracking(is_tracked: bool, at: datetime = NOON) -> StockRecord:
    return StockRecord(version_at=at, item_external_id="i1", is_tracked=is_tracked)


def total(available: int, at: datetime, policy: str = "") -> StockRecord:
    return StockRecord(version_at=at, variant_external_id="v1", available=available, policy=policy)


def stock() -> tuple[int | None, str]:
    variant = Variant.objects.get()
    assert variant.stock_state == Product.objects.get().stock_state
    return variant.inventory_quantity, Product.objects.get().stock_state


def test_the_catalogue_tells_the_stock(store: Store) -> None:
    assert apply(store, product(5)) == ["new"]
    assert stock() == (5, "in")
    assert apply(store, product(0, NOON + HOUR)) == ["updated"]
    assert stock() == (0, "out")
    assert apply(store, product(0, NOON + 2 * HOUR)) == ["unchanged"]
    variant = Variant.objects.get()
    assert (variant.told_at, variant.stock_at) == (NOON + 2 * HOUR, NOON + 2 * HOUR)
    assert find_differences() == []


@pytest.mark.parametrize(
    ("quantity", "fields", "state"),
    [
        (3, {}, "in"),
        (0, {"inventory_policy": "deny"}, "out"),
        (-2, {}, "out"),
        (0, {"inventory_policy": "continue"}, "backorder"),
        (0, {"is_tracked": False}, "in"),
        (None, {"is_tracked": False}, "in"),
        (None, {}, ""),
    ],
)
def test_whether_a_product_can_be_bought(
    store: Store, quantity: int | None, fields: dict[str, Any], state: str
) -> None:
    apply(store, product(quantity, **fields))
    assert stock() == (quantity, state)


def test_a_newer_level_wins_and_an_older_one_changes_nothing(store: Store) -> None:
    apply(store, product(5, NOON))
    assert apply(store, level(2, NOON + HOUR)) == ["updated"]
    assert stock() == (2, "in")
    assert apply(store, level(9, NOON)) == ["unchanged"]
    assert stock() == (2, "in")
    apply(store, level(4, NOON + 2 * HOUR, "l2"))
    assert stock() == (6, "in")
    apply(store, product(7, NOON + 3 * HOUR))
    assert stock() == (7, "in")
    assert find_differences() == []


def test_a_level_that_comes_before_its_variant_waits_for_it(store: Store) -> None:
    assert apply(store, level(0, NOON + HOUR), tracking(is_tracked=True)) == ["updated"] * 2
    apply(store, product(5, NOON))
    assert stock() == (0, "out")
    assert Variant.objects.get().is_tracked is True


def test_a_place_that_has_the_item_no_more_counts_nothing(store: Store) -> None:
    apply(store, product(5, NOON), level(2, NOON + HOUR), level(3, NOON + HOUR, "l2"))
    apply(store, level(None, NOON + 2 * HOUR, "l2"))
    assert stock() == (2, "in")
    assert StockLevel.objects.count() == 2


def test_an_item_that_nobody_counts_never_runs_out(store: Store) -> None:
    apply(store, product(0))
    assert apply(store, tracking(is_tracked=False)) == ["updated"]
    assert stock() == (0, "in")
    apply(store, tracking(is_tracked=True, at=NOON + HOUR))
    assert stock() == (0, "out")


def test_a_variant_tells_of_itself_by_its_own_version(store: Store) -> None:
    apply(store, product(5, NOON))
    assert apply(store, total(0, NOON + HOUR, "continue")) == ["updated"]
    assert stock() == (0, "backorder")
    assert apply(store, total(8, NOON)) == ["unchanged"]
    assert stock() == (0, "backorder")
    unknown = StockRecord(version_at=NOON, variant_external_id="v9", available=1)
    assert apply(store, unknown) == ["unchanged"]
    assert Variant.objects.count() == 1


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (StockRecord(version_at=NOON), "no id"),
        (level(10**9 + 1, NOON), "the stock 1000000001 is out of range"),
        (level(1, NOON.replace(tzinfo=None)), "version_at has no time zone"),
    ],
)
def test_nonsense_is_rejected_and_changes_nothing(
    store: Store, record: StockRecord, reason: str
) -> None:
    apply(store, product(5))
    assert apply(store, record) == [f"rejected: {reason}"]
    assert stock() == (5, "in")
    assert StockLevel.objects.count() == 0


def test_another_store_keeps_its_own_stock(store: Store) -> None:
    other = make_store("Other")
    apply(store, product(5))
    apply(other, product(5), level(0, NOON + HOUR))
    found = dict(Variant.objects.values_list("store_id", "inventory_quantity"))
    assert found == {store.pk: 5, other.pk: 0}


def test_a_store_says_when_it_told_of_stock_last(store: Store) -> None:
    apply(store, ProductRecord(external_id="p0", version_at=NOON))
    assert [each.stock_told_at for each in list_sync_health()] == [None]
    apply(store, product(5), now=NOON + HOUR)
    assert [each.stock_told_at for each in list_sync_health()] == [NOON + HOUR]
    apply(store, level(5, NOON), now=NOON + 2 * HOUR)
    assert [each.stock_told_at for each in list_sync_health()] == [NOON + 2 * HOUR]


def test_wrong_stock_is_named(store: Store) -> None:
    apply(store, product(5), level(2, NOON + HOUR))
    Variant.objects.update(inventory_quantity=99)
    Product.objects.update(stock_state="out")
    assert [line.partition(":")[0] for line in find_differences()] == [
        "stock of product p1",
        "stock of variant v1",
    ]


def test_many_levels_cost_the_same_as_one(store: Store, django_assert_num_queries: Any) -> None:
    variants = [VariantData(f"v{n}", inventory_item=f"i{n}") for n in range(30)]
    apply(store, ProductRecord(external_id="p1", version_at=NOON, variants=variants))

    def tell(items: range, at: datetime) -> None:
        apply(
            store,
            *(StockRecord(at, "", f"i{n}", "l1", available=n) for n in items),
        )

    with django_assert_num_queries(9):
        tell(range(1), NOON)
    with django_assert_num_queries(9):
        tell(range(30), NOON + HOUR)


def test_the_catalogue_is_narrowed_by_stock(store: Store, tenant: Tenant) -> None:
    apply(store, product(0))
    for wanted, found in (("out", ["Soap"]), ("in", []), ("backorder", [])):
        rows = list_products(WantedProducts(stock=wanted, sort="-new"), Place()).rows
        assert [row.title for row in rows] == found
    client = sign_in(tenant)
    text = client.get("/t/ada-soap/catalog/?stock=out").content.decode()
    assert "0 pieces" in text
    assert "Out of stock" in text
    shown = client.get(f"/t/ada-soap/catalog/{Product.objects.get().pk}/").content.decode()
    assert "When none is left" in shown


def test_any_order_of_arrival_ends_in_the_same_stock(store: Store) -> None:
    records: list[Record] = [
        product(5, NOON, inventory_policy="deny"),
        level(2, NOON + HOUR),
        level(7, NOON - HOUR),
        total(0, NOON + HOUR / 2),
    ]
    outcomes = set()
    for order in permutations(records):
        for model in (StockLevel, Variant, Product):
            model.objects.all().delete()
        apply(store, product(None, NOON - 9 * HOUR))
        for record in order:
            apply(store, record)
        outcomes.add(stock())
        assert find_differences() == []
    assert outcomes == {(2, "in")}


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    words=st.lists(
        st.tuples(
            st.sampled_from(["product", "l1", "l2", "track"]),
            st.integers(-2, 3),
            st.integers(0, 40),
        ),
        max_size=7,
        unique_by=lambda word: word[2],
    ),
    data=st.data(),
)
def test_stock_follows_from_the_words_alone(
    store: Store, words: list[tuple[str, int, int]], data: st.DataObject
) -> None:
    for model in (StockLevel, Variant, Product):
        model.objects.all().delete()
    apply(store, product(None, NOON - HOUR))
    for kind, number, hour in data.draw(st.permutations(words)):
        at = NOON + hour * HOUR
        match kind:
            case "product":
                apply(store, product(number, at))
            case "track":
                apply(store, tracking(is_tracked=number > 0, at=at))
            case _:
                apply(store, level(number, at, kind))

    newest = {
        kind: max((w for w in words if w[0] == kind), key=lambda w: w[2]) for kind, _, _ in words
    }
    levels = [newest[kind] for kind in ("l1", "l2") if kind in newest]
    expected = newest["product"][1] if "product" in newest else None
    told = newest["product"][2] if "product" in newest else -1
    if levels and max(hour for _, _, hour in levels) > told:
        expected = sum(number for _, number, _ in levels)
    assert Variant.objects.get().inventory_quantity == expected
    assert find_differences() == []
