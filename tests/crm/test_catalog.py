"""What products sold, counted in sets; the list of products and the page of one."""

import csv
import io
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.db import transaction
from django.test import Client

from config.tenant_changes import TENANT_CHANGES
from crm.models import CatalogChange, CatalogCount, Order, Product, ProductFigures, Profile
from crm.queries.catalog import WantedProducts, count_listed, list_categories, list_products
from crm.queries.product_detail import list_buyers, list_companions, list_sold_days
from crm.services import catalog
from crm.services.checks import find_differences
from crm.services.erasure import erase_profiles
from crm.services.merging import merge_profiles
from crm.services.parting import unmerge_profile
from crm.types import OrderRecord, ProductRecord, VariantData
from kernel.batches import Deadline
from kernel.keyset import Place
from tenants.models import Tenant
from tests.factories.crm import NOON, apply, line, make_store, order
from tests.factories.tenants import sign_in

LIST = "/t/ada-soap/catalog/"
MARKUP = "<script>alert(1)</script>"


def sale(
    number: str, product: str = "p1", email: str = "ada@example.com", **fields: object
) -> OrderRecord:
    """Return an order of two pieces of a product for 10.00."""
    bought = line(product_external_id=product, title=product.title(), quantity=2, category="Bath")
    return order(number, email=email, **{"lines": [bought], **fields})


def figures(product: str = "p1") -> ProductFigures:
    return ProductFigures.objects.get(product_id=Product.objects.get(external_id=product).pk)


def read(client: Client, address: str) -> str:
    page = client.get(address)
    assert page.status_code == 200, address
    return page.content.decode()


def titles(wanted: WantedProducts) -> list[str]:
    return [row.title for row in list_products(wanted, Place()).rows]


def test_a_count_says_what_sold_to_whom_and_when(tenant: Tenant) -> None:
    apply(
        make_store(),
        sale("1"),
        sale("2", ordered_at=NOON - timedelta(days=1)),
        sale("3", email="bob@example.com", ordered_at=NOON - timedelta(days=1)),
        sale("4", email=""),
        sale("5", is_test=True),
        sale("6", cancelled_at=NOON),
        sale("7", ordered_at=NOON - timedelta(days=91)),
        sale("8", "p2", ordered_at=NOON - timedelta(days=95)),
    )
    catalog.count_products(NOON)
    found = figures()
    assert (found.units, found.revenue_minor, found.order_count) == (8, 4000, 4)
    assert (found.buyer_count, found.repeat_count, found.last_sold_at) == (2, 1, NOON)
    assert (found.days, found.day_units) == ([88, 89], [4, 4])
    assert (figures("p2").units, figures("p2").last_sold_at) == (0, None)
    days = list_sold_days(Product.objects.get(external_id="p1"))
    assert len(days) == 90
    assert [(day.day, day.units, day.revenue_minor) for day in days[-2:]] == [
        (date(2026, 2, 28), 4, 2000),
        (date(2026, 3, 1), 4, 2000),
    ]
    assert find_differences() == []


def test_money_of_other_currencies_counts_at_the_rate_of_its_order(tenant: Tenant) -> None:
    apply(
        make_store(),
        sale("1", currency="EUR", base_currency="GBP", base_gross_minor=800),
        sale("2", currency="USD"),
    )
    catalog.count_products(NOON)
    assert (figures().units, figures().revenue_minor) == (4, 800)


def test_a_wrong_figure_is_named(tenant: Tenant) -> None:
    apply(make_store(), sale("1"))
    catalog.count_products(NOON)
    ProductFigures.objects.update(units=7)
    [found] = find_differences()
    assert "(7,1000,1,1,0), recomputed (2,1000,1,1,0)" in found
    CatalogChange.objects.create()
    assert find_differences() == []


def test_changes_wait_for_each_other_and_nothing_is_counted_twice(tenant: Tenant) -> None:
    store = make_store()
    with time_machine.travel(NOON, tick=False) as clock:
        assert catalog.count_due(Deadline(seconds=None)) == 0
        apply(store, sale("1"))
        assert catalog.count_due(Deadline(seconds=None)) == 1
        assert not CatalogChange.objects.exists()
        apply(store, sale("2"))
        assert catalog.count_due(Deadline(seconds=None)) == 0
        assert figures().order_count == 1
        clock.shift(catalog.PATIENCE)
        assert catalog.count_due(Deadline(seconds=None)) == 1
        assert figures().order_count == 2
        assert catalog.count_due(Deadline(seconds=None)) == 0
        clock.shift(timedelta(days=89))
        assert catalog.count_due(Deadline(seconds=None)) == 1
        assert figures().order_count == 2
        clock.shift(timedelta(days=1))
        assert catalog.count_due(Deadline(seconds=None)) == 1
        assert figures().order_count == 0
        assert find_differences() == []


def test_a_repeated_delivery_leaves_no_change(tenant: Tenant) -> None:
    store = make_store()
    apply(store, sale("1"))
    catalog.count_products(NOON)
    apply(store, sale("1"))
    assert not CatalogChange.objects.exists()


def test_merging_parting_and_erasing_people_are_counted(tenant: Tenant) -> None:
    apply(make_store(), sale("1"), sale("2", email="bob@example.com"))
    ada, bob = Profile.objects.order_by("pk")
    catalog.count_products(NOON)
    assert (figures().buyer_count, figures().repeat_count) == (2, 0)
    merge_profiles([(ada.pk, bob.pk)], rule="manual", now=NOON)
    assert CatalogChange.objects.exists()
    catalog.count_products(NOON)
    assert (figures().buyer_count, figures().repeat_count) == (1, 1)
    merge = ada._meta.apps.get_model("crm", "ProfileMerge").objects.get()
    unmerge_profile(merge.pk, now=NOON)
    catalog.count_products(NOON)
    assert figures().buyer_count == 2
    erase_profiles([bob.pk], actor="ada@example.com")
    catalog.count_products(NOON)
    assert (figures().buyer_count, figures().order_count) == (1, 2)
    assert find_differences() == []


def test_another_zone_has_the_products_counted_again() -> None:
    paths = [rebuilt.service for rebuilt in TENANT_CHANGES["timezone"].rebuilt]
    assert "crm.services.catalog.rebuild_by_day" in paths


def test_days_are_those_of_the_merchant(tenant: Tenant) -> None:
    Tenant.objects.filter(pk=tenant.pk).update(timezone="Asia/Tokyo")
    apply(make_store(), sale("1", ordered_at=datetime(2026, 2, 28, 16, tzinfo=UTC)))
    catalog.count_products(NOON)
    assert figures().days == [89]
    assert CatalogCount.objects.get().first_day == date(2025, 12, 2)


def test_products_are_listed_best_sellers_first(tenant: Tenant) -> None:
    shop, other = make_store(), make_store("Other")
    apply(shop, sale("1"), sale("2", "p2"), sale("3", "p2"))
    apply(
        other,
        ProductRecord(
            external_id="p3",
            version_at=NOON,
            title="Brush 50%",
            category="Tools",
            status="draft",
            variants=[
                VariantData("v1", sku="B-1", price_minor=500, currency="GBP", inventory_quantity=3),
                VariantData("v2", sku="B-2", price_minor=900, currency="GBP", inventory_quantity=4),
            ],
        ),
    )
    catalog.count_products(NOON)
    assert titles(WantedProducts()) == ["P2", "P1", "Brush 50%"]
    assert titles(WantedProducts(sort="units")) == ["Brush 50%", "P1", "P2"]
    assert set(titles(WantedProducts(sort="-new"))) == {"P1", "P2", "Brush 50%"}
    assert titles(WantedProducts(search="50%")) == ["Brush 50%"]
    assert titles(WantedProducts(search="B-2")) == ["Brush 50%"]
    assert titles(WantedProducts(search="b%")) == []
    assert titles(WantedProducts(category="Tools", status="draft")) == ["Brush 50%"]
    assert titles(WantedProducts(status="deleted")) == []
    assert titles(WantedProducts(store_id=shop.pk)) == ["P2", "P1"]
    assert count_listed(WantedProducts(category="Bath")) == 2
    assert list_categories() == [("Bath", "Bath"), ("Tools", "Tools")]
    [brush] = list_products(WantedProducts(search="brush"), Place()).rows
    assert (brush.prices.low_minor, brush.prices.high_minor, brush.prices.stock) == (500, 900, 7)


def test_pages_follow_each_other_in_both_directions(tenant: Tenant) -> None:
    apply(make_store(), *(sale(str(number), f"p{number}") for number in range(5)))
    catalog.count_products(NOON)
    first = list_products(WantedProducts(), Place(limit=2))
    second = list_products(WantedProducts(), Place(after=first.next or "", limit=2))
    third = list_products(WantedProducts(), Place(after=second.next or "", limit=2))
    rows = (*first.rows, *second.rows, *third.rows)
    assert [row.title for row in rows] == ["P4", "P3", "P2", "P1", "P0"]
    assert list_products(WantedProducts(), Place(before=second.previous or "", limit=2)) == first


def test_the_page_says_who_bought_it_and_what_with_it(tenant: Tenant) -> None:
    both = [
        line("1", product_external_id="p1", title="Soap"),
        line("2", product_external_id="p2", title="Dish"),
    ]
    apply(
        make_store(),
        sale("1", lines=both),
        sale("2", lines=both, ordered_at=NOON + timedelta(hours=1)),
        sale("3", email="bob@example.com", ordered_at=NOON + timedelta(hours=2)),
        sale("4", email="bob@example.com", is_test=True),
    )
    soap, dish = (Product.objects.get(external_id=name) for name in ("p1", "p2"))
    assert [(buyer.profile.email, buyer.orders) for buyer in list_buyers(soap.pk)] == [
        ("bob@example.com", 1),
        ("ada@example.com", 2),
    ]
    [companion] = list_companions(soap.pk)
    assert (companion.product_id, companion.orders, round(companion.rate, 2)) == (dish.pk, 2, 0.67)
    client = sign_in(tenant)
    text = read(client, f"{LIST}{soap.pk}/buyers/")
    assert "Dish" in text
    assert f"/t/ada-soap/profiles/{Order.objects.get(external_id='3').profile_id}/" in text
    assert client.get(f"{LIST}404/").status_code == 404


def test_the_chart_and_its_csv_say_the_same(tenant: Tenant) -> None:
    apply(make_store(), sale("1"))
    client = sign_in(tenant)
    address = f"{LIST}{Product.objects.get().pk}/"
    assert client.get(f"{address}sales.json").json()["x"] == []
    catalog.count_products(NOON)
    data = client.get(f"{address}sales.json").json()
    assert (data["currency"], data["x"][-1]) == ("GBP", "2026-03-01")
    assert data["series"][0]["values"][-1] == 1000
    rows = list(csv.DictReader(io.StringIO(read(client, f"{address}sales.csv"))))
    assert rows[-1] == {"day": "2026-03-01", "units": "2", "revenue": "10.00", "currency": "GBP"}


def test_an_empty_tenant_is_told_what_comes_next(tenant: Tenant) -> None:
    assert "No products yet" in read(sign_in(tenant), LIST)


def test_nonsense_in_the_address_is_left_out(tenant: Tenant) -> None:
    apply(make_store(), sale("1"))
    text = read(sign_in(tenant), f"{LIST}?status=x&store=x&sort=--x&after=x&q=%00")
    assert "P1" in text
    assert "Not counted yet" in text


def test_no_picture_of_a_foreign_host_is_loaded(tenant: Tenant) -> None:
    image = "https://cdn.shop.example/soap.jpg"
    apply(
        make_store(),
        ProductRecord(
            external_id="p1", version_at=NOON, title=MARKUP, image_url=image, tags=[MARKUP]
        ),
    )
    client = sign_in(tenant)
    for address in (LIST, f"{LIST}{Product.objects.get().pk}/"):
        text = read(client, address)
        assert "<img" not in text
        assert f'src="{image}' not in text
        assert MARKUP not in text


@pytest.mark.django_db(transaction=True)
def test_a_count_that_is_under_way_leaves_later_changes(tenant: Tenant) -> None:
    store = None
    with transaction.atomic():
        store = make_store()
    apply(store, sale("1"))
    with transaction.atomic():
        catalog.count_products(NOON)
    apply(store, sale("2"))
    with transaction.atomic():
        assert CatalogChange.objects.count() == 1
        assert figures().order_count == 1
