"""What rows of a catalogue mean in the store that is known already.

A file names a product by its id, its handle or a SKU, and says only a part of it. Here each record
gets the ids of the store, and what its row leaves out is what is known.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from crm.queries.goods import find_products_named, find_variants_named, list_variants_of
from crm.services.stores import lock_store
from crm.types import ProductRecord, Record, StockRecord, VariantData
from imports.choices import Kind
from imports.models import Import
from imports.services.permission import Allowed
from imports.types import Refused

if TYPE_CHECKING:
    from crm.models import Product, Variant

GOODS = frozenset({Kind.PRODUCTS, Kind.STOCK})
"""Kinds of files that this is about."""


def complete_goods(source: Import, documents: Sequence[Sequence[Record]]) -> list[Allowed]:
    """Complete the records of products and of stock, in the caller's transaction.

    The store's row is locked, so that nothing changes between here and the ingest. The file speaks
    as of its upload: what the store itself says later holds.

    Args:
        source: the import.
        documents: the records of each.

    Returns:
        The records of each, or why it is refused, in the same order.
    """
    lock_store(source.store_id)
    told = [[_dated(record, source) for record in records] for records in documents]
    products = [each for records in told for each in records if isinstance(each, ProductRecord)]
    known = _Known(source.store_id, products)
    return [_complete(known, records) for records in told]


def _dated(record: Record, source: Import) -> Record:
    if isinstance(record, ProductRecord | StockRecord):
        return replace(record, version_at=source.created_at)
    return record


def _complete(known: "_Known", records: Sequence[Record]) -> Allowed:
    try:
        return Allowed(
            [known.complete(each) if isinstance(each, ProductRecord) else each for each in records]
        )
    except Refused as exc:
        return Allowed((), reason=str(exc))


class _Known:
    """Products and variants of a store that some records may be about."""

    def __init__(self, store_id: int, records: Sequence[ProductRecord]) -> None:
        variants = [variant for record in records for variant in record.variants]
        named = find_products_named(
            store_id,
            {record.external_id for record in records},
            {record.handle for record in records},
        )
        found = find_variants_named(
            store_id,
            {variant.external_id for variant in variants},
            {variant.sku for variant in variants},
        )
        self._by_name = {product.external_id: product for product in named}
        self._by_handle = {product.handle: product for product in named if product.handle}
        self._variants = {variant.external_id: variant for variant in found}
        self._by_sku: dict[str, list[Variant]] = {}
        for variant in found:
            self._by_sku.setdefault(variant.sku, []).append(variant)
        products = {product.pk for product in named} | {variant.product_id for variant in found}
        self._of_product: dict[int, list[Variant]] = {}
        for variant in list_variants_of(products):
            self._of_product.setdefault(variant.product_id, []).append(variant)
        self._taken: set[str] = set()

    def complete(self, record: ProductRecord) -> ProductRecord:
        """Return a record with the ids of the store and what is known beside what it says.

        Raises:
            Refused: it is unclear what the rows are about, or a new product has no title.
        """
        product = self._find(record)
        if product is None and not record.title:
            raise Refused(
                f"Product “{record.external_id[:60]}” is not known in this store, and the row has "
                "no title to make it."
            )
        name = record.external_id if product is None else product.external_id
        if name in self._taken:
            raise Refused(f"Another row is about the same product “{name[:60]}”.")
        variants = [self._complete_variant(each, record, product) for each in record.variants]
        self._taken.add(name)
        if product is None:
            return replace(record, status=record.status or "active", variants=variants)
        return replace(_fill(record, product), variants=variants)

    def _find(self, record: ProductRecord) -> "Product | None":
        """Find a product by its id, its handle, or else by what its variants are called."""
        found = self._by_name.get(record.external_id) or self._by_handle.get(record.handle)
        if found is not None:
            return found
        owners = {
            each.product_id: each.product
            for variant in record.variants
            for each in self._by_sku.get(variant.sku, ())
            if variant.sku
        }
        if len(owners) > 1:
            raise Refused("The SKUs of its rows belong to several products; name the product id.")
        return next(iter(owners.values()), None)

    def _complete_variant(
        self, told: VariantData, record: ProductRecord, product: "Product | None"
    ) -> VariantData:
        found = self._variants.get(told.external_id)
        if found is not None and (product is None or found.product_id != product.pk):
            raise Refused(f"Variant “{told.external_id[:60]}” belongs to another product.")
        if product is None:
            return told
        siblings = self._of_product.get(product.pk, [])
        if found is None and told.sku:
            alike = [each for each in siblings if each.sku == told.sku]
            if len(alike) > 1:
                raise Refused(f"SKU “{told.sku[:60]}” is that of {len(alike)} variants; name ids.")
            found = next(iter(alike), None)
        elif found is None and len(siblings) == 1 and told.external_id == record.external_id:
            found = siblings[0]
        return told if found is None else _fill_variant(told, found)


def _fill(record: ProductRecord, product: "Product") -> ProductRecord:
    return replace(
        record,
        external_id=product.external_id,
        title=record.title or product.title,
        category=record.category or product.category,
        brand=record.brand or product.brand,
        handle=record.handle or product.handle,
        url=record.url or product.url,
        image_url=record.image_url or product.image_url,
        status=record.status or product.status,
        tags=record.tags or product.tags,
        published_at=product.published_at,
        is_deleted=product.deleted_at is not None,
    )


def _fill_variant(told: VariantData, known: "Variant") -> VariantData:
    filled = replace(
        told,
        external_id=known.external_id,
        sku=told.sku or known.sku,
        title=told.title or known.title,
    )
    if told.price_minor is not None:
        return filled
    return replace(
        filled,
        price_minor=known.price_minor,
        compare_at_minor=known.compare_at_minor,
        currency=known.currency,
    )
