"""Finding products and variants of a store by whatever a file calls them."""

from collections.abc import Collection

from crm.models import Product, Variant


def find_products_named(
    store_id: int, names: Collection[str], handles: Collection[str]
) -> list[Product]:
    """Return products of a store by its ids or by their handles; nothing is found by empty ones."""
    products = Product.objects.filter(store_id=store_id)
    by_name = products.filter(external_id__in=[name for name in names if name])
    by_handle = products.filter(handle__in=[handle for handle in handles if handle])
    return list({row.pk: row for row in (*by_name, *by_handle)}.values())


def find_variants_named(
    store_id: int, names: Collection[str], skus: Collection[str]
) -> list[Variant]:
    """Return variants of a store with their products, by its ids or by their SKUs."""
    variants = Variant.objects.filter(store_id=store_id).select_related("product")
    by_name = variants.filter(external_id__in=[name for name in names if name])
    by_sku = variants.filter(sku__in=[sku for sku in skus if sku])
    return list({row.pk: row for row in (*by_name, *by_sku)}.values())


def list_variants_of(product_ids: Collection[int]) -> list[Variant]:
    """Return the variants of some products."""
    return list(Variant.objects.filter(product_id__in=product_ids).order_by("pk"))
