"""Products and stock out of files: what a row leaves out stays, and the store is not guessed."""

from datetime import date, timedelta

import pytest

from crm.models import Product, Variant, VariantChange
from crm.services.checks import find_differences
from crm.services.ingest import apply_records
from crm.types import ProductRecord, VariantData
from imports.models import Import, ImportRow
from imports.services.undoing import start_undo
from kernel import clock
from tenants.models import Tenant
from tests.factories.crm import apply, line, order
from tests.factories.samples import make_store
from tests.imports.files import ACTOR, bring, check, counted, finish

SHOPIFY = (
    "Handle,Title,Vendor,Product Category,Type,Tags,Published,Option1 Name,Option1 Value,"
    "Variant SKU,Variant Inventory Qty,Variant Inventory Policy,Variant Price,"
    "Variant Compare At Price,Image Src,Status\n"
    'mug,Mug,Volt,Home > Mugs,Kitchen,"blue, gift",true,Size,S,M-S,4,deny,8.00,10.00,'
    "https://img.example/m.png,active\n"
    "mug,,,,,,,,L,M-L,0,continue,9.00,,,\n"
    "mug,,,,,,,,,,,,,,https://img.example/m2.png,\n"
    "soap,Soap,,,,,true,,,S-1,7,deny,5.00,,,draft\n"
)
WOO = (
    "ID,Type,SKU,Name,Published,Stock,Backorders allowed?,Sale price,Regular price,Categories,"
    "Tags,Images,Parent,Brands\n"
    "10,simple,CUP,Cup,1,3,0,4.00,6.00,Kitchen,,https://img.example/c.png,,Volt\n"
    '11,variable,TEE,Tee,1,,0,,,"Clothes > Tees, New",,,,\n'
    "12,variation,TEE-B,Tee - Black,1,2,notify,,12.00,,,,TEE,\n"
    "13,variation,TEE-W,Tee - White,1,0,0,,12.00,,,,id:11,\n"
)


def variant(sku: str) -> Variant:
    return Variant.objects.select_related("product").get(sku=sku)


def problems(source: Import) -> list[str]:
    rows = ImportRow.objects.filter(source_id=source.pk).exclude(outcome="").order_by("place")
    return list(rows.values_list("reason", flat=True))


def undo(source: Import) -> Import:
    start_undo(source.pk, actor=ACTOR)
    return finish(source)


@pytest.mark.covers("S4")
def test_an_export_of_shopify_is_read_as_its_webhooks_are(tenant: Tenant) -> None:
    done = bring(SHOPIFY, kind="products", store_id=make_store().pk)

    assert counted(done.counts) == {"rows": 4, "new": 2}
    mug = Product.objects.get(handle="mug")
    assert (mug.title, mug.brand, mug.category, mug.tags, mug.image_url, mug.status) == (
        "Mug",
        "Volt",
        "Kitchen",
        ["blue", "gift"],
        "https://img.example/m.png",
        "active",
    )
    small, large = variant("M-S"), variant("M-L")
    assert (small.price_minor, small.compare_at_minor, small.currency) == (800, 1000, "GBP")
    assert (small.inventory_quantity, small.stock_state, small.title) == (4, "in", "S")
    assert (large.compare_at_minor, large.stock_state) == (None, "backorder")
    assert Product.objects.get(handle="soap").status == "draft"
    assert find_differences() == []


def test_an_export_of_woocommerce_puts_variations_to_their_products(tenant: Tenant) -> None:
    done = bring(WOO, kind="products", store_id=make_store(platform="woocommerce").pk)

    assert counted(done.counts) == {"rows": 4, "new": 2}
    cup, black, white = (variant(sku) for sku in ("CUP", "TEE-B", "TEE-W"))
    assert (cup.product.external_id, cup.price_minor, cup.compare_at_minor) == ("10", 400, 600)
    assert (cup.product.category, cup.product.brand) == ("Kitchen", "Volt")
    assert {black.product.external_id, white.product.external_id} == {"11"}
    assert (black.external_id, black.price_minor, black.inventory_policy) == (
        "12",
        1200,
        "continue",
    )
    assert (white.inventory_quantity, white.stock_state) == (0, "out")
    assert black.product.category == "Clothes > Tees"


def test_a_file_without_ids_finds_what_a_store_told_before_and_leaves_the_rest(
    tenant: Tenant,
) -> None:
    store = make_store(platform="shopify")
    told = VariantData("601", sku="M-S", title="S", price_minor=800, currency="GBP")
    known = ProductRecord(
        "501",
        clock.now() - timedelta(days=1),
        title="Mug",
        handle="mug",
        brand="Volt",
        tags=["gift"],
        variants=[told],
    )
    apply(store, known)

    done = bring("sku,category\nM-S,Kitchen\nX-9,Kitchen\n", kind="products", store_id=store.pk)

    assert counted(done.counts) == {"rows": 2, "updated": 1, "refused": 1}
    [reason] = problems(done)
    assert reason == (
        "Product “X-9” is not known in this store, and the row has no title to make it."
    )
    product = Product.objects.get()
    assert (product.external_id, product.category, product.brand, product.tags) == (
        "501",
        "Kitchen",
        "Volt",
        ["gift"],
    )
    assert (variant("M-S").external_id, variant("M-S").price_minor) == ("601", 800)


def test_the_same_file_again_changes_nothing_and_a_new_price_stands_in_the_history(
    tenant: Tenant,
) -> None:
    store = make_store()
    bring(SHOPIFY, kind="products", store_id=store.pk)

    again = bring(SHOPIFY, kind="products", store_id=store.pk)
    cheaper = SHOPIFY.replace("8.00,10.00", "7.00,12.00")
    checked = check(cheaper, kind="products", store_id=store.pk)
    assert counted(checked.checked) == {"rows": 4, "updated": 1, "unchanged": 1}
    assert not VariantChange.objects.exists()
    changed = bring(cheaper, kind="products", store_id=store.pk)

    assert counted(again.counts) == {"rows": 4, "unchanged": 2}
    assert counted(changed.counts) == {"rows": 4, "updated": 1, "unchanged": 1}
    history = VariantChange.objects.order_by("what").values_list("what", "before", "after")
    assert list(history) == [("compare_at", 1000, 1200), ("price", 800, 700)]


def test_stock_is_told_by_sku_or_id_and_unknown_ones_are_put_aside(tenant: Tenant) -> None:
    store = make_store()
    bring(SHOPIFY, kind="products", store_id=store.pk)
    body = (
        "SKU,Variant id,Quantity,Policy,ETA\n"
        "M-S,,0,continue,2026-12-24\n"
        ",S-1,12,,\n"
        "NOPE,,3,,\n"
        "M-L,,,deny,\n"
        "M-L,,5,,\n"
        "M-S,,many,,\n"
        ",NO-ID,1,,\n"
    )

    done = bring(body, kind="stock", store_id=store.pk)

    assert counted(done.counts) == {"rows": 5, "updated": 3, "refused": 2, "duplicate": 2}
    assert problems(done) == [
        "SKU “NOPE” is not known in this store",
        "Is about the same variant as row 4, which was taken.",
        "Is about the same variant as row 1, which was taken.",
        "Variant “NO-ID” is not known in this store",
    ]
    small, soap, large = variant("M-S"), variant("S-1"), variant("M-L")
    assert (small.inventory_quantity, small.inventory_policy) == (0, "continue")
    assert (small.back_on, small.stock_state) == (date(2026, 12, 24), "backorder")
    assert soap.inventory_quantity == 12
    assert (large.inventory_quantity, large.inventory_policy) == (0, "deny")
    assert large.product.stock_state == "backorder"
    again = bring(body, kind="stock", store_id=store.pk)
    assert counted(again.counts)["unchanged"] == 3
    assert find_differences() == []


@pytest.mark.covers("S4")
def test_undoing_gives_stock_and_products_back_and_keeps_what_was_sold(tenant: Tenant) -> None:
    store = make_store()
    first = bring(SHOPIFY, kind="products", store_id=store.pk)
    second = bring("sku,quantity,price\nM-S,0,6.00\n", kind="products", store_id=store.pk)
    stocked = bring("sku,quantity\nM-L,9\n", kind="stock", store_id=store.pk)
    apply(
        store,
        order(lines=[line(product_external_id="soap", variant_external_id="S-1", sku="S-1")]),
    )

    assert undo(stocked).undone["restored"] == {"variant": 1}
    assert variant("M-L").inventory_quantity == 0
    assert undo(second).undone["restored"] == {"variant": 1}
    small = variant("M-S")
    assert (small.price_minor, small.compare_at_minor, small.inventory_quantity) == (800, 1000, 4)
    undone = undo(first)

    assert undone.undone["removed"] == {"variant": 2, "product": 1}
    assert undone.undone["kept"] == {"variant": 1, "product": 1}
    assert list(Product.objects.values_list("title", flat=True)) == ["Soap"]
    assert find_differences() == []


def test_what_the_store_says_later_is_not_undone(tenant: Tenant) -> None:
    store = make_store()
    done = bring(SHOPIFY, kind="products", store_id=store.pk)
    said = ProductRecord("soap", clock.now(), title="Hand soap", handle="soap")
    apply_records(store.pk, [said], source="webhook", now=clock.now())

    undone = undo(done)

    assert undone.undone["kept"] == {"product": 1}
    assert Product.objects.get().title == "Hand soap"
